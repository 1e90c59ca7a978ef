//! Subscriptions, the directory, our own identity, and the look from outside.

use super::*;

/// A billing account with a subscription that has these ids in Graph.
fn billing_script(ids: Value, canceled: Arc<Mutex<bool>>) -> impl Fn(&Seen, usize) -> Told {
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
                json!({"value": [{"id": ids["id"], "commerceSubscriptionId": ids["commerceSubscriptionId"], "status": "Enabled", "totalLicenses": 3}]}),
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

/// Graph has two ids for it; whichever of them the account knows.
#[tokio::test]
async fn a_customer_agreement_is_canceled_through_its_account() {
    for ids in [
        json!({"id": id(11), "commerceSubscriptionId": id(10)}),
        json!({"id": id(10), "commerceSubscriptionId": id(11)}),
    ] {
        is_canceled_through_its_account(ids).await;
    }
}

async fn is_canceled_through_its_account(ids: Value) {
    let (fake, mut settings) = start_raw(billing_script(ids, Arc::default())).await;
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
        supplement: None,
        resource: one.resource,
        domain: None,
        residue: Vec::new(),
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

/// A plan may rest on an answer that was wrong: what the resource is now is read before anything is sent, and nothing is where it is
/// another tenant's, or another subscription than the journal says.
#[tokio::test]
async fn what_an_account_pays_for_another_tenant_is_never_ended() {
    let resource = "/providers/Microsoft.Billing/billingAccounts/acc:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-00000000000a";
    for (tenant_told, object, code) in [
        (json!(TENANT), 10, None),
        (json!(null), 10, None),
        (json!(id(5)), 10, Some("TenantMismatch")),
        (json!(TENANT), 12, Some("OtherSubscription")),
        (json!(null), 12, Some("OtherSubscription")),
    ] {
        for (action, method) in [
            (Action::CancelSubscription, "DELETE"),
            (Action::StopRenewal, "PATCH"),
        ] {
            let told = tenant_told.clone();
            let (fake, mut settings) = start_raw(move |seen, _| match seen.method.as_str() {
                "GET" => Told::Json(
                    200,
                    json!({"id": resource, "name": id(10), "properties": {"status": "Active", "autoRenew": "On", "provisioningTenantId": told}}),
                ),
                "DELETE" | "PATCH" => Told::Json(200, json!({})),
                _ => usual(seen),
            })
            .await;
            settings.billing = vec![Billing {
                kind: BillingKind::CustomerAgreement,
                credentials: None,
            }];
            let tenant = LiveTenant::new(settings);
            let about = Intent {
                resource: Some(resource.into()),
                ..intent(action, vec![id(object)])
            };
            let attempt = tenant.perform(&about, &Held::new()).await;
            let refused = attempt.refused.first().map(|one| one.code.as_str());
            assert_eq!(refused, code, "{tenant_told} {object}");
            let sent = fake.seen().iter().any(|one| one.method == method);
            assert_eq!(sent, code.is_none(), "{tenant_told} {object}");
            assert_eq!(attempt.accepted.is_empty(), code.is_some());
        }
    }
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

/// However long a pause Azure asks for, what the deletion came to is looked at once before the effect's time is over; a shorter
/// pause is kept.
#[tokio::test]
async fn a_deletion_that_fails_late_is_looked_at_once_at_least() {
    let lie = "https://evil.example/operations/1";
    for (link, pause, status, code, soonest) in [
        (
            OPERATION,
            "3600",
            "Failed",
            Some("DirectoryNotEmpty"),
            1_000,
        ),
        (OPERATION, "3600", "InProgress", None, 1_000),
        (OPERATION, "1", "Failed", Some("DirectoryNotEmpty"), 1_000),
        (OPERATION, "0", "Failed", Some("DirectoryNotEmpty"), 200),
        (lie, "0", "Failed", Some("DirectoryNotEmpty"), 200),
    ] {
        // The look comes half a second before the effect's time is over: a machine that stands still then misses it.
        let mut tries = 3;
        let (attempt, took) = loop {
            tries -= 1;
            let (looks, attempt, took) = followed_late(link, pause, status).await;
            if looks == 0 && took >= LATE && tries > 0 {
                continue;
            }
            assert_eq!(looks, 1, "{pause} {status}");
            break (attempt, took);
        };
        assert_eq!(attempt.refused.first().map(|r| r.code.as_str()), code);
        assert_eq!(attempt.accepted.is_empty(), code.is_some());
        let soonest = Duration::from_millis(soonest);
        assert!(
            took >= soonest && took < Duration::from_secs(60),
            "{pause}: {took:?}"
        );
    }
}

const RESOURCE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AzureActiveDirectory/ciamDirectories/contoso.onmicrosoft.com";
const OPERATION: &str = "https://management.azure.com/operations/1";

/// For how long the effects of this test may begin requests.
const LATE: Duration = Duration::from_secs(2);

/// A deletion of which the first of two links is this one, that goes on with this pause and comes to this end: how often it was looked at, what came of it, and when.
async fn followed_late(
    link: &'static str,
    pause: &'static str,
    status: &'static str,
) -> (usize, Attempt, Duration) {
    let (fake, mut settings) = start_raw(move |seen, _| {
            match (seen.method.as_str(), seen.path.as_str()) {
                ("GET", "/operations/1") => Told::Json(
                    200,
                    json!({"status": status, "error": {"code": "DirectoryNotEmpty", "message": "Anna Bakker"}}),
                ),
                ("GET", path) if path == RESOURCE => {
                    Told::Json(200, json!({"properties": {"tenantId": TENANT}}))
                }
                ("DELETE", _) => Told::With(
                    202,
                    vec![("azure-asyncoperation", link.into()), ("location", OPERATION.into()), ("retry-after", pause.into())],
                    Value::Null,
                ),
                _ => usual(seen),
            }
        })
        .await;
    settings.limits.effect = LATE;
    let tenant = LiveTenant::new(settings);
    let about = Intent {
        resource: Some(RESOURCE.into()),
        ..intent(Action::DeleteDirectory, vec![])
    };
    let begun = Instant::now();
    let attempt = tenant.perform(&about, &Held::new()).await;
    let took = begun.elapsed();
    let seen = fake.seen();
    let looks = seen.iter().filter(|one| one.path == "/operations/1");
    (looks.count(), attempt, took)
}

/// What is left in a directory stays in it until a person has removed it: that is told. A race passes, and so does a reply
/// without a word.
#[tokio::test]
async fn a_directory_that_is_not_empty_is_told_and_a_race_is_looked_at_again() {
    let resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AzureActiveDirectory/b2cDirectories/contoso.onmicrosoft.com";
    let coded = |code: &'static str| json!({"error": {"code": code, "message": "Anna Bakker"}});
    for (body, code) in [
        (coded("DirectoryNotEmpty"), Some("DirectoryNotEmpty")),
        (coded("Conflict"), Some("Conflict")),
        (coded("Directory_ConcurrencyViolation"), None),
        (json!({}), None),
    ] {
        let (_, tenant) = start(move |seen, _| match seen.method.as_str() {
            "GET" => Told::Json(200, json!({"properties": {"tenantId": TENANT}})),
            "DELETE" => Told::Json(409, body.clone()),
            _ => usual(seen),
        })
        .await;
        let about = Intent {
            resource: Some(resource.into()),
            ..intent(Action::DeleteDirectory, vec![])
        };
        let attempt = tenant.perform(&about, &Held::new()).await;
        assert_eq!(attempt.refused.first().map(|r| r.code.as_str()), code);
        assert!(attempt.accepted.is_empty());
        assert_eq!(attempt.request_ids.len(), 1, "support asks for it");
        let outcome = settle(&tenant, &about, Some(&attempt)).await;
        assert_eq!(
            (outcome.refused.len(), outcome.unanswered.len()),
            if code.is_some() { (1, 0) } else { (0, 1) }
        );
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
