//! The fixed words of Graph's paths: clients write them in any case.

const WORDS: &[&str] = &[
    "$batch",
    "$count",
    "$ref",
    "administrativeUnits",
    "applications",
    "assignLicense",
    "authentication",
    "authenticationEventsFlows",
    "b2cUserFlows",
    "conditionalAccess",
    "deletedItems",
    "delta",
    "deviceManagement",
    "devices",
    "directory",
    "directoryObjects",
    "directoryRoles",
    "domainNameReferences",
    "domains",
    "emailMethods",
    "externalAuthenticationMethods",
    "fido2Methods",
    "findTenantInformationByTenantId",
    "forceDelete",
    "getByIds",
    "getMailboxUsageMailboxCounts",
    "getMailboxUsageStorage",
    "getOneDriveUsageAccountCounts",
    "getOneDriveUsageStorage",
    "getSharePointSiteUsageSiteCounts",
    "getSharePointSiteUsageStorage",
    "groups",
    "identity",
    "identityProviders",
    "identitySecurityDefaultsEnforcementPolicy",
    "keySets",
    "licenseDetails",
    "managedDeviceOverview",
    "me",
    "memberOf",
    "members",
    "methods",
    "microsoftAuthenticatorMethods",
    "multiTenantOrganization",
    "namedLocations",
    "oauth2PermissionGrants",
    "onPremisesSynchronization",
    "organization",
    "passwordMethods",
    "phoneMethods",
    "platformCredentialMethods",
    "policies",
    "reports",
    "requirements",
    "restore",
    "revokeSignInSessions",
    "roleAssignments",
    "roleAssignmentScheduleInstances",
    "roleDefinitions",
    "roleEligibilityScheduleInstances",
    "roleEligibilitySchedules",
    "roleManagement",
    "servicePrincipals",
    "softwareOathMethods",
    "subscribedSkus",
    "subscriptions",
    "temporaryAccessPassMethods",
    "tenantRelationships",
    "tenants",
    "transitiveMembers",
    "trustFramework",
    "users",
    "windowsAutopilotDeviceIdentities",
    "windowsHelloForBusinessMethods",
];

/// Types that a path is cast to, without `microsoft.`, which may be left out.
const CASTS: &[&str] = &[
    "graph.administrativeUnit",
    "graph.application",
    "graph.device",
    "graph.group",
    "graph.servicePrincipal",
    "graph.user",
];

/// What objects are named by besides their id: `appId=…`.
const KEYS: &[&str] = &[
    "appId",
    "commerceSubscriptionId",
    "deviceId",
    "period",
    "roleTemplateId",
    "tenantId",
];

/// The parts of a path as Graph writes them.
pub(super) fn canonical(segments: Vec<String>) -> Vec<String> {
    segments.into_iter().map(word).collect()
}

fn word(text: String) -> String {
    let same = |known: &&&str| known.eq_ignore_ascii_case(&text);
    if let Some(known) = WORDS.iter().find(same) {
        return (*known).to_owned();
    }
    if let Some((key, value)) = text.split_once('=') {
        let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
        return known.map_or_else(|| text.clone(), |known| format!("{known}={value}"));
    }
    let lower = text.to_ascii_lowercase();
    let short = lower.strip_prefix("microsoft.").unwrap_or(&lower);
    let cast = CASTS.iter().find(|known| known.eq_ignore_ascii_case(short));
    cast.map_or(text, |known| format!("microsoft.{known}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::exchange::segments;
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_names_stay() {
        let told = |path: &str| canonical(segments(path)).join("/");
        for (path, wanted) in [
            ("/directory/deleteditems", "directory/deletedItems"),
            (
                "/directory/deletedItems/Graph.User",
                "directory/deletedItems/microsoft.graph.user",
            ),
            ("/ServicePrincipals(AppId='x')", "servicePrincipals/appId=x"),
            (
                "/Users/Anna@Contoso.nl/RevokeSignInSessions",
                "users/Anna@Contoso.nl/revokeSignInSessions",
            ),
        ] {
            assert_eq!(told(path), wanted);
        }
    }

    /// Each word that a route of this folder matches is on the list.
    #[test]
    fn no_word_of_a_route_is_missing() {
        let routes = include_str!("mod.rs");
        let table = routes.split("fn route(").nth(1).unwrap();
        let table = table.split("\n}").next().unwrap();
        let quoted = table.split('"').skip(1).step_by(2);
        for text in quoted.filter(|text| text.chars().all(char::is_alphanumeric)) {
            let upper = text.to_uppercase();
            let verb = ["GET", "HEAD", "OPTIONS", "BadRequest", "BAD"].contains(&text);
            assert!(verb || word(upper) == text, "{text}");
        }
    }
}
