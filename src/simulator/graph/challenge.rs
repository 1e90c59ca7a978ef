//! Protected actions: what a Conditional Access policy lets nobody do without another sign-in.

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::scenario::Behaviour;
use super::Call;

/// What is asked for: the authentication context `c1`.
const CLAIMS: &str = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19""#;

/// The refusal, where the scenario protects what is asked for: changes of Conditional Access policies, and permanent deletions
/// (<https://learn.microsoft.com/entra/identity/role-based-access-control/protected-actions-overview>).
pub(super) fn of(behaviour: &Behaviour, call: &Call) -> Option<Refusal> {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let protected = match (call.method.as_str(), parts.as_slice()) {
        ("PATCH" | "DELETE" | "POST", ["identity", "conditionalAccess", ..])
        | ("DELETE", ["directory", "deletedItems", ..]) => behaviour.protected_actions,
        _ => false,
    };
    let text = "The client does not satisfy the authentication context that this action needs.";
    protected.then(|| Refusal::new(403, "insufficient_claims", text))
}

/// What the refusal asks the client for.
pub(super) fn asks(refused: Reply) -> Reply {
    refused.with("WWW-Authenticate", CLAIMS)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::super::super::world::World;
    use serde_json::{Value, json};

    #[test]
    fn what_is_protected_asks_for_another_sign_in() {
        for (protected, statuses) in [(true, [403, 403, 204]), (false, [204, 204, 204])] {
            let mut world = World::test(&format!(
                "tenants: [{{users: 3, applications: 1, conditionalAccessPolicies: 1, behaviour: {{protectedActions: {protected}}},
                  closer: {{appRoles: [Policy.ReadWrite.ConditionalAccess, Application.ReadWrite.All, User.ReadWrite.All]}}}}]"
            ));
            let token = testing::token(&mut world, 0, false);
            let application = world.tenants[0].applications[0].id;
            let away = format!("/v1.0/applications/{application}");
            let reply = testing::send(&mut world, &token, "DELETE", &away, &Value::Null);
            assert_eq!(reply.status, 204);
            let policy = world.tenants[0].policies[0].id;
            let user = world.tenants[0].user_id(0).unwrap();
            let asked = [
                (
                    "PATCH",
                    format!("/v1.0/identity/conditionalAccess/policies/{policy}"),
                ),
                (
                    "DELETE",
                    format!("/v1.0/directory/deletedItems/{application}"),
                ),
                ("DELETE", format!("/v1.0/users/{user}")),
            ];
            for ((method, target), status) in asked.into_iter().zip(statuses) {
                let body = json!({ "state": "disabled" });
                let reply = testing::send(&mut world, &token, method, &target, &body);
                assert_eq!(reply.status, status, "{method} {target}");
                let challenged = reply.headers.iter().any(|(name, value)| {
                    name == "WWW-Authenticate" && value.contains("insufficient_claims")
                });
                assert_eq!(challenged, status == 403);
            }
        }
    }
}
