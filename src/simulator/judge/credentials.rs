//! Where credentials may be seen: a client's secret at its cloud's token endpoint alone, a token at the service that it was
//! made for. Anything else on the wire is told, whatever the service answers.

use super::super::exchange::{Request, Service};
use super::super::hosts;
use super::super::token;
use super::super::world::World;
use super::Actor;

/// Accuses a request that carries a credential to a place where it does not belong.
pub(crate) fn consider(world: &mut World, request: &Request) {
    for (tenant, kind) in misplaced(world, request) {
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
fn misplaced(world: &World, request: &Request) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, tenant) in world.tenants.iter().enumerate() {
        let home = request.service == Service::Login
            && request.cloud.is_none_or(|cloud| {
                hosts::name_of(Service::Login, cloud)
                    == hosts::name_of(Service::Login, tenant.cloud)
            });
        let mut secrets = tenant.clients.iter().map(|client| client.secret.as_str());
        if secrets.any(|secret| !secret.is_empty() && holds(request, secret, !home)) {
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

/// Whether a secret stands in the path, the query or a header, or in the body where that is asked.
fn holds(request: &Request, secret: &str, in_body: bool) -> bool {
    request.path.contains(secret)
        || request.query.holds(secret)
        || request.headers.values().any(|value| value.contains(secret))
        || (in_body && String::from_utf8_lossy(&request.body).contains(secret))
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
        let request = Request {
            method: "POST".to_owned(),
            service,
            cloud: Some(hosts::Cloud::Global),
            base: String::new(),
            path: "/v1.0/users".to_owned(),
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
}
