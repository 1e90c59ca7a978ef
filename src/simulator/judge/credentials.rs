//! Where credentials may be seen: a client's secret, an assertion and a device code at the cloud's token endpoint alone, a
//! token in the header of the service that it was made for, a certificate's key nowhere. Anything else on the wire is told,
//! whatever the service answers.

use super::super::device_code;
use super::super::exchange::{Query, Request, Service};
use super::super::hosts;
use super::super::token;
use super::super::world::World;
use super::Actor;

/// How a token of the simulator's begins, as one of Microsoft's does.
const TOKEN: &str = "eyJ0eXAiOiJKV1Qi";

/// Assertions that are remembered, the newest.
const REMEMBERED: usize = 256;

/// Accuses a request that carries a credential to a place where it does not belong.
pub(crate) fn consider(world: &mut World, request: &Request) {
    let body = String::from_utf8_lossy(&request.body);
    let mut found = misplaced(world, request, &body);
    // What the harness says of tenants that it makes up is no leak.
    if !matches!(request.service, Service::Control | Service::Console) {
        found.extend(carried(world, request, &body));
    }
    remember(world, request, &body);
    for (tenant, kind) in found {
        let actor = Actor {
            app: None,
            reader: false,
            request_id: request.request_id.clone(),
        };
        let detail = format!(
            "{} {} of {:?}",
            request.method, request.path, request.service
        );
        world.accuse(tenant, kind, detail, &actor);
    }
}

/// The tenants whose credentials are seen in the wrong place, and which kind of them.
fn misplaced(world: &World, request: &Request, body: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, tenant) in world.tenants.iter().enumerate() {
        let home = request.service == Service::Login
            && request.cloud.is_none_or(|cloud| {
                hosts::name_of(Service::Login, cloud)
                    == hosts::name_of(Service::Login, tenant.cloud)
            });
        let mut secrets = tenant.clients.iter().map(|client| client.secret.as_str());
        if secrets
            .any(|secret| !secret.is_empty() && holds(request, secret, (!home).then_some(body)))
        {
            found.push((index, "secretElsewhere"));
        }
    }
    let claims = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(token::payload);
    if let Some(claims) = claims {
        let tenant = claims["tid"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .and_then(|id| world.find(id));
        let audience = claims["aud"].as_str().unwrap_or_default();
        let meant = token::resource(&format!("{audience}/.default")).map(|(service, _)| service);
        if let Some(index) = tenant.filter(|_| meant != Some(request.service)) {
            found.push((index, "tokenElsewhere"));
        }
    }
    found
}

/// What gives somebody away wherever it is seen.
fn carried(world: &World, request: &Request, body: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, tenant) in world.tenants.iter().enumerate() {
        let keys = tenant
            .clients
            .iter()
            .flat_map(|client| &client.certificates);
        if keys
            .flat_map(|pem| key(pem))
            .any(|line| holds(request, line, Some(body)))
        {
            found.push((index, "keyElsewhere"));
        }
    }
    if request.service != Service::Login {
        let assertions = world.judge.assertions.iter();
        let assertions = assertions.map(|(tenant, text)| (*tenant, text.as_str()));
        for (tenant, text) in assertions.chain(device_code::codes(world)) {
            if holds(request, text, Some(body)) {
                found.extend(world.find(tenant).map(|index| (index, "secretElsewhere")));
            }
        }
    }
    let mut others = request
        .headers
        .iter()
        .filter(|(name, _)| *name != "authorization");
    let token = [request.path.as_str(), body].into_iter().find_map(token_in);
    let token = token.or_else(|| others.find_map(|(_, value)| token_in(value)));
    let token = token.or_else(|| request.query.values().find_map(token_in));
    let claims = token.and_then(token::payload).unwrap_or_default();
    let id = claims["tid"].as_str().and_then(|id| id.parse().ok());
    let index = id.and_then(|id| world.find(id));
    found.extend(index.map(|index| (index, "tokenElsewhere")));
    found
}

/// The lines of a private key.
fn key(pem: &str) -> impl Iterator<Item = &str> {
    let lines = pem.split("PRIVATE KEY-----").nth(1).unwrap_or_default();
    lines.lines().filter(|line| line.len() > 40)
}

fn token_in(text: &str) -> Option<&str> {
    let text = &text[text.find(TOKEN)?..];
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c| !part(c)).next()
}

/// What somebody proved himself with may be seen at the token endpoint again, and nowhere else.
fn remember(world: &mut World, request: &Request, body: &str) {
    if request.service != Service::Login || body.is_empty() {
        return;
    }
    let form = Query::parse(body);
    let tenant = request.segments().first().and_then(|id| id.parse().ok());
    if let (Some(tenant), Some(text)) = (tenant, form.get("client_assertion")) {
        let known = &mut world.judge.assertions;
        known.retain(|(_, other)| other != text);
        known.push_back((tenant, text.to_owned()));
        if known.len() > REMEMBERED {
            known.pop_front();
        }
    }
}

