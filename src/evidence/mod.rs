//! Evidence: what the journal proves, checked by anybody, anywhere; and the report that is made of it.
//!
//! Everything here is a value from a value, but for [`cluster`], which reads records and approvals from an API server.

pub mod anchor;
pub mod cluster;
pub mod entry;
pub mod export;
pub mod fault;
pub mod figures;
pub mod given;
pub mod report;
pub mod text;
pub mod verify;

mod approved;
mod chain;
mod kinds;
mod parts;
mod plans;
mod remembered;
mod times;

pub use anchor::Anchor;
pub use fault::{Doubt, Fault};
pub use figures::Figures;
pub use verify::{Claims, Verdict, Verified, verify};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)] // a test may fail loudly
mod tests;
