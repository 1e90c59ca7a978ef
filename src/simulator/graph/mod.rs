//! Microsoft Graph: who may, what it costs, and which file answers.

mod applications;
mod batch;
mod challenge;
mod consents;
mod cost;
mod creation;
mod deleted;
mod delta;
mod devices;
mod domains;
mod external;
mod groups;
mod licenses;
mod listing;
mod losses;
mod methods;
mod mfa;
mod names;
mod objects;
mod organization;
mod person;
mod policies;
mod properties;
mod query;
mod roles;
mod subscriptions;
mod units;
mod update;
mod users;

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::errors::Refusal;
use super::exchange::{Query, Reply, Request, Service};
use super::hosts;
use super::judge::{Act, Actor};
use super::roles::GLOBAL_ADMINISTRATOR;
use super::throttle::{Key, Priority, Verdict, Windows};
use super::token::{self, Caller};
use super::world::World;

pub(crate) use organization::lift;
pub(crate) use policies::disable_policy;

pub(crate) type Answer = Result<Reply, Refusal>;

/// One request or one item of a batch, after the token was checked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    pub(crate) beta: bool,
    pub(crate) caller: Caller,
    pub(crate) request_id: String,
    /// Scheme, host and version.
    pub(crate) base: String,
}

impl Call {
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            app: Some(self.caller.app_id),
            reader: self.caller.reader,
            request_id: self.request_id.clone(),
        }
    }

    /// One of these permissions must be in the token.
    pub(crate) fn require(&self, any: &[&str]) -> Result<(), Refusal> {
        // What a person delegates goes as far as his own rights: to write, he is a Global administrator here.
        let administers = self.caller.directory_roles.contains(&GLOBAL_ADMINISTRATOR);
        if self.caller.person.is_some() && self.is_write() && !administers {
            return Err(Refusal::denied());
        }
        if self
            .caller
            .roles
            .iter()
            .any(|role| any.contains(&role.as_str()))
        {
            Ok(())
        } else {
            Err(Refusal::denied())
        }
    }

    pub(crate) fn eventual(&self) -> bool {
        self.headers
            .get("consistencylevel")
            .is_some_and(|value| value.eq_ignore_ascii_case("eventual"))
    }

    pub(crate) fn context(&self, set: &str) -> String {
        format!("{}/$metadata#{set}", self.base)
    }

    fn is_write(&self) -> bool {
        cost::of(self, false).writes > 0
    }
}

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let client_id = request
        .header("client-request-id")
        .unwrap_or(&request.request_id)
        .to_owned();
    let now = world.clock.real();
    let caller = match token::caller(world, request) {
        Ok(caller) => caller,
        Err(text) => {
            let host = hosts::name_of(Service::Login, request.cloud.unwrap_or_default());
            let asks = format!(
                "Bearer realm=\"\", authorization_uri=\"https://{host}/common/oauth2/authorize\""
            );
            return Refusal::new(401, "InvalidAuthenticationToken", text)
                .graph(&request.request_id, &client_id, now)
                .with("WWW-Authenticate", asks);
        }
    };
    let mut segments = request.segments();
    let version = if segments.is_empty() {
        String::new()
    } else {
        segments.remove(0)
    };
    let version = version.to_ascii_lowercase();
    if version != "v1.0" && version != "beta" {
        let text = format!("Invalid version: {version}");
        return Refusal::bad(text).graph(&request.request_id, &client_id, now);
    }
    if !request.is_readable() && !is_reading(&request.method) {
        let text = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.";
        return Refusal::bad(text).graph(&request.request_id, &client_id, now);
    }
    let call = Call {
        method: request.method.clone(),
        segments: names::canonical(segments),
        query: request.query.clone(),
        headers: request.headers.clone(),
        body: request.json(),
        beta: version == "beta",
        caller,
        request_id: request.request_id.clone(),
        base: format!("{}/{version}", request.base),
    };
    if call.segments.len() == 1 && call.segments[0] == "$batch" {
        return batch::serve(world, &call);
    }
    single(world, &call)
}

