//! x
#[cfg(feature = "operator")]
pub mod simulator;
