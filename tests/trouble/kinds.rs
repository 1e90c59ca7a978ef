//! Whole closures of tenants of other kinds: each sovereign cloud with its own hosts and pages, thousands of Microsoft's own
//! service principals, a subscription that cannot be canceled within its term.

use crate::trial::{Trial, condition};
use serde_json::json;
use std::collections::BTreeSet;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    china_has_hosts_and_pages_of_its_own,
    the_us_government_has_hosts_and_pages_of_its_own,
    the_us_defense_has_hosts_and_pages_of_its_own,
    what_is_left_is_read_one_by_one_where_that_takes_less,
    thousands_of_microsofts_own_are_left_alone,
    locked_for_a_term,
    what_goes_with_azure_and_with_azure_devops,
    with_the_lags_that_microsoft_is_known_for
];

/// A closure in this cloud: directory sync, three kinds of subscriptions, applications; every page that a person is sent to.
async fn closes_in(name: &str, cloud: &str) -> BTreeSet<String> {
    let mut trial = Trial::new(
        name,
        json!({
            "cloud": cloud, "users": 30, "sync": {"enabled": true}, "applications": 2,
            "firstPartyServicePrincipals": 40,
            "subscriptions": [{"kind": "Direct"}, {"kind": "CustomerAgreement", "termEndDays": 9, "termDays": 9}, {"kind": "Azure"}],
        }),
    )
    .await;
    trial.spec()["tenant"]["cloud"] = json!(cloud);
    trial.apply().await;
    if cloud == "China" {
        // There no program reads with what somebody signs in.
        let told = trial.blocked("RetainedAdminMfaUnknown").await;
        assert!(told.remedy.contains("keeper prove"), "{}", told.remedy);
        assert!(!told.remedy.contains("Grant"), "{}", told.remedy);
        trial.prove_keeper().await;
    }
    let mut pages = BTreeSet::new();
    let closing = async {
        loop {
            let told = |status: &TenantClosureStatus| {
                let links = status.hand_offs.iter().map(|one| &one.link);
                status.phase == Some(Phase::Closed)
                    || links.into_iter().any(|link| !pages.contains(link))
            };
            let status = trial.until("a hand-off, or the end", told).await;
            if status.phase == Some(Phase::Closed) {
                return pages;
            }
            pages.extend(status.hand_offs.into_iter().map(|one| one.link));
        }
    };
    let pages = trial.with_persons(closing).await;
    let closed = trial.assert_closes().await;
    // Each cloud has another tenant of Microsoft's own that owns what is built in.
    assert!(closed.refusals.is_empty(), "{:?}", closed.refusals);
    pages
}

/// Every page is one of these hosts, or Microsoft's own documentation, and each host is one.
fn assert_hosts(pages: &BTreeSet<String>, hosts: &[&str]) {
    let host = |page: &str| page.split('/').nth(2).unwrap_or_default().to_owned();
    let mut seen: BTreeSet<String> = pages.iter().map(|page| host(page)).collect();
    seen.remove("learn.microsoft.com");
    let expected: BTreeSet<String> = hosts.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!(seen, expected, "{pages:#?}");
}

async fn china_has_hosts_and_pages_of_its_own() {
    let pages = closes_in("in-china", "China").await;
    assert_hosts(
        &pages,
        &["portal.azure.cn", "portal.partner.microsoftonline.cn"],
    );
}

async fn the_us_government_has_hosts_and_pages_of_its_own() {
    let pages = closes_in("in-us-gov", "USGov").await;
    assert_hosts(
        &pages,
        &[
            "entra.microsoft.us",
            "portal.azure.us",
            "portal.office365.us",
        ],
    );
}

async fn the_us_defense_has_hosts_and_pages_of_its_own() {
    let pages = closes_in("in-us-dod", "USGovDoD").await;
    assert_hosts(
        &pages,
        &["entra.microsoft.us", "portal.apps.mil", "portal.azure.us"],
    );
}

/// The page of `getByIds` names a right that nothing else takes; what reads each object by itself is enough.
async fn what_is_left_is_read_one_by_one_where_that_takes_less() {
    let trial = Trial::new(
        "strict-by-ids",
        json!({"users": 60, "applications": 2, "behaviour": {"strictGetByIds": true}}),
    )
    .await;
    trial.apply().await;
    trial.assert_closes().await;
    assert!(trial.left().await.is_empty());
}

