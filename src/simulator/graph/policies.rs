//! Security defaults and Conditional Access policies. The latter have a lane of their own: one request a second, and a refusal that does not say
//! when to come back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::judge::Actor;
use super::super::tenant::Policy;
use super::super::world::World;
use super::{Answer, Call, listing, unknown};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"];
const WRITE: &[&str] = &["Policy.ReadWrite.ConditionalAccess"];
const DEFAULTS: &[&str] = &[
    "Policy.ReadWrite.SecurityDefaults",
    "Policy.ReadWrite.ConditionalAccess",
];
const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];

/// Whether a call goes through the slow lane.
pub(super) fn slow(call: &Call) -> bool {
    matches!(call.segments.as_slice(), [identity, access, ..] if identity == "identity" && access == "conditionalAccess")
}

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let index = call.caller.tenant;
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["policies", "identitySecurityDefaultsEnforcementPolicy"]) => {
            call.require(READ)?;
            Ok(Reply::json(
                200,
                defaults(call, world.tenants[index].security_defaults),
            ))
        }
        ("PATCH", ["policies", "identitySecurityDefaultsEnforcementPolicy"]) => {
            call.require(DEFAULTS)?;
            let wanted = call.body.get("isEnabled").and_then(Value::as_bool);
            let wanted = wanted
                .ok_or_else(|| Refusal::bad("Invalid value specified for property 'isEnabled'."))?;
            let tenant = &mut world.tenants[index];
            if tenant.security_defaults != wanted {
                tenant.security_defaults = wanted;
                let id = tenant.id;
                world.record(index, "securityDefaultsChanged", id, &call.actor());
            }
            Ok(Reply::empty(204))
        }
        ("GET", ["identity", "conditionalAccess", "policies"]) => {
            call.require(READ)?;
            let rows = world.tenants[index].policies.iter().map(row).collect();
            listing::small(call, "identity/conditionalAccess/policies", rows)
        }
        (_, ["identity", "conditionalAccess", "namedLocations", ..]) => locations(world, call),
        (method, ["identity", "conditionalAccess", "policies", id]) => {
            call.require(if method == "GET" { READ } else { WRITE })?;
            let wanted = Uuid::parse_str(id).ok();
            let found = world.tenants[index]
                .policies
                .iter()
                .position(|one| Some(one.id) == wanted);
            let at = found.ok_or_else(|| Refusal::not_found(id))?;
            one(world, call, at)
        }
        _ => Err(unknown(call)),
    }
}

fn one(world: &mut World, call: &Call, at: usize) -> Answer {
    let index = call.caller.tenant;
    let policies = &mut world.tenants[index].policies;
    let id = policies[at].id;
    match call.method.as_str() {
        "GET" => listing::one(
            call,
            "identity/conditionalAccess/policies",
            row(&policies[at]),
        ),
        "PATCH" => {
            let wanted = call.body["state"].as_str().unwrap_or_default();
            let state = STATES.into_iter().find(|known| *known == wanted);
            let state =
                state.ok_or_else(|| Refusal::bad("1037: The policy's state is not valid."))?;
            policies[at].state = state;
            world.record(index, "policyChanged", id, &call.actor());
            Ok(Reply::empty(204))
        }
        "DELETE" => {
            policies.remove(at);
            world.record(index, "policyDeleted", id, &call.actor());
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

/// The office, where there are policies of Conditional Access: its addresses are trusted, and no policy names it.
fn locations(world: &mut World, call: &Call) -> Answer {
    call.require(if call.method == "GET" { READ } else { WRITE })?;
    let set = "identity/conditionalAccess/namedLocations";
    let index = call.caller.tenant;
    let tenant = &mut world.tenants[index];
    let id = Uuid::new_v5(&tenant.id, b"namedLocation");
    let there = !tenant.policies.is_empty() && !tenant.directory.gone.contains(&id);
    let row = json!({
        "@odata.type": "#microsoft.graph.ipNamedLocation", "id": id, "displayName": "Head office", "isTrusted": true,
        "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24" }],
        "createdDateTime": "2023-05-06T07:08:09Z", "modifiedDateTime": null,
    });
    let parts: Vec<&str> = call.segments.iter().skip(3).map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", []) => listing::small(call, set, there.then_some(row).into_iter().collect()),
        (_, [key]) if !there || !key.eq_ignore_ascii_case(&id.to_string()) => {
            Err(Refusal::not_found(key))
        }
        ("GET", [_]) => listing::one(call, set, row),
        ("DELETE", [_]) => {
            tenant.directory.gone.insert(id);
            world.record(index, "namedLocationDeleted", id, &call.actor());
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(call)),
    }
}

