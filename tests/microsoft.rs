//! The contract with Microsoft, spoken over real TLS to a small server that misbehaves as Microsoft's services can.
#![cfg(feature = "operator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "microsoft/server.rs"]
mod server;

use serde_json::{Value, json};
use server::{Fake, Held, Seen, TENANT, Told, each, start, start_raw, token, usual};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::intent::{Action, Intent, Outcome};
use tenant_closure::closure::observation::{
    Existence, Fact, Holding, Lifecycle, Observation, Question, Why,
};
use tenant_closure::closure::step::Step;
use tenant_closure::closure::tenant::{Attempt, Scope, Tenant};
use tenant_closure::closure::terms::BillingKind;
use tenant_closure::microsoft::{Billing, LiveTenant};

const GRAPH: &str = "graph.microsoft.com";

fn id(n: usize) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n as u128))
}

fn ids(range: std::ops::Range<usize>) -> Vec<ObjectId> {
    range.map(id).collect()
}

fn intent(action: Action, objects: Vec<ObjectId>) -> Intent {
    Intent {
        step: Step::Users,
        action,
        objects,
        resource: None,
    }
}

async fn ask(tenant: &LiveTenant, question: Question) -> Observation {
    let mut seen = Observation::default();
    let scope = Scope {
        retained: "closer@contoso.onmicrosoft.com".into(),
        ..Scope::default()
    };
    tenant.observe(&scope, &[question], &mut seen).await;
    seen
}

fn organization() -> Value {
    json!({"value": [{"id": TENANT, "onPremisesSyncEnabled": true, "partnerTenantType": null,
        "verifiedDomains": [{"name": "contoso.nl", "isInitial": false},
            {"name": "contoso.onmicrosoft.com", "isInitial": true}]}]})
}

async fn delete(tenant: &LiveTenant, count: usize) -> Attempt {
    let intent = intent(Action::DeleteUsers, ids(0..count));
    tenant.perform(&intent, &Held::new()).await
}

async fn settle(tenant: &LiveTenant, intent: &Intent, attempt: Option<&Attempt>) -> Outcome {
    tenant.settle(intent, attempt, &[], &[]).await
}

/// `(ids asked to be deleted, how often)`.
fn deletes(fake: &Fake) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for seen in fake.seen().iter().filter(|s| s.path == "/v1.0/$batch") {
        for (_, url) in seen.items() {
            *counts.entry(url).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/organization" if seen.bearer() == token(TENANT, 2) => {
            Told::Json(200, organization())
        }
        "/v1.0/organization" => Told::Json(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        ),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    let said = seen.organization.known().unwrap();
    assert_eq!(said.id, TENANT);
    assert_eq!(said.initial_domain, "contoso.onmicrosoft.com");
    assert!(said.sync_enabled && !said.partner);
    assert_eq!((fake.tokens(), fake.seen().len()), (2, 2));
    let first = &fake.seen()[0];
    assert_eq!(first.host, GRAPH);
    assert_eq!(first.headers["x-ms-throttle-priority"], "low");
    assert!(first.headers.contains_key("client-request-id"));
}

