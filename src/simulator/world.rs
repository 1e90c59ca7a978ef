//! All simulated tenants and what serves them. One lock guards it: a request is served as a whole, as Microsoft's services do for one object.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use super::breakpoints::Breakpoints;
use super::clock::{Clock, precise};
use super::console::{self, Notes};
use super::device_code::SignIn;
use super::dns::Asked;
use super::exchange::{Content, Reply, Request, Service};
use super::faults::Faults;
use super::figures::Figures;
use super::judge::{Act, Actor, Judge};
use super::operations::Operations;
use super::random::{Random, mix};
use super::scenario::{Behaviour, Scenario};
use super::stats::Stats;
use super::tenant::{Change, Tenant};
use super::throttle::{Throttle, Windows};
use super::writes::Writes;
use super::{arm, control, graph, login, partner, populate};

/// Sets what is drawn for requests apart from what is drawn for tenants ("requests").
const REQUESTS: u64 = 0x7265_7175_6573_7473;

/// The whole simulation.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// Decides every draw.
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) behaviour: Behaviour,
    /// The request at hand is answered by a reader that has not heard of anything in so many milliseconds.
    pub(crate) stale_ms: Option<u64>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) throttle: Throttle,
    pub(crate) judge: Judge,
    pub(crate) stats: Stats,
    pub(crate) faults: Faults,
    pub(crate) breakpoints: Breakpoints,
    pub(crate) writes: Writes,
    /// What the name server was asked.
    pub(crate) asked: Asked,
    pub(crate) effects: Vec<Effect>,
    pub(crate) operations: Operations,
    /// Writes that may still run, by tenant and object, and since when (real).
    running: HashMap<(usize, String), i64>,
    /// What the pages say of the last presses.
    pub(crate) notes: Notes,
    /// Codes with which a person may sign in.
    pub(crate) sign_ins: Vec<SignIn>,
    /// Signs tokens; a token of another run is worth nothing.
    pub(crate) key: [u8; 16],
}

