//! `TenantClosure`: a Kubernetes operator that closes a Microsoft 365 / Entra tenant.
//!
//! ```text
//!  watch / timer
//!       │
//!       ▼
//!     read ──► observe ◄──► decide ──► claim ──► act ──► observe again ──► settle ──► record ──► requeue
//! ```
//!
//! The rooms, and who may import whom:
//! `closure ← api ← controller → (the port closure::tenant) ← microsoft`; `evidence` stands on `api`, `plugin` on both and on
//! `microsoft`'s sign-in of a person; `controller` has its reports composed by `evidence` and kept by `store`;
//! `simulator` and `store` stand alone (`quota`, Microsoft's published figures, is everybody's); `operations` wires everything. `tests/architecture.rs` holds this.

pub mod closure;
pub mod quota;

#[cfg(feature = "operator")]
pub mod api;
#[cfg(feature = "operator")]
pub mod controller;
#[cfg(feature = "operator")]
pub mod evidence;
#[cfg(feature = "operator")]
pub mod microsoft;
#[cfg(feature = "operator")]
pub mod operations;
#[cfg(feature = "operator")]
pub mod plugin;
#[cfg(feature = "operator")]
pub mod simulator;
#[cfg(feature = "operator")]
pub mod store;
