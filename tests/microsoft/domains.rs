//! Domains: what uses them, and the three calls that change them.

use super::*;
use tenant_closure::closure::observation::References;

const USED: &str = "/v1.0/domains/contoso.nl/domainNameReferences";

fn script(seen: &Seen, before: usize) -> Told {
    let object = |kind: &str, n: usize| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id(n)});
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/v1.0/domains") => Told::Json(
            200,
            json!({"value": [
                {"id": "Contoso.NL", "isDefault": true, "isInitial": false},
                {"id": "contoso.onmicrosoft.com", "isDefault": false, "isInitial": true},
                {"id": "gone.nl", "isDefault": false, "isInitial": false}]}),
        ),
        ("GET", USED) if before == 0 => Told::Json(
            200,
            json!({"value": [object("user", 1), object("group", 2), object("servicePrincipal", 3)],
                "@odata.nextLink": format!("https://{GRAPH}{USED}?$skiptoken=x")}),
        ),
        ("GET", USED) => Told::Json(
            200,
            json!({"value": [object("application", 4), object("contact", 5)]}),
        ),
        ("GET", "/v1.0/domains/contoso.nl") => {
            Told::Json(200, json!({"id": "contoso.nl", "isDefault": false}))
        }
        ("GET", "/v1.0/domains/contoso.onmicrosoft.com") => Told::Json(
            200,
            json!({"id": "contoso.onmicrosoft.com", "isDefault": true}),
        ),
        ("PATCH" | "POST", _) if !seen.path.ends_with("/token") => Told::Json(204, Value::Null),
        ("DELETE", _) => Told::Json(400, json!({"error": {"code": "Request_BadRequest"}})),
        _ => usual(seen),
    }
}

#[tokio::test]
async fn domains_are_read_with_what_uses_those_that_are_asked_about() {
    let (fake, tenant) = start(script).await;
    let mut seen = Observation::default();
    let scope = Scope {
        domains: vec!["contoso.nl".into(), "gone.nl".into()],
        ..Scope::default()
    };
    tenant
        .observe(&scope, &[Question::Domains], &mut seen)
        .await;
    let all = seen.domains.known().unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|d| (d.name.as_str(), d.initial, d.default))
        .collect();
    // The one that went meanwhile is not among them.
    assert_eq!(
        names,
        [
            ("contoso.nl", false, true),
            ("contoso.onmicrosoft.com", true, false)
        ]
    );
    let used = References {
        users: vec![id(1)],
        groups: 1,
        applications: 2,
        others: 1,
    };
    assert_eq!(all[0].references, Some(used));
    assert_eq!(all[1].references, None, "not asked");
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn each_change_is_one_call_and_its_outcome_is_read() {
    let initial = "contoso.onmicrosoft.com";
    for (action, name, call, body, gone, refused) in [
        (
            Action::MakeDomainDefault,
            initial,
            format!("PATCH /v1.0/domains/{initial}"),
            json!({"isDefault": true}),
            1,
            None,
        ),
        (
            Action::ForceReleaseDomain,
            "contoso.nl",
            "POST /v1.0/domains/contoso.nl/forceDelete".into(),
            json!({"disableUserAccounts": false}),
            0,
            None,
        ),
        (
            Action::ReleaseDomain,
            "contoso.nl",
            "DELETE /v1.0/domains/contoso.nl".into(),
            Value::Null,
            0,
            Some("Request_BadRequest"),
        ),
        (
            Action::ReleaseDomain,
            "gone.nl",
            "DELETE /v1.0/domains/gone.nl".into(),
            Value::Null,
            1,
            None,
        ),
    ] {
        let (fake, tenant) = start(script).await;
        let about = Intent::on_domain(Step::CancelSubscriptions, action, name);
        let attempt = tenant.perform(&about, &Held::new()).await;
        let sent = fake.seen();
        assert_eq!(sent.len(), 1);
        assert_eq!(
            (
                format!("{} {}", sent[0].method, sent[0].path),
                &sent[0].body
            ),
            (call, &body)
        );
        let outcome = settle(&tenant, &about, Some(&attempt)).await;
        assert!(outcome.complete, "{outcome:?}");
        assert_eq!(outcome.gone, gone, "{action:?} {name}");
        assert_eq!(outcome.refused.first().map(|r| r.code.as_str()), refused);
    }
}

#[tokio::test]
async fn an_intent_whose_object_is_not_made_of_its_domain_is_not_carried_out() {
    let (fake, tenant) = start(script).await;
    let mut about = Intent::on_domain(
        Step::CancelSubscriptions,
        Action::ReleaseDomain,
        "contoso.nl",
    );
    about.domain = Some("contoso.de".into());
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert!(attempt.accepted.is_empty());
    assert_eq!(attempt.refused[0].code, "OtherDomain");
    assert!(fake.seen().is_empty());
    assert!(!settle(&tenant, &about, None).await.complete);
}
