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