#[tokio::test]
async fn a_token_that_stays_refused_ends_as_forbidden() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/organization" => Told::Html(401),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    assert_eq!(seen.organization, Fact::Unreadable(Why::Forbidden));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_token_for_another_tenant_is_never_used() {
    let (fake, tenant) = start(|seen, _| {
        let foreign = token(id(1), 1);
        if seen.path.ends_with("/token") {
            return Told::Json(200, json!({"expires_in": 3599, "access_token": foreign}));
        }
        Told::Json(200, organization())
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    assert_eq!(seen.organization, Fact::Unreadable(Why::CredentialRefused));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn html_endless_bodies_and_failures_are_no_facts() {
    for (told, why, requests) in [
        (0, Why::Malformed, 1),
        (1, Why::Unavailable, 4),
        (2, Why::Unavailable, 4),
        (3, Why::Forbidden, 1),
    ] {
        let (fake, tenant) = start(move |seen, _| {
            if seen.path.ends_with("/token") {
                return usual(seen);
            }
            match told {
                0 => Told::Html(200),
                1 => Told::Endless,
                2 => Told::Html(503),
                _ => Told::Json(
                    403,
                    json!({"error": {"code": "Authorization_RequestDenied"}}),
                ),
            }
        })
        .await;
        let seen = ask(&tenant, Question::Organization).await;
        assert_eq!(seen.organization, Fact::Unreadable(why));
        assert_eq!(fake.seen().len(), requests);
    }
}

#[tokio::test]
async fn a_lying_next_link_gets_no_token() {
    for link in [
        "https://evil.example/v1.0/users?$skiptoken=x",
        "https://graph.microsoft.com.evil.example/users",
        "https://graph.microsoft.com/v1.0/users?%24select=id&%24top=999",
    ] {
        let (fake, tenant) = start(move |seen, _| match seen.path.as_str() {
            "/v1.0/users" => Told::Json(
                200,
                json!({"value": [{"id": id(1)}], "@odata.nextLink": link}),
            ),
            _ => usual(seen),
        })
        .await;
        let verify = intent(Action::VerifyUsers, vec![]);
        let outcome = tenant.settle(&verify, None, &[], &[id(1)]).await;
        assert!(!outcome.complete, "{link}");
        assert!(fake.seen().len() <= 2 && fake.seen().iter().all(|s| s.host == GRAPH));
    }
}

#[tokio::test]
async fn a_listing_counts_only_with_the_one_who_stays() {
    let (_, tenant) = start(
        |seen, _| match (seen.path.as_str(), seen.query.contains("skip")) {
            ("/v1.0/users", false) => Told::Json(
                200,
                json!({"value": [{"id": id(1)}, {"id": id(7)}, {"id": id(8)}],
                "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=2"}),
            ),
            ("/v1.0/users", true) => Told::Json(200, json!({"value": [{"id": id(99)}]})),
            _ => usual(seen),
        },
    )
    .await;
    let verify = intent(Action::VerifyUsers, vec![]);
    let planned = ids(5..9);
    let good = tenant.settle(&verify, None, &planned, &[id(1)]).await;
    assert!(good.complete);
    assert_eq!(good.remaining, [id(7), id(8)]);
    assert_eq!((good.remaining_count, good.strangers, good.gone), (2, 1, 0));
    let blind = tenant.settle(&verify, None, &planned, &[id(2)]).await;
    assert!(!blind.complete);
}

#[tokio::test]
async fn every_item_of_a_batch_is_sorted_and_settled_by_reading() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            // Reordered; item 3 refused, item 4 failed, item 5 missing, item 6 not found.
            let mut responses: Vec<Value> = Vec::new();
            for (place, _) in seen.items().iter().rev() {
                let status = match place.as_str() {
                    "3" => 403,
                    "4" => 500,
                    "5" => continue,
                    "6" => 404,
                    _ => 204,
                };
                let body =
                    json!({"error": {"code": "Authorization_RequestDenied", "message": "Anna"}});
                responses.push(json!({"id": place, "status": status, "body": body}));
            }
            Told::Json(200, json!({ "responses": responses }))
        }
        "/v1.0/directoryObjects/getByIds" => {
            assert_eq!(seen.body["ids"].as_array().unwrap().len(), 20);
            let still =
                [2, 3, 4, 5].map(|n| json!({"@odata.type": "#microsoft.graph.user", "id": id(n)}));
            Told::Json(200, json!({ "value": still }))
        }
        _ => usual(seen),
    })
    .await;
    let attempt = delete(&tenant, 20).await;
    assert_eq!((attempt.accepted.len(), attempt.requests), (17, 1));
    let about = intent(Action::DeleteUsers, ids(0..20));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert_eq!(outcome.gone, 16);
    assert_eq!(outcome.visible, [id(2)]);
    assert_eq!(outcome.refused[0].code, "Authorization_RequestDenied");
    assert_eq!(
        (outcome.refused[0].status, &outcome.refused[0].objects[..]),
        (403, &[id(3)][..])
    );
    assert_eq!(outcome.unanswered, [id(4), id(5)]);
    assert!(outcome.complete && outcome.requests == 2);
    assert_eq!(fake.seen().len(), 2);
    let blind = settle(&tenant, &about, None).await;
    assert_eq!(blind.unanswered, ids(2..6));
    assert!(!format!("{attempt:?}{outcome:?}").contains("Anna"));
}

