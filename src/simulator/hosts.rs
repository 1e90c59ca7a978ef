//! Microsoft's host names in the four clouds.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exchange::Service;

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cloud {
    /// The worldwide cloud, GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    USGov,
    /// US Government L5 (`DoD`).
    USGovDoD,
    /// 21Vianet.
    China,
}

/// Microsoft's own tenants: each cloud has its own.
pub(crate) const CORPORATE: Uuid = Uuid::from_u128(0x72f9_88bf_86f1_41af_91ab_2d7c_d011_db47);
const SERVICES: Uuid = Uuid::from_u128(0xf8cd_ef31_a31e_4b4a_93e4_5f57_1e91_255a);
const US_GOV: Uuid = Uuid::from_u128(0xcab8_a31a_1906_4287_a0d8_4eef_66b9_5f6e);
const CHINA: Uuid = Uuid::from_u128(0xa55a_4d5b_9241_49b1_b4ff_befa_8db0_0269);

impl Cloud {
    /// The tenant that owns the first-party applications of this cloud.
    pub(crate) const fn first_party(self) -> Uuid {
        match self {
            Self::Global => SERVICES,
            Self::USGov | Self::USGovDoD => US_GOV,
            Self::China => CHINA,
        }
    }

    /// The tenant of Microsoft's own that this cloud's sign-in service finds, whatever a scenario holds.
    pub(crate) const fn always_there(self) -> Uuid {
        match self {
            Self::Global => CORPORATE,
            Self::USGov | Self::USGovDoD | Self::China => self.first_party(),
        }
    }

    /// Does such a tenant own it, in whatever cloud?
    pub(crate) fn owned_by_microsoft(owner: Uuid) -> bool {
        [CORPORATE, SERVICES, US_GOV, CHINA].contains(&owner)
    }
}

type Host = (&'static str, Service, &'static [Cloud]);

const HOSTS: &[Host] = &[
    (
        "login.microsoftonline.com",
        Service::Login,
        &[Cloud::Global],
    ),
    (
        "login.microsoftonline.us",
        Service::Login,
        &[Cloud::USGov, Cloud::USGovDoD],
    ),
    (
        "login.partner.microsoftonline.cn",
        Service::Login,
        &[Cloud::China],
    ),
    ("login.chinacloudapi.cn", Service::Login, &[Cloud::China]),
    ("graph.microsoft.com", Service::Graph, &[Cloud::Global]),
    ("graph.microsoft.us", Service::Graph, &[Cloud::USGov]),
    ("dod-graph.microsoft.us", Service::Graph, &[Cloud::USGovDoD]),
    (
        "microsoftgraph.chinacloudapi.cn",
        Service::Graph,
        &[Cloud::China],
    ),
    ("management.azure.com", Service::Arm, &[Cloud::Global]),
    (
        "management.core.windows.net",
        Service::Arm,
        &[Cloud::Global],
    ),
    (
        "management.usgovcloudapi.net",
        Service::Arm,
        &[Cloud::USGov, Cloud::USGovDoD],
    ),
    (
        "management.core.usgovcloudapi.net",
        Service::Arm,
        &[Cloud::USGov, Cloud::USGovDoD],
    ),
    ("management.chinacloudapi.cn", Service::Arm, &[Cloud::China]),
    (
        "management.core.chinacloudapi.cn",
        Service::Arm,
        &[Cloud::China],
    ),
    (
        "api.partnercenter.microsoft.com",
        Service::Partner,
        &[Cloud::Global, Cloud::USGov],
    ),
    (
        "partner.partnercenterapi.microsoftonline.cn",
        Service::Partner,
        &[Cloud::China],
    ),
];

/// Where a person goes: the Azure portal, the Entra admin center and the Microsoft 365 admin center of each cloud, what Microsoft's
/// forward links start with, and where the code of another device is typed. Here each is the simulation's own admin center.
const PORTALS: &[(&str, &[Cloud])] = &[
    ("portal.azure.com", &[Cloud::Global]),
    ("entra.microsoft.com", &[Cloud::Global]),
    ("admin.microsoft.com", &[Cloud::Global]),
    ("admin.cloud.microsoft", &[Cloud::Global]),
    ("intune.microsoft.com", &[Cloud::Global]),
    ("go.microsoft.com", &[Cloud::Global]),
    ("microsoft.com", &[Cloud::Global]),
    ("portal.azure.us", &[Cloud::USGov, Cloud::USGovDoD]),
    ("entra.microsoft.us", &[Cloud::USGov, Cloud::USGovDoD]),
    ("intune.microsoft.us", &[Cloud::USGov, Cloud::USGovDoD]),
    ("portal.office365.us", &[Cloud::USGov]),
    ("portal.apps.mil", &[Cloud::USGovDoD]),
    ("portal.azure.cn", &[Cloud::China]),
    ("entra.microsoftonline.cn", &[Cloud::China]),
    ("intune.microsoftonline.cn", &[Cloud::China]),
    ("portal.partner.microsoftonline.cn", &[Cloud::China]),
];

/// All names that the certificate must carry.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let portals = PORTALS.iter().map(|(name, _)| *name);
    HOSTS.iter().map(|(name, _, _)| *name).chain(portals)
}

/// The service behind a host name (a port is ignored), and the clouds that it serves.
pub(crate) fn lookup(host: &str) -> Option<(Service, &'static [Cloud])> {
    let name = host.split(':').next().unwrap_or(host);
    let portals = PORTALS.iter();
    let portals = portals.map(|(name, clouds)| (*name, Service::Console, *clouds));
    let mut all = HOSTS.iter().copied().chain(portals);
    all.find(|(known, _, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, service, clouds)| (service, clouds))
}

/// Where `service` is found in `cloud`, as links in replies name it.
pub(crate) fn name_of(service: Service, cloud: Cloud) -> &'static str {
    HOSTS
        .iter()
        .find(|(_, known, clouds)| *known == service && clouds.contains(&cloud))
        .map_or("graph.microsoft.com", |(name, _, _)| name)
}
