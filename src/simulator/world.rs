//! All state, and what time does to it.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::clock::Clock;
use super::faults::Fault;
use super::random::Random;
use super::scenario::{APP_ROLES, Kind, Scenario, TenantPart, default_roles, template};
use super::throttle::Bucket;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The tenant that owns Microsoft's own applications.
pub(crate) const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";
/// Checks that no interface can read.
pub(crate) const UNREADABLE: &[&str] = &["C5", "C9", "C10", "C11", "C15"];

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // A row of a table, not a state machine.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) upn: String,
    pub(crate) guest: bool,
    pub(crate) synced: bool,
    pub(crate) undeletable: bool,
    pub(crate) administrator: bool,
    pub(crate) mfa: String,
    pub(crate) deleted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// The Azure or commerce id.
    pub(crate) id: String,
    /// The id of the Graph object.
    pub(crate) graph_id: String,
    pub(crate) kind: Kind,
    pub(crate) sku: String,
    pub(crate) seats: u32,
    pub(crate) state: &'static str,
    pub(crate) cancelable: bool,
    pub(crate) auto_renew: bool,
    pub(crate) term_end: i64,
    pub(crate) gone_at: Option<i64>,
}

impl Subscription {
    pub(crate) fn gone(&self) -> bool {
        self.state == "Deleted"
    }
}

/// An application or a service principal.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) app_id: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) enabled: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) app_id: String,
    pub(crate) principal: String,
    pub(crate) secret: String,
    pub(crate) app_roles: Vec<String>,
    pub(crate) directory_roles: Vec<String>,
    pub(crate) users: Vec<User>,
    pub(crate) index: HashMap<String, usize>,
    pub(crate) live: usize,
    /// Users that an operator may still delete: neither the two administrators nor an undeletable one.
    pub(crate) deletable: usize,
    pub(crate) retained: String,
    pub(crate) spare: Option<String>,
    pub(crate) sync: Option<bool>,
    pub(crate) sync_off_at: Option<i64>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) applications: Vec<Object>,
    pub(crate) principals: Vec<Object>,
    pub(crate) settled: HashSet<String>,
    pub(crate) deleted: bool,
}

impl Tenant {
    pub(crate) fn user(&self, key: &str) -> Option<usize> {
        let at = *self.index.get(&key.to_ascii_lowercase())?;
        self.users.get(at).filter(|user| !user.deleted).map(|_| at)
    }

    pub(crate) fn billing_account(&self) -> String {
        format!("{}:{}_2019-05-31", self.id, self.principal)
    }

    pub(crate) fn is_retained(&self, id: &str) -> bool {
        self.retained == id
    }

    pub(crate) fn is_spare(&self, id: &str) -> bool {
        self.spare.as_deref() == Some(id)
    }

    pub(crate) fn own_principals(&self) -> usize {
        self.principals
            .iter()
            .filter(|object| object.owner != MICROSOFT)
            .count()
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) effects: Vec<Value>,
    pub(crate) destroyed: HashSet<String>,
    pub(crate) violations: Vec<Value>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) buckets: HashMap<(String, String), Bucket>,
    pub(crate) approved: HashMap<String, HashSet<String>>,
    /// Tenants (or `*`) of which only plans may be made.
    pub(crate) plan_only: HashSet<String>,
    pub(crate) requests: u64,
    pub(crate) items: u64,
    pub(crate) throttled: u64,
    /// Per tenant: how many users an app deleted, and when first and last.
    pub(crate) user_deletes: HashMap<String, (u64, i64, i64)>,
    pub(crate) operations: u64,
}

impl World {
    pub(crate) fn new(scenario: &Scenario, seed: u64, users: Option<usize>, pace: f64) -> Self {
        let mut random = Random::new(seed);
        let tenants = scenario
            .tenants
            .iter()
            .map(|part| build(part, users, &mut random))
            .collect();
        Self {
            clock: Clock::new(pace),
            random,
            tenants,
            effects: Vec::new(),
            destroyed: HashSet::new(),
            violations: Vec::new(),
            faults: Vec::new(),
            buckets: HashMap::new(),
            approved: HashMap::new(),
            plan_only: HashSet::new(),
            requests: 0,
            items: 0,
            throttled: 0,
            user_deletes: HashMap::new(),
            operations: 0,
        }
    }

