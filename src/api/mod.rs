//! The custom resources `tenantclosure.dev/v1alpha1`: three kinds and no more.

pub mod approval;
mod approval_copy;
pub mod authors;
pub mod closure;
pub mod conditions;
pub mod crd;
pub mod hash;
pub mod machines;
mod plan_status;
pub mod policies;
pub mod record;
pub mod signature;
pub mod signed_text;
pub mod status;
pub mod terms;

pub use approval::{ClosureApproval, ClosureApprovalSpec, Purpose};
pub use authors::Authors;
pub use closure::{TenantClosure, TenantClosureSpec};
pub use machines::Machines;
pub use record::{ClosureRecord, ClosureRecordSpec, ClosureRecordStatus, RecordType};
pub use status::TenantClosureStatus;

/// Label on Secrets and records: the tenant that they are for.
pub const TENANT_ID: &str = "tenantclosure.dev/tenant-id";
/// Label on records: the closure (UID) that they belong to.
pub const CLOSURE_UID: &str = "tenantclosure.dev/closure-uid";
/// Label on the record of a closure's first effect.
pub const BEGINS: &str = "tenantclosure.dev/begins";
/// Annotation that admission stamps on a closure: who created it.
pub const REQUESTED_BY: &str = "tenantclosure.dev/requested-by";
/// Annotation that admission keeps on a closure: who has written what an approval rests on, one a line, the creator first.
pub const CHANGED_BY: &str = "tenantclosure.dev/changed-by";
/// Annotation that asks for a cycle now (Flux' word for it).
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
