//! Pages for people, per cloud. The forward links are the ones that Microsoft's own procedure names; they lead to the
//! worldwide admin center, so that a sovereign cloud has the same page on its own host.

use crate::closure::terms::Cloud;

/// The products page of the admin center (Microsoft's own forward link 842054).
pub const fn products(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://go.microsoft.com/fwlink/p/?linkid=842054",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/subscriptions",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/subscriptions",
        Cloud::China => "https://portal.partner.microsoftonline.cn/",
    }
}

/// How a billing account is locked and deleted, and what goes with the only one.
pub const BILLING_ACCOUNTS: &str =
    "https://learn.microsoft.com/microsoft-365/commerce/keep-billing-accounts-active";

/// The page of active users, where multifactor authentication is set.
pub const fn active_users(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://go.microsoft.com/fwlink/p/?linkid=834822",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/users",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/users",
        Cloud::China => "https://portal.partner.microsoftonline.cn/",
    }
}

/// The page of domains.
pub const fn domains(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://admin.microsoft.com/Adminportal/Home#/Domains",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/Domains",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/Domains",
        Cloud::China => "https://portal.partner.microsoftonline.cn/Adminportal/Home#/Domains",
    }
}

/// The usage reports of the admin center: mailboxes, `OneDrive` and `SharePoint` with their sizes.
pub const fn usage_reports(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://admin.microsoft.com/Adminportal/Home#/reportsUsage",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/reportsUsage",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/reportsUsage",
        Cloud::China => "https://portal.partner.microsoftonline.cn/Adminportal/Home#/reportsUsage",
    }
}

/// The page of groups.
pub const fn groups(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://admin.microsoft.com/Adminportal/Home#/groups",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/groups",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/groups",
        Cloud::China => "https://portal.partner.microsoftonline.cn/Adminportal/Home#/groups",
    }
}

/// The Intune admin center.
pub const fn devices(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://intune.microsoft.com/",
        Cloud::USGov | Cloud::USGovDoD => "https://intune.microsoft.us/",
        Cloud::China => "https://intune.microsoftonline.cn/",
    }
}

/// How to reach support.
pub const fn support(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://go.microsoft.com/fwlink/p/?linkid=518322",
        Cloud::USGov => "https://portal.office365.us/Adminportal/Home#/support/requests",
        Cloud::USGovDoD => "https://portal.apps.mil/Adminportal/Home#/support/requests",
        Cloud::China => "https://portal.partner.microsoftonline.cn/",
    }
}

/// The Azure portal.
pub const fn azure(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => {
            "https://portal.azure.com/#view/Microsoft_Azure_Billing/SubscriptionsBlade"
        }
        Cloud::USGov | Cloud::USGovDoD => {
            "https://portal.azure.us/#view/Microsoft_Azure_Billing/SubscriptionsBlade"
        }
        Cloud::China => "https://portal.azure.cn/#view/Microsoft_Azure_Billing/SubscriptionsBlade",
    }
}

/// The page on which a tenant is deleted and its checks are shown.
pub const fn tenants(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/DirectorySwitchBlade",
        Cloud::USGov | Cloud::USGovDoD => {
            "https://entra.microsoft.us/#view/Microsoft_AAD_IAM/DirectorySwitchBlade"
        }
        Cloud::China => "https://portal.azure.cn/#view/Microsoft_AAD_IAM/DirectorySwitchBlade",
    }
}

/// Applications of the tenant.
pub const fn applications(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => {
            "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade"
        }
        Cloud::USGov | Cloud::USGovDoD => {
            "https://entra.microsoft.us/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade"
        }
        Cloud::China => {
            "https://portal.azure.cn/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade"
        }
    }
}

/// The policies of Conditional Access, and beside them the authentication contexts of protected actions.
pub const fn conditional_access(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => {
            "https://entra.microsoft.com/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade"
        }
        Cloud::USGov | Cloud::USGovDoD => {
            "https://entra.microsoft.us/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade"
        }
        Cloud::China => {
            "https://portal.azure.cn/#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade"
        }
    }
}

/// The overview of the directory, with what is in it.
pub const fn directory(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => {
            "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/TenantOverview.ReactView"
        }
        Cloud::USGov | Cloud::USGovDoD => {
            "https://entra.microsoft.us/#view/Microsoft_AAD_IAM/TenantOverview.ReactView"
        }
        Cloud::China => "https://portal.azure.cn/#view/Microsoft_AAD_IAM/TenantOverview.ReactView",
    }
}