/// Disables one, by whomever.
pub(crate) fn disable_policy(
    world: &mut World,
    index: usize,
    id: &str,
    actor: &Actor,
) -> Result<(), Refusal> {
    let wanted = Uuid::parse_str(id).ok();
    let mut all = world.tenants[index].policies.iter_mut();
    let found = all.find(|one| Some(one.id) == wanted);
    let found = found.ok_or_else(|| Refusal::not_found(id))?;
    found.state = "disabled";
    let id = found.id;
    world.record(index, "policyChanged", id, actor);
    Ok(())
}

fn defaults(call: &Call, enabled: bool) -> Value {
    json!({
        "@odata.context": call.context("policies/identitySecurityDefaultsEnforcementPolicy/$entity"),
        "id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "description": "Baseline protection", "isEnabled": enabled,
    })
}

fn row(one: &Policy) -> Value {
    json!({
        "id": one.id, "displayName": one.name, "state": one.state, "createdDateTime": "2023-05-06T07:08:09Z", "modifiedDateTime": null,
        "conditions": { "users": { "includeUsers": ["All"] }, "applications": { "includeApplications": ["All"] } },
        "grantControls": { "operator": "OR", "builtInControls": ["mfa"] }, "sessionControls": null,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const POLICIES: &str = "/v1.0/identity/conditionalAccess/policies";

    fn world() -> (World, String) {
        let roles = "[Policy.Read.All, Policy.ReadWrite.ConditionalAccess]";
        let mut world = World::test(&format!(
            "tenants: [{{users: 3, securityDefaults: true, conditionalAccessPolicies: 2, closer: {{appRoles: {roles}}}}}]"
        ));
        let token = testing::token(&mut world, 0, false);
        (world, token)
    }

    #[test]
    fn policies_are_switched_off_and_deleted_in_a_slow_lane() {
        let (mut world, token) = world();
        let reply = testing::get(&mut world, &token, POLICIES);
        let rows = reply.value()["value"].as_array().unwrap().clone();
        assert_eq!((rows.len(), &rows[0]["state"]), (2, &json!("enabled")));
        let target = format!("{POLICIES}/{}", rows[0]["id"].as_str().unwrap());
        let off = json!({ "state": "disabled" });
        let hasty = testing::send(&mut world, &token, "PATCH", &target, &off);
        assert_eq!(hasty.status, 429);
        assert!(!hasty.headers.iter().any(|(name, _)| name == "Retry-After"));
        for (method, body, status) in [
            ("PATCH", &off, 204),
            ("PATCH", &json!({ "state": "off" }), 400),
            ("DELETE", &Value::Null, 204),
            ("DELETE", &Value::Null, 404),
        ] {
            world.clock.pass(1000);
            assert_eq!(
                testing::send(&mut world, &token, method, &target, body).status,
                status
            );
        }
        assert_eq!(world.tenants[0].policies.len(), 1);
    }

    #[test]
    fn security_defaults_are_read_and_changed() {
        let (mut world, token) = world();
        let target = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
        assert_eq!(
            testing::get(&mut world, &token, target).value()["isEnabled"],
            true
        );
        let off = json!({ "isEnabled": false });
        assert_eq!(
            testing::send(&mut world, &token, "PATCH", target, &off).status,
            204
        );
        assert_eq!(
            testing::get(&mut world, &token, target).value()["isEnabled"],
            false
        );
        let reader = testing::token(&mut world, 0, true);
        assert_eq!(
            testing::send(&mut world, &reader, "PATCH", target, &off).status,
            403
        );
    }

    #[test]
    fn the_named_location_is_listed_and_deleted() {
        let (mut world, token) = world();
        let target = "/v1.0/identity/conditionalAccess/namedLocations";
        let listed = testing::get(&mut world, &token, target);
        let id = listed.value()["value"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let one = format!("{target}/{id}");
        for status in [204, 404] {
            world.clock.pass(1000);
            let reply = testing::send(&mut world, &token, "DELETE", &one, &Value::Null);
            assert_eq!(reply.status, status);
        }
    }
}
