//! A real tenant behind the port.

use super::auth::Credentials;
use super::clouds::{Hosts, Service, offered};
use super::dns::Dns;
use super::failure::over_at;
use super::gates::{Gates, Lane};
use super::graph::delta::Tracking;
use super::graph::inventory::Products;
use super::outside::Outside;
use super::perform::Road;
use super::request::Http;
use super::settings::{Limits, Settings};
use super::wire::Wire;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::inventory::{Kind, Shortage, Sink};
use crate::closure::observation::{Observation, Question};
use crate::closure::tenant::{Answer, Attempt, Leash, LookBack, Scope, Tenant};
use crate::closure::terms::{BillingKind, Cloud};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// A tenant over HTTPS. Cheap to make anew for each cycle: connections, tokens and gates are shared.
#[derive(Debug)]
pub struct LiveTenant {
    pub(super) tenant: ObjectId,
    pub(super) cloud: Cloud,
    pub(super) dns: Arc<Dns>,
    pub(super) graph: Wire,
    pub(super) billing: Vec<(BillingKind, Option<Wire>)>,
    pub(super) directory: Option<Wire>,
    pub(super) directory_resource: Option<String>,
    pub(super) outside: Outside,
    /// Object id of our own service principal, once it was read.
    pub(super) own_principal: OnceLock<ObjectId>,
    /// Who came between two looks.
    pub(super) tracking: tokio::sync::Mutex<Tracking>,
    /// Names of products for an inventory, once they were read.
    pub(super) products: Mutex<Products>,
}

impl LiveTenant {
    /// Nothing is asked yet: the first token is fetched with the first question.
    pub fn new(settings: Settings) -> Self {
        let wire = |credentials: Credentials| {
            open(
                &settings.http,
                &settings.gates,
                settings.cloud,
                settings.limits,
                credentials,
            )
        };
        let graph = wire(Credentials {
            tenant_id: settings.tenant_id,
            app_id: settings.app_id,
            proof: settings.proof.clone(),
        });
        let billing = settings
            .billing
            .iter()
            .filter(|account| offered(settings.cloud, account.kind))
            .map(|account| (account.kind, account.credentials.clone().map(wire)))
            .collect();
        let directory = settings.directory_credentials.clone().map(wire);
        let outside = Outside::new(&settings, &graph);
        Self {
            tenant: settings.tenant_id,
            cloud: settings.cloud,
            dns: settings.dns,
            graph,
            billing,
            directory,
            directory_resource: settings.directory_resource,
            outside,
            own_principal: OnceLock::new(),
            tracking: tokio::sync::Mutex::default(),
            products: Mutex::default(),
        }
    }

    /// For how long a gate is closed that an intent has to go through; `None`: all are open.
    fn paused_for(&self, intent: &Intent) -> Option<Duration> {
        let of_graph = |lane| self.graph.closed_for(Service::Graph, lane);
        match intent.action {
            Action::VerifyUsers | Action::VerifyDirectoryGone => of_graph(Lane::Read),
            Action::DisablePolicies => {
                of_graph(Lane::Write).max(self.graph.gate.policies.closed_for())
            }
            Action::DeleteDirectory => self.directory_wire().closed_for(Service::Arm, Lane::Write),
            Action::CancelSubscription | Action::StopRenewal => {
                let road = Road::of(intent.resource.as_deref()?)?;
                let wires = self.wires(road);
                let closed = wires.map(|wire| wire.closed_for(road.service(), Lane::Write));
                // Which account it is of is read first: as long as one may be spoken to there is something to do.
                closed.min().flatten()
            }
            _ => of_graph(Lane::Write),
        }
    }

    /// The wire for the directory's own Azure resource.
    pub(super) fn directory_wire(&self) -> &Wire {
        self.directory.as_ref().unwrap_or(&self.graph)
    }
}

fn open(
    http: &Arc<Http>,
    gates: &Gates,
    cloud: Cloud,
    limits: Limits,
    credentials: Credentials,
) -> Wire {
    let hosts = Hosts::of(cloud);
    Wire {
        http: Arc::clone(http),
        hosts,
        gate: gates.gate(credentials.tenant_id, credentials.app_id),
        arm: gates.side(Service::Arm, credentials.tenant_id, credentials.app_id),
        partner: gates.side(Service::Partner, credentials.tenant_id, credentials.app_id),
        tokens: http.tokens.of(hosts, credentials),
        limits,
    }
}

impl Tenant for LiveTenant {
    fn observe<'a>(
        &'a self,
        scope: &'a Scope,
        questions: &'a [Question],
        into: &'a mut Observation,
    ) -> Answer<'a, ()> {
        Box::pin(self.answer(scope, questions, into))
    }

    fn perform<'a>(&'a self, intent: &'a Intent, leash: &'a dyn Leash) -> Answer<'a, Attempt> {
        Box::pin(self.carry_out(intent, leash))
    }

    fn paused(&self, intent: &Intent) -> Option<Timestamp> {
        self.paused_for(intent).and_then(over_at)
    }

    fn settle<'a>(&'a self, about: LookBack<'a>, into: &'a mut Observation) -> Answer<'a, Outcome> {
        Box::pin(self.look_back(about, into))
    }

    fn list<'a>(&'a self, kind: Kind, into: &'a mut dyn Sink) -> Answer<'a, Vec<Shortage>> {
        Box::pin(self.list_into(kind, into))
    }
}