/// A change that really happened.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Effect {
    pub(crate) seq: u64,
    pub(crate) time: String,
    pub(crate) tenant: Uuid,
    pub(crate) kind: &'static str,
    /// The object that changed.
    pub(crate) id: Uuid,
    /// Who changed it; `None`: a person, or time.
    pub(crate) app: Option<Uuid>,
    pub(crate) request_id: String,
    /// What a person gave with it: the reason and the feedback of a cancellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario, seed: u64, clock: Clock, scale: f64) -> Self {
        let behaviour = scenario.behaviour.clone();
        Self {
            clock,
            seed,
            // Of a stream of its own: tenants draw the ids of their objects from the seed itself.
            random: Random::new(mix(seed ^ REQUESTS)),
            tenants: scenario
                .tenants
                .iter()
                .enumerate()
                .map(|(index, plan)| {
                    let mut tenant = populate::tenant(plan, seed, index);
                    tenant.behaviour.get_or_insert_with(|| behaviour.clone());
                    tenant
                })
                .collect(),
            throttle: Throttle::new(scale),
            stale_ms: None,
            judge: Judge::default(),
            stats: Stats::default(),
            faults: Faults::default(),
            breakpoints: Breakpoints::default(),
            writes: Writes::default(),
            asked: Asked::default(),
            effects: Vec::new(),
            operations: Operations::default(),
            running: HashMap::new(),
            notes: Notes::default(),
            sign_ins: Vec::new(),
            key: *Uuid::new_v4().as_bytes(),
            behaviour,
        }
    }

    /// How the users of all tenants, or of one, went.
    pub(crate) fn figures(&self, tenant: Option<Uuid>) -> Figures {
        let mine = self.tenants.iter();
        let mine = mine.filter(|one| tenant.is_none_or(|wanted| wanted == one.id));
        let left = mine.map(|one| one.users_to_go() as u64).sum();
        let bound = |id: Uuid, writes: u64| {
            let index = self.find(id);
            let behaviour = index.map_or(&self.behaviour, |index| self.behaviour_of(index));
            self.throttle.bound(writes, Windows::from(behaviour))
        };
        self.stats.figures(bound, tenant, left)
    }

    /// Serves one request.
    pub(crate) fn serve(&mut self, request: &Request) -> Reply {
        self.settle();
        let begun = self.clock.real();
        let mut reply = match request.service {
            Service::Login => login::serve(self, request),
            Service::Graph => graph::serve(self, request),
            Service::Arm => arm::serve(self, request),
            Service::Partner => partner::serve(self, request),
            Service::Control => control::serve(self, request),
            Service::Console => console::serve(self, request),
        };
        if reply.content == Content::Empty && reply.status == 200 {
            reply.status = 204;
        }
        if !matches!(request.service, Service::Control | Service::Console) {
            self.stats.request(
                request.service,
                &request.method,
                &request.segments(),
                reply.status,
            );
            self.writes.served(
                precise(begun),
                &request.request_id,
                (&request.method, &request.path),
                reply.status,
            );
        }
        reply
    }

    /// Serves one request as a reader would that lags behind by so many milliseconds.
    pub(crate) fn serve_stale(&mut self, request: &Request, milliseconds: u64) -> Reply {
        self.stale_ms = Some(milliseconds);
        let reply = self.serve(request);
        self.stale_ms = None;
        reply
    }

    /// Whether a write to this object (by the start of its path) comes while another one to it may still run; it is noted.
    pub(crate) fn runs_into_another(&mut self, tenant: usize, object: String) -> bool {
        let lasts = i64::from(self.behaviour_of(tenant).parallel_write_ms);
        if lasts == 0 {
            return false;
        }
        let now = self.clock.real();
        self.running.retain(|_, since| now - *since < lasts);
        let key = (tenant, object);
        let busy = self.running.contains_key(&key);
        if !busy {
            self.running.insert(key, now);
        }
        busy
    }

    /// How the services behave towards one tenant.
    pub(crate) fn behaviour_of(&self, tenant: usize) -> &Behaviour {
        let own = self.tenants.get(tenant);
        own.and_then(|tenant| tenant.behaviour.as_ref())
            .unwrap_or(&self.behaviour)
    }

    /// Lets what is due happen in every tenant.
    pub(crate) fn settle(&mut self) {
        for index in 0..self.tenants.len() {
            for change in self.tenants[index].settle(&self.clock) {
                let actor = Actor {
                    app: None,
                    reader: false,
                    request_id: "time".to_owned(),
                };
                let tenant = self.tenants[index].id;
                match change {
                    Change::SyncOff => self.record(index, "syncOff", tenant, &actor),
                    Change::SubscriptionGone(id) => {
                        self.record(index, "subscriptionGone", id, &actor);
                    }
                    Change::PrincipalGone(id) => {
                        self.record(index, "servicePrincipalDeleted", id, &actor);
                    }
                    Change::Resurrected(id) => self.record(index, "userRestored", id, &actor),
                    Change::Deleted => self.record(index, "tenantDeleted", tenant, &actor),
                }
            }
        }
    }

    pub(crate) fn find(&self, id: Uuid) -> Option<usize> {
        self.tenants.iter().position(|tenant| tenant.id == id)
    }

    /// Writes down a change that happened.
    pub(crate) fn record(
        &mut self,
        tenant: usize,
        kind: &'static str,
        object: Uuid,
        actor: &Actor,
    ) {
        self.record_noted(tenant, kind, object, actor, None);
    }

    /// The same, with what a person gave along.
    pub(crate) fn record_noted(
        &mut self,
        tenant: usize,
        kind: &'static str,
        object: Uuid,
        actor: &Actor,
        note: Option<String>,
    ) {
        let now = self.clock.real();
        let id = self.tenants[tenant].id;
        let time = precise(now);
        if matches!(
            kind,
            "userDeleted" | "applicationDeleted" | "servicePrincipalDeleted"
        ) {
            self.judge.deleted(id, object, actor, &time);
        }
        if matches!(kind, "applicationDeleted" | "servicePrincipalDeleted") {
            let since = self.clock.virtual_now();
            self.tenants[tenant].bin.push((object, since));
        }
        if kind == "userRestored" {
            self.judge.brief(id).deleted.remove(&object);
        }
        if kind == "userDeleted" {
            // He is in the recycle bin from now on, not from when somebody asks the next time.
            let since = self.clock.virtual_now();
            self.tenants[tenant].users.expire(since, now);
        }
        if kind == "userDeleted" && actor.app.is_some() {
            let tenant = &self.tenants[tenant];
            let spare = tenant.spare.and_then(|position| tenant.user_id(position));
            self.stats.user_deleted(id, now, spare == Some(object));
        }
        let seq = self.effects.len() as u64 + 1;
        self.effects.push(Effect {
            seq,
            time,
            tenant: id,
            kind,
            id: object,
            app: actor.app,
            request_id: actor.request_id.clone(),
            note,
        });
    }

    /// Lets the judge see a request before it is served.
    pub(crate) fn judged(&mut self, tenant: usize, act: &Act, actor: &Actor) {
        let time = precise(self.clock.real());
        self.writes.note(self.tenants[tenant].id, actor.app, act);
        self.judge
            .consider(&self.tenants[tenant], act, actor, &time);
    }

    pub(crate) fn accuse(
        &mut self,
        tenant: usize,
        kind: &'static str,
        detail: String,
        actor: &Actor,
    ) {
        let time = precise(self.clock.real());
        self.judge
            .accuse(self.tenants[tenant].id, kind, detail, actor, time);
    }

    #[cfg(test)]
    pub(crate) fn test(scenario: &str) -> Self {
        Self::new(
            &Scenario::parse(scenario).unwrap(),
            1,
            Clock::fixed(86_400.0),
            1.0,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_named_like_an_object() {
        let mut world = World::test("tenants: [{users: 1000, applications: 9}, {users: 1000}]");
        let drawn: Vec<Uuid> = (0..9000).map(|_| world.random.uuid()).collect();
        for tenant in &world.tenants {
            let users = tenant.users.all.iter().map(|user| user.id);
            let principals = tenant.principals.iter().map(|one| one.id);
            let mut ids = users.chain(principals).chain([tenant.id]);
            assert!(ids.all(|id| !drawn.contains(&id)));
        }
    }
}
