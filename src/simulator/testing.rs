//! Shorthands for unit tests.

use serde_json::Value;

use super::exchange::{Query, Reply, Request, Service};
use super::hosts;
use super::world::World;

pub(crate) fn raw(
    world: &mut World,
    service: Service,
    method: &str,
    target: &str,
    token: Option<&str>,
    body: &[u8],
) -> Reply {
    let request = request(service, method, target, token, body);
    world.serve(&request)
}

/// Posts to Graph with these headers too, their names in lower case.
pub(crate) fn with_headers(
    world: &mut World,
    token: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Reply {
    let mut request = request(Service::Graph, "POST", target, Some(token), &bytes(body));
    for (name, value) in headers {
        request
            .headers
            .insert((*name).to_owned(), (*value).to_owned());
    }
    world.serve(&request)
}

pub(crate) fn request(
    service: Service,
    method: &str,
    target: &str,
    token: Option<&str>,
    body: &[u8],
) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers =
        std::collections::BTreeMap::from([("consistencylevel".to_owned(), "eventual".to_owned())]);
    if let Some(token) = token {
        headers.insert("authorization".to_owned(), format!("Bearer {token}"));
    }
    Request {
        method: method.to_owned(),
        service,
        cloud: None,
        base: "https://graph.microsoft.com".to_owned(),
        path: path.to_owned(),
        query: Query::parse(query),
        headers,
        body: body.to_vec(),
        request_id: "request".to_owned(),
    }
}

pub(crate) fn token_for(world: &mut World, tenant: usize, reader: bool, scope: &str) -> String {
    let one = &world.tenants[tenant];
    let client = &one.clients[usize::from(reader)];
    let path = format!("/{}/oauth2/v2.0/token", one.id);
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={scope}",
        client.app_id, client.secret
    );
    let reply = raw(world, Service::Login, "POST", &path, None, body.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.value()["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn token(world: &mut World, tenant: usize, reader: bool) -> String {
    let graph = hosts::name_of(Service::Graph, world.tenants[tenant].cloud);
    token_for(world, tenant, reader, &format!("https://{graph}/.default"))
}

pub(crate) fn get(world: &mut World, token: &str, target: &str) -> Reply {
    raw(world, Service::Graph, "GET", target, Some(token), b"")
}

/// The same without `ConsistencyLevel: eventual`.
pub(crate) fn default_consistency(world: &mut World, token: &str, target: &str) -> Reply {
    let mut request = request(Service::Graph, "GET", target, Some(token), b"");
    request.headers.remove("consistencylevel");
    world.serve(&request)
}

/// A JSON body as bytes; null is no body.
fn bytes(body: &Value) -> Vec<u8> {
    if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    }
}

pub(crate) fn send(
    world: &mut World,
    token: &str,
    method: &str,
    target: &str,
    body: &Value,
) -> Reply {
    raw(
        world,
        Service::Graph,
        method,
        target,
        Some(token),
        &bytes(body),
    )
}

pub(crate) fn arm(
    world: &mut World,
    token: &str,
    method: &str,
    target: &str,
    body: &Value,
) -> Reply {
    raw(
        world,
        Service::Arm,
        method,
        target,
        Some(token),
        &bytes(body),
    )
}

pub(crate) fn control(world: &mut World, method: &str, target: &str, body: &Value) -> Reply {
    raw(world, Service::Control, method, target, None, &bytes(body))
}

/// The token of the retained administrator, signed in by device code with these scopes.
pub(crate) fn person(world: &mut World, tenant: usize, client: uuid::Uuid, scope: &str) -> String {
    let id = world.tenants[tenant].id;
    let path = format!("/{id}/oauth2/v2.0");
    let post = |world: &mut World, to: &str, body: &str| {
        let target = format!("{path}/{to}");
        let reply = raw(
            world,
            Service::Login,
            "POST",
            &target,
            None,
            body.as_bytes(),
        );
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    };
    let asked = format!("client_id={client}&scope={}", scope.replace(' ', "+"));
    let code = post(world, "devicecode", &asked);
    let code = code.value()["device_code"].as_str().unwrap();
    let press = serde_json::json!({ "action": "signIn" });
    let target = format!("/_sim/tenants/{id}/press");
    let pressed = control(world, "POST", &target, &press);
    assert!(pressed.status < 300, "{pressed:?}");
    let asked = format!(
        "client_id={client}&device_code={code}&grant_type=urn:ietf:params:oauth:grant-type:device_code"
    );
    let token = post(world, "token", &asked);
    token.value()["access_token"].as_str().unwrap().to_owned()
}
