//! Which properties the objects have in Graph's v1.0 metadata, and how their names are written: clients send them in any case. What an object has
//! and the simulator does not hold is null, or empty where it is a list.

use serde_json::{Map, Value, json};

use super::super::errors::Refusal;

/// `microsoft.graph.user`, without what lives in another service.
const USER: &str = "accountEnabled ageGroup assignedLicenses assignedPlans authorizationInfo businessPhones city companyName consentProvidedForMinor \
    country createdDateTime creationType customSecurityAttributes deletedDateTime department displayName employeeHireDate employeeId \
    employeeLeaveDateTime employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber givenName id identities \
    imAddresses isManagementRestricted isResourceAccount jobTitle lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates mail \
    mailNickname mobilePhone officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId \
    onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled \
    onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile postalCode preferredDataLocation preferredLanguage provisionedPlans \
    proxyAddresses securityIdentifier serviceProvisioningErrors showInAddressList signInActivity signInSessionsValidFromDateTime state streetAddress \
    surname usageLocation userPrincipalName userType";
const GROUP: &str = "allowExternalSenders assignedLabels assignedLicenses autoSubscribeNewMembers classification createdDateTime deletedDateTime \
    description displayName expirationDateTime groupTypes hasMembersWithLicenseErrors hideFromAddressLists hideFromOutlookClients id isArchived \
    isAssignableToRole isManagementRestricted isSubscribedByMail licenseProcessingState mail mailEnabled mailNickname membershipRule \
    membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors \
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses renewedDateTime \
    resourceBehaviorOptions resourceProvisioningOptions securityEnabled securityIdentifier serviceProvisioningErrors theme uniqueName unseenCount \
    visibility";
const APPLICATION: &str = "addIns api appId appRoles applicationTemplateId authenticationBehaviors certification createdDateTime \
    defaultRedirectUri deletedDateTime description disabledByMicrosoftStatus displayName groupMembershipClaims id identifierUris info \
    isDeviceOnlyAuthSupported isFallbackPublicClient keyCredentials logo nativeAuthenticationApisEnabled notes oauth2RequirePostResponse \
    optionalClaims parentalControlSettings passwordCredentials publicClient publisherDomain requestSignatureVerification requiredResourceAccess \
    samlMetadataUrl serviceManagementReference servicePrincipalLockConfiguration signInAudience spa tags tokenEncryptionKeyId uniqueName \
    verifiedPublisher web";
const PRINCIPAL: &str = "accountEnabled addIns alternativeNames appDescription appDisplayName appId appOwnerOrganizationId \
    appRoleAssignmentRequired appRoles applicationTemplateId customSecurityAttributes deletedDateTime description disabledByMicrosoftStatus \
    displayName homepage id info keyCredentials loginUrl logoutUrl notes notificationEmailAddresses oauth2PermissionScopes passwordCredentials \
    preferredSingleSignOnMode preferredTokenSigningKeyThumbprint replyUrls resourceSpecificApplicationPermissions samlSingleSignOnSettings \
    servicePrincipalNames servicePrincipalType signInAudience tags tokenEncryptionKeyId verifiedPublisher";
const DEVICE: &str = "accountEnabled alternativeSecurityIds approximateLastSignInDateTime complianceExpirationDateTime deletedDateTime \
    deviceCategory deviceId deviceMetadata deviceOwnership deviceVersion displayName enrollmentProfileName enrollmentType id isCompliant isManaged \
    isManagementRestricted isRooted managementType manufacturer mdmAppId model onPremisesLastSyncDateTime onPremisesSecurityIdentifier \
    onPremisesSyncEnabled operatingSystem operatingSystemVersion physicalIds profileType registrationDateTime systemLabels trustType";
const UNIT: &str = "deletedDateTime description displayName id isMemberManagementRestricted membershipRule membershipRuleProcessingState \
    membershipType visibility";
const DOMAIN: &str = "authenticationType availabilityStatus id isAdminManaged isDefault isInitial isRoot isVerified manufacturer model \
    passwordNotificationWindowInDays passwordValidityPeriodInDays state supportedServices";
const ORGANIZATION: &str = "assignedPlans businessPhones city country countryLetterCode createdDateTime defaultUsageLocation deletedDateTime \
    displayName id marketingNotificationEmails mobileDeviceManagementAuthority onPremisesLastSyncDateTime onPremisesSyncEnabled partnerTenantType \
    postalCode preferredLanguage privacyProfile provisionedPlans securityComplianceNotificationMails securityComplianceNotificationPhones state street \
    technicalNotificationMails tenantType verifiedDomains";