    /// What a caller must know to sign in.
    pub(crate) fn card(&self) -> Value {
        let cards = self.tenants.iter().map(|tenant| {
            let spare = tenant.spare.as_ref().map(|_| format!("spare@{}", tenant.domain));
            json!({
                "id": tenant.id, "initialDomain": tenant.domain, "appId": tenant.app_id, "clientSecret": tenant.secret,
                "retainedAdministrator": format!("closer@{}", tenant.domain), "retainedId": tenant.retained,
                "spareAdministrator": spare, "spareId": tenant.spare,
            })
        });
        Value::Array(cards.collect())
    }

    /// A living tenant, by id or by its initial domain.
    pub(crate) fn tenant(&self, key: &str) -> Option<usize> {
        self.tenants.iter().position(|tenant| {
            !tenant.deleted
                && (tenant.id.eq_ignore_ascii_case(key) || tenant.domain.eq_ignore_ascii_case(key))
        })
    }

    pub(crate) fn tick(&mut self) {
        let now = self.clock.virtual_now();
        for tenant in &mut self.tenants {
            if tenant.sync_off_at.is_some_and(|at| at <= now) {
                tenant.sync = Some(false);
                tenant.sync_off_at = None;
            }
            for subscription in &mut tenant.subscriptions {
                if subscription.state == "Enabled"
                    && !subscription.auto_renew
                    && subscription.term_end <= now
                {
                    subscription.state = "Suspended";
                    subscription.gone_at = Some(subscription.term_end + 72 * HOUR);
                }
                if subscription.gone_at.is_some_and(|at| at <= now) {
                    subscription.state = "Deleted";
                }
            }
        }
    }

    pub(crate) fn violation(&mut self, rule: &str, tenant: &str, id: &str) {
        self.violations
            .push(json!({ "rule": rule, "tenant": tenant, "id": id }));
    }

    /// Notes a change that took place; `app` is `human` for what the portal does.
    pub(crate) fn effect(&mut self, kind: &str, id: &str, app: &str) {
        let seq = self.effects.len() + 1;
        self.effects
            .push(json!({ "seq": seq, "kind": kind, "id": id, "app": app }));
    }

    /// Notes the end of an object; a second end of the same object is a violation.
    pub(crate) fn destroy(&mut self, kind: &str, tenant: &str, id: &str, app: &str) {
        if !self.destroyed.insert(format!("{kind}/{tenant}/{id}")) {
            self.violation("ObjectDeletedTwice", tenant, id);
        }
        self.effect(kind, id, app);
    }
}

fn build(part: &TenantPart, total: Option<usize>, random: &mut Random) -> Tenant {
    let id = part.id.clone().unwrap_or_else(|| random.uuid().to_string());
    let domain = part
        .initial_domain
        .clone()
        .unwrap_or_else(|| format!("t{}.onmicrosoft.com", &id[..8.min(id.len())]));
    let app_id = part
        .app_id
        .clone()
        .unwrap_or_else(|| random.uuid().to_string());
    let mut tenant = Tenant {
        name: part
            .display_name
            .clone()
            .unwrap_or_else(|| domain.split('.').next().unwrap_or("tenant").to_owned()),
        kind: part.tenant_type.clone().unwrap_or_else(|| "AAD".to_owned()),
        principal: random.uuid().to_string(),
        secret: part
            .client_secret
            .clone()
            .unwrap_or_else(|| format!("simulated~{:016x}", random.next())),
        app_roles: part
            .app_roles
            .clone()
            .unwrap_or_else(|| APP_ROLES.iter().map(|role| (*role).to_owned()).collect()),
        directory_roles: part
            .directory_roles
            .as_ref()
            .map_or_else(default_roles, |roles| {
                roles.iter().map(|role| template(role)).collect()
            }),
        users: Vec::new(),
        index: HashMap::new(),
        live: 0,
        deletable: 0,
        retained: String::new(),
        spare: None,
        sync: part.synced.then_some(true),
        sync_off_at: None,
        subscriptions: Vec::new(),
        applications: Vec::new(),
        principals: Vec::new(),
        settled: HashSet::new(),
        deleted: false,
        app_id: app_id.clone(),
        domain,
        id,
    };
    add_users(&mut tenant, part, total, random);
    add_objects(&mut tenant, part, random);
    for wish in &part.subscriptions {
        tenant.subscriptions.push(Subscription {
            id: wish.id.clone().unwrap_or_else(|| random.uuid().to_string()),
            graph_id: random.uuid().to_string(),
            kind: wish.kind,
            sku: wish.sku.clone().unwrap_or_else(|| {
                if wish.kind == Kind::Azure {
                    "Azure plan"
                } else {
                    "SPB"
                }
                .to_owned()
            }),
            seats: wish.seats.unwrap_or(10),
            state: "Enabled",
            cancelable: wish.cancelable.unwrap_or(true),
            auto_renew: true,
            term_end: (wish.term_days.unwrap_or(30.0) * DAY as f64) as i64,
            gone_at: None,
        });
    }
    tenant
}

