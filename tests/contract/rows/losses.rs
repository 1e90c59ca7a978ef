//! What dies with the tenant, counted.

use super::subscriptions::{AZURE, azure};
use super::{ONE, TWO, id, told};
use crate::row::{But, Row, Run, row};
use serde_json::json;
use tenant_closure::closure::loss::LossKind;
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::Service::{Arm, Graph};

/// How many there are of a kind, or why that is not known.
fn count(seen: &Observation, kind: LossKind) -> Fact<String> {
    let found = told(&seen.losses, |_| String::new());
    let Some(losses) = seen.losses.known() else {
        return found;
    };
    match losses.iter().find(|loss| loss.kind == kind).unwrap().count {
        Ok(count) => Fact::Known(count.to_string()),
        Err(why) => Fact::Unreadable(why),
    }
}

/// How much data there is of a kind, or why that is not known.
fn size(seen: &Observation, kind: LossKind) -> Fact<String> {
    let losses = seen.losses.known().unwrap();
    let loss = losses.iter().find(|loss| loss.kind == kind).unwrap();
    match loss.bytes.unwrap() {
        Ok(bytes) => Fact::Known(bytes.to_string()),
        Err(why) => Fact::Unreadable(why),
    }
}

/// How many resources are in the first Azure subscription, or why that is not known.
fn resources(seen: &Observation) -> Fact<String> {
    let losses = seen.losses.known().unwrap();
    let loss = losses
        .iter()
        .find(|loss| loss.subscription == Some(id(0xe1)));
    match loss.unwrap().count {
        Ok(count) => Fact::Known(count.to_string()),
        Err(why) => Fact::Unreadable(why),
    }
}

fn asks(words: fn(&Observation) -> Fact<String>) -> Run {
    Run::Ask(Question::Losses, words)
}

pub fn rows() -> Vec<Row> {
    let mut rows = devices();
    rows.extend(others());
    rows.extend(counts());
    rows.extend(sizes());
    rows.push(
        row(
            Arm,
            "GET /subscriptions/{}/resources",
            "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/resources?api-version=2021-04-01",
            asks(resources),
        )
        .reply(json!({"value": [{"id": "/subscriptions/x/a"}, {"id": "/subscriptions/x/b"}]}))
        .makes("2")
        .but(But::Paged),
    );
    let one_azure = |row: Row| {
        let listed = json!({"value": [azure(AZURE, "Enabled")]});
        row.given("GET /subscriptions", 200, listed)
    };
    rows.into_iter().map(one_azure).collect()
}

fn devices() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/deviceManagement/managedDeviceOverview",
            "GET https://graph.microsoft.com/v1.0/deviceManagement/managedDeviceOverview",
            asks(|seen| count(seen, LossKind::IntuneDevices)),
        )
        .reply(json!({"enrolledDeviceCount": 4}))
        .makes("4"),
        row(
            Graph,
            "GET /v1.0/deviceManagement/windowsAutopilotDeviceIdentities",
            "GET https://graph.microsoft.com/v1.0/deviceManagement/windowsAutopilotDeviceIdentities",
            asks(|seen| count(seen, LossKind::AutopilotDevices)),
        )
        .reply(json!({"value": [{"id": ONE}, {"id": TWO}]}))
        .makes("2")
        .but(But::Paged),
    ]
}

