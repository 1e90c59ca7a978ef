//! One credential on the wire: each request gets its token, waits at the gate, and is repeated once after a 401.

use super::auth::Tokens;
use super::clouds::{Hosts, Service};
use super::failure::{Failure, Kind};
use super::features::offers;
use super::gates::{Gate, Lane};
use super::heard::Heard;
use super::pauses::{SideGate, SlowLane, remaining, too_busy};
use super::request::{Call, Http, Reply};
use super::settings::Limits;
use crate::closure::tenant::Leash;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;

/// The code of a request that stayed here because the bounds of its effect said no.
pub(super) const NOT_SENT: &str = "NotSent";

/// Tries of one reading request, the first included.
const TRIES: u32 = 4;

/// The first pause before a reading request is tried again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// One credential, its hosts and its gate.
#[derive(Debug)]
pub(super) struct Wire {
    /// The connection pool.
    pub(super) http: Arc<Http>,
    /// The hosts of the cloud.
    pub(super) hosts: &'static Hosts,
    /// The tokens of the credential.
    pub(super) tokens: Arc<Tokens>,
    /// Graph's gate for this application in this tenant.
    pub(super) gate: Arc<Gate>,
    /// Azure Resource Manager's.
    pub(super) arm: Arc<SideGate>,
    /// Partner Center's.
    pub(super) partner: Arc<SideGate>,
    /// Bounds.
    pub(super) limits: Limits,
}

/// A wire together with what was spent on it since the line was opened, and the bounds of the effect it serves.
pub(super) struct Line<'a> {
    /// The wire.
    pub(super) wire: &'a Wire,
    requests: AtomicU32,
    leash: Option<&'a dyn Leash>,
    until: Option<Instant>,
}

impl Wire {
    /// Opens a line for reading: its requests are counted from zero.
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            wire: self,
            requests: AtomicU32::new(0),
            leash: None,
            until: None,
        }
    }

    /// The gate of a service beside Graph; `None`: it has none.
    fn side(&self, service: Service) -> Option<&SideGate> {
        match service {
            Service::Arm => Some(&self.arm),
            Service::Partner => Some(&self.partner),
            Service::Graph | Service::Login => None,
        }
    }

    /// For how long the gate of a service stays closed; `None`: it is open.
    pub(super) fn closed_for(&self, service: Service, lane: Lane) -> Option<Duration> {
        match self.side(service) {
            Some(side) => side.closed_for(lane),
            None if service == Service::Graph => self.gate.closed_for(lane),
            None => None,
        }
    }

    /// Opens a line for an effect: no request starts on it once the leash is let go or the effect's time is over.
    pub(super) fn leashed<'a>(&'a self, leash: &'a dyn Leash) -> Line<'a> {
        Line {
            leash: Some(leash),
            until: Some(Instant::now() + self.limits.effect),
            ..self.line()
        }
    }
}

