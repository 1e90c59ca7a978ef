//! Pages for people, per cloud.

use crate::closure::terms::Cloud;

/// The products page of the admin center (Microsoft's own forward link 842054; the China portal has its own host).
pub const fn products(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::China => "https://portal.partner.microsoftonline.cn/",
        Cloud::USGov | Cloud::USGovDoD | Cloud::Global => {
            "https://go.microsoft.com/fwlink/p/?linkid=842054"
        }
    }
}

/// Support (forward link 518322).
pub const fn support(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::China => "https://portal.partner.microsoftonline.cn/",
        Cloud::USGov | Cloud::USGovDoD | Cloud::Global => {
            "https://go.microsoft.com/fwlink/p/?linkid=518322"
        }
    }
}

/// How directory sync is switched off.
pub const fn directory_sync(_cloud: Cloud) -> &'static str {
    "https://learn.microsoft.com/microsoft-365/enterprise/turn-off-directory-synchronization"
}

/// The subscriptions of the Azure portal.
pub const fn azure_subscriptions(cloud: Cloud) -> &'static str {
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

/// The page on which the tenant is deleted.
pub const fn delete_tenant(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://entra.microsoft.com/",
        Cloud::USGov | Cloud::USGovDoD => "https://entra.microsoft.us/",
        Cloud::China => "https://portal.azure.cn/",
    }
}

/// What the checks mean.
pub const fn delete_checks(_cloud: Cloud) -> &'static str {
    "https://learn.microsoft.com/entra/identity/users/directory-delete-howto"
}
