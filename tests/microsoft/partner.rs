//! Partner Center: a change sends the whole resource back, with the partner's own token, and nothing doubtful is believed.

use super::*;
use tenant_closure::microsoft::{Credentials, Proof};

const PARTNER: ObjectId = ObjectId(uuid::Uuid::from_u128(0x9a));
const HOST: &str = "api.partnercenter.microsoft.com";

/// The whole resource, with what a program does not know too.
fn resource(n: usize, until: &str) -> Value {
    json!({
        "id": id(n), "offerId": "CFQ7TTC0LH18:0001:CFQ7TTC0K971", "offerName": "SPE_E5", "quantity": 25, "status": "active",
        "autoRenewEnabled": true, "billingType": "license", "commitmentEndDate": "2999-01-01T00:00:00Z",
        "cancellationAllowedUntilDate": until, "termDuration": "P1Y", "refundOptions": [{"type": "Full"}],
        "attributes": {"objectType": "Subscription", "etag": "e"},
    })
}

fn list() -> String {
    format!("/v1/customers/{TENANT}/subscriptions")
}

/// One subscription inside its seven days and one after them; the answer to a PATCH is given.
fn script(patched: impl Fn() -> Told + Send + Sync + 'static) -> impl Fn(&Seen, usize) -> Told {
    move |seen, _| {
        if seen.path == format!("/{PARTNER}/oauth2/v2.0/token") {
            let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token(PARTNER, 1)});
            return Told::Json(200, body);
        }
        if seen.path == "/v1.0/directory/subscriptions" {
            return Told::Json(200, json!({"value": []}));
        }
        let rows = [
            resource(1, "2999-01-01T00:00:00Z"),
            resource(2, "2001-01-01T00:00:00Z"),
        ];
        if seen.host != HOST {
            return usual(seen);
        }
        if seen.method == "PATCH" {
            return patched();
        }
        if seen.path == list() {
            return Told::Json(200, json!({"totalCount": 2, "items": rows, "links": {}}));
        }
        match rows
            .iter()
            .find(|row| seen.path == format!("{}/{}", list(), row["id"].as_str().unwrap()))
        {
            Some(row) => Told::Json(200, row.clone()),
            None => Told::Json(404, json!({"code": 3000, "description": "no"})),
        }
    }
}

async fn partner(
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, LiveTenant) {
    let (fake, mut settings) = start_raw(script).await;
    settings.billing = vec![Billing {
        kind: BillingKind::Partner,
        credentials: Some(Credentials {
            tenant_id: PARTNER,
            app_id: id(0x9b),
            proof: Proof::Secret("a secret".to_owned().into()),
        }),
    }];
    (fake, LiveTenant::new(settings))
}

fn about(n: usize, action: Action, resource: String) -> Intent {
    Intent {
        step: Step::CancelSubscriptions,
        action,
        objects: vec![id(n)],
        supplement: None,
        resource: Some(resource),
        domain: None,
        residue: Vec::new(),
    }
}

fn place(n: usize) -> String {
    format!("{}/{}", list(), id(n))
}

#[tokio::test]
async fn a_change_is_the_whole_resource_with_one_field_changed() {
    let (fake, tenant) = partner(script(|| Told::Json(200, json!({})))).await;
    let seen = ask(&tenant, Question::Subscriptions).await;
    let all = seen.subscriptions.known().unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|s| (s.agreement, s.cancelable, s.auto_renew, s.resource.clone()))
        .collect();
    let sold = |n, cancelable| (Agreement::Partner, cancelable, true, Some(place(n)));
    assert_eq!(told, [sold(1, true), sold(2, false)]);
    for (n, action, field, value) in [
        (1, Action::CancelSubscription, "status", json!("deleted")),
        (2, Action::StopRenewal, "autoRenewEnabled", json!(false)),
    ] {
        let intent = about(n, action, place(n));
        let attempt = tenant.perform(&intent, &Held::new()).await;
        assert_eq!(attempt.accepted, [id(n)]);
        assert_eq!(attempt.requests, 2);
        let sent = fake.seen();
        let sent = sent.last().unwrap();
        assert_eq!((sent.method.as_str(), sent.host.as_str()), ("PATCH", HOST));
        assert_eq!(sent.path, place(n));
        let mut whole = resource(
            n,
            if n == 1 {
                "2999-01-01T00:00:00Z"
            } else {
                "2001-01-01T00:00:00Z"
            },
        );
        whole[field] = value;
        assert_eq!(sent.body, whole);
        assert_eq!(sent.bearer(), token(PARTNER, 1));
        for name in ["ms-requestid", "ms-correlationid", "client-request-id"] {
            let value = sent.headers[name].to_str().unwrap();
            assert!(ObjectId::parse(value).is_some(), "{name}: {value}");
        }
        let outcome = settle(&tenant, &intent, Some(&attempt)).await;
        assert!(
            outcome.complete && outcome.visible == [id(n)],
            "{outcome:?}"
        );
    }
    let partners = fake.seen();
    let mut partners = partners.iter().filter(|one| one.host == HOST);
    assert!(partners.all(|one| one.bearer() == token(PARTNER, 1)));
}