/// Where an administrator consents to what an application asks for, in a tenant: `{this}/{tenant}/adminconsent?client_id=…`.
pub const fn login(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://login.microsoftonline.com",
        Cloud::USGov | Cloud::USGovDoD => "https://login.microsoftonline.us",
        Cloud::China => "https://login.partner.microsoftonline.cn",
    }
}

/// Microsoft's article on deleting a tenant: each check and how it is met.
pub const DELETE_TENANT: &str =
    "https://learn.microsoft.com/entra/identity/users/directory-delete-howto";

/// Microsoft's article on switching directory sync off.
pub const SYNC_OFF: &str =
    "https://learn.microsoft.com/microsoft-365/enterprise/turn-off-directory-synchronization";

/// Microsoft's article on deleting a tenant: enterprise applications that cannot be deleted.
pub const APPLICATIONS_THAT_STAY: &str = "https://learn.microsoft.com/entra/identity/users/directory-delete-howto#remove-enterprise-apps-that-you-cant-delete";

/// Microsoft's article on multifactor authentication providers.
pub const MFA_PROVIDERS: &str =
    "https://learn.microsoft.com/entra/identity/authentication/concept-mfa-authprovider";

/// Microsoft's article on restricted management administrative units.
pub const RESTRICTED_UNITS: &str = "https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management";

/// Microsoft's article on bills and payments.
pub const BILLS: &str = "https://learn.microsoft.com/microsoft-365/commerce/billing-and-payments/understand-your-invoice2";

/// Microsoft's article on `LinkedIn` account connections.
pub const LINKEDIN: &str = "https://learn.microsoft.com/entra/identity/users/linkedin-integration";

/// Microsoft's article on disconnecting an Azure DevOps organization from a directory.
pub const DISCONNECT_DEVOPS: &str = "https://learn.microsoft.com/azure/devops/organizations/accounts/disconnect-organization-from-azure-ad";

/// Microsoft's article on elevating access to Azure resources.
pub const ELEVATE_ACCESS: &str =
    "https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin";

/// Microsoft's article on deleting a tenant: self-service sign-up products.
pub const SELF_SERVICE_PRODUCTS: &str = "https://learn.microsoft.com/entra/identity/users/directory-delete-howto#delete-a-self-service-sign-up-product";

/// Microsoft's article on deleting a managed domain of Microsoft Entra Domain Services.
pub const DELETE_DOMAIN_SERVICES: &str =
    "https://learn.microsoft.com/entra/identity/domain-services/delete";

/// Microsoft's article on deleting a B2C directory, with everything in it.
pub const DELETE_B2C: &str =
    "https://learn.microsoft.com/azure/active-directory-b2c/tutorial-delete-tenant";

/// Microsoft's article on deleted users.
pub const DELETED_USERS: &str = "https://learn.microsoft.com/entra/fundamentals/users-restore";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sovereign_cloud_has_every_page_on_its_own_hosts() {
        let table = [
            (
                Cloud::USGov,
                &[
                    "portal.office365.us",
                    "intune.microsoft.us",
                    "portal.azure.us",
                    "entra.microsoft.us",
                ],
            ),
            (
                Cloud::USGovDoD,
                &[
                    "portal.apps.mil",
                    "intune.microsoft.us",
                    "portal.azure.us",
                    "entra.microsoft.us",
                ],
            ),
            (
                Cloud::China,
                &[
                    "portal.partner.microsoftonline.cn",
                    "intune.microsoftonline.cn",
                    "portal.azure.cn",
                    "portal.azure.cn",
                ],
            ),
        ];
        for (cloud, hosts) in table {
            let admin_center = [
                products,
                active_users,
                domains,
                usage_reports,
                groups,
                support,
            ];
            let pages = admin_center.map(|page| (page(cloud), hosts[0]));
            let others = [
                (devices(cloud), hosts[1]),
                (azure(cloud), hosts[2]),
                (tenants(cloud), hosts[3]),
                (applications(cloud), hosts[3]),
            ];
            for (page, host) in pages.into_iter().chain(others) {
                assert_eq!(page.split('/').nth(2), Some(host), "{page}");
            }
        }
    }
}
