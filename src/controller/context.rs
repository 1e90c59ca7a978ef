//! What every cycle needs: clients, the way to a tenant, what this process remembers as hints.

use crate::api::ClosureRecord;
use crate::closure::id::ObjectId;
use crate::closure::observation::Observation;
use crate::closure::plan::Sealed;
use crate::closure::supplement::Supplements;
use crate::closure::tenant::Tenant;
use crate::closure::terms::Terms;
use crate::controller::brakes::Brakes;
use crate::controller::clock::ApiClock;
use crate::controller::counters::Counters;
use crate::controller::credentials::{Credential, Keys};
use crate::controller::evidence::Keeping;
use crate::controller::fleet::Acting;
use crate::controller::journal::Head;
use crate::controller::lead::Lead;
use crate::controller::trouble::InARow;
use crate::store::Opened;
use jiff::Timestamp;
use kube::runtime::events::Recorder;
use kube::{Api, Client};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a tenant is reached. Implemented on top, where both sides are known.
pub trait TenantFactory: Send + Sync {
    /// A tenant for these terms and the credentials that they name.
    fn tenant(&self, terms: &Terms, keys: &Keys) -> Arc<dyn Tenant>;

    /// Tells what an earlier process spent of the tenant's write quota: how long ago, and how many objects, oldest first.
    fn spent(&self, terms: &Terms, keys: &Keys, writes: &[(Duration, u32)]);
}

/// How long effects may run.
#[derive(Clone, Copy, Debug)]
pub struct EffectLimits {
    /// No request of an effect starts later than this after its begin.
    pub start: Duration,
    /// One request takes at most this long.
    pub request: Duration,
}

/// Everything a cycle needs.
pub struct Context {
    /// Client without retries of its own: each write is sent once.
    pub client: Client,
    /// The operator's namespace: journal and configuration.
    pub namespace: String,
    /// The service account that it runs as; the remedy for missing grants names it.
    pub service_account: String,
    /// One word for this process, in each claim.
    pub holder: String,
    /// The cluster gives the operator a token of its own, for workload identity.
    pub federated: bool,
    /// The way to a tenant.
    pub tenants: Arc<dyn TenantFactory>,
    /// Effect limits.
    pub limits: EffectLimits,
    /// So long after an admission policy was written each API server acts by it.
    pub policies_act_within: Duration,
    /// The API server's clock.
    pub clock: Arc<ApiClock>,
    /// What stops an effect in the middle.
    pub brakes: Arc<Brakes>,
    /// Whether this process acts, or another one of the operator does.
    pub lead: Lead,
    /// How many closures act at once.
    pub acting: Arc<Acting>,
    /// Held from counting the closures begun until another one has begun.
    pub beginning: tokio::sync::Mutex<()>,
    /// The evidence store, while it is in use.
    pub stores: Opened,
    /// Held while an inventory is written.
    pub inventories: tokio::sync::Mutex<()>,
    /// Counts.
    pub counters: Arc<Counters>,
    /// Events, best effort.
    pub recorder: Recorder,
    /// Hints by closure UID; losing them loses nothing.
    pub hints: Mutex<HashMap<String, Hints>>,
}

/// What a process remembers of a closure between cycles, to read and write less.
#[derive(Clone, Default)]
pub struct Hints {
    /// The newest record and its hash.
    pub head: Option<Head>,
    /// The plan, while it is in use.
    pub plan: Option<Arc<Sealed>>,
    /// Its supplements.
    pub supplements: Supplements,
    /// Credentials by the name of their Secret.
    pub credentials: HashMap<String, Credential>,
    /// The tenant, with what it was built from ([`Keys::known_as`]).
    pub tenant: Option<(String, Arc<dyn Tenant>)>,
    /// Subscriptions by id, as they were called when they were last listed: for the status, which is no record.
    pub names: BTreeMap<ObjectId, String>,
    /// When progress was last written.
    pub patched: Option<Instant>,
    /// What the guards ask, as it was seen after the newest effect, and when.
    pub seen: Option<(Instant, Arc<Observation>)>,
    /// Its evidence, where there is a store.
    pub keeping: Option<Keeping>,
    /// Tries of an inventory since one was sealed.
    pub inventory_tries: u32,
    /// Cycles in a row that failed in the same way.
    pub failing: Option<InARow>,
    /// Not before, for these inputs.
    pub hold_back: Option<(Timestamp, String)>,
}

impl Context {
    /// The records.
    pub fn records(&self) -> Api<ClosureRecord> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A copy of the hints.
    pub fn hints(&self, uid: &str) -> Hints {
        self.hints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(uid)
            .cloned()
            .unwrap_or_default()
    }

    /// Changes the hints.
    pub fn hint(&self, uid: &str, change: impl FnOnce(&mut Hints)) {
        change(
            self.hints
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(uid.to_owned())
                .or_default(),
        );
    }

    /// Forgets a closure.
    pub fn forget(&self, uid: &str) {
        self.hints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }
}