/// Properties that are lists.
const LISTS: &str = "addIns alternativeNames alternativeSecurityIds appRoles assignedLabels assignedLicenses assignedPlans authenticationBehaviors \
    businessPhones groupTypes identifierUris identities imAddresses keyCredentials licenseAssignmentStates notificationEmailAddresses \
    oauth2PermissionScopes onPremisesProvisioningErrors otherMails passwordCredentials physicalIds provisionedPlans proxyAddresses replyUrls \
    requiredResourceAccess resourceBehaviorOptions resourceProvisioningOptions resourceSpecificApplicationPermissions serviceProvisioningErrors \
    servicePrincipalNames supportedServices systemLabels tags";

/// Properties that can be asked for in a filter and are true or false, whatever has them.
const FLAGS: &str = "accountEnabled appRoleAssignmentRequired isAssignableToRole isCompliant isManaged isManagementRestricted \
    isResourceAccount isRooted mailEnabled onPremisesSyncEnabled securityEnabled showInAddressList";

/// Whether a property is true or false.
pub(super) fn is_flag(name: &str) -> bool {
    let mut all = FLAGS.split_whitespace();
    all.any(|known| known.eq_ignore_ascii_case(name))
}

/// The type behind a set, and its properties.
fn of(set: &str) -> Option<(&'static str, &'static str)> {
    Some(match set {
        "users" => ("user", USER),
        "groups" => ("group", GROUP),
        "applications" => ("application", APPLICATION),
        "servicePrincipals" => ("servicePrincipal", PRINCIPAL),
        "devices" => ("device", DEVICE),
        "directory/administrativeUnits" => ("administrativeUnit", UNIT),
        "domains" => ("domain", DOMAIN),
        "organization" => ("organization", ORGANIZATION),
        _ => return None,
    })
}

/// How Graph writes a property of the objects in a set; `None`: they have none of that name.
pub(super) fn canonical(set: &str, name: &str) -> Option<&'static str> {
    let (_, all) = of(set)?;
    all.split_whitespace()
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the objects in a set have it, of which some show the properties in `there`. Of a set of several types nobody knows.
pub(super) fn has(set: &str, name: &str, there: &[&str]) -> bool {
    let unknown = set == "directoryObjects" || (of(set).is_none() && there.is_empty());
    let shown = there.iter().any(|known| known.eq_ignore_ascii_case(name));
    unknown || shown || canonical(set, name).is_some()
}

/// What a property is that nothing is known of.
pub(super) fn empty(name: &str) -> Value {
    if LISTS.split_whitespace().any(|list| list == name) {
        json!([])
    } else {
        Value::Null
    }
}

pub(super) fn missing(set: &str, name: &str) -> Refusal {
    let kind = of(set).map_or("directoryObject", |(kind, _)| kind);
    Refusal::bad(format!(
        "Could not find a property named '{name}' on type 'microsoft.graph.{kind}'."
    ))
}

/// Keeps the selected properties only, and what says of which type the object is.
pub(super) fn project(set: &str, row: Value, select: Option<&[String]>) -> Result<Value, Refusal> {
    let (Some(names), Value::Object(all)) = (select, &row) else {
        return Ok(row);
    };
    let mut kept: Map<String, Value> = all
        .iter()
        .filter(|(key, _)| key.starts_with("@odata."))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for name in names {
        if let Some((key, value)) = all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            kept.insert(key.clone(), value.clone());
        } else if let Some(known) = canonical(set, name) {
            kept.insert(known.to_owned(), empty(known));
        } else if of(set).is_some() {
            return Err(missing(set, name));
        }
    }
    Ok(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_any_case_and_told_as_graph_writes_them() {
        let row = json!({ "@odata.type": "#microsoft.graph.group", "id": "1", "displayName": "Sales", "mail": null });
        let select = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let told = project(
            "groups",
            row.clone(),
            Some(&select(&["Id", "DISPLAYNAME", "theme", "ProxyAddresses"])),
        );
        let wanted = json!({ "@odata.type": "#microsoft.graph.group", "id": "1", "displayName": "Sales", "theme": null, "proxyAddresses": [] });
        assert_eq!(told.unwrap(), wanted);
        let refused = project("groups", row.clone(), Some(&select(&["skuId"])));
        assert_eq!(refused.unwrap_err().status, 400);
        let several = project("directoryObjects", row, Some(&select(&["id", "skuId"])));
        assert_eq!(several.unwrap().as_object().unwrap().len(), 2);
    }
}