fn others() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/groups",
            "GET https://graph.microsoft.com/v1.0/groups?$select=id&$top=1&$count=true\nconsistencylevel: eventual",
            asks(|seen| count(seen, LossKind::Groups)),
        )
        .what("how many")
        .reply(json!({"@odata.count": 42, "value": [{"id": ONE}]}))
        .makes("42")
        .unread("value")
        .unread("value/id"),
        row(
            Graph,
            "GET /v1.0/applications",
            "GET https://graph.microsoft.com/v1.0/applications?$select=id,appId,signInAudience&$top=999",
            asks(|seen| count(seen, LossKind::Applications)),
        )
        .what("with users of other organizations")
        .reply(json!({"value": [
            {"id": ONE, "appId": ONE, "signInAudience": "AzureADMultipleOrgs"},
            {"id": TWO, "appId": TWO, "signInAudience": "AzureADMyOrg"}]}))
        .makes("2")
        .unread("value/id")
        .unread("value/appId")
        .unread("value/signInAudience")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/servicePrincipals",
            "GET https://graph.microsoft.com/v1.0/servicePrincipals?$select=id,preferredSingleSignOnMode&$top=999",
            asks(|seen| count(seen, LossKind::Applications)),
        )
        .what("with SAML")
        .reply(json!({"value": [
            {"id": ONE, "preferredSingleSignOnMode": "saml"},
            {"id": TWO, "preferredSingleSignOnMode": null}]}))
        .makes("2")
        .unread("value/id")
        .without("value/preferredSingleSignOnMode", "1")
        .but(But::Paged),
        row(
            Graph,
            "GET /v1.0/organization",
            "GET https://graph.microsoft.com/v1.0/organization?$select=verifiedDomains",
            asks(|seen| count(seen, LossKind::CustomDomains)),
        )
        .what("custom domains")
        .reply(json!({"value": [{"verifiedDomains": [
            {"name": "contoso.nl", "isInitial": false},
            {"name": "contoso.onmicrosoft.com", "isInitial": true}]}]}))
        .makes("1"),
    ]
}

fn counts() -> Vec<Row> {
    let line = |date: &str, total: u64| json!({"reportDate": date, "total": total});
    let mailboxes = json!({"value": [line("2026-11-25", 12), line("2026-11-24", 9)]});
    vec![
        row(
            Graph,
            "GET /beta/reports/getMailboxUsageMailboxCounts(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getMailboxUsageMailboxCounts(period='D7')?$format=application/json",
            asks(|seen| count(seen, LossKind::Mailboxes)),
        )
        .reply(mailboxes)
        .makes("12")
        .but(But::Paged),
        row(
            Graph,
            "GET /beta/reports/getOneDriveUsageAccountCounts(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getOneDriveUsageAccountCounts(period='D7')?$format=application/json",
            asks(|seen| count(seen, LossKind::OneDrive)),
        )
        .reply(json!({"value": [
            {"reportDate": "2026-11-25", "siteType": "All", "total": 7},
            {"reportDate": "2026-11-25", "siteType": "OneDrive", "total": 6}]}))
        .makes("7")
        .unread("value/siteType")
        .but(But::Paged),
        row(
            Graph,
            "GET /beta/reports/getSharePointSiteUsageSiteCounts(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getSharePointSiteUsageSiteCounts(period='D7')?$format=application/json",
            asks(|seen| count(seen, LossKind::SharePoint)),
        )
        .reply(json!({"value": [
            {"reportDate": "2026-11-25", "siteType": "All", "total": 5},
            {"reportDate": "2026-11-25", "siteType": "GROUP_0", "total": 3}]}))
        .makes("5")
        .unread("value/siteType")
        .but(But::Paged),
    ]
}

fn sizes() -> Vec<Row> {
    let line = |bytes: u64, site: Option<&str>| {
        let mut line = json!({"reportDate": "2026-11-25", "storageUsedInBytes": bytes});
        if let Some(site) = site {
            line["siteType"] = json!(site);
        }
        line
    };
    vec![
        row(
            Graph,
            "GET /beta/reports/getMailboxUsageStorage(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getMailboxUsageStorage(period='D7')?$format=application/json",
            asks(|seen| size(seen, LossKind::Mailboxes)),
        )
        .reply(json!({"value": [line(1_000, None), {"reportDate": "2026-11-24", "storageUsedInBytes": 900}]}))
        .makes("1000")
        .but(But::Paged),
        row(
            Graph,
            "GET /beta/reports/getOneDriveUsageStorage(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getOneDriveUsageStorage(period='D7')?$format=application/json",
            asks(|seen| size(seen, LossKind::OneDrive)),
        )
        .reply(json!({"value": [line(2_000, Some("All")), line(1_900, Some("OneDrive"))]}))
        .makes("2000")
        .unread("value/siteType")
        .but(But::Paged),
        row(
            Graph,
            "GET /beta/reports/getSharePointSiteUsageStorage(period='{}')",
            "GET https://graph.microsoft.com/beta/reports/getSharePointSiteUsageStorage(period='D7')?$format=application/json",
            asks(|seen| size(seen, LossKind::SharePoint)),
        )
        .reply(json!({"value": [line(3_000, Some("All")), line(100, Some("GROUP_0"))]}))
        .makes("3000")
        .unread("value/siteType")
        .but(But::Paged),
    ]
}
