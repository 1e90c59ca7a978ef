//! Azure Resource Manager: billing accounts, Azure subscriptions, and directories that are Azure resources.

pub(super) mod azure;
pub(super) mod billing;
pub(super) mod billing_rights;
pub(super) mod directory;
pub(super) mod domain_services;
pub(super) mod operation;
pub(super) mod rights;

use super::clouds::Service;
use super::failure::Failure;
use super::wire::Line;
use url::Url;

/// A URL from an ARM id: an absolute path of plain segments, nothing else. `Malformed` for anything that could lead away.
fn resource_url(line: &Line<'_>, resource: &str, version: &str) -> Result<Url, Failure> {
    let wrong = || Failure::unsendable("NoResourceId");
    let path = resource.strip_prefix('/').ok_or_else(wrong)?;
    let plain = |segment: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.:~()".contains(c);
        !matches!(segment, "" | "." | "..") && segment.chars().all(good)
    };
    let segments: Vec<&str> = path.split('/').collect();
    if !segments.iter().all(|segment| plain(segment)) {
        return Err(wrong());
    }
    line.url(Service::Arm, &segments, &[("api-version", version)])
}
