use super::*;

#[test]
fn each_service_names_a_request_in_its_own_way() {
    let named = |service: Service| {
        let mut request = super::super::testing::request(service, "GET", "/", None, b"");
        for name in [
            "client-request-id",
            "ms-requestid",
            "ms-correlationid",
            "x-ms-correlation-request-id",
        ] {
            request.headers.insert(name.to_owned(), "mine".to_owned());
        }
        let reply = finish(&Reply::empty(204), &ids(&request));
        let headers = reply.headers().iter();
        let mut all: Vec<_> = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        all.sort();
        all
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let graph = [
        pair("client-request-id", "mine"),
        pair("request-id", "request"),
    ];
    assert_eq!(named(Service::Graph), graph);
    let arm = [
        pair("x-ms-correlation-request-id", "mine"),
        pair("x-ms-request-id", "request"),
    ];
    assert_eq!(named(Service::Arm), arm);
    let partner = [
        pair("ms-correlationid", "mine"),
        pair("ms-requestid", "mine"),
    ];
    assert_eq!(named(Service::Partner), partner);
    assert_eq!(named(Service::Login), [pair("x-ms-request-id", "request")]);
}

#[test]
fn a_tenant_may_be_slow_of_its_own() {
    let mut world = World::test(
        "{tenants: [{users: 1, behaviour: {latencyMs: 1500}}, {users: 1}], behaviour: {latencyMs: 7}}",
    );
    let id = world.tenants[0].id;
    for (tenant, wanted) in [(0, 1500), (1, 7)] {
        let token = super::super::testing::token(&mut world, tenant, false);
        let request = super::super::testing::request(
            Service::Graph,
            "GET",
            "/v1.0/organization",
            Some(&token),
            b"",
        );
        assert_eq!(latency(&world, &request), wanted);
    }
    let path = format!("/{id}/oauth2/v2.0/token");
    let request = super::super::testing::request(Service::Login, "POST", &path, None, b"");
    assert_eq!(latency(&world, &request), 1500);
}

#[test]
fn the_host_decides_and_on_our_own_address_the_prefix() {
    let (service, cloud, base, path) = place("dod-graph.microsoft.us:443", "/v1.0/users").unwrap();
    assert_eq!(
        (service, cloud, path.as_str()),
        (Service::Graph, Some(Cloud::USGovDoD), "/v1.0/users")
    );
    assert_eq!(base, "https://dod-graph.microsoft.us:443");
    let (service, cloud, base, path) = place("127.0.0.1:8443", "/arm/subscriptions").unwrap();
    assert_eq!(
        (service, cloud, base.as_str(), path.as_str()),
        (
            Service::Arm,
            None,
            "https://127.0.0.1:8443/arm",
            "/subscriptions"
        )
    );
    assert_eq!(
        place("graph.microsoft.com", "/_sim/tenants").unwrap().0,
        Service::Control
    );
    assert!(is_loopback("localhost:80") && is_loopback("127.0.0.2") && is_loopback("[::1]:9"));
    assert!(!is_loopback("rebound.example:80") && !is_loopback("10.0.0.1") && !is_loopback(""));
    assert_eq!(
        place("127.0.0.1", "/tenants/x").unwrap().0,
        Service::Console
    );
    assert!(place("127.0.0.1", "/users").is_none());
    let id = "00000000-0000-4000-8000-000000000001";
    for path in [
        format!("/{id}/oauth2/v2.0/token"),
        "/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration".to_owned(),
        "/common/discovery/instance".to_owned(),
    ] {
        let (service, _, base, rest) = place("127.0.0.1:8443", &path).unwrap();
        assert_eq!(
            (service, base.as_str(), rest),
            (Service::Login, "https://127.0.0.1:8443", path)
        );
    }
    assert!(place("127.0.0.1", "/contoso.nl/users").is_none());
}
