//! Microsoft's host names in the four clouds.

use serde::{Deserialize, Serialize};

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
        &[Cloud::Global],
    ),
    (
        "partner.partnercenterapi.microsoftonline.cn",
        Service::Partner,
        &[Cloud::China],
    ),
];

/// All names that the certificate must carry.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    HOSTS.iter().map(|(name, _, _)| *name)
}

/// The service behind a host name (a port is ignored), and the clouds that it serves.
pub(crate) fn lookup(host: &str) -> Option<(Service, &'static [Cloud])> {
    let name = host.split(':').next().unwrap_or(host);
    HOSTS
        .iter()
        .find(|(known, _, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, service, clouds)| (*service, *clouds))
}

/// Where `service` is found in `cloud`, as links in replies name it.
pub(crate) fn name_of(service: Service, cloud: Cloud) -> &'static str {
    HOSTS
        .iter()
        .find(|(_, known, clouds)| *known == service && clouds.contains(&cloud))
        .map_or("graph.microsoft.com", |(name, _, _)| name)
}
