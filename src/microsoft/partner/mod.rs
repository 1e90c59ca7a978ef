//! Partner Center: what a partner sold to the tenant, spoken to with the partner's own application.

pub(super) mod subscriptions;