#[tokio::test]
async fn throttled_items_are_sent_again_and_none_is_lost() {
    let first = AtomicUsize::new(0);
    let (fake, tenant) = start(move |seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            let mut body = each(seen, 204);
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                for item in body["responses"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .skip(15)
                {
                    item["status"] = json!(429);
                    item["headers"] = json!({"Retry-After": "0.4"});
                }
            }
            Told::Json(200, body)
        }
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    let attempt = delete(&tenant, 90).await;
    assert_eq!(attempt.accepted.len(), 90);
    assert_eq!(attempt.throttled, 5);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let sent = deletes(&fake);
    assert_eq!(sent.len(), 90);
    assert_eq!(sent.iter().filter(|(_, times)| *times == 2).count(), 5);
}

#[tokio::test]
async fn a_429_without_a_pause_is_waited_out() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        "/v1.0/$batch" if before == 0 => {
            Told::Json(429, json!({"error": {"code": "TooManyRequests"}}))
        }
        "/v1.0/$batch" => Told::Json(200, each(seen, 204)),
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    let attempt = delete(&tenant, 20).await;
    assert_eq!((attempt.accepted.len(), attempt.throttled), (20, 20));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_leash_let_go_stops_before_the_next_request() {
    let leash = Arc::new(Held::new());
    let theirs = Arc::clone(&leash);
    let (fake, mut settings) = start_raw(move |seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            theirs.0.store(false, Ordering::Relaxed);
            Told::Json(200, each(seen, 204))
        }
        _ => usual(seen),
    })
    .await;
    settings.limits.batches = 1;
    let tenant = LiveTenant::new(settings);
    let about = intent(Action::DeleteUsers, ids(0..400));
    let attempt = tenant.perform(&about, leash.as_ref()).await;
    assert_eq!((attempt.accepted.len(), attempt.requests), (20, 1));
    assert_eq!(fake.seen().len(), 1);
    let again = tenant.perform(&about, leash.as_ref()).await;
    assert_eq!(again, Attempt::default());
}

#[tokio::test]
async fn a_silent_batch_leaves_its_items_unanswered() {
    let (_, mut settings) = start_raw(|seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => Told::Endless,
        "/v1.0/directoryObjects/getByIds" => Told::Html(503),
        _ => usual(seen),
    })
    .await;
    settings.limits.effect = Duration::from_secs(2);
    let http = Arc::clone(&settings.http);
    let tenant = LiveTenant::new(settings);
    let attempt = delete(&tenant, 20).await;
    assert!(attempt.accepted.is_empty() && attempt.refused.is_empty());
    let about = intent(Action::DeleteUsers, ids(0..20));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert!(!outcome.complete);
    assert_eq!(outcome.unanswered.len(), 20);
    assert!(http.counters().counts().failed >= 1);
}

#[tokio::test]
async fn administrators_are_seen_with_how_they_hold_the_role() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/roleManagement/directory/roleAssignments" => Told::Json(
            200,
            json!({"value": [{"principalId": id(1), "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "directoryScopeId": "/"}]}),
        ),
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" => {
            Told::Json(501, json!({"error": {"code": "NotImplemented"}}))
        }
        "/v1.0/users/closer@contoso.onmicrosoft.com" => Told::Json(
            200,
            json!({"id": id(1), "userPrincipalName": "closer@contoso.onmicrosoft.com", "userType": "Member", "accountEnabled": true}),
        ),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Administrators).await;
    let retained = seen.retained.known().unwrap().as_ref().unwrap();
    assert_eq!(retained.global_administrator, Holding::Permanent);
    assert!(retained.enabled && retained.member && !retained.synced);
    assert_eq!(seen.spare, Fact::Known(None));
    let filters: Vec<_> = fake.seen().iter().map(|s| s.query.clone()).collect();
    assert!(
        filters
            .iter()
            .any(|q| q.contains("roleDefinitionId%20eq%20")),
        "{filters:?}"
    );
}

