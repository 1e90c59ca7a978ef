//! DNS of the custom domains, asked of the simulator's name server over UDP and TCP.

use super::*;
use tenant_closure::closure::mail::MailDomain;
use tenant_closure::closure::terms::Cloud;
use tenant_closure::microsoft::Dns;
use tenant_closure::simulator::{Running, Scenario, Settings, start};

fn simulate(tenant: &Value) -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let scenario = Scenario::parse(&json!({ "tenants": [tenant] }).to_string()).unwrap();
    let settings = Settings {
        scenario,
        ..Settings::default()
    };
    start(&settings).unwrap()
}

/// What is read of a tenant with these verified domains besides the initial one.
async fn look(dns: Dns, domains: &[String]) -> Vec<MailDomain> {
    let mut verified: Vec<Value> = domains
        .iter()
        .map(|name| json!({"name": name, "isInitial": false}))
        .collect();
    verified.push(json!({"name": "contoso.onmicrosoft.com", "isInitial": true}));
    verified.push(json!({"name": "contoso.mail.onmicrosoft.com", "isInitial": false}));
    let (_fake, mut settings) = start_raw(move |seen, _| match seen.path.as_str() {
        "/v1.0/organization" => Told::Json(
            200,
            json!({"value": [{"id": TENANT, "onPremisesSyncEnabled": null, "partnerTenantType": null, "verifiedDomains": verified}]}),
        ),
        _ => usual(seen),
    })
    .await;
    settings.dns = Arc::new(dns);
    let tenant = LiveTenant::new(settings);
    let mut seen = Observation::default();
    let questions = [Question::Organization, Question::Mail];
    tenant.observe(&scope(), &questions, &mut seen).await;
    seen.mail.known().unwrap().clone()
}

async fn look_at(dns: &[Value]) -> Vec<MailDomain> {
    let domains: Vec<String> = dns
        .iter()
        .map(|one| one["domain"].as_str().unwrap().to_owned())
        .collect();
    let running = simulate(&json!({ "domains": domains, "dns": dns }));
    look(Dns::at(running.dns), &domains).await
}

#[tokio::test]
async fn records_and_aliases_are_read_to_their_end() {
    let long = format!("v=spf1 {} -all", "ip4:192.0.2.1 ".repeat(20));
    let found = look_at(&[json!({
        "domain": "Contoso.NL",
        "mx": ["mx1.contoso.nl", "contoso-nl.mail.protection.outlook.com"],
        "autodiscover": ["autodiscover.hoster.example", "autodiscover.outlook.com", "atod.ms-acdc.office.com"],
        "texts": ["MS=ms12345678", long],
    })])
    .await;
    let [one] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(one.domain, "contoso.nl");
    let expected = ["mx1.contoso.nl.", "contoso-nl.mail.protection.outlook.com."];
    assert_eq!(one.mx.as_ref().unwrap(), &expected);
    // Nobody asks what Microsoft's own host is an alias of.
    let chain = ["autodiscover.hoster.example.", "autodiscover.outlook.com."];
    assert_eq!(one.autodiscover.as_ref().unwrap(), &chain);
    let texts = one.texts.as_ref().unwrap();
    assert!(texts.contains(&long), "strings of a record are joined");
    assert_eq!(one.to_microsoft(Cloud::Global).len(), 2);
}

#[tokio::test]
async fn what_is_too_large_for_udp_is_read_over_tcp() {
    let huge = format!(
        "v=spf1 {} include:spf.protection.outlook.com",
        "ip4:192.0.2.1 ".repeat(2_000)
    );
    let found = look_at(&[
        json!({"domain": "huge.example", "texts": [huge]}),
        json!({"domain": "cut.example", "mx": ["mx.cut.example"], "answers": "Truncated"}),
    ])
    .await;
    assert_eq!(found[0].domain, "cut.example");
    assert_eq!(found[0].mx.as_ref().unwrap(), &["mx.cut.example."]);
    assert_eq!(found[0].autodiscover, Ok(Vec::new()));
    assert_eq!(found[1].texts.as_ref().unwrap(), &[huge]);
    assert_eq!(found[1].to_microsoft(Cloud::Global).len(), 1);
}

#[tokio::test]
async fn only_no_such_name_and_no_such_record_say_that_there_is_none() {
    let mx = ["contoso-nl.mail.protection.outlook.com"];
    let found = look_at(&[
        json!({"domain": "a-none.example"}),
        json!({"domain": "b-no-name.example", "mx": mx, "answers": "NameError"}),
        json!({"domain": "c-failing.example", "mx": mx, "answers": "ServerFailure"}),
        json!({"domain": "d-refusing.example", "mx": mx, "answers": "Refused"}),
        json!({"domain": "e-silent.example", "mx": mx, "answers": "Silence"}),
        json!({"domain": "f-garbled.example", "mx": mx, "answers": "Garbage"}),
        json!({"domain": "g-looping.example", "autodiscover": ["x.g-looping.example", "autodiscover.g-looping.example"]}),
    ])
    .await;
    assert!(found[0].unknown().is_empty() && found[1].unknown().is_empty());
    for one in &found[2..6] {
        assert_eq!(one.unknown().len(), 3, "{one:?}");
    }
    assert_eq!(found[6].autodiscover, Err(Why::Malformed));
    assert_eq!(found[6].unknown().len(), 1);
    for one in &found {
        assert!(one.to_microsoft(Cloud::Global).is_empty(), "{one:?}");
    }
}

#[tokio::test]
async fn a_name_server_that_is_not_there_tells_nothing() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let found = look(Dns::at(address), &["contoso.nl".to_owned()]).await;
    assert_eq!(found[0].unknown().len(), 3);
}

#[tokio::test]
async fn a_change_is_seen_at_once() {
    let domain = ["contoso.nl".to_owned()];
    let first = simulate(
        &json!({"domains": domain, "dns": [{"domain": "contoso.nl", "mx": ["mx.a.example"]}]}),
    );
    let (fake, mut settings) = start_raw(move |seen, _| match seen.path.as_str() {
        "/v1.0/organization" => Told::Json(200, organization()),
        _ => usual(seen),
    })
    .await;
    settings.dns = Arc::new(Dns::at(first.dns));
    let tenant = LiveTenant::new(settings);
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(first.ca_pem.as_bytes()).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let mut mx = Vec::new();
    for host in ["mx.a.example", "mx.b.example"] {
        let url = format!("{}/tenants/{}/press", first.urls.sim, first.tenants[0].id);
        let body = json!({"action": "changeDns", "id": "contoso.nl", "dns": {"mx": [host]}});
        let reply = http.post(url).json(&body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let mut seen = Observation::default();
        let questions = [Question::Organization, Question::Mail];
        tenant.observe(&scope(), &questions, &mut seen).await;
        mx.extend(seen.mail.known().unwrap()[0].mx.clone().unwrap());
    }
    assert_eq!(mx, ["mx.a.example.", "mx.b.example."]);
    assert!(!fake.seen().is_empty());
}

#[tokio::test]
async fn names_that_are_none_and_more_domains_than_are_asked_about_are_unknown() {
    let running = simulate(&json!({}));
    let mut domains: Vec<String> = (100..320).map(|n| format!("d{n}.example")).collect();
    domains.push("a b/..example".to_owned());
    let found = look(Dns::at(running.dns), &domains).await;
    assert_eq!(found.len(), 221);
    assert!(found[0].mx.is_err(), "{:?}", found[0]);
    let unread = found.iter().filter(|one| one.unknown().len() == 3).count();
    assert_eq!(unread, 22);
}
