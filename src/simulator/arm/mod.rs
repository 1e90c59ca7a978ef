//! Azure Resource Manager: billing, subscriptions and directory resources.

mod azure;
mod billing;
mod billing_rights;
mod directories;

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Refusal;
use super::exchange::{Reply, Request};
use super::judge::Actor;
use super::operations::Operation;
use super::throttle::Key;
use super::token::{self, Caller};
use super::world::World;

/// A request after the token was checked.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) request: &'a Request,
    pub(crate) caller: Caller,
    pub(crate) body: Value,
}

impl Ask<'_> {
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            app: Some(self.caller.app_id),
            reader: self.caller.reader,
            request_id: self.request.request_id.clone(),
        }
    }
}

pub(crate) fn forbidden(ask: &Ask<'_>, action: &str) -> Refusal {
    let text = format!(
        "The client '{}' does not have authorization to perform action '{action}' over scope '{}'.",
        ask.caller.app_id, ask.request.path
    );
    Refusal::new(403, "AuthorizationFailed", text)
}

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let caller = match token::caller(world, request) {
        Ok(caller) => caller,
        Err(text) => {
            return Refusal::new(401, "InvalidAuthenticationToken", text)
                .arm()
                .with("WWW-Authenticate", "Bearer");
        }
    };
    match request.query.get("api-version") {
        Some(version) if is_version(version) => {}
        Some(version) => {
            let text = format!("The api-version '{version}' is invalid: it is not a date.");
            return Refusal::new(400, "InvalidApiVersionParameter", text).arm();
        }
        None => {
            let text =
                "The api-version query parameter (?api-version=) is required for all requests.";
            return Refusal::new(400, "MissingApiVersionParameter", text).arm();
        }
    }
    // Published for each region; here there is one.
    let (kind, capacity) = match request.method.as_str() {
        "GET" | "HEAD" => ("reads", 250.0),
        "DELETE" => ("deletes", 200.0),
        _ => ("writes", 200.0),
    };
    let seconds = if kind == "reads" { 10.0 } else { 20.0 };
    let now = world.clock.real();
    let key = Key::Arm(caller.app_id, world.tenants[caller.tenant].id, kind);
    let remaining = match world.throttle.take(key, capacity, seconds, now) {
        Ok(remaining) => remaining,
        Err(wait) => {
            let text = format!(
                "The request is being throttled as the limit has been reached for operation type '{kind}'."
            );
            return Refusal::new(429, "TooManyRequests", text)
                .arm()
                .with("Retry-After", wait.ceil().max(1.0));
        }
    };
    let ask = Ask {
        request,
        caller,
        body: request.json(),
    };
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(|part| word(part)).collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    let answer = match names.as_slice() {
        ["providers", "microsoft.billing", "billingaccounts", ..] => {
            billing::route(world, &ask, &parts[3..])
        }
        [
            "subscriptions",
            _,
            "providers",
            "microsoft.azureactivedirectory",
            "operationstatuses",
            id,
        ] => status(world, &ask, id),
        [
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            "microsoft.azureactivedirectory",
            ..,
        ] => directories::route(world, &ask),
        ["subscriptions", ..] => azure::route(world, &ask, &parts[1..]),
        ["providers", "microsoft.billing", "operationstatus", id] => location(world, &ask, id),
        _ => Err(Refusal::new(
            404,
            "InvalidResourceType",
            "The resource type could not be found.",
        )),
    };
    answer
        .unwrap_or_else(|refusal| refusal.arm())
        .with(
            &format!("x-ms-ratelimit-remaining-subscription-{kind}"),
            remaining,
        )
        .with(
            &format!("x-ms-ratelimit-remaining-tenant-{kind}"),
            remaining,
        )
}

/// The fixed words of paths: clients write them in any case.
const WORDS: &[&str] = &[
    "billingProfiles",
    "billingSubscriptions",
    "cancel",
    "checkAccess",
    "domainServices",
    "invoiceSections",
    "Microsoft.AAD",
    "Microsoft.Authorization",
    "Microsoft.Subscription",
    "permissions",
    "providers",
    "resourceGroups",
    "resources",
];

/// A part of a path as ARM writes it; what is not a fixed word stays.
fn word(part: &str) -> &str {
    let mut all = WORDS.iter();
    all.find(|known| known.eq_ignore_ascii_case(part))
        .map_or(part, |known| known)
}

/// Whether a version of an interface is written like one: a date, and what may follow it (`2023-05-17-preview`). Which of them a
/// service has is not played.
fn is_version(text: &str) -> bool {
    let date = text.get(..10).map(str::parse::<jiff::civil::Date>);
    let rest = text.get(10..).unwrap_or_default();
    let word = rest.strip_prefix('-').unwrap_or(rest);
    matches!(date, Some(Ok(_)))
        && (rest.is_empty() || rest.len() > word.len() && !word.is_empty())
        && word
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '-')
}

/// What the caller may do: as Owner, or as Reader.
fn permissions(ask: &Ask<'_>) -> Reply {
    let actions = if ask.caller.azure_reads_alone {
        "*/read"
    } else {
        "*"
    };
    let role =
        json!({ "actions": [actions], "notActions": [], "dataActions": [], "notDataActions": [] });
    Reply::json(200, json!({ "value": [role] }))
}

/// Begins an operation of which the end is asked for at the address in the reply.
fn begin(world: &mut World, ask: &Ask<'_>, tenant: Option<usize>) -> Uuid {
    let id = world.random.uuid();
    let done_at = world.clock.real()
        + i64::from(
            world
                .behaviour_of(tenant.unwrap_or(ask.caller.tenant))
                .operation_ms,
        );
    let owner = world.tenants[ask.caller.tenant].id;
    world.operations.begin(
        id,
        Operation {
            done_at,
            tenant,
            owner,
        },
    );
    id
}

fn done(world: &World, ask: &Ask<'_>, id: &str) -> Result<bool, Refusal> {
    let missing = || Refusal::new(404, "ResourceNotFound", "The operation was not found.");
    let operation = Uuid::parse_str(id)
        .ok()
        .and_then(|id| world.operations.get(id))
        .ok_or_else(missing)?;
    if operation.owner != world.tenants[ask.caller.tenant].id {
        return Err(missing());
    }
    let gone = operation
        .tenant
        .is_none_or(|index| !world.tenants[index].exists());
    Ok(operation.done_at <= world.clock.real() && gone)
}

/// `Azure-AsyncOperation`: a status in the body.
fn status(world: &World, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let done = done(world, ask, id)?;
    let reply = Reply::json(
        200,
        json!({ "id": ask.request.path, "name": id, "status": if done { "Succeeded" } else { "InProgress" } }),
    );
    Ok(if done {
        reply
    } else {
        reply.with("Retry-After", 1)
    })
}

/// `Location`: 202 as long as it runs.
fn location(world: &World, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    if done(world, ask, id)? {
        return Ok(Reply::json(200, json!({ "status": "Succeeded" })));
    }
    Ok(Reply::json(202, json!({ "status": "InProgress" }))
        .with("Location", address(ask, &ask.request.path))
        .with("Retry-After", 1))
}

fn address(ask: &Ask<'_>, path: &str) -> String {
    let version = ask.request.query.get("api-version").unwrap_or("2024-04-01");
    format!("{}{path}?api-version={version}", ask.request.base)
}
