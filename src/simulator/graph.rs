//! Microsoft Graph: who may call, what a call costs, batches, and the way to the right table.

use serde_json::{Value, json};

use super::exchange::{Content, Query, Reply, Request};
use super::login::{self, Caller};
use super::scenario::{GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION};
use super::world::World;
use super::{faults, graph_read, graph_write, throttle};

/// A call with its version taken off.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) caller: &'a Caller,
    pub(crate) beta: bool,
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    let id = uuid::Uuid::new_v4().to_string();
    let date = super::clock::stamp(jiff::Timestamp::now().as_millisecond());
    let inner =
        json!({ "date": date.trim_end_matches('Z'), "request-id": id, "client-request-id": id });
    Reply::json(
        status,
        json!({ "error": { "code": code, "message": message, "innerError": inner } }),
    )
}

pub(crate) fn not_found(id: &str) -> Reply {
    error(
        404,
        "Request_ResourceNotFound",
        &format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        ),
    )
}

pub(crate) fn denied() -> Reply {
    error(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )
}

pub(crate) fn handle(world: &mut World, request: &Request, omit: bool) -> Reply {
    let caller = match login::caller(world, request) {
        Ok(caller) if caller.audience.contains("graph") => caller,
        Ok(_) => {
            return error(
                401,
                "InvalidAuthenticationToken",
                "Access token validation failure. Invalid audience.",
            );
        }
        Err(text) => return error(401, "InvalidAuthenticationToken", text),
    };
    if world.tenants.get(caller.tenant).is_some_and(|tenant| {
        !tenant
            .principals
            .iter()
            .any(|object| object.id == tenant.principal)
    }) {
        return error(
            401,
            "Authorization_IdentityNotFound",
            "The identity of the calling application could not be established.",
        );
    }
    if request.method == "POST" && request.path.ends_with("/$batch") {
        return batch(world, request, &caller, omit);
    }
    world.items += 1;
    one(world, request, &caller)
}

fn one(world: &mut World, request: &Request, caller: &Caller) -> Reply {
    let mut parts = request.segments();
    if parts.is_empty() {
        return error(400, "BadRequest", "Empty path.");
    }
    let version = parts.remove(0);
    if version != "v1.0" && version != "beta" {
        return error(400, "BadRequest", "Invalid version.");
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let call = Call {
        request,
        caller,
        beta: version == "beta",
    };
    if !request.writes() {
        return graph_read::handle(world, &call, &parts).with("x-ms-resource-unit", 1);
    }
    if parts.as_slice() == ["directoryObjects", "getByIds"] {
        return graph_read::by_ids(world, &call);
    }
    let used = match throttle::charge(world, &caller.app, &caller.tenant_id, error) {
        Ok(used) => used,
        Err(reply) => return reply.with("x-ms-resource-unit", 1),
    };
    if world.plan_only.contains("*") || world.plan_only.contains(&caller.tenant_id) {
        world.violation("WriteInPlanMode", &caller.tenant_id, &request.path);
    }
    let reply = graph_write::handle(world, &call, &parts).with("x-ms-resource-unit", 1);
    if used > 0.8 {
        reply.with("x-ms-throttle-limit-percentage", format!("{used:.2}"))
    } else {
        reply
    }
}

fn batch(world: &mut World, request: &Request, caller: &Caller, omit: bool) -> Reply {
    let body = request.json();
    let Some(items) = body["requests"].as_array() else {
        return error(400, "BadRequest", "Invalid batch payload format.");
    };
    if items.is_empty() || items.len() > 20 {
        return error(
            400,
            "BadRequest",
            "Number of batch request steps must be between 1 and 20.",
        );
    }
    let mut seen = std::collections::HashSet::new();
    for item in items {
        let Some(id) = item["id"].as_str() else {
            return error(400, "BadRequest", "Every batch request needs an id.");
        };
        if !seen.insert(id.to_ascii_lowercase()) {
            return error(400, "BadRequest", "Request Id has to be unique in a batch.");
        }
    }
    let version = request.segments().first().cloned().unwrap_or_default();
    let mut responses: Vec<Value> = items
        .iter()
        .map(|item| answer(world, request, caller, &version, item))
        .collect();
    world.random.shuffle(&mut responses);
    if omit {
        responses.truncate(responses.len() / 2);
    }
    Reply::json(200, json!({ "responses": responses }))
}

fn answer(
    world: &mut World,
    outer: &Request,
    caller: &Caller,
    version: &str,
    item: &Value,
) -> Value {
    world.items += 1;
    let url = item["url"].as_str().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut headers = outer.headers.clone();
    for (name, value) in item["headers"].as_object().into_iter().flatten() {
        headers.insert(
            name.to_ascii_lowercase(),
            value.as_str().unwrap_or_default().to_owned(),
        );
    }
    let request = Request {
        method: item["method"]
            .as_str()
            .unwrap_or("GET")
            .to_ascii_uppercase(),
        service: outer.service,
        host: outer.host.clone(),
        path: format!("/{version}/{}", path.trim_start_matches('/')),
        query: Query::parse(query),
        headers,
        body: if item["body"].is_null() {
            Vec::new()
        } else {
            item["body"].to_string().into_bytes()
        },
    };
    let reply = match faults::draw(world, &request.method, &request.path, true) {
        Some(fault) => fault.reply(),
        None => one(world, &request, caller),
    };
    let mut headers: serde_json::Map<String, Value> = reply
        .headers
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let body = match reply.content {
        Content::Empty => Value::Null,
        Content::Json(value) => {
            headers.insert(
                "Content-Type".to_owned(),
                Value::String("application/json".to_owned()),
            );
            value
        }
        Content::Text(text, _) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    };
    json!({ "id": item["id"], "status": reply.status, "headers": headers, "body": body })
}

/// Whether the app has one of these app roles.
pub(crate) fn may(caller: &Caller, roles: &[&str]) -> bool {
    caller
        .roles
        .iter()
        .any(|held| roles.contains(&held.as_str()))
}

/// Whether the service principal of the operator may touch an administrator.
pub(crate) fn privileged(world: &World, caller: &Caller) -> bool {
    world.tenants.get(caller.tenant).is_some_and(|tenant| {
        tenant
            .directory_roles
            .iter()
            .any(|role| role == PRIVILEGED_AUTHENTICATION || role == GLOBAL_ADMINISTRATOR)
    })
}
