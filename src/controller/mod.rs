//! The controller: Kubernetes on one side, the port to a tenant on the other; [`reconcile`] is the cycle.

pub mod act;
pub mod approval_keys;
pub mod approvals;
pub mod backup;
pub mod brakes;
pub mod configuration;
pub mod context;
pub mod counters;
pub mod credentials;
pub mod doubt;
pub mod error;
pub mod fleet;
pub mod grounds;
pub mod journal;
pub mod observe;
pub mod plans;
pub mod policies;
pub mod proofs;
pub mod reach;
pub mod read;
pub mod reconcile;
pub mod record;
pub mod run;
pub mod spending;
pub mod told;
pub mod transitions;
