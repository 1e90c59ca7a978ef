//! What dies with the tenant: devices, usage reports.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::exchange::Reply;
use super::super::world::World;
use super::{Answer, Call, listing, unknown};

pub(super) fn route(world: &World, call: &Call) -> Answer {
    if call.method != "GET" {
        return Err(unknown(call));
    }
    let tenant = &world.tenants[call.caller.tenant];
    let lost = &tenant.losses;
    let objects = |kind: &str, count: u32| -> Vec<Value> {
        (0..count)
            .map(|n| json!({ "id": Uuid::new_v5(&tenant.id, format!("{kind}{n}").as_bytes()) }))
            .collect()
    };
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["deviceManagement", "managedDeviceOverview"] => {
            call.require(&["DeviceManagementManagedDevices.Read.All"])?;
            let told = json!({ "id": tenant.id, "enrolledDeviceCount": lost.intune_devices, "mdmEnrolledCount": lost.intune_devices, "dualEnrolledDeviceCount": 0 });
            Ok(Reply::json(200, told))
        }
        ["deviceManagement", "windowsAutopilotDeviceIdentities"] => {
            call.require(&["DeviceManagementServiceConfig.Read.All"])?;
            let set = "deviceManagement/windowsAutopilotDeviceIdentities";
            listing::small(call, set, objects("autopilot", lost.autopilot_devices))
        }
        ["reports", name, period] if period.starts_with("period=D") => {
            call.require(&["Reports.Read.All"])?;
            let (total, site_type) = match *name {
                "getMailboxUsageMailboxCounts" => (lost.mailboxes.into(), None),
                "getMailboxUsageStorage" => (lost.mailbox_bytes, None),
                "getOneDriveUsageAccountCounts" => (lost.one_drive_accounts.into(), Some("All")),
                "getOneDriveUsageStorage" => (lost.one_drive_bytes, Some("All")),
                "getSharePointSiteUsageSiteCounts" => (lost.share_point_sites.into(), Some("All")),
                "getSharePointSiteUsageStorage" => (lost.share_point_bytes, Some("All")),
                _ => return Err(unknown(call)),
            };
            if !call.beta || call.query.get("$format") != Some("application/json") {
                let place = format!("https://reports.office.com/{name}.csv");
                return Ok(Reply::empty(302).with("Location", place));
            }
            let row = |date: &str, total: u64| {
                let mut row = json!({ "reportRefreshDate": "2026-09-30", "reportDate": date, "reportPeriod": "7" });
                if name.ends_with("Storage") {
                    row["storageUsedInBytes"] = json!(total);
                } else {
                    row["total"] = json!(total);
                    row["active"] = json!(total / 2);
                }
                if let Some(of) = site_type {
                    row["siteType"] = json!(of);
                }
                row
            };
            // The newest first, as Microsoft gives them; what was there the day before tells nothing.
            let rows = vec![row("2026-09-30", total), row("2026-09-29", total + 3)];
            listing::small(call, "reports", rows)
        }
        _ => Err(unknown(call)),
    }
}
