//! What dies with the tenant: the requests that count it, and what never counts as none.

use super::*;
use tenant_closure::closure::loss::{Loss, LossKind};

const ARM: &str = "management.azure.com";

/// The line of a usage report.
fn report(figures: &Value) -> Value {
    let mut row = json!({"reportRefreshDate": "2026-09-30", "siteType": "All", "reportDate": "2026-09-30", "reportPeriod": "7"});
    row.as_object_mut()
        .unwrap()
        .extend(figures.as_object().unwrap().clone());
    json!({"value": [row]})
}

/// A tenant of which every number can be told, with Azure subscriptions 1 and 2 through its own account.
fn script(seen: &Seen) -> Told {
    let ok = |value| Told::Json(200, value);
    let subscriptions = format!("/subscriptions/{}/resources", id(1));
    match seen.path.as_str() {
        "/beta/reports/getMailboxUsageMailboxCounts(period='D7')" => {
            ok(report(&json!({"total": 9})))
        }
        "/beta/reports/getMailboxUsageStorage(period='D7')" => ok(report(
            &json!({"storageUsedInBytes": 5_159_432_679_270_u64}),
        )),
        "/beta/reports/getOneDriveUsageAccountCounts(period='D7')" => {
            ok(report(&json!({"total": 8})))
        }
        "/beta/reports/getSharePointSiteUsageSiteCounts(period='D7')" => {
            ok(report(&json!({"total": 0})))
        }
        // The older line, and the part of it that is of one type, tell nothing.
        "/beta/reports/getSharePointSiteUsageStorage(period='D7')" => ok(json!({"value": [
            {"siteType": "All", "reportDate": "2026-09-29", "storageUsedInBytes": 7},
            {"siteType": "Team", "reportDate": "2026-10-30", "storageUsedInBytes": 7},
            {"siteType": "All", "reportDate": "2026-09-30", "storageUsedInBytes": 3}]})),
        "/subscriptions" => ok(json!({"value": [
            {"subscriptionId": id(1), "tenantId": TENANT, "state": "Enabled"},
            {"subscriptionId": id(2), "tenantId": TENANT, "state": "Disabled"},
            {"subscriptionId": id(3), "tenantId": id(9), "state": "Enabled"},
            {"subscriptionId": id(4), "tenantId": TENANT, "state": "Deleted"}]})),
        path if path == subscriptions && seen.query.contains("skiptoken") => {
            ok(json!({"value": [{"id": "/r/3"}]}))
        }
        path if path == subscriptions => ok(
            json!({"value": [{"id": "/r/1"}, {"id": "/r/2"}], "nextLink": format!("https://{ARM}{path}?api-version=2021-04-01&%24skiptoken=2")}),
        ),
        path if path.ends_with("/resources") => {
            Told::Json(403, json!({"error": {"code": "AuthorizationFailed"}}))
        }
        _ => usual(seen),
    }
}

async fn counted(
    accounts: usize,
    script: impl Fn(&Seen) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, Vec<Loss>) {
    let (fake, mut settings) = start_raw(move |seen, _| script(seen)).await;
    settings.billing = (0..accounts)
        .map(|_| Billing {
            kind: BillingKind::AzureSubscription,
            credentials: None,
        })
        .collect();
    let seen = ask(&LiveTenant::new(settings), Question::Losses).await;
    (fake, seen.losses.known().unwrap().clone())
}

fn of(losses: &[Loss], kind: LossKind) -> Vec<Loss> {
    let all = losses.iter().filter(|one| one.kind == kind);
    all.copied().collect()
}

#[tokio::test]
async fn usage_reports_tell_numbers_and_sizes() {
    let (fake, losses) = counted(1, script).await;
    let sized = |kind, count, bytes| {
        vec![Loss {
            bytes: Some(bytes),
            ..Loss::counted(kind, count)
        }]
    };
    assert_eq!(
        of(&losses, LossKind::Mailboxes),
        sized(LossKind::Mailboxes, Ok(9), Ok(5_159_432_679_270))
    );
    // One report without an answer leaves the other known.
    let drives = of(&losses, LossKind::OneDrive)[0];
    assert_eq!(drives.count, Ok(8));
    assert!(matches!(drives.bytes, Some(Err(_))), "{drives:?}");
    assert_eq!(
        of(&losses, LossKind::SharePoint),
        sized(LossKind::SharePoint, Ok(0), Ok(3))
    );
    let seen = fake.seen();
    let reports: Vec<&Seen> = seen
        .iter()
        .filter(|s| s.path.contains("/reports/"))
        .collect();
    assert_eq!(reports.len(), 6);
    for one in reports {
        assert_eq!((one.method.as_str(), one.host.as_str()), ("GET", GRAPH));
        assert_eq!(one.query, "%24format=application%2Fjson");
    }
}

#[tokio::test]
async fn resources_are_counted_per_azure_subscription_to_the_last_page() {
    let (fake, losses) = counted(1, script).await;
    let azure = of(&losses, LossKind::AzureResources);
    assert_eq!(
        azure,
        [
            Loss::in_azure(id(1), Ok(3)),
            Loss::in_azure(id(2), Err(Why::Forbidden)),
            Loss::counted(LossKind::AzureResources, Ok(0)),
        ]
    );
    let seen = fake.seen();
    let asked: Vec<String> = seen
        .iter()
        .filter(|s| s.path.ends_with("/resources"))
        .map(|s| format!("{} {}{}?{}", s.method, s.host, s.path, s.query))
        .collect();
    let path = |n| {
        format!(
            "GET {ARM}/subscriptions/{}/resources?api-version=2021-04-01",
            id(n)
        )
    };
    let mut asked = asked;
    asked.sort();
    assert_eq!(
        asked,
        [path(1), format!("{}&%24skiptoken=2", path(1)), path(2)]
    );
}

#[tokio::test]
async fn a_lying_link_of_resources_gets_no_token_and_no_number() {
    let (fake, losses) = counted(1, |seen| match seen.path.as_str() {
        path if path.ends_with("/resources") => Told::Json(
            200,
            json!({"value": [{"id": "/r/1"}], "nextLink": "https://evil.example/subscriptions"}),
        ),
        _ => script(seen),
    })
    .await;
    let azure = of(&losses, LossKind::AzureResources);
    assert_eq!(azure[0], Loss::in_azure(id(1), Err(Why::Malformed)));
    assert!(fake.seen().iter().all(|s| s.host == ARM || s.host == GRAPH));
}

#[tokio::test]
async fn azure_that_nobody_may_list_is_unknown() {
    let none = |why| vec![Loss::counted(LossKind::AzureResources, Err(why))];
    let (fake, losses) = counted(0, script).await;
    assert_eq!(
        of(&losses, LossKind::AzureResources),
        none(Why::Unsupported)
    );
    assert!(!fake.seen().iter().any(|s| s.host == ARM));
    let (_, losses) = counted(1, |seen| match seen.path.as_str() {
        "/subscriptions" => Told::Json(403, json!({"error": {"code": "AuthorizationFailed"}})),
        _ => script(seen),
    })
    .await;
    assert_eq!(of(&losses, LossKind::AzureResources), none(Why::Forbidden));
}