fn add_users(tenant: &mut Tenant, part: &TenantPart, total: Option<usize>, random: &mut Random) {
    let fixed = 1 + usize::from(part.spare_administrator);
    let count = total.or(part.users).unwrap_or(10).max(fixed);
    // The two administrators stand somewhere in the middle, so that a list that ends early is noticed.
    let middle = (count - fixed) / 2;
    for number in 0..count {
        let spare = part.spare_administrator && number == middle + 1;
        let retained = number == middle;
        let administrator = spare || retained;
        let ordinary = if number > middle {
            number - fixed
        } else {
            number
        };
        let guest = !administrator && ordinary < part.guests;
        let upn = if retained {
            format!("closer@{}", tenant.domain)
        } else if spare {
            format!("spare@{}", tenant.domain)
        } else if guest {
            format!("guest{ordinary}_example.net#EXT#@{}", tenant.domain)
        } else {
            format!("user{ordinary}@{}", tenant.domain)
        };
        let id = random.uuid().to_string();
        let mfa = if spare {
            part.spare_mfa
                .clone()
                .unwrap_or_else(|| "enforced".to_owned())
        } else {
            String::from("disabled")
        };
        let undeletable = !administrator && ordinary + part.undeletable >= count - fixed;
        tenant.index.insert(id.clone(), number);
        tenant.index.insert(upn.to_ascii_lowercase(), number);
        if retained {
            tenant.retained.clone_from(&id);
        }
        if spare {
            tenant.spare = Some(id.clone());
        }
        tenant.deletable += usize::from(!administrator && !undeletable);
        tenant.live += 1;
        let synced = part.synced && !administrator && !guest;
        tenant.users.push(User {
            id,
            upn,
            guest,
            synced,
            undeletable,
            administrator,
            mfa,
            deleted: false,
        });
    }
}

fn add_objects(tenant: &mut Tenant, part: &TenantPart, random: &mut Random) {
    let owner = tenant.id.clone();
    for number in 0..part.applications {
        let app_id = random.uuid().to_string();
        let object = Object {
            id: random.uuid().to_string(),
            app_id,
            name: format!("Application {number}"),
            owner: owner.clone(),
            enabled: true,
        };
        tenant.principals.push(Object {
            id: random.uuid().to_string(),
            ..object.clone()
        });
        tenant.applications.push(object);
    }
    let own = Object {
        id: random.uuid().to_string(),
        app_id: tenant.app_id.clone(),
        name: "Closing operator".to_owned(),
        owner,
        enabled: true,
    };
    tenant.principals.push(Object {
        id: tenant.principal.clone(),
        ..own.clone()
    });
    tenant.applications.push(own);
    for (name, app_id) in [
        ("Microsoft Graph", "00000003-0000-0000-c000-000000000000"),
        (
            "Office 365 Exchange Online",
            "00000002-0000-0ff1-ce00-000000000000",
        ),
    ] {
        let object = Object {
            id: random.uuid().to_string(),
            app_id: app_id.to_owned(),
            name: name.to_owned(),
            owner: MICROSOFT.to_owned(),
            enabled: true,
        };
        tenant.principals.push(object);
    }
}