/// Judges, charges and answers one request or one item.
pub(crate) fn single(world: &mut World, call: &Call) -> Reply {
    let client_id = call
        .headers
        .get("client-request-id")
        .unwrap_or(&call.request_id)
        .clone();
    let now = world.clock.real();
    if call.is_write() {
        world.judged(call.caller.tenant, &act(world, call), &call.actor());
        foreign(world, call);
    }
    let lane = Key::Lane(world.tenants[call.caller.tenant].id);
    if policies::slow(call) && world.throttle.take(lane, 1.0, 1.0, now).is_err() {
        return Refusal::new(429, "TooManyRequests", "Too many requests.").graph(
            &call.request_id,
            &client_id,
            now,
        );
    }
    let b2c = world.tenants[call.caller.tenant].kind == external::B2C;
    let cost = cost::of(call, b2c);
    let told = call.headers.get("x-ms-throttle-priority");
    let priority = Priority::of(told.map(String::as_str));
    let windows = Windows::from(world.behaviour_of(call.caller.tenant));
    let tenant = &world.tenants[call.caller.tenant];
    let reply = match world.throttle.charge(
        (call.caller.app_id, tenant.id),
        tenant.users.alive(),
        (cost, priority),
        windows,
        now,
    ) {
        Verdict::Throttled(told) => {
            let mut reply = Refusal::new(
                429,
                "TooManyRequests",
                "Too many requests from the application.",
            )
            .graph(&call.request_id, &client_id, now)
            .with(
                "x-ms-throttle-limit-percentage",
                format!("{:.2}", told.percentage),
            )
            .with("x-ms-throttle-scope", &told.scope)
            .with("x-ms-throttle-information", told.information);
            if world.behaviour_of(call.caller.tenant).retry_after {
                // Fractional, and never the same for all that wait.
                let spread = world.random.below(250) as f64 / 1000.0;
                reply = reply.with("Retry-After", format!("{:.3}", told.retry_after + spread));
            }
            reply
        }
        Verdict::Served(share) => {
            let behaviour = world.behaviour_of(call.caller.tenant);
            let mut reply = match challenge::of(behaviour, call) {
                Some(refusal) => challenge::asks(refusal.graph(&call.request_id, &client_id, now)),
                None => route(world, call)
                    .unwrap_or_else(|refusal| refusal.graph(&call.request_id, &client_id, now)),
            };
            if let Some(share) = share {
                reply = reply.with("x-ms-throttle-limit-percentage", format!("{share:.2}"));
            }
            reply
        }
    };
    reply.with("x-ms-resource-unit", cost.units)
}

/// What happens now and then, as often as the scenario says: a race of writes, or a replica that has not heard of an object.
fn mishap(world: &mut World, call: &Call) -> Result<(), Refusal> {
    let behaviour = world.behaviour_of(call.caller.tenant);
    let (conflicts, missing) = (behaviour.conflict_permille, behaviour.missing_permille);
    let writes = call.is_write();
    let parallel =
        writes && object(call).is_some_and(|one| world.runs_into_another(call.caller.tenant, one));
    let races = conflicts > 0 && writes && world.random.below(1000) < u64::from(conflicts);
    if parallel || races {
        let text = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.";
        return Err(Refusal::new(409, "Directory_ConcurrencyViolation", text));
    }
    let one = call.segments.len() == 2 && call.segments[0] == "users";
    if missing > 0 && one && call.method == "GET" && world.random.below(1000) < u64::from(missing) {
        return Err(Refusal::not_found(&call.segments[1]));
    }
    Ok(())
}

/// The one object that a call is about; `None`: a whole collection.
fn object(call: &Call) -> Option<String> {
    let mut parts = call.segments.iter();
    let named = parts.find(|part| Uuid::parse_str(part).is_ok() || part.contains(['=', '.', '@']));
    named.map(|part| part.to_ascii_lowercase())
}

/// Methods that change nothing.
pub(crate) fn is_reading(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].contains(&method)
}

/// What no route takes, whatever it is for.
fn admissible(call: &Call) -> Result<(), Refusal> {
    if ["HEAD", "OPTIONS"].contains(&call.method.as_str()) {
        let text = "Specified HTTP method is not allowed for the request target.";
        return Err(Refusal::new(405, "Request_BadRequest", text));
    }
    if !is_reading(&call.method) && !call.body.is_null() && !call.body.is_object() {
        return Err(Refusal::bad("The payload must be a JSON object."));
    }
    query::options(call)?;
    let expands = call.query.get("$expand").is_some();
    let roles = call
        .segments
        .first()
        .is_some_and(|first| first == "roleManagement");
    if expands && !roles {
        return Err(query::unsupported("'$expand' is not supported here."));
    }
    Ok(())
}

/// What a body would change; SDKs say in it of which type the object is, which changes nothing.
pub(crate) fn fields(call: &Call) -> Result<Vec<(&str, &Value)>, Refusal> {
    let all = call.body.as_object().filter(|fields| !fields.is_empty());
    let all = all.ok_or_else(|| Refusal::bad("Empty Payload. JSON content expected."))?;
    let named = all.iter().map(|(name, value)| (name.as_str(), value));
    Ok(named.filter(|(name, _)| !name.starts_with('@')).collect())
}