#[tokio::test]
async fn a_refusal_is_kept_by_its_code_alone() {
    let refusal = || {
        Told::Json(
            400,
            json!({"code": 800_062, "description": "anna@contoso.nl", "source": "PartnerFD"}),
        )
    };
    let (_, tenant) = partner(script(refusal)).await;
    let intent = about(1, Action::CancelSubscription, place(1));
    let attempt = tenant.perform(&intent, &Held::new()).await;
    let [refused] = attempt.refused.as_slice() else {
        panic!("{attempt:?}")
    };
    assert_eq!((refused.code.as_str(), refused.status), ("800062", 400));
    assert!(attempt.accepted.is_empty());
}

#[tokio::test]
async fn what_is_gone_or_done_needs_no_change() {
    let (fake, tenant) = partner(|seen: &Seen, before| {
        if seen.host == HOST && seen.path.ends_with(&id(1).to_string()) {
            let mut row = resource(1, "2999-01-01T00:00:00Z");
            row["status"] = json!("deleted");
            return Told::Json(200, row);
        }
        script(|| Told::Json(500, Value::Null))(seen, before)
    })
    .await;
    for n in [1, 7] {
        let intent = about(n, Action::CancelSubscription, place(n));
        let attempt = tenant.perform(&intent, &Held::new()).await;
        assert_eq!(attempt.accepted, [id(n)]);
    }
    assert!(fake.seen().iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn another_tenants_subscription_is_never_touched() {
    let (fake, tenant) = partner(script(|| Told::Json(200, json!({})))).await;
    let other = format!("/v1/customers/{}/subscriptions/{}", id(0xdead), id(1));
    let intent = about(1, Action::CancelSubscription, other);
    let attempt = tenant.perform(&intent, &Held::new()).await;
    assert_eq!(attempt.refused[0].code, "TenantMismatch");
    assert!(fake.seen().is_empty());
    // A reply that speaks of another subscription than was asked for.
    let (fake, tenant) = partner(|seen: &Seen, before| {
        if seen.host == HOST {
            return Told::Json(200, resource(2, "2999-01-01T00:00:00Z"));
        }
        script(|| Told::Json(500, Value::Null))(seen, before)
    })
    .await;
    let intent = about(1, Action::CancelSubscription, place(1));
    let attempt = tenant.perform(&intent, &Held::new()).await;
    assert!(attempt.accepted.is_empty() && attempt.refused.is_empty());
    assert!(fake.seen().iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn a_partner_who_does_not_know_the_tenant_sold_it_nothing_and_part_of_a_listing_is_not_believed()
 {
    let table: [(Told, Fact<usize>); 6] = [
        (Told::Json(404, json!({"code": 2000})), Fact::Known(0)),
        (
            Told::Json(403, json!({"code": 403})),
            Fact::Unreadable(Why::Forbidden),
        ),
        (
            Told::Json(200, json!({"totalCount": 3, "items": []})),
            Fact::Unreadable(Why::Malformed),
        ),
        (
            Told::Json(
                200,
                json!({"totalCount": 0, "items": [], "links": {"next": {"uri": "https://evil.example/"}}}),
            ),
            Fact::Unreadable(Why::Malformed),
        ),
        (
            Told::Json(200, json!({"value": []})),
            Fact::Unreadable(Why::Malformed),
        ),
        (Told::Html(200), Fact::Unreadable(Why::Malformed)),
    ];
    for (told, wanted) in table {
        let told = std::sync::Mutex::new(Some(told));
        let (fake, tenant) = partner(move |seen: &Seen, before| {
            if seen.host == HOST {
                return told.lock().unwrap().take().unwrap_or(Told::Html(200));
            }
            script(|| Told::Json(500, Value::Null))(seen, before)
        })
        .await;
        let seen = ask(&tenant, Question::Subscriptions).await;
        let got = match seen.subscriptions {
            Fact::Known(all) => Fact::Known(all.len()),
            Fact::Unreadable(why) => Fact::Unreadable(why),
            Fact::NotRead => Fact::NotRead,
        };
        assert_eq!(got, wanted);
        assert!(fake.seen().iter().all(|one| one.host != "evil.example"));
    }
}
