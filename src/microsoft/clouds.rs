//! Microsoft's hosts in each cloud, compiled in: no URL of ours or of a reply leads anywhere else.
//!
//! Source: learn.microsoft.com `graph/deployments`, `entra/identity-platform/authentication-national-cloud`; Partner Center
//! `partner-center/developer/partner-center-rest-urls`: the US Government's has the host of the worldwide one. That its tokens are
//! the US Government's sign-in service's is from Microsoft's own PowerShell module for Partner Center (`AzureUSGovernment`);
//! no page says it, nor which scope an application asks for there.
//!
//! The tenants that are controls are Microsoft's own in each cloud, which will not go away: the worldwide one owns the names of
//! the company; those of the US Government's and of 21Vianet's are in the discovery documents that the Bot Framework is told to
//! read there (learn.microsoft.com `azure/bot-service/how-to-deploy-gov-cloud-high`, `…/how-to-deploy-china-cloud`).

use super::features::Feature;
use crate::closure::id::ObjectId;
use crate::closure::terms::{BillingKind, Cloud};
use url::Url;

/// A service with a host and a token of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The login service (tokens, discovery documents).
    Login,
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
    /// Partner Center.
    Partner,
}

/// The hosts of one cloud; all are spoken to by https on port 443.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hosts {
    cloud: Cloud,
    login: &'static str,
    graph: &'static str,
    arm: &'static str,
    partner: &'static str,
    control: ObjectId,
}

const GLOBAL: Hosts = Hosts {
    cloud: Cloud::Global,
    login: "login.microsoftonline.com",
    graph: "graph.microsoft.com",
    arm: "management.azure.com",
    partner: "api.partnercenter.microsoft.com",
    control: ObjectId(uuid::uuid!("72f988bf-86f1-41af-91ab-2d7cd011db47")),
};
const US_GOV: Hosts = Hosts {
    cloud: Cloud::USGov,
    login: "login.microsoftonline.us",
    graph: "graph.microsoft.us",
    arm: "management.usgovcloudapi.net",
    partner: "api.partnercenter.microsoft.com",
    control: ObjectId(uuid::uuid!("cab8a31a-1906-4287-a0d8-4eef66b95f6e")),
};
const US_GOV_DOD: Hosts = Hosts {
    cloud: Cloud::USGovDoD,
    graph: "dod-graph.microsoft.us",
    ..US_GOV
};
const CHINA: Hosts = Hosts {
    cloud: Cloud::China,
    login: "login.partner.microsoftonline.cn",
    graph: "microsoftgraph.chinacloudapi.cn",
    arm: "management.chinacloudapi.cn",
    partner: "partner.partnercenterapi.microsoftonline.cn",
    control: ObjectId(uuid::uuid!("a55a4d5b-9241-49b1-b4ff-befa8db00269")),
};

impl Hosts {
    /// The hosts of a cloud.
    pub const fn of(cloud: Cloud) -> &'static Self {
        match cloud {
            Cloud::Global => &GLOBAL,
            Cloud::USGov => &US_GOV,
            Cloud::USGovDoD => &US_GOV_DOD,
            Cloud::China => &CHINA,
        }
    }

    /// Whose they are.
    pub const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// Every host of every cloud, each once or more.
    pub fn all() -> impl Iterator<Item = &'static str> {
        Cloud::ALL
            .into_iter()
            .map(Self::of)
            .flat_map(|hosts| [hosts.login, hosts.graph, hosts.arm, hosts.partner])
    }

    /// A tenant that is certainly in this cloud: its login service must still find it when it no longer finds another.
    pub const fn control(&self) -> ObjectId {
        self.control
    }

    /// Microsoft's own tenant in each cloud.
    pub(super) fn controls() -> impl Iterator<Item = ObjectId> {
        [GLOBAL.control, US_GOV.control, CHINA.control].into_iter()
    }

    /// The host of a service.
    pub const fn host(&self, service: Service) -> &'static str {
        match service {
            Service::Login => self.login,
            Service::Graph => self.graph,
            Service::Arm => self.arm,
            Service::Partner => self.partner,
        }
    }

    /// The scope that a token for a service is asked for: exactly one resource, `/.default`.
    pub fn scope(&self, service: Service) -> String {
        format!("https://{}/.default", self.host(service))
    }

    /// The root of a service, `https://host/`. `None` never happens with the names above.
    pub fn root(&self, service: Service) -> Option<Url> {
        Url::parse(&format!("https://{}/", self.host(service))).ok()
    }

    /// Reads a URL that a reply gave us (`@odata.nextLink`, `nextLink`, `Location`, `Azure-AsyncOperation`): it must be
    /// absolute, https, on the usual port, without user name, and on this service's own host. `None`: no token goes there.
    pub fn trusted(&self, service: Service, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let clean = url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        (clean && url.host_str() == Some(self.host(service))).then_some(url)
    }
}

/// The service that a host belongs to.
pub(super) fn service_of(url: &Url) -> Option<Service> {
    let host = url.host_str()?;
    let all = [
        Service::Login,
        Service::Graph,
        Service::Arm,
        Service::Partner,
    ];
    let has = |service: Service| {
        let mut clouds = Cloud::ALL.into_iter().map(Hosts::of);
        clouds.any(|hosts| hosts.host(service) == host)
    };
    all.into_iter().find(|service| has(*service))
}

/// Can accounts of this kind be used in this cloud?
pub(super) fn offered(cloud: Cloud, kind: BillingKind) -> bool {
    kind != BillingKind::Partner || Feature::PartnerCenter.is_in(cloud)
}

/// True where a URL is https on the usual port of a compiled-in host: asked once more right before each request.
pub(super) fn compiled_in(url: &Url) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url
            .host_str()
            .is_some_and(|host| Hosts::all().any(|known| known == host))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn only_the_services_own_host_is_trusted() {
        let hosts = Hosts::of(Cloud::Global);
        let good = "https://graph.microsoft.com/v1.0/users?$skiptoken=x";
        assert!(hosts.trusted(Service::Graph, good).is_some());
        for bad in [
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.microsoft.com@evil.example/users",
            "https://me@graph.microsoft.com/users",
            "https://management.azure.com/subscriptions",
            "https://graph.microsoft.us/v1.0/users",
            "//graph.microsoft.com/v1.0/users",
            "/v1.0/users",
            "",
        ] {
            assert!(hosts.trusted(Service::Graph, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_host_of_any_cloud_and_nothing_else_is_compiled_in() {
        for host in Hosts::all() {
            assert!(compiled_in(
                &Url::parse(&format!("https://{host}/x")).unwrap()
            ));
        }
        assert!(!compiled_in(&Url::parse("https://localhost/x").unwrap()));
        assert!(!compiled_in(
            &Url::parse("http://graph.microsoft.com/").unwrap()
        ));
    }
}