/// Whether a secret stands in the path, the query or a header, or in the body where that is given.
fn holds(request: &Request, secret: &str, body: Option<&str>) -> bool {
    request.path.contains(secret)
        || request.query.holds(secret)
        || request.headers.values().any(|value| value.contains(secret))
        || body.is_some_and(|body| body.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::super::super::exchange::Query;
    use super::super::super::testing;
    use super::*;

    fn told(
        world: &mut World,
        service: Service,
        query: &str,
        token: &str,
        body: &str,
    ) -> Vec<&'static str> {
        let path = format!("/{}/users", world.tenants[0].id);
        let request = Request {
            method: "POST".to_owned(),
            service,
            cloud: Some(hosts::Cloud::Global),
            base: String::new(),
            path,
            query: Query::parse(query),
            headers: [("authorization".to_owned(), format!("Bearer {token}"))].into(),
            body: body.as_bytes().to_vec(),
            request_id: "request".to_owned(),
        };
        consider(world, &request);
        let told = world.judge.violations.iter().map(|one| one.kind).collect();
        world.judge.violations.clear();
        told
    }

    #[test]
    fn a_credential_out_of_its_place_is_told() {
        let mut world = World::test("tenants: [{}]");
        let token = testing::token(&mut world, 0, false);
        let secret = world.tenants[0].clients[0].secret.clone();
        let body = format!("client_secret={secret}");
        assert!(told(&mut world, Service::Graph, "", &token, "{}").is_empty());
        assert!(told(&mut world, Service::Login, "", "", &body).is_empty());
        assert_eq!(
            told(&mut world, Service::Graph, "", &token, &body),
            ["secretElsewhere"]
        );
        assert_eq!(
            told(&mut world, Service::Login, &body, "", ""),
            ["secretElsewhere"]
        );
        assert_eq!(
            told(&mut world, Service::Arm, "", &token, ""),
            ["tokenElsewhere"]
        );
        assert_eq!(
            told(&mut world, Service::Login, "", &token, ""),
            ["tokenElsewhere"]
        );
        world.tenants[0].cloud = hosts::Cloud::China;
        assert_eq!(
            told(&mut world, Service::Login, "", "", &body),
            ["secretElsewhere"]
        );
    }

    const PEM: &str = include_str!("../../../tests/support/certificate.pem");

    #[test]
    fn a_key_is_seen_nowhere_and_a_token_in_its_header_alone() {
        let scenario = serde_json::json!({"tenants": [{"closer": {"certificates": [PEM]}}]});
        let mut world = World::test(&scenario.to_string());
        let token = testing::token(&mut world, 0, false);
        let line = key(PEM).next().unwrap().to_owned();
        for service in [Service::Login, Service::Graph] {
            for (query, body) in [("", line.as_str()), (line.as_str(), "")] {
                let query = format!("q={}", query.replace('+', "%2B"));
                assert_eq!(
                    told(&mut world, service, &query, "", body),
                    ["keyElsewhere"]
                );
            }
        }
        for (query, body) in [(format!("q={token}"), ""), (String::new(), token.as_str())] {
            let found = told(&mut world, Service::Graph, &query, "", body);
            assert_eq!(found, ["tokenElsewhere"]);
        }
        let body = format!("fault {token} {line}");
        assert!(told(&mut world, Service::Control, "", "", &body).is_empty());
    }

    #[test]
    fn an_assertion_and_a_device_code_stay_at_the_token_endpoint() {
        let client = "0f1d5c7a-3b52-4d8e-9a61-7c2e4b8f9d10";
        let scenario = serde_json::json!({"tenants": [{"publicClients": [client]}]});
        let mut world = World::test(&scenario.to_string());
        let name = world.tenants[0].id.to_string();
        let form = format!("client_id={client}&scope=https://graph.microsoft.com/User.Read");
        let request = Request {
            method: "POST".to_owned(),
            service: Service::Login,
            cloud: None,
            base: String::new(),
            path: String::new(),
            query: Query::default(),
            headers: [].into(),
            body: form.into_bytes(),
            request_id: String::new(),
        };
        device_code::begin(&mut world, &request, &name);
        let code = device_code::codes(&world).next().unwrap().1.to_owned();
        let assertion = "eyJhbGciOiJQUzI1NiJ9.e30.c2lnbmF0dXJl";
        for (field, secret) in [("client_assertion", assertion), ("device_code", &code)] {
            let body = format!("{field}={secret}");
            for _ in 0..2 {
                assert!(told(&mut world, Service::Login, "", "", &body).is_empty());
            }
            let found = told(&mut world, Service::Graph, "", "", secret);
            assert_eq!(found, ["secretElsewhere"]);
        }
    }
}
