//! What a Graph request costs in resource units and writes.

use super::super::throttle::Cost;
use super::{Call, is_reading};

/// In a directory of Azure AD B2C (`b2c`) a user costs four units more to create.
pub(super) fn of(call: &Call, b2c: bool) -> Cost {
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
        (
            "GET",
            [
                "users" | "me" | "applications" | "oauth2PermissionGrants",
                ..,
            ],
        ) => (2, 0),
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
        ("POST", ["users"]) if b2c => (5, 1),
        (method, _) if is_reading(method) => (1, 0),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::testing;
    use super::super::super::world::World;

    fn units(world: &mut World, method: &str, target: &str, body: &Value) -> String {
        let token = testing::token(world, 0, false);
        let reply = testing::send(world, &token, method, target, body);
        let mut all = reply.headers.into_iter();
        let found = all.find(|(name, _)| name == "x-ms-resource-unit");
        found.unwrap().1
    }

    #[test]
    fn a_user_costs_more_to_create_where_customers_sign_up() {
        for (kind, cost) in [("AAD", "1"), ("AAD B2C", "5")] {
            let mut world = World::test(&format!("tenants: [{{users: 3, tenantType: {kind}}}]"));
            assert_eq!(units(&mut world, "POST", "/v1.0/users", &json!({})), cost);
            assert_eq!(units(&mut world, "GET", "/v1.0/users", &Value::Null), "2");
        }
    }

    #[test]
    fn what_only_asks_writes_nothing() {
        let mut world = World::test("tenants: [{users: 3}]");
        world.throttle = super::super::super::throttle::Throttle::new(0.01);
        let reader = testing::token(&mut world, 0, true);
        // More than the thirty writes that there would be, and no more than the units.
        for _ in 0..16 {
            for method in ["HEAD", "OPTIONS"] {
                let reply = testing::send(&mut world, &reader, method, "/v1.0/users", &Value::Null);
                assert_eq!(reply.status, 405);
            }
        }
        assert!(world.judge.violations.is_empty());
    }
}
