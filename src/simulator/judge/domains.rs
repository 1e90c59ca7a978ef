//! Domains: after the users, whose names are on them, and before the subscriptions.

use uuid::Uuid;

use super::super::tenant::{Domain, Tenant};
use super::{Brief, is_retained, not_approved};

/// The id that stands for a domain, which has none: version 5 in the DNS namespace.
pub(crate) fn domain_id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.to_ascii_lowercase().as_bytes())
}

/// Domains come after the users, whose names are on them.
pub(super) fn new_default(tenant: &Tenant, name: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if !tenant.initial_domain.eq_ignore_ascii_case(name) {
        found.push(("notApproved", format!("the default domain {name}")));
    }
    if tenant.users_to_go() > 0 {
        let left = tenant.users_to_go();
        let detail = format!("another default domain while {left} users remain");
        found.push(("stepOutOfOrder", detail));
    }
    found
}

pub(super) fn release(
    tenant: &Tenant,
    brief: &Brief,
    name: &str,
    renamed: &[u32],
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    found.extend(not_approved(brief, &[domain_id(name)], "domain"));
    if tenant.users_to_go() > 0 {
        let left = tenant.users_to_go();
        let detail = format!("a domain is released while {left} users remain");
        found.push(("stepOutOfOrder", detail));
    }
    if renamed.iter().any(|one| is_retained(tenant, brief, *one)) {
        let detail = "the retained administrator would be renamed".to_owned();
        found.push(("retainedTouched", detail));
    }
    if renamed.iter().any(|one| Some(*one) == tenant.spare) {
        let detail = "the spare administrator would be renamed".to_owned();
        found.push(("spareTouchedEarly", detail));
    }
    found
}

pub(super) fn unreleased(tenant: &Tenant, brief: &Brief) -> Option<(&'static str, String)> {
    let there = |one: &&Domain| {
        one.gone_at.is_none() && brief.releases.contains(&one.name.to_ascii_lowercase())
    };
    tenant.domains.iter().find(there).map(|one| {
        let detail = format!(
            "a subscription is canceled while {} is not released",
            one.name
        );
        ("stepOutOfOrder", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{populate, scenario};
    use super::super::{Act, Actor, Judge};
    use super::*;

    #[test]
    fn domains_go_between_the_users_and_the_subscriptions() {
        let text = "tenants: [{users: 4, spareAdministrator: {}, domains: [contoso.nl, contoso.de], subscriptions: [{kind: CustomerAgreement}]}]";
        let scenario = scenario::Scenario::parse(text).unwrap();
        let mut tenant = populate::tenant(&scenario.tenants[0], 1, 0);
        let actor = || Actor {
            app: Some(Uuid::from_u128(1)),
            reader: false,
            request_id: "r".to_owned(),
        };
        let kinds =
            |judge: &Judge| -> Vec<&str> { judge.violations.iter().map(|one| one.kind).collect() };
        let mut judge = Judge::default();
        let subscription = tenant.subscriptions[0].commerce_id;
        let brief = judge.brief(tenant.id);
        brief.releases = ["contoso.nl".to_owned()].into();
        brief.approved = Some([subscription, domain_id("contoso.nl")].into());
        let free = |name: &str, renamed: Vec<u32>| Act::ReleaseDomain(name.to_owned(), renamed);
        let default = Act::MakeDefault(tenant.initial_domain.clone());
        judge.consider(&tenant, &default, &actor(), "");
        judge.consider(&tenant, &free("contoso.nl", Vec::new()), &actor(), "");
        assert_eq!(kinds(&judge), ["stepOutOfOrder", "stepOutOfOrder"]);
        let (retained, spare) = (tenant.retained, tenant.spare.unwrap());
        for position in 0..4 {
            if position != retained && position != spare {
                tenant.users.delete(position, 1);
            }
        }
        judge.consider(&tenant, &default, &actor(), "");
        judge.consider(&tenant, &free("contoso.nl", Vec::new()), &actor(), "");
        assert_eq!(kinds(&judge).len(), 2);
        judge.consider(&tenant, &free("contoso.de", Vec::new()), &actor(), "");
        judge.consider(
            &tenant,
            &Act::MakeDefault("contoso.de".to_owned()),
            &actor(),
            "",
        );
        judge.consider(
            &tenant,
            &free("contoso.nl", vec![retained, spare]),
            &actor(),
            "",
        );
        judge.consider(
            &tenant,
            &Act::CancelSubscription(subscription),
            &actor(),
            "",
        );
        assert_eq!(
            kinds(&judge)[2..],
            [
                "notApproved",
                "notApproved",
                "retainedTouched",
                "spareTouchedEarly",
                "stepOutOfOrder"
            ]
        );
        tenant.domains.retain(|one| one.name != "contoso.nl");
        judge.consider(
            &tenant,
            &Act::CancelSubscription(subscription),
            &actor(),
            "",
        );
        assert_eq!(kinds(&judge).len(), 7);
    }
}