fn billing_script(canceled: Arc<Mutex<bool>>) -> impl Fn(&Seen, usize) -> Told {
    let subscription = "/providers/Microsoft.Billing/billingAccounts/acc:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-00000000000a";
    move |seen, _| {
        let status = if *canceled.lock().unwrap() {
            "Cancelled"
        } else {
            "Active"
        };
        let one = json!({"id": subscription, "name": id(10), "properties": {
            "status": status, "autoRenew": "On", "beneficiaryTenantId": TENANT,
            "systemOverrides": {"cancellation": "Allowed"}}});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/v1.0/directory/subscriptions") => Told::Json(
                200,
                json!({"value": [{"id": id(11), "commerceSubscriptionId": id(10), "status": "Enabled", "totalLicenses": 3}]}),
            ),
            ("GET", "/providers/Microsoft.Billing/billingAccounts") => Told::Json(
                200,
                json!({"value": [{"id": "/providers/Microsoft.Billing/billingAccounts/acc:1_2019-05-31",
                    "properties": {"agreementType": "MicrosoftCustomerAgreement"}}]}),
            ),
            ("GET", path) if path.ends_with("/billingSubscriptions") => {
                Told::Json(200, json!({"value": [one]}))
            }
            ("GET", path) if path == subscription => Told::Json(200, one),
            ("DELETE", path) if path == subscription => {
                *canceled.lock().unwrap() = true;
                let operation = "https://management.azure.com/operations/1";
                Told::With(
                    202,
                    vec![("location", operation.into()), ("retry-after", "0".into())],
                    Value::Null,
                )
            }
            ("GET", "/operations/1") => Told::Json(200, json!({"status": "Succeeded"})),
            _ => usual(seen),
        }
    }
}

#[tokio::test]
async fn a_customer_agreement_is_canceled_through_its_account() {
    let (fake, mut settings) = start_raw(billing_script(Arc::default())).await;
    settings.billing = vec![Billing {
        kind: BillingKind::CustomerAgreement,
        credentials: None,
    }];
    let tenant = LiveTenant::new(settings);
    let seen = ask(&tenant, Question::Subscriptions).await;
    let one = seen.subscriptions.known().unwrap()[0].clone();
    assert_eq!(
        (one.id, one.lifecycle, one.seats),
        (id(10), Lifecycle::Active, 3)
    );
    assert!(one.cancelable && one.auto_renew);
    let about = Intent {
        step: Step::CancelSubscriptions,
        action: Action::CancelSubscription,
        objects: vec![one.id],
        resource: one.resource,
    };
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!(attempt.accepted, [id(10)]);
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert!(outcome.complete && outcome.gone == 1);
    let sent = fake.seen();
    assert!(
        sent.iter()
            .any(|s| s.path == "/operations/1" && s.host == "management.azure.com")
    );
    assert!(
        sent.iter()
            .any(|s| s.method == "DELETE" && s.query == "api-version=2024-04-01")
    );
}

#[tokio::test]
async fn a_directory_of_another_tenant_is_never_deleted() {
    let resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AzureActiveDirectory/ciamDirectories/contoso.onmicrosoft.com";
    for (owner, requests, code) in [(TENANT, 2, None), (id(5), 1, Some("TenantMismatch"))] {
        let (fake, tenant) = start(move |seen, _| match seen.method.as_str() {
            "GET" => Told::Json(200, json!({"properties": {"tenantId": owner}})),
            "DELETE" => Told::Json(202, Value::Null),
            _ => usual(seen),
        })
        .await;
        let about = Intent {
            resource: Some(resource.into()),
            ..intent(Action::DeleteDirectory, vec![])
        };
        let attempt = tenant.perform(&about, &Held::new()).await;
        assert_eq!(fake.seen().len(), requests);
        assert_eq!(attempt.refused.first().map(|r| r.code.as_str()), code);
    }
}

