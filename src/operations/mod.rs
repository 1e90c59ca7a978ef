//! Running it: settings, wiring, health and metrics, logs, shutdown.

pub mod health;
pub mod metrics;
pub mod reach;
pub mod serve;
pub mod settings;
