//! What a tenant is spoken to with.

use super::auth::Credentials;
use super::dns::Dns;
use super::gates::Gates;
use super::proof::Proof;
use super::request::Http;
use crate::closure::id::ObjectId;
use crate::closure::terms::{BillingKind, Cloud};
use std::sync::Arc;
use std::time::Duration;

/// How to reach one tenant. Nothing in it is a URL.
#[derive(Debug)]
pub struct Settings {
    /// The tenant; every Graph token must be for it.
    pub tenant_id: ObjectId,
    /// The tenant's initial domain, for the look from outside.
    pub initial_domain: String,
    /// The cloud, which fixes all hosts.
    pub cloud: Cloud,
    /// Application (client) id.
    pub app_id: ObjectId,
    /// What the application proves itself with.
    pub proof: Proof,
    /// Billing accounts through which subscriptions can be seen and ended.
    pub billing: Vec<Billing>,
    /// ARM id of an External ID or B2C directory.
    pub directory_resource: Option<String>,
    /// Credentials for [`Self::directory_resource`]; absent: the tenant's own.
    pub directory_credentials: Option<Credentials>,
    /// The connection pool of this process.
    pub http: Arc<Http>,
    /// The gates of this process.
    pub gates: Arc<Gates>,
    /// The resolver of this process.
    pub dns: Arc<Dns>,
    /// Bounds in time and number.
    pub limits: Limits,
}

/// One kind of billing account.
#[derive(Debug)]
pub struct Billing {
    /// What it covers.
    pub kind: BillingKind,
    /// Its credentials; absent: the tenant's own.
    pub credentials: Option<Credentials>,
}

/// Bounds of one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// No request of an effect is started later than this after its begin.
    pub effect: Duration,
    /// The longest time for one request, its body included.
    pub request: Duration,
    /// `$batch` requests in flight at once.
    pub batches: usize,
}

impl Default for Limits {
    /// 20 s, 10 s, 4.
    fn default() -> Self {
        Self {
            effect: Duration::from_secs(20),
            request: Duration::from_secs(10),
            batches: 4,
        }
    }
}