impl Line<'_> {
    /// HTTP requests sent on this line, tokens not counted.
    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// When the last request may start.
    pub(super) fn until(&self) -> Instant {
        let own = Instant::now() + self.wire.limits.effect;
        self.until.unwrap_or(own)
    }

    /// May another request start now?
    pub(super) fn may_start(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until) && self.leash.is_none_or(Leash::holds)
    }

    /// The `client-request-id` of the next request: of an effect, one that its record tells.
    fn next_id(&self) -> Uuid {
        let told = self.leash.and_then(Leash::next_request_id);
        told.unwrap_or_else(Uuid::new_v4)
    }

    /// Counts a request that was sent without this line's token.
    pub(super) fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A URL of a service from its path segments (each escaped) and its query. What this cloud does not have is not asked for.
    pub(super) fn url(
        &self,
        service: Service,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Url, Failure> {
        let hosts = self.wire.hosts;
        if !offers(hosts.cloud(), service, &format!("/{}", segments.join("/"))) {
            return Err(Failure::unsendable("NotInThisCloud"));
        }
        let mut url = hosts
            .root(service)
            .ok_or_else(|| Failure::malformed("NoHost"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
            // A space as every parser reads it; a plus sign in a value is escaped already.
            let spaced = url.query().map(|query| query.replace('+', "%20"));
            url.set_query(spaced.as_deref());
        }
        Ok(url)
    }

    /// Sends a request once, with a token; after a 401 once more with a fresh one. Any status is a reply then. Before
    /// each of them the bounds of the effect are asked: [`Kind::Transport`] with `NotSent` where they say no.
    pub(super) async fn send(
        &self,
        service: Service,
        lane: Lane,
        call: &Call,
    ) -> Result<Reply, Failure> {
        let mut stale = None;
        loop {
            let token = self
                .wire
                .tokens
                .token(
                    &self.wire.http,
                    service,
                    stale.as_ref(),
                    self.wire.limits.request,
                )
                .await?;
            if !self.may_start() {
                return Err(Failure::transport(NOT_SENT));
            }
            self.requests.fetch_add(1, Ordering::Relaxed);
            let reply = self
                .wire
                .http
                .send_as(
                    self.next_id(),
                    call,
                    Some(&token.value),
                    self.wire.limits.request,
                )
                .await?;
            if reply.status == 401 && stale.is_none() {
                stale = Some(token);
                continue;
            }
            if reply.status == 429 {
                self.wire.http.counters().throttled(1);
            }
            match self.wire.side(service) {
                Some(side) => {
                    let left = remaining(|name| reply.header(name));
                    side.heard(lane, reply.status, reply.retry_after(), left);
                }
                None if service == Service::Graph => self.heed(lane, call, &reply),
                None => {}
            }
            return Ok(reply);
        }
    }

    /// What a reply of Graph tells about the quota.
    fn heed(&self, lane: Lane, call: &Call, reply: &Reply) {
        let gate = &self.wire.gate;
        let heard = Heard::of(|name| reply.header(name));
        let rest = too_busy(lane, reply.status, reply.retry_after());
        if let Some(slow) = self.slow(call) {
            if reply.status == 429 || rest.is_some() {
                slow.close(reply.retry_after());
            } else if reply.status < 500 {
                slow.succeeded();
            }
        } else if reply.status == 429 {
            gate.close(lane, reply.retry_after(), heard);
        } else if let Some(rest) = rest {
            gate.rest(rest);
        }
        gate.heard(lane, heard);
    }

    /// The slow lane that a request of Graph belongs to.
    fn slow(&self, call: &Call) -> Option<&SlowLane> {
        let slow = call.url.path().contains("/identity/conditionalAccess/");
        slow.then_some(&self.wire.gate.policies)
    }

    /// Waits for the turn of a request where it belongs to a slow lane; false where that would not be before `until`.
    pub(super) async fn turn(&self, call: &Call, until: Instant) -> bool {
        match self.slow(call) {
            Some(slow) => slow.turn(1, until).await,
            None => true,
        }
    }

    /// Waits until the gate of a service is open; false where that would not be before `until`.
    pub(super) async fn opened(&self, service: Service, lane: Lane, until: Instant) -> bool {
        match self.wire.side(service) {
            Some(side) => side.opened(lane, until).await,
            None if service == Service::Graph => self.wire.gate.opened(lane, until).await,
            None => true,
        }
    }

    /// Reads, with patience: what may pass is tried again, and a closed gate is waited for, all in all not longer than
    /// an effect may last.
    pub(super) async fn read(&self, service: Service, call: &Call) -> Result<Reply, Failure> {
        let until = self.until();
        let mut pause = FIRST_PAUSE;
        let mut tried = 0;
        loop {
            tried += 1;
            if !self.opened(service, Lane::Read, until).await || !self.turn(call, until).await {
                let slow = self.slow(call).and_then(SlowLane::closed_for);
                let closed = self.wire.closed_for(service, Lane::Read);
                return Err(Failure::gate_closed(slow.max(closed)));
            }
            let sent = self.send(service, Lane::Read, call).await;
            let failure = match sent.and_then(Reply::success) {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let wait = failure.retry_after.unwrap_or(pause).max(FIRST_PAUSE);
            let late = Instant::now() + wait >= until;
            if !failure.may_pass() || tried >= TRIES || late {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
    }

    /// Reads JSON with patience.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        service: Service,
        url: Url,
    ) -> Result<T, Failure> {
        self.read(service, &Call::get(url)).await?.json()
    }

    /// Like [`Self::get`]; `None` where there is no such object (404).
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        service: Service,
        url: Url,
    ) -> Result<Option<T>, Failure> {
        match self.get(service, url).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.kind == Kind::Absent => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Whether the token for Graph carries this application permission.
    pub(super) async fn holds(&self, permission: &str) -> Result<bool, Failure> {
        let wire = self.wire;
        let token = wire
            .tokens
            .young_token(&wire.http, Service::Graph, wire.limits.request)
            .await?;
        Ok(token.claims.roles.contains(permission))
    }
}