fn outside_script(gone: u8) -> impl Fn(&Seen, usize) -> Told {
    let absent = json!({"error": "invalid_tenant", "error_codes": [90002]});
    let document = json!({"issuer": "https://login.microsoftonline.com/x/v2.0"});
    move |seen, _| {
        let is_gone = |kind: u8| gone >= kind;
        let control = seen.path.contains("72f988bf-86f1-41af-91ab-2d7cd011db47");
        if seen.path.ends_with("/openid-configuration") {
            let here = if control { gone < 4 } else { !is_gone(1) };
            return if here {
                Told::Json(200, document.clone())
            } else {
                Told::Json(400, absent.clone())
            };
        }
        if seen.path.ends_with("/token") {
            return if is_gone(2) {
                Told::Json(400, absent.clone())
            } else {
                usual(seen)
            };
        }
        if seen.path.starts_with("/common/userrealm/") {
            let word = if is_gone(3) { "Unknown" } else { "Managed" };
            return Told::Json(200, json!({"account_type": word}));
        }
        usual(seen)
    }
}

#[tokio::test]
async fn gone_only_when_three_kinds_agree_and_the_control_is_found() {
    for (gone, expected) in [
        (0, Fact::Known(Existence::Present)),
        (1, Fact::Known(Existence::Present)),
        (2, Fact::Known(Existence::Present)),
        (3, Fact::Known(Existence::Gone)),
        (4, Fact::Unreadable(Why::Unavailable)),
    ] {
        let (_, tenant) = start(outside_script(gone)).await;
        let seen = ask(&tenant, Question::Directory).await;
        assert_eq!(seen.directory, expected, "{gone}");
        if gone == 3 {
            let verify = intent(Action::VerifyDirectoryGone, vec![]);
            let outcome = settle(&tenant, &verify, None).await;
            assert!(outcome.complete && outcome.gone == 1 && outcome.requests == 4);
        }
    }
}

#[tokio::test]
async fn our_own_identity_goes_registration_first() {
    let left = Arc::new(AtomicUsize::new(0));
    let (fake, tenant) = start(move |seen, _| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v1.0/directoryObjects/getByIds") if left.load(Ordering::SeqCst) == 0 => Told::Json(
            200,
            json!({"value": [{"@odata.type": "#microsoft.graph.servicePrincipal", "id": id(1)},
                {"@odata.type": "#microsoft.graph.application", "id": id(2)}]}),
        ),
        ("DELETE", _) => {
            left.fetch_add(1, Ordering::SeqCst);
            Told::Json(204, Value::Null)
        }
        ("POST", path) if path.ends_with("/token") && left.load(Ordering::SeqCst) > 0 => {
            Told::Json(401, json!({"error": "unauthorized_client", "error_codes": [700_016]}))
        }
        (_, path) if path.ends_with("/token") => usual(seen),
        _ => Told::Json(401, json!({"error": {"code": "InvalidAuthenticationToken"}})),
    })
    .await;
    let about = intent(Action::RemoveOwnIdentity, vec![id(1), id(2)]);
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!(attempt.accepted, [id(2), id(1)]);
    let paths: Vec<_> = fake.seen().iter().map(|s| s.path.clone()).collect();
    assert_eq!(paths[1], format!("/v1.0/applications/{}", id(2)));
    assert_eq!(paths[2], format!("/v1.0/servicePrincipals/{}", id(1)));
    let outcome = settle(&tenant, &about, None).await;
    assert!(outcome.complete && outcome.gone == 2, "{outcome:?}");
}
