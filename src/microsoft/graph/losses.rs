//! What dies with the tenant, counted: one request for each number, but for listings that Graph does not count.

use super::organization::is_custom;
use super::{BETA, PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::closure::loss::{Loss, LossKind};
use crate::closure::observation::Why;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging::{all, each_page};
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use serde::Deserialize;

/// Every kind that Graph knows, once; what cannot be counted says why. Nothing is kept of it but numbers.
pub(in crate::microsoft) async fn list(line: &Line<'_>) -> Vec<Loss> {
    let (mailboxes, drives, sites, managed, autopilot, applications, groups, domains) = tokio::join!(
        used(
            line,
            LossKind::Mailboxes,
            ["getMailboxUsageMailboxCounts", "getMailboxUsageStorage"]
        ),
        used(
            line,
            LossKind::OneDrive,
            ["getOneDriveUsageAccountCounts", "getOneDriveUsageStorage"]
        ),
        used(
            line,
            LossKind::SharePoint,
            [
                "getSharePointSiteUsageSiteCounts",
                "getSharePointSiteUsageStorage"
            ]
        ),
        managed_devices(line),
        autopilot_devices(line),
        applications(line),
        groups(line),
        custom_domains(line),
    );
    let counted = [
        (LossKind::IntuneDevices, managed),
        (LossKind::AutopilotDevices, autopilot),
        (LossKind::Applications, applications),
        (LossKind::Groups, groups),
        (LossKind::CustomDomains, domains),
    ];
    let counted = counted.map(|(kind, count)| Loss::counted(kind, told(count)));
    [mailboxes, drives, sites]
        .into_iter()
        .chain(counted)
        .collect()
}

fn told(read: Result<u64, Failure>) -> Result<u64, Why> {
    read.map_err(|failure| failure.why())
}

/// A kind of which two usage reports tell the number and the size.
async fn used(line: &Line<'_>, kind: LossKind, [counts, storage]: [&str; 2]) -> Loss {
    let (count, bytes) = tokio::join!(
        report(line, counts, |usage| usage.total),
        report(line, storage, |usage| usage.storage_used_in_bytes),
    );
    Loss {
        bytes: Some(told(bytes)),
        ..Loss::counted(kind, told(count))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    report_date: String,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    storage_used_in_bytes: Option<u64>,
    #[serde(default)]
    site_type: Option<String>,
}

/// `GET beta/reports/…?$format=application/json`: the stable version answers with a redirect, which is never followed.
/// Sources: graph/api/reportroot-getmailboxusagemailboxcounts, …-getonedriveusageaccountcounts,
/// …-getsharepointsiteusagesitecounts; `storageUsedInBytes` on …-getmailboxusagestorage, …-getonedriveusagestorage,
/// …-getsharepointsiteusagestorage. The worldwide cloud alone is asked; a report without a line tells nothing.
async fn report(
    line: &Line<'_>,
    name: &str,
    figure: fn(&Usage) -> Option<u64>,
) -> Result<u64, Failure> {
    let call = format!("{name}(period='D7')");
    let query = [("$format", "application/json")];
    let url = line.url(Service::Graph, &[BETA, "reports", &call], &query)?;
    let lines: Vec<Usage> = all(line, Service::Graph, url).await?;
    let whole = |one: &&Usage| one.site_type.as_deref().is_none_or(|of| of == "All");
    let newest = lines
        .iter()
        .filter(whole)
        .max_by(|one, other| one.report_date.cmp(&other.report_date));
    newest
        .and_then(figure)
        .ok_or_else(|| Failure::malformed("EmptyReport"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Overview {
    enrolled_device_count: u64,
}

/// `GET /deviceManagement/managedDeviceOverview` (graph/api/intune-devices-manageddeviceoverview-get).
async fn managed_devices(line: &Line<'_>) -> Result<u64, Failure> {
    let path = [STABLE, "deviceManagement", "managedDeviceOverview"];
    let url = line.url(Service::Graph, &path, &[])?;
    let found: Overview = line.get(Service::Graph, url).await?;
    Ok(found.enrolled_device_count)
}

#[derive(Deserialize)]
struct Device {
    #[serde(rename = "id")]
    _id: String,
}

/// `GET /deviceManagement/windowsAutopilotDeviceIdentities`, to its end
/// (graph/api/intune-enrollment-windowsautopilotdeviceidentity-list).
async fn autopilot_devices(line: &Line<'_>) -> Result<u64, Failure> {
    let devices = "windowsAutopilotDeviceIdentities";
    let url = line.url(Service::Graph, &[STABLE, "deviceManagement", devices], &[])?;
    let mut count = 0;
    each_page(line, Service::Graph, url, |page: Vec<Device>| {
        count += page.len() as u64;
    })
    .await?;
    Ok(count)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    #[serde(default)]
    app_id: Option<ObjectId>,
    #[serde(default)]
    sign_in_audience: Option<String>,
    #[serde(default)]
    preferred_single_sign_on_mode: Option<String>,
}

/// Registrations with an audience outside (`signInAudience`; one that is missing is taken for such), and service
/// principals that sign in by SAML (`preferredSingleSignOnMode`). Our own is not counted.
/// Sources: graph/api/application-list, serviceprincipal-list.
async fn applications(line: &Line<'_>) -> Result<u64, Failure> {
    let own = line.wire.tokens.app_id();
    let mut count = 0;
    let query = [("$select", "id,appId,signInAudience"), ("$top", PAGE)];
    let url = line.url(Service::Graph, &[STABLE, "applications"], &query)?;
    each_page(line, Service::Graph, url, |page: Vec<Application>| {
        let outside = |one: &&Application| {
            one.app_id != Some(own) && one.sign_in_audience.as_deref() != Some("AzureADMyOrg")
        };
        count += page.iter().filter(outside).count() as u64;
    })
    .await?;
    let query = [("$select", "id,preferredSingleSignOnMode"), ("$top", PAGE)];
    let url = line.url(Service::Graph, &[STABLE, "servicePrincipals"], &query)?;
    each_page(line, Service::Graph, url, |page: Vec<Application>| {
        let mode =
            |one: &&Application| one.preferred_single_sign_on_mode.as_deref() == Some("saml");
        count += page.iter().filter(mode).count() as u64;
    })
    .await?;
    Ok(count)
}

#[derive(Deserialize)]
struct Counted {
    #[serde(rename = "@odata.count")]
    count: u64,
}

/// `GET /groups?$count=true` with `ConsistencyLevel: eventual` (graph/api/group-list, graph/aad-advanced-queries).
async fn groups(line: &Line<'_>) -> Result<u64, Failure> {
    let query = [("$select", "id"), ("$top", "1"), ("$count", "true")];
    let url = line.url(Service::Graph, &[STABLE, "groups"], &query)?;
    let call = Call {
        eventual: true,
        ..Call::get(url)
    };
    let found: Counted = line.read(Service::Graph, &call).await?.json()?;
    Ok(found.count)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    verified_domains: Vec<Domain>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    name: String,
    is_initial: bool,
}

/// The verified domains of `GET /organization` (graph/api/organization-list) but those under `onmicrosoft.*`, which are
/// Microsoft's own.
async fn custom_domains(line: &Line<'_>) -> Result<u64, Failure> {
    let query = [("$select", "verifiedDomains")];
    let url = line.url(Service::Graph, &[STABLE, "organization"], &query)?;
    let found: Vec<Organization> = all(line, Service::Graph, url).await?;
    let [one] = found.as_slice() else {
        return Err(Failure::malformed("NotOneOrganization"));
    };
    let custom = |domain: &&Domain| is_custom(&domain.name, domain.is_initial);
    Ok(one.verified_domains.iter().filter(custom).count() as u64)
}