fn route(world: &mut World, call: &Call) -> Answer {
    mishap(world, call)?;
    admissible(call)?;
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["me", rest @ ..] => match call.caller.person {
            // A person asks for himself.
            Some(person) => {
                let mut caller = call.caller.clone();
                if rest.is_empty() && caller.roles.iter().any(|role| role == "User.Read") {
                    caller.roles.push("User.Read.All".to_owned());
                }
                let mut segments = vec!["users".to_owned(), person.to_string()];
                segments.extend(rest.iter().map(|part| (*part).to_owned()));
                route(
                    world,
                    &Call {
                        segments,
                        caller,
                        ..call.clone()
                    },
                )
            }
            None => Err(Refusal::new(
                400,
                "BadRequest",
                "/me request is only valid with delegated authentication flow.",
            )),
        },
        ["users", _, "authentication", "requirements"] if call.beta => mfa::route(world, call),
        ["users", _, "authentication", ..] => methods::route(world, call),
        ["users", "delta"] if call.method == "GET" => delta::route(world, call),
        [set, "delta"] | ["directory", set, "delta"] if call.method == "GET" => {
            Err(query::unsupported(format!(
                "Changes of '{set}' are not played here, those of users alone."
            )))
        }
        ["groups", ..] | ["users", _, "memberOf", ..] => groups::route(world, call),
        ["users", _, "assignLicense" | "licenseDetails"] => licenses::route(world, call),
        ["users", ..] => users::route(world, call),
        ["devices", ..] => devices::route(world, call),
        ["oauth2PermissionGrants", ..] => consents::route(world, call),
        ["directoryObjects", ..] => objects::route(world, call),
        ["organization" | "tenantRelationships", ..] => organization::route(world, call),
        ["domains", ..] => domains::route(world, call),
        ["directoryRoles" | "roleManagement", ..] => roles::route(world, call),
        ["directory", "subscriptions", ..] | ["subscribedSkus"] => {
            subscriptions::route(world, call)
        }
        ["directory", "deletedItems", ..] => deleted::route(world, call),
        ["directory", "administrativeUnits", ..] => units::route(world, call),
        ["directory", "onPremisesSynchronization", ..] => {
            organization::synchronization(world, call)
        }
        ["deviceManagement" | "reports", ..] => losses::route(world, call),
        ["applications" | "servicePrincipals", ..] => applications::route(world, call),
        [
            "identity",
            "identityProviders" | "authenticationEventsFlows" | "b2cUserFlows",
        ]
        | ["trustFramework", ..] => external::route(world, call),
        ["policies" | "identity", ..] => policies::route(world, call),
        _ => Err(unknown(call)),
    }
}

pub(crate) fn unknown(call: &Call) -> Refusal {
    let what = call.segments.first().map_or("", String::as_str);
    Refusal::bad(format!(
        "Resource not found for the segment '{what}', or {} is not supported here.",
        call.method
    ))
}

/// What a write would do, for the judge.
fn act(world: &World, call: &Call) -> Act {
    let tenant = &world.tenants[call.caller.tenant];
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let user = |id: &str| tenant.users.find(id).ok_or_else(|| id.to_owned());
    match (call.method.as_str(), parts.as_slice()) {
        ("DELETE", ["users", id]) => Act::DeleteUser(user(id)),
        (_, ["users", id, "authentication", "requirements"]) => Act::ChangeMfa(user(id)),
        ("DELETE", ["directoryObjects", id]) => match tenant.users.find(id) {
            Some(position) => Act::DeleteUser(Ok(position)),
            None => Act::DeleteApplication(Uuid::parse_str(id).unwrap_or_default()),
        },
        ("DELETE", ["applications" | "servicePrincipals", id]) => {
            Act::DeleteApplication(applications::id_of(tenant, parts[0], id))
        }
        ("PATCH", ["servicePrincipals", id]) => {
            Act::DisablePrincipal(applications::id_of(tenant, parts[0], id))
        }
        ("PATCH", ["policies", "identitySecurityDefaultsEnforcementPolicy"]) => {
            Act::ChangePolicy(tenant.id)
        }
        ("PATCH" | "DELETE", ["identity", "conditionalAccess", "policies", id]) => {
            Act::ChangePolicy(Uuid::parse_str(id).unwrap_or_default())
        }
        ("PATCH", ["organization", id]) => Act::SwitchSyncOff((*id).to_owned()),
        (method, ["domains", name, rest @ ..]) => domains::act(tenant, method, name, rest),
        _ => Act::Write(format!("{} /{}", call.method, call.segments.join("/"))),
    }
}

/// A write with one tenant's token on what belongs to another.
fn foreign(world: &mut World, call: &Call) {
    let named: Vec<Uuid> = call
        .segments
        .iter()
        .filter_map(|part| Uuid::parse_str(part).ok())
        .collect();
    let own = call.caller.tenant;
    let other = world.tenants.iter().enumerate().find(|(index, tenant)| {
        *index != own
            && named
                .iter()
                .any(|id| tenant.id == *id || tenant.users.position(*id).is_some())
    });
    if let Some((_, tenant)) = other {
        let detail = format!(
            "{} /{} belongs to {}",
            call.method,
            call.segments.join("/"),
            tenant.id
        );
        world.accuse(own, "otherTenant", detail, &call.actor());
    }
}
