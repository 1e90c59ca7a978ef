//! What not every cloud has: one table, asked before an address is made and told in the list of calls.

use super::clouds::Service;
use crate::closure::terms::Cloud;

/// Something that a cloud may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    /// No Partner Center is documented for the `DoD` cloud, so what partners sold there is handed off.
    /// Source: learn.microsoft.com `partner-center/developer/partner-center-rest-urls`.
    PartnerCenter,
    /// To end what a partner sold within the last seven days: the page applies to the worldwide Partner Center alone; an old
    /// offer is suspended in all. Source: learn.microsoft.com `partner-center/developer/cancel-an-azure-marketplace-subscription`,
    /// `…/suspend-a-subscription`.
    EndingWhatWasSold,
    /// Numbers and sizes of mailboxes, `OneDrive` and `SharePoint`: only the worldwide cloud answers them as JSON.
    /// Source: learn.microsoft.com `graph/api/reportroot-getmailboxusagestorage` and its like.
    UsageReports,
    /// Graph's stable version does not have them in 21Vianet's cloud.
    /// Source: learn.microsoft.com `graph/api/authentication-list-methods`.
    AuthenticationMethods,
    /// Graph's stable version does not have them in the clouds of the US Government.
    /// Source: learn.microsoft.com `graph/api/identitycontainer-list-identityproviders`.
    IdentityProviders,
    /// Graph's stable version has them in the worldwide cloud alone.
    /// Source: learn.microsoft.com `graph/api/identitycontainer-list-authenticationeventsflows`.
    ExternalUserFlows,
}

impl Feature {
    /// Is it there?
    pub(super) fn is_in(self, cloud: Cloud) -> bool {
        match self {
            Self::PartnerCenter => cloud != Cloud::USGovDoD,
            Self::EndingWhatWasSold | Self::UsageReports | Self::ExternalUserFlows => {
                cloud == Cloud::Global
            }
            Self::AuthenticationMethods => cloud != Cloud::China,
            Self::IdentityProviders => matches!(cloud, Cloud::Global | Cloud::China),
        }
    }

    /// What a path of a service takes; `None`: every cloud has it.
    pub(super) fn of(service: Service, path: &str) -> Option<Self> {
        match service {
            Service::Partner => Some(Self::PartnerCenter),
            Service::Graph if path.starts_with("/beta/reports/") => Some(Self::UsageReports),
            Service::Graph if path.ends_with("/authentication/methods") => {
                Some(Self::AuthenticationMethods)
            }
            Service::Graph if path.ends_with("/identity/identityProviders") => {
                Some(Self::IdentityProviders)
            }
            Service::Graph if path.ends_with("/identity/authenticationEventsFlows") => {
                Some(Self::ExternalUserFlows)
            }
            Service::Graph | Service::Arm | Service::Login => None,
        }
    }

    /// Where it is, in words.
    pub(super) fn clouds(self) -> String {
        let (there, lacking): (Vec<_>, Vec<_>) =
            Cloud::ALL.into_iter().partition(|cloud| self.is_in(*cloud));
        let named = |clouds: &[Cloud]| {
            let names = clouds.iter().map(|cloud| format!("{cloud:?}"));
            names.collect::<Vec<_>>().join(", ")
        };
        match (there.as_slice(), lacking.as_slice()) {
            (_, []) => "all".to_owned(),
            (there, lacking) if lacking.len() < there.len() => {
                format!("all but {}", named(lacking))
            }
            (there, _) => named(there),
        }
    }
}

/// Can this path be asked for in this cloud?
pub(super) fn offers(cloud: Cloud, service: Service, path: &str) -> bool {
    Feature::of(service, path).is_none_or(|feature| feature.is_in(cloud))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::super::calls::CALLS;
    use super::*;
    use crate::closure::access::table::TABLE;

    #[test]
    fn each_feature_is_where_microsofts_pages_say() {
        let told = |feature: Feature| feature.clouds();
        assert_eq!(told(Feature::PartnerCenter), "all but USGovDoD");
        assert_eq!(told(Feature::EndingWhatWasSold), "Global");
        assert_eq!(told(Feature::UsageReports), "Global");
        assert_eq!(told(Feature::AuthenticationMethods), "all but China");
        assert_eq!(told(Feature::IdentityProviders), "Global, China");
        assert_eq!(told(Feature::ExternalUserFlows), "Global");
    }

    /// What cannot be asked for needs no permission, and the permission of what can be is told.
    #[test]
    fn the_table_of_access_asks_for_what_its_cloud_has() {
        for (feature, name) in [
            (Feature::UsageReports, "Reports.Read.All"),
            (
                Feature::AuthenticationMethods,
                "UserAuthenticationMethod.Read.All",
            ),
            (Feature::IdentityProviders, "IdentityProvider.Read.All"),
            (Feature::ExternalUserFlows, "EventListener.Read.All"),
        ] {
            let right = TABLE.iter().find(|right| right.what == name).unwrap();
            for cloud in Cloud::ALL {
                let needed = !right.not_in.contains(&cloud);
                assert_eq!(needed, feature.is_in(cloud), "{name} in {cloud:?}");
            }
        }
        let named = TABLE.iter().filter(|right| !right.not_in.is_empty());
        assert_eq!(named.count(), 4);
    }

    /// Else what the client never asks for would stand in the table, and the list of calls would tell of it.
    #[test]
    fn each_feature_of_a_path_has_a_call() {
        let all = CALLS.iter();
        let found: Vec<_> = all
            .filter_map(|known| Feature::of(known.service, known.path))
            .collect();
        for feature in [
            Feature::PartnerCenter,
            Feature::UsageReports,
            Feature::AuthenticationMethods,
            Feature::IdentityProviders,
            Feature::ExternalUserFlows,
        ] {
            assert!(found.contains(&feature), "{feature:?}");
        }
    }
}
