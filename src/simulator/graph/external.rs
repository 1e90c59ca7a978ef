//! What only a directory for customers has: user flows, identity providers, custom policies and policy keys.

use serde_json::{Value, json};

use super::super::world::World;
use super::{Answer, Call, listing, unknown};

const EXTERNAL_ID: &str = "CIAM";
pub(super) const B2C: &str = "AAD B2C";

pub(super) fn route(world: &World, call: &Call) -> Answer {
    let tenant = &world.tenants[call.caller.tenant];
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let of = |kind: &str, number: u32| if tenant.kind == kind { number } else { 0 };
    let there = &tenant.external;
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["identity", "identityProviders"]) => {
            call.require(&[
                "IdentityProvider.Read.All",
                "IdentityProvider.ReadWrite.All",
            ])?;
            let built_in = json!({
                "@odata.type": "#microsoft.graph.builtInIdentityProvider", "id": "EmailOtpSignup-OAUTH",
                "displayName": "Email One Time Passcode", "identityProviderType": "EmailOTP",
            });
            let social = named("Facebook-OAUTH", there.identity_providers).map(|mut row| {
                row["@odata.type"] = json!("#microsoft.graph.socialIdentityProvider");
                row
            });
            let rows = [built_in].into_iter().chain(social);
            listing::small(call, "identity/identityProviders", rows.collect())
        }
        ("GET", ["identity", "authenticationEventsFlows"]) => {
            call.require(&["EventListener.Read.All", "EventListener.ReadWrite.All"])?;
            let rows = named("flow", of(EXTERNAL_ID, there.user_flows));
            listing::small(call, "identity/authenticationEventsFlows", rows.collect())
        }
        ("GET", ["identity", "b2cUserFlows"]) if call.beta => {
            call.require(&[
                "IdentityUserFlow.Read.All",
                "IdentityUserFlow.ReadWrite.All",
            ])?;
            let rows = named("B2C_1_flow", of(B2C, there.user_flows));
            listing::small(call, "identity/b2cUserFlows", rows.collect())
        }
        ("GET", ["trustFramework", "policies"]) if call.beta => {
            call.require(&["Policy.Read.All", "Policy.ReadWrite.TrustFramework"])?;
            let rows = named("B2C_1A_policy", of(B2C, there.custom_policies));
            listing::small(call, "trustFramework/policies", rows.collect())
        }
        ("GET", ["trustFramework", "keySets"]) if call.beta => {
            call.require(&[
                "TrustFrameworkKeySet.Read.All",
                "TrustFrameworkKeySet.ReadWrite.All",
            ])?;
            let rows = named("B2C_1A_key", of(B2C, there.policy_keys));
            listing::small(call, "trustFramework/keySets", rows.collect())
        }
        _ => Err(unknown(call)),
    }
}

fn named(name: &str, number: u32) -> impl Iterator<Item = Value> {
    (1..=number).map(move |one| json!({ "id": format!("{name}{one}") }))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn each_kind_of_directory_shows_its_own_to_whoever_may_see_it() {
        let external = "{userFlows: 2, identityProviders: 1, customPolicies: 3, policyKeys: 4}";
        let mut world = World::test(&format!(
            "tenants: [{{users: 1, tenantType: CIAM, external: {external}}}, {{users: 1, tenantType: AAD B2C, external: {external}}}, \
             {{users: 1, tenantType: CIAM, closer: {{appRoles: [Organization.Read.All]}}}}]"
        ));
        let tokens = [0, 1, 2].map(|index| testing::token(&mut world, index, false));
        let mut rows = |token: &str, target: &str| {
            let reply = testing::get(&mut world, token, target);
            reply.value()["value"]
                .as_array()
                .map(Vec::len)
                .ok_or(reply.status)
        };
        for (target, external_id, b2c) in [
            ("/v1.0/identity/identityProviders", 2, 2),
            ("/v1.0/identity/authenticationEventsFlows", 2, 0),
            ("/beta/identity/b2cUserFlows", 0, 2),
            ("/beta/trustFramework/policies", 0, 3),
            ("/beta/trustFramework/keySets", 0, 4),
        ] {
            assert_eq!(rows(&tokens[0], target), Ok(external_id), "{target}");
            assert_eq!(rows(&tokens[1], target), Ok(b2c), "{target}");
            assert_eq!(rows(&tokens[2], target), Err(403), "{target}");
        }
        assert_eq!(rows(&tokens[1], "/v1.0/identity/b2cUserFlows"), Err(400));
    }
}