async fn thousands_of_microsofts_own_are_left_alone() {
    let trial = Trial::new(
        "many-first-party",
        json!({"applications": 2, "servicePrincipals": 3, "firstPartyServicePrincipals": 3000}),
    )
    .await;
    trial.apply().await;
    let closed = trial.assert_closes().await;
    let removed: BTreeSet<String> = trial
        .effects()
        .await
        .into_iter()
        .filter(|one| {
            one["kind"] == "servicePrincipalDeleted" || one["kind"] == "applicationDeleted"
        })
        .map(|one| one["id"].to_string())
        .collect();
    // Two registrations and their service principals, three vendors', and our own two identities' four.
    assert!((7..=11).contains(&removed.len()), "{removed:#?}");
    assert!(closed.refusals.is_empty(), "{:?}", closed.refusals);
    let status = trial.phase(Phase::Closed).await;
    let requests: u32 = status
        .steps
        .iter()
        .filter_map(|step| step.totals.as_ref())
        .map(|all| all.requests)
        .sum();
    assert!(requests < 300, "{requests} requests");
}

/// Neither can be deleted, whoever asks: the status says of each what a person does, and it closes.
async fn what_goes_with_azure_and_with_azure_devops() {
    let fields = json!({"users": 5, "azureDevOps": true, "managedIdentities": 2, "linkedInConnection": true});
    let trial = Trial::new("goes-with-azure", fields).await;
    trial.apply().await;
    let (status, _) = trial.handed_over("DeleteDirectory").await;
    for (check, remedy, link) in [
        (
            "Application Azure DevOps",
            "disconnect it (Organization settings, Microsoft Entra, Disconnect directory)",
            "disconnect-organization-from-azure-ad",
        ),
        (
            "Application managed identities of Azure resources",
            "set Enabled for users to sign-in to No",
            "#remove-enterprise-apps-that-you-cant-delete",
        ),
        (
            "Application LinkedIn account connections",
            "set LinkedIn account connections to No",
            "linkedin-integration",
        ),
    ] {
        let mut blockers = status.blockers.iter();
        let told = blockers.find(|one| one.check == check);
        let told = told.unwrap_or_else(|| panic!("no {check}: {:#?}", status.blockers));
        assert_eq!(
            (told.state.as_str(), told.who.as_str()),
            ("unknown", "person")
        );
        assert!(told.remedy.contains(remedy), "{}", told.remedy);
        assert!(told.link.ends_with(link), "{}", told.link);
    }
    let closed = trial.assert_closes().await;
    assert!(closed.refusals.is_empty(), "{:?}", closed.refusals);
    let effects = trial.effects().await;
    let mut disabled = effects
        .iter()
        .filter(|one| one["kind"] == "servicePrincipalDisabled");
    assert!(
        disabled.all(|one| one["app"].is_null()),
        "by a person alone"
    );
}

/// Lists half a minute behind, reads that find nothing, writes beside each other refused. The objects that stay in a list for five
/// minutes are left out: which those are is drawn, and no row waits so long.
async fn with_the_lags_that_microsoft_is_known_for() {
    let behaviour = json!({"preset": "Microsoft", "longLagPermille": 0});
    let fields =
        json!({"users": 30, "applications": 2, "servicePrincipals": 1, "behaviour": behaviour});
    let trial = Trial::new("as-microsoft-is", fields).await;
    trial.apply().await;
    trial.assert_closes().await;
    assert!(trial.left().await.is_empty());
}

async fn locked_for_a_term() {
    let bought = json!([{"kind": "CustomerAgreement", "sku": "SPE_E5", "seats": 9, "cancellable": false, "termEndDays": 400_000}]);
    let mut trial = Trial::new("locked-term", json!({"subscriptions": bought})).await;
    trial.spec()["accept"] = json!([{"kind": "AzureResources", "reference": "CAB-118"}]);
    trial.apply().await;
    let told = trial.blocked("TermAhead").await;
    assert!(told.message.contains("SPE_E5"), "{}", told.message);
    trial.assert_untouched().await;
    let accept = ["AzureResources", "TermAhead"];
    let accept = accept.map(|kind| json!({"kind": kind, "reference": "CAB-118"}));
    trial.change(json!({"accept": accept})).await;
    let reason = "WaitingTermEnd";
    let waits = |status: &TenantClosureStatus| {
        status.phase == Some(Phase::Waiting) && condition(status, "Ready").1 == reason
    };
    let status = trial.with_persons(trial.until(reason, waits)).await;
    let until = status.waiting_until.expect("a date");
    let far = until.duration_since(jiff::Timestamp::now()).as_hours();
    assert!((72..=24 * 5).contains(&far), "{until}");
    trial.pass(400_001).await;
    trial.assert_closes().await;
}
