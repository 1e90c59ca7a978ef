//! Every call that the client makes, one line each: nothing else that writes is ever sent, and
//! `docs/reference/microsoft-calls.md` is written from it.

use super::clouds::Service;
use super::features::{Feature, offers};
use crate::closure::terms::Cloud;
use std::fmt::Write as _;

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which service.
    pub service: Service,
    /// HTTP method.
    pub method: &'static str,
    /// The path; `{}` stands for an id or a name.
    pub path: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// The least application permission, or role, that it takes.
    pub permission: &'static str,
    /// What it costs of the quota: resource units, and writes where it is one.
    pub cost: &'static str,
    /// The page of learn.microsoft.com.
    pub source: &'static str,
}

impl Known {
    /// Is it there in this cloud? What is not there is never asked for.
    pub fn is_in(&self, cloud: Cloud) -> bool {
        offers(cloud, self.service, self.path)
    }
}

const fn call(
    service: Service,
    method: &'static str,
    path: &'static str,
    words: [&'static str; 4],
) -> Known {
    let [purpose, permission, cost, source] = words;
    Known {
        service,
        method,
        path,
        purpose,
        permission,
        cost,
        source,
    }
}

use Service::{Arm, Graph, Login, Partner};

const LOGIN: &str = "entra/identity-platform/v2-protocols-oidc";
const OWNER: &str = "a role that may end the subscription, Owner for one";
const BILLING_READ: &str = "a billing role that reads";
const BILLING: &str = "a billing role that may end subscriptions";
const DIRECTORY: &str = "Contributor on the directory's resource";
const ARM_READ: &str = "1 read";
const ARM_WRITE: &str = "1 write";
const ARM_DELETE: &str = "1 delete";
const SOLD: &str = "the partner's own application, admitted by the customer";
const BILLED: &str = "rest/api/billing/billing-subscriptions";
const CHECK_ACCESS: &str = "rest/api/billing/billing-permissions";
const CIAM: &str = "rest/api/activedirectory/ciam-tenants";
const B2C: &str = "rest/api/activedirectory/b2c-tenants";
const PERMISSIONS: &str = "rest/api/authorization/permissions";
const MFA: &str = "graph/api/authentication-get";

/// The list.
#[rustfmt::skip]
pub static CALLS: &[Known] = &[
    call(Login, "POST", "/{}/oauth2/v2.0/token", ["a token", "none", "-", "entra/identity-platform/v2-oauth2-client-creds-grant-flow"]),
    call(Login, "POST", "/{}/oauth2/v2.0/devicecode", ["a code for a person to sign in with (keeper prove)", "delegated: User.Read", "-", "entra/identity-platform/v2-oauth2-device-code"]),
    call(Login, "GET", "/{}/v2.0/.well-known/openid-configuration", ["is the directory still there, from outside", "none", "-", LOGIN]),
    call(Login, "GET", "/common/userrealm/{}", ["likewise, by its initial domain", "none", "-", "no page: as Microsoft's own libraries ask it"]),

    call(Graph, "POST", "/v1.0/$batch", ["up to 20 of the others", "theirs", "theirs", "graph/json-batching"]),
    call(Graph, "POST", "/beta/$batch", ["likewise, of the beta version", "theirs", "theirs", "graph/json-batching"]),
    call(Graph, "GET", "/v1.0/organization", ["which tenant, domains, sync", "Organization.Read.All", "1", "graph/api/organization-list"]),
    call(Graph, "PATCH", "/v1.0/organization/{}", ["directory sync off", "Organization.ReadWrite.All", "1, 1 write", "graph/api/organization-update"]),
    call(Graph, "GET", "/v1.0/servicePrincipals(appId='{}')", ["our own principal", "Application.Read.All", "1", "graph/api/serviceprincipal-get"]),
    call(Graph, "GET", "/v1.0/applications(appId='{}')", ["until when our own credential lasts", "Application.Read.All", "1", "graph/api/application-get"]),
    call(Graph, "GET", "/v1.0/roleManagement/directory/roleAssignments", ["who holds which directory role", "RoleManagement.Read.Directory", "1, with principals 2", "graph/api/rbacapplication-list-roleassignments"]),
    call(Graph, "GET", "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances", ["who may activate Global Administrator", "RoleEligibilitySchedule.Read.Directory", "1", "graph/api/rbacapplication-list-roleeligibilityscheduleinstances"]),
    call(Graph, "GET", "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances", ["until when it, and our own roles, are held", "RoleAssignmentSchedule.Read.Directory", "1", "graph/api/rbacapplication-list-roleassignmentscheduleinstances"]),
    call(Graph, "GET", "/v1.0/users", ["the users", "User.Read.All", "1", "graph/api/user-list"]),
    call(Graph, "GET", "/v1.0/users/delta", ["who came since last time", "User.Read.All", "1", "graph/api/user-delta"]),
    call(Graph, "GET", "/v1.0/users/{}", ["the administrators who stay; one user, where getByIds is refused", "User.Read.All", "1", "graph/api/user-get"]),
    call(Graph, "GET", "/v1.0/users/{}/authentication/methods", ["has the administrator who stays a second factor", "UserAuthenticationMethod.Read.All", "2", "graph/api/authentication-list-methods"]),
    call(Graph, "DELETE", "/v1.0/users/{}", ["a user deleted", "User.ReadWrite.All", "1, 1 write", "graph/api/user-delete"]),
    call(Graph, "POST", "/v1.0/directoryObjects/getByIds", ["which of these are still there", "Directory.Read.All by its page; where that is insisted on, each is read by itself", "2", "graph/api/directoryobject-getbyids"]),
    call(Graph, "GET", "/beta/users/{}/authentication/requirements", ["per-user MFA", "Policy.Read.All", "1", MFA]),
    call(Graph, "PATCH", "/beta/users/{}/authentication/requirements", ["per-user MFA off", "Policy.ReadWrite.AuthenticationMethod", "1, 1 write", MFA]),
    call(Graph, "GET", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", ["are security defaults on", "Policy.Read.All", "1", "graph/api/identitysecuritydefaultsenforcementpolicy-get"]),
    call(Graph, "PATCH", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", ["security defaults off", "Policy.ReadWrite.SecurityDefaults", "1, 1 write", "graph/api/identitysecuritydefaultsenforcementpolicy-update"]),
    call(Graph, "GET", "/v1.0/identity/conditionalAccess/policies", ["Conditional Access policies", "Policy.Read.All", "one a second", "graph/api/conditionalaccessroot-list-policies"]),
    call(Graph, "PATCH", "/v1.0/identity/conditionalAccess/policies/{}", ["one of them disabled", "Policy.ReadWrite.ConditionalAccess", "one a second, 1 write", "graph/api/conditionalaccesspolicy-update"]),
    call(Graph, "GET", "/v1.0/directory/deletedItems/microsoft.graph.user", ["who is in the recycle bin already", "User.Read.All", "1", "graph/api/directory-deleteditems-list"]),
    call(Graph, "GET", "/v1.0/directory/subscriptions", ["subscriptions as the tenant sees them", "Organization.Read.All", "1", "graph/api/directory-list-subscriptions"]),
    call(Graph, "GET", "/v1.0/domains", ["the domains", "Domain.Read.All", "1", "graph/api/domain-list"]),
    call(Graph, "GET", "/v1.0/domains/{}", ["one domain", "Domain.Read.All", "1", "graph/api/domain-get"]),
    call(Graph, "GET", "/v1.0/domains/{}/domainNameReferences", ["what uses it", "Domain.Read.All", "4", "graph/api/domain-list-domainnamereferences"]),
    call(Graph, "PATCH", "/v1.0/domains/{}", ["the initial domain made default", "Domain.ReadWrite.All", "1, 1 write", "graph/api/domain-update"]),
    call(Graph, "DELETE", "/v1.0/domains/{}", ["a domain released", "Domain.ReadWrite.All", "1, 1 write", "graph/api/domain-delete"]),
    call(Graph, "POST", "/v1.0/domains/{}/forceDelete", ["likewise, what uses it renamed", "Domain.ReadWrite.All", "1, 1 write", "graph/api/domain-forcedelete"]),
    call(Graph, "GET", "/v1.0/applications", ["the applications", "Application.Read.All", "1", "graph/api/application-list"]),
    call(Graph, "GET", "/v1.0/applications/{}", ["one application, where getByIds is refused", "Application.Read.All", "1", "graph/api/application-get"]),
    call(Graph, "DELETE", "/v1.0/applications/{}", ["an application deleted", "Application.ReadWrite.All", "1, 1 write", "graph/api/application-delete"]),
    call(Graph, "GET", "/v1.0/servicePrincipals", ["the service principals", "Application.Read.All", "1", "graph/api/serviceprincipal-list"]),
    call(Graph, "GET", "/v1.0/servicePrincipals/{}", ["one service principal, where getByIds is refused", "Application.Read.All", "1", "graph/api/serviceprincipal-get"]),
    call(Graph, "PATCH", "/v1.0/servicePrincipals/{}", ["an enterprise application that cannot be deleted disabled", "Application.ReadWrite.All", "1, 1 write", "graph/api/serviceprincipal-update"]),
    call(Graph, "DELETE", "/v1.0/servicePrincipals/{}", ["a service principal deleted", "Application.ReadWrite.All", "1, 1 write", "graph/api/serviceprincipal-delete"]),
    call(Graph, "GET", "/v1.0/identity/identityProviders", ["identity providers of a directory for customers", "IdentityProvider.Read.All", "1", "graph/api/identitycontainer-list-identityproviders"]),
    call(Graph, "GET", "/v1.0/identity/authenticationEventsFlows", ["user flows of an External ID directory", "EventListener.Read.All", "1", "graph/api/identitycontainer-list-authenticationeventsflows"]),
    call(Graph, "GET", "/beta/identity/b2cUserFlows", ["user flows of a B2C directory", "IdentityUserFlow.Read.All", "1", "graph/api/identitycontainer-list-b2cuserflows"]),
    call(Graph, "GET", "/beta/trustFramework/policies", ["custom policies of a B2C directory", "Policy.Read.All", "1", "graph/api/trustframework-list-trustframeworkpolicies"]),
    call(Graph, "GET", "/beta/trustFramework/keySets", ["policy keys of a B2C directory", "TrustFrameworkKeySet.Read.All", "1", "graph/api/trustframework-list-keysets"]),
    call(Graph, "GET", "/v1.0/directory/administrativeUnits", ["restricted administrative units", "AdministrativeUnit.Read.All", "1", "graph/api/directory-list-administrativeunits"]),
    call(Graph, "GET", "/v1.0/directory/administrativeUnits/{}/members", ["who is in one", "AdministrativeUnit.Read.All", "1", "graph/api/administrativeunit-list-members"]),
    call(Graph, "GET", "/v1.0/users/{}/memberOf", ["a user's groups, for an inventory", "User.Read.All, Group.Read.All; Member.Read.Hidden for groups that hide their members", "1", "graph/api/user-list-memberof"]),
    call(Graph, "GET", "/v1.0/subscribedSkus", ["the products of licenses, for an inventory", "Organization.Read.All", "3", "graph/api/subscribedsku-list"]),
    call(Graph, "GET", "/v1.0/groups/{}/transitiveMembers", ["who is Global Administrator as a member of a group", "Group.Read.All; where a group holds the role nothing goes on without it", "4", "graph/api/group-list-transitivemembers"]),
    call(Graph, "GET", "/v1.0/groups", ["how many groups, and which", "Group.Read.All", "1", "graph/api/group-list"]),
    call(Graph, "GET", "/v1.0/deviceManagement/managedDeviceOverview", ["how many devices Intune manages", "DeviceManagementManagedDevices.Read.All", "1", "graph/api/intune-devices-manageddeviceoverview-get"]),
    call(Graph, "GET", "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities", ["how many devices Autopilot knows", "DeviceManagementServiceConfig.Read.All", "1", "graph/api/intune-enrollment-windowsautopilotdeviceidentity-list"]),
    call(Graph, "GET", "/beta/reports/getMailboxUsageMailboxCounts(period='{}')", ["how many mailboxes", "Reports.Read.All", "1", "graph/api/reportroot-getmailboxusagemailboxcounts"]),
    call(Graph, "GET", "/beta/reports/getOneDriveUsageAccountCounts(period='{}')", ["how many OneDrive accounts", "Reports.Read.All", "1", "graph/api/reportroot-getonedriveusageaccountcounts"]),
    call(Graph, "GET", "/beta/reports/getSharePointSiteUsageSiteCounts(period='{}')", ["how many SharePoint sites", "Reports.Read.All", "1", "graph/api/reportroot-getsharepointsiteusagesitecounts"]),
    call(Graph, "GET", "/beta/reports/getMailboxUsageStorage(period='{}')", ["how much is in the mailboxes", "Reports.Read.All", "1", "graph/api/reportroot-getmailboxusagestorage"]),
    call(Graph, "GET", "/beta/reports/getOneDriveUsageStorage(period='{}')", ["how much is in OneDrive", "Reports.Read.All", "1", "graph/api/reportroot-getonedriveusagestorage"]),
    call(Graph, "GET", "/beta/reports/getSharePointSiteUsageStorage(period='{}')", ["how much is in SharePoint", "Reports.Read.All", "1", "graph/api/reportroot-getsharepointsiteusagestorage"]),

    call(Arm, "GET", "/providers/Microsoft.Billing/billingAccounts", ["billing accounts", BILLING_READ, ARM_READ, "rest/api/billing/billing-accounts"]),
    call(Arm, "GET", "/providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions", ["what was bought through one", BILLING_READ, ARM_READ, BILLED]),
    call(Arm, "GET", "/providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}", ["one of them", BILLING_READ, ARM_READ, BILLED]),
    call(Arm, "PATCH", "/providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}", ["recurring billing off", BILLING, ARM_WRITE, BILLED]),
    call(Arm, "DELETE", "/providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}", ["a subscription canceled", BILLING, ARM_DELETE, BILLED]),
    call(Arm, "POST", "/providers/Microsoft.Billing/billingAccounts/{}/checkAccess", ["may we end what it shows (a question, nothing is written)", BILLING_READ, ARM_WRITE, CHECK_ACCESS]),
    call(Arm, "POST", "/providers/Microsoft.Billing/billingAccounts/{}/billingProfiles/{}/checkAccess", ["likewise, by a role on a billing profile", BILLING_READ, ARM_WRITE, CHECK_ACCESS]),
    call(Arm, "POST", "/providers/Microsoft.Billing/billingAccounts/{}/billingProfiles/{}/invoiceSections/{}/checkAccess", ["likewise, by a role on an invoice section", BILLING_READ, ARM_WRITE, CHECK_ACCESS]),
    call(Arm, "GET", "/subscriptions", ["Azure subscriptions", "Reader", ARM_READ, "rest/api/resources/subscriptions/list"]),
    call(Arm, "GET", "/subscriptions/{}", ["one of them", "Reader", ARM_READ, "rest/api/resources/subscriptions/get"]),
    call(Arm, "GET", "/subscriptions/{}/resources", ["how many resources are in one", "Reader", ARM_READ, "rest/api/resources/resources/list"]),
    call(Arm, "GET", "/subscriptions/{}/providers/Microsoft.Authorization/permissions", ["may we cancel it", "Reader", ARM_READ, PERMISSIONS]),
    call(Arm, "GET", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/ciamDirectories/{}/providers/Microsoft.Authorization/permissions", ["may we delete an External ID directory", "Reader", ARM_READ, PERMISSIONS]),
    call(Arm, "GET", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/b2cDirectories/{}/providers/Microsoft.Authorization/permissions", ["may we delete a B2C directory", "Reader", ARM_READ, PERMISSIONS]),
    call(Arm, "GET", "/subscriptions/{}/providers/Microsoft.AAD/domainServices", ["managed domains of Microsoft Entra Domain Services", "Reader", ARM_READ, "no page of its own: domainservices/resource-manager in Azure's REST API specifications"]),
    call(Arm, "POST", "/subscriptions/{}/providers/Microsoft.Subscription/cancel", ["an Azure subscription canceled", OWNER, ARM_WRITE, "rest/api/subscription/subscription/cancel"]),
    call(Arm, "GET", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/ciamDirectories/{}", ["which tenant an External ID directory is", "Reader", ARM_READ, CIAM]),
    call(Arm, "DELETE", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/ciamDirectories/{}", ["an External ID directory deleted", DIRECTORY, ARM_DELETE, CIAM]),
    call(Arm, "GET", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/b2cDirectories/{}", ["which tenant a B2C directory is", "Reader", ARM_READ, B2C]),
    call(Arm, "DELETE", "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/b2cDirectories/{}", ["a B2C directory deleted", DIRECTORY, ARM_DELETE, B2C]),
    call(Arm, "GET", ANYWHERE, ["how an operation goes on, where `Azure-AsyncOperation`, `Location` or `nextLink` says", "that of the call before", ARM_READ, "azure/azure-resource-manager/management/async-operations"]),

    call(Partner, "GET", "/v1/customers/{}/subscriptions", ["what a partner sold", SOLD, "-", "partner-center/developer/get-all-of-a-customer-s-subscriptions"]),
    call(Partner, "GET", "/v1/customers/{}/subscriptions/{}", ["one of them", SOLD, "-", "partner-center/developer/get-a-subscription-by-id"]),
    call(Partner, "PATCH", "/v1/customers/{}/subscriptions/{}", ["recurring billing off, or canceled", SOLD, "-", "partner-center/developer/cancel-an-azure-marketplace-subscription"]),
];

/// A path that Microsoft's reply named, on the same host.
const ANYWHERE: &str = "/…";

/// The line for a call; `None`: the client makes no such call. `path` is without a query.
pub fn find(service: Service, method: &str, path: &str) -> Option<&'static Known> {
    CALLS
        .iter()
        .find(|known| known.service == service && known.method == method && fits(known.path, path))
}

/// ARM and Partner Center write the names in a path in any case.
fn fits(pattern: &str, path: &str) -> bool {
    if pattern == ANYWHERE {
        return true;
    }
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        return match (patterns.next(), segments.next()) {
            (None, None) => true,
            (Some(pattern), Some(segment)) if segment_fits(pattern, segment) => continue,
            _ => false,
        };
    }
}

fn segment_fits(pattern: &str, segment: &str) -> bool {
    match pattern.split_once("{}") {
        None => pattern.eq_ignore_ascii_case(segment),
        Some((before, after)) => segment
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|id| !id.is_empty() && !id.starts_with('$')),
    }
}

/// A path as a log may show it: the words that the list spells out, `{}` for everything else.
pub(super) fn template(path: &str) -> String {
    let is_word = |segment: &str| {
        let mut words = CALLS.iter().flat_map(|known| known.path.split('/'));
        words.any(|word| !word.contains("{}") && word.eq_ignore_ascii_case(segment))
    };
    let shown = |segment| if is_word(segment) { segment } else { "{}" };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

const fn name(service: Service) -> &'static str {
    match service {
        Service::Login => "sign-in",
        Service::Graph => "Graph",
        Service::Arm => "Azure Resource Manager",
        Service::Partner => "Partner Center",
    }
}

/// In which clouds it is there: the table that the client acts on.
fn clouds(known: &Known) -> String {
    let feature = Feature::of(known.service, known.path);
    let there = feature.map_or_else(|| "all".to_owned(), Feature::clouds);
    if known.service == Service::Partner && known.method == "PATCH" {
        let ending = Feature::EndingWhatWasSold.clouds();
        return format!(
            "{there}; what was sold in the last seven days is canceled in {ending} alone"
        );
    }
    there
}

/// Whether an application can make it with no person signed in, as the page's own table of permissions says.
fn app_only(known: &Known) -> &'static str {
    match known.service {
        Service::Login if known.path.ends_with("/devicecode") => "no: a person signs in",
        Service::Login if known.method == "GET" => "no token at all",
        // Their pages speak of roles on the account, and not of who holds them.
        Service::Arm if known.path.contains("Microsoft.Billing") => {
            "yes, with a billing role of its own; not said on the page"
        }
        Service::Arm if known.method == "DELETE" && known.path.contains("AzureActiveDirectory") => {
            "not said on the page, and a service principal has been refused; where it is, a person deletes it"
        }
        Service::Graph if known.method == "PATCH" && known.path == "/v1.0/organization/{}" => {
            "not said of directory sync; where it is refused, a person switches it off"
        }
        Service::Login | Service::Graph | Service::Arm | Service::Partner => "yes",
    }
}

/// The list for readers, as Markdown.
pub fn document() -> String {
    let mut text = String::from(
        "# Calls to Microsoft\n\n\
         Every call that the client makes; nothing else that writes is ever sent. What each is sent as, and what follows from \
         every kind of reply, is in `tests/contract/rows/`. App-only: an application can make it with no person signed in, as the \
         page says; where it does not, that is told. The cost is in Graph's resource units and writes, or in ARM's tokens, with the `$select` that is used. \
         Written by the code; `make crds` writes it anew.\n\n\
         Each carries `client-request-id` and `x-ms-throttle-priority: low`, to Partner Center `MS-RequestId` and \
         `MS-CorrelationId` too. What an error leads to: [errors](microsoft-errors.md).\n\n\
         | Service | Call | What for | Permission | App-only | Clouds | Cost | Source |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for known in CALLS {
        let _ = writeln!(
            text,
            "| {} | `{} {}` | {} | {} | {} | {} | {} | {} |",
            name(known.service),
            known.method,
            known.path,
            known.purpose,
            known.permission,
            app_only(known),
            clouds(known),
            known.cost,
            known.source,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_list_is_found() {
        let id = "00000000-0000-0000-0000-00000000000b";
        for (service, method, path) in [
            (Graph, "DELETE", format!("/v1.0/users/{id}")),
            (
                Graph,
                "GET",
                format!("/v1.0/servicePrincipals(appId='{id}')"),
            ),
            (Graph, "PATCH", "/v1.0/domains/contoso.nl".to_owned()),
            (
                Arm,
                "POST",
                format!("/Subscriptions/{id}/providers/microsoft.subscription/cancel"),
            ),
            (Arm, "GET", "/anything/that/a/reply/named".to_owned()),
        ] {
            assert!(find(service, method, &path).is_some(), "{method} {path}");
        }
        for (service, method, path) in [
            (Graph, "DELETE", "/v1.0/users/".to_owned()),
            (Graph, "DELETE", "/v1.0/users".to_owned()),
            (Graph, "DELETE", "/v1.0/users/$batch".to_owned()),
            (Graph, "DELETE", format!("/v1.0/users/{id}/manager/$ref")),
            (Graph, "DELETE", format!("/v1.0/groups/{id}")),
            (Graph, "DELETE", format!("/v1.0/organization/{id}")),
            (Graph, "PATCH", format!("/v1.0/users/{id}")),
            (Graph, "POST", "/v1.0/users".to_owned()),
            (
                Arm,
                "DELETE",
                format!("/subscriptions/{id}/resourceGroups/g"),
            ),
            (Arm, "DELETE", "/anything".to_owned()),
            (Login, "DELETE", format!("/{id}/oauth2/v2.0/token")),
        ] {
            assert!(find(service, method, &path).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn a_log_shows_no_id_and_no_name() {
        for (path, shown) in [
            ("/v1.0/users/anna@contoso.nl", "/v1.0/users/{}"),
            (
                "/v1.0/domains/contoso.nl/forceDelete",
                "/v1.0/domains/{}/forceDelete",
            ),
            ("/v1.0/servicePrincipals(appId='x')", "/v1.0/{}"),
            (
                "/common/userrealm/nobody@contoso.nl",
                "/common/userrealm/{}",
            ),
        ] {
            assert_eq!(template(path), shown);
        }
    }

    #[test]
    fn the_document_tells_the_clouds_that_the_client_acts_on() {
        for known in CALLS {
            let there: Vec<_> = Cloud::ALL
                .into_iter()
                .filter(|cloud| known.is_in(*cloud))
                .collect();
            let told = clouds(known);
            let first = told.split(';').next().unwrap_or_default();
            let words = match there.as_slice() {
                [_, _, _, _] => "all".to_owned(),
                [one] => format!("{one:?}"),
                [one, two] => format!("{one:?}, {two:?}"),
                _ => {
                    let lacking = Cloud::ALL
                        .into_iter()
                        .filter(|cloud| !there.contains(cloud));
                    let names: Vec<_> = lacking.map(|cloud| format!("{cloud:?}")).collect();
                    format!("all but {}", names.join(", "))
                }
            };
            assert_eq!(first, words, "{known:?}");
        }
    }

    #[test]
    fn no_call_is_listed_twice() {
        for (place, known) in CALLS.iter().enumerate() {
            let twin = |other: &Known| {
                (other.service, other.method, other.path)
                    == (known.service, known.method, known.path)
            };
            assert_eq!(CALLS.iter().position(twin), Some(place), "{known:?}");
        }
    }
}
