//! Running it: settings, wiring, health and metrics, logs, shutdown; and looking at what it left.

pub mod evidence;
pub mod federated;
pub mod health;
pub mod journal_files;
pub mod metrics;
pub mod reach;
pub mod serve;
pub mod settings;

mod shelf;
