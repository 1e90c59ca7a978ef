//! What a Graph request costs in resource units and writes.

use super::super::throttle::Cost;
use super::Call;

pub(super) fn of(call: &Call) -> Cost {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let get = call.method == "GET";
    let select = call.query.get("$select").is_some();
    let (mut units, writes): (i32, u32) = match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["directoryObjects", "getByIds"]) => {
            return Cost {
                units: if select || call.body.get("$select").is_some() {
                    2
                } else {
                    5
                },
                writes: 0,
            };
        }
        ("GET", ["users" | "applications" | "oauth2PermissionGrants", ..]) => (2, 0),
        ("GET", ["subscribedSkus" | "contracts"] | ["groups", _, "members"]) => (3, 0),
        ("GET", ["groups", _, "transitiveMembers"]) => (5, 0),
        ("GET", ["domains", _, "domainNameReferences"])
        | (
            "POST",
            [
                ..,
                "isMemberOf" | "checkMemberObjects" | "checkMemberGroups",
            ],
        ) => (4, 0),
        ("GET", _) => (1, 0),
        _ => (1, 1),
    };
    if get && select {
        units -= 1;
    }
    if get && call.query.get("$expand").is_some() {
        units += 1;
    }
    if get
        && call
            .query
            .get("$top")
            .and_then(|top| top.parse::<u32>().ok())
            .is_some_and(|top| top < 20)
    {
        units -= 1;
    }
    Cost {
        units: u32::try_from(units.max(1)).unwrap_or(1),
        writes,
    }
}
