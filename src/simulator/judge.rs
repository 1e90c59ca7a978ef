//! The judge: says of each request whether it breaks a rule of the procedure, whatever the client believes. It shares no code with any client.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::Serialize;
use uuid::Uuid;

use super::tenant::Tenant;
use super::users::User;

pub(crate) mod credentials;
mod domains;

pub(crate) use domains::domain_id;

/// What a request would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// A user by position, or an id that no user of this tenant has.
    DeleteUser(Result<u32, String>),
    ChangeMfa(Result<u32, String>),
    /// A Conditional Access policy, or security defaults: then the tenant.
    ChangePolicy(Uuid),
    DeleteApplication(Uuid),
    DisablePrincipal(Uuid),
    SwitchSyncOff(String),
    CancelSubscription(Uuid),
    /// The domain that is to be the default one.
    MakeDefault(String),
    /// A domain, and the users who would be renamed with it, by position.
    ReleaseDomain(String, Vec<u32>),
    DeleteDirectory,
    /// Any other write.
    Write(String),
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) app: Option<Uuid>,
    pub(crate) reader: bool,
    pub(crate) request_id: String,
}

/// A rule that was broken.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Violation {
    pub(crate) seq: u64,
    pub(crate) time: String,
    pub(crate) kind: &'static str,
    pub(crate) tenant: Uuid,
    pub(crate) detail: String,
    pub(crate) app_id: Option<Uuid>,
    pub(crate) request_id: String,
}

/// What the harness has told about one tenant.
#[derive(Debug, Default)]
pub(crate) struct Brief {
    pub(crate) plan_only: bool,
    pub(crate) retained: HashSet<Uuid>,
    /// `None`: no approval was registered, so none is asked for.
    pub(crate) approved: Option<HashSet<Uuid>>,
    pub(crate) digest: Option<String>,
    /// Domains that are to be free before the first subscription is canceled.
    pub(crate) releases: HashSet<String>,
    /// Objects that were effectively deleted.
    pub(crate) deleted: HashSet<Uuid>,
}

/// All that the judge knows.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    pub(crate) briefs: HashMap<Uuid, Brief>,
    pub(crate) violations: Vec<Violation>,
    /// Assertions that were shown to the token endpoint, with the tenant, oldest first.
    pub(crate) assertions: VecDeque<(Uuid, String)>,
}

impl Judge {
    pub(crate) fn brief(&mut self, tenant: Uuid) -> &mut Brief {
        self.briefs.entry(tenant).or_default()
    }

    pub(crate) fn accuse(
        &mut self,
        tenant: Uuid,
        kind: &'static str,
        detail: impl Into<String>,
        actor: &Actor,
        time: String,
    ) {
        let seq = self.violations.len() as u64 + 1;
        let (app_id, request_id) = (actor.app, actor.request_id.clone());
        tracing::warn!(kind, %tenant, "violation");
        self.violations.push(Violation {
            seq,
            time,
            kind,
            tenant,
            detail: detail.into(),
            app_id,
            request_id,
        });
    }

    /// Judges a request before it is served, throttled or refused.
    pub(crate) fn consider(&mut self, tenant: &Tenant, act: &Act, actor: &Actor, time: &str) {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        let brief = self.briefs.entry(tenant.id).or_default();
        if brief.plan_only {
            found.push(("writeInPlanMode", format!("{act:?}")));
        }
        if actor.reader {
            found.push(("writeWithReader", format!("{act:?}")));
        }
        match act {
            Act::DeleteUser(Ok(position)) => found.extend(user_deletion(tenant, brief, *position)),
            Act::DeleteUser(Err(id)) | Act::ChangeMfa(Err(id)) => found.extend(stranger(brief, id)),
            Act::ChangeMfa(Ok(position)) => {
                if is_retained(tenant, brief, *position) {
                    found.push((
                        "retainedTouched",
                        "per-user MFA of the retained administrator".to_owned(),
                    ));
                }
                found.extend(too_early(tenant, "MFA", false));
            }
            Act::ChangePolicy(id) => {
                found.extend(not_approved(brief, &[*id], "policy"));
                found.extend(too_early(tenant, "a policy", false));
            }
            Act::DeleteApplication(id) => {
                if !is_own(tenant, *id) {
                    found.extend(not_approved(brief, &[*id], "application"));
                }
                found.extend(too_early(tenant, "the removal of an application", true));
            }
            Act::DisablePrincipal(id) => {
                found.extend(not_approved(brief, &[*id], "service principal"));
                let mut all = tenant.principals.iter();
                let kept = all.any(|one| one.id == *id && one.first_party());
                if kept || is_own(tenant, *id) {
                    let whose = if kept {
                        "Microsoft's own"
                    } else {
                        "the closer's own"
                    };
                    found.push((
                        "keptPrincipalDisabled",
                        format!("{whose} service principal {id}"),
                    ));
                }
                found.extend(too_early(tenant, "disabling a service principal", true));
            }
            Act::MakeDefault(name) => found.extend(domains::new_default(tenant, name)),
            Act::ReleaseDomain(name, renamed) => {
                found.extend(domains::release(tenant, brief, name, renamed));
            }
            Act::CancelSubscription(id) => {
                found.extend(domains::unreleased(tenant, brief));
                let ids = tenant
                    .subscriptions
                    .iter()
                    .find(|one| one.id == *id || one.commerce_id == *id)
                    .map_or_else(|| vec![*id], |one| vec![one.id, one.commerce_id]);
                found.extend(not_approved(brief, &ids, "subscription"));
                if tenant.users_to_go() > 0 {
                    found.push((
                        "stepOutOfOrder",
                        format!(
                            "a subscription is canceled while {} users remain",
                            tenant.users_to_go()
                        ),
                    ));
                }
            }
            Act::DeleteDirectory => {
                found.extend(too_early(tenant, "the deletion of the directory", true));
            }
            Act::SwitchSyncOff(target) => {
                if !target.eq_ignore_ascii_case(&tenant.id.to_string()) {
                    found.push(("otherTenant", format!("the organization {target}")));
                }
            }
            Act::Write(_) => {}
        }
        for (kind, detail) in found {
            self.accuse(tenant.id, kind, detail, actor, time.to_owned());
        }
    }

    /// Told of a user whom a person takes out of the recycle bin: then the next deletion is no second one.
    pub(crate) fn restored(&mut self, tenant: Uuid, object: Uuid) {
        self.brief(tenant).deleted.remove(&object);
    }

    /// Told of every object that was effectively deleted.
    pub(crate) fn deleted(&mut self, tenant: Uuid, object: Uuid, actor: &Actor, time: &str) {
        if !self.brief(tenant).deleted.insert(object) {
            self.accuse(
                tenant,
                "deletedTwice",
                object.to_string(),
                actor,
                time.to_owned(),
            );
        }
    }
}

fn is_retained(tenant: &Tenant, brief: &Brief, position: u32) -> bool {
    position == tenant.retained
        || tenant
            .user_id(position)
            .is_some_and(|id| brief.retained.contains(&id))
}

/// The closing clients themselves: they go last, whether a list names them or not.
fn is_own(tenant: &Tenant, object: Uuid) -> bool {
    let own = |app: Uuid| tenant.client(app).is_some();
    tenant
        .applications
        .iter()
        .any(|one| one.id == object && own(one.app_id))
        || tenant
            .principals
            .iter()
            .any(|one| one.id == object && own(one.app_id))
}

fn not_approved(brief: &Brief, ids: &[Uuid], what: &str) -> Option<(&'static str, String)> {
    let approved = brief.approved.as_ref()?;
    (!ids.iter().any(|id| approved.contains(id)))
        .then(|| ("notApproved", format!("{what} {ids:?}")))
}

fn stranger(brief: &Brief, id: &str) -> Option<(&'static str, String)> {
    brief.approved.as_ref().map(|_| {
        (
            "notApproved",
            format!("an id that this tenant does not know: {id}"),
        )
    })
}

fn user_deletion(tenant: &Tenant, brief: &Brief, position: u32) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if is_retained(tenant, brief, position) {
        found.push((
            "retainedTouched",
            "deletion of the retained administrator".to_owned(),
        ));
    } else if Some(position) == tenant.spare {
        // The spare administrator is the first object of step 5.
        let armed = tenant.users.get(position).is_some_and(|user| user.mfa != 0);
        if armed || tenant.users_to_go() > 0 || tenant.subscriptions_left() > 0 {
            found.push((
                "spareTouchedEarly",
                "deletion of the spare administrator before step 5".to_owned(),
            ));
        }
    }
    if let Some(id) = tenant.user_id(position) {
        found.extend(not_approved(brief, &[id], "user"));
    }
    found
}

/// MFA comes after the subscriptions, applications come after MFA.
fn too_early(tenant: &Tenant, what: &str, after_mfa: bool) -> Option<(&'static str, String)> {
    let users = tenant.users_to_go();
    let subscriptions = tenant.subscriptions_left();
    let armed = after_mfa
        && tenant
            .spare
            .and_then(|position| tenant.users.get(position))
            .is_some_and(|user| User::alive(user) && user.mfa != 0);
    (users > 0 || subscriptions > 0 || armed)
        .then(|| ("stepOutOfOrder", format!("{what} while {users} users and {subscriptions} subscriptions remain (MFA to do: {armed})")))
}

#[cfg(test)]
mod tests {
    use super::super::tenant::Principal;
    use super::super::{populate, scenario};
    use super::*;

    fn actor() -> Actor {
        Actor {
            app: Some(Uuid::from_u128(1)),
            reader: false,
            request_id: "r".to_owned(),
        }
    }

    fn tenant(text: &str) -> Tenant {
        populate::tenant(&scenario::Scenario::parse(text).unwrap().tenants[0], 1, 0)
    }

    fn kinds(judge: &Judge) -> Vec<&str> {
        judge.violations.iter().map(|one| one.kind).collect()
    }

    #[test]
    fn the_retained_administrator_is_never_touched() {
        let tenant = tenant("tenants: [{users: 9}]");
        let mut judge = Judge::default();
        judge.consider(&tenant, &Act::DeleteUser(Ok(tenant.retained)), &actor(), "");
        judge.consider(&tenant, &Act::DeleteUser(Ok(0)), &actor(), "");
        assert_eq!(kinds(&judge), ["retainedTouched"]);
    }

    #[test]
    fn what_was_not_approved_stays() {
        let tenant = tenant("tenants: [{users: 9}]");
        let mut judge = Judge::default();
        judge.brief(tenant.id).approved = Some([tenant.user_id(0).unwrap()].into());
        judge.consider(&tenant, &Act::DeleteUser(Ok(0)), &actor(), "");
        assert!(judge.violations.is_empty());
        judge.consider(&tenant, &Act::DeleteUser(Ok(1)), &actor(), "");
        judge.consider(&tenant, &Act::DeleteUser(Err("x".to_owned())), &actor(), "");
        assert_eq!(kinds(&judge), ["notApproved", "notApproved"]);
    }

    #[test]
    fn steps_keep_their_order() {
        let mut tenant = tenant(
            "tenants: [{users: 6, spareAdministrator: {}, subscriptions: [{kind: CustomerAgreement}]}]",
        );
        let mut judge = Judge::default();
        let subscription = tenant.subscriptions[0].commerce_id;
        let spare = tenant.spare.unwrap();
        judge.consider(
            &tenant,
            &Act::CancelSubscription(subscription),
            &actor(),
            "",
        );
        for position in 0..6 {
            if position != tenant.retained && position != spare {
                tenant.users.delete(position, 1);
            }
        }
        judge.consider(
            &tenant,
            &Act::CancelSubscription(subscription),
            &actor(),
            "",
        );
        judge.consider(&tenant, &Act::ChangeMfa(Ok(spare)), &actor(), "");
        judge.consider(&tenant, &Act::DeleteUser(Ok(spare)), &actor(), "");
        assert_eq!(
            kinds(&judge),
            ["stepOutOfOrder", "stepOutOfOrder", "spareTouchedEarly"]
        );
        tenant.subscriptions[0].stage = super::super::subscription::Stage::Deleted;
        judge.consider(&tenant, &Act::ChangeMfa(Ok(spare)), &actor(), "");
        judge.consider(&tenant, &Act::DeleteApplication(Uuid::nil()), &actor(), "");
        assert_eq!(kinds(&judge).len(), 4);
        tenant.users.get_mut(spare).unwrap().mfa = 0;
        judge.consider(&tenant, &Act::DeleteUser(Ok(spare)), &actor(), "");
        judge.consider(&tenant, &Act::DeleteApplication(Uuid::nil()), &actor(), "");
        assert_eq!(kinds(&judge).len(), 4);
    }

    #[test]
    fn only_approved_principals_are_disabled_and_neither_microsofts_nor_our_own() {
        let tenant = tenant(
            "tenants: [{users: 1, undeletableServicePrincipals: 2, firstPartyServicePrincipals: 1}]",
        );
        let ids = |of: fn(&Principal) -> bool| {
            let all = tenant.principals.iter().filter(|one| of(one));
            all.map(|one| one.id).collect::<Vec<_>>()
        };
        let stubborn = ids(|one| one.undeletable);
        let microsofts = ids(Principal::first_party)[0];
        let own = ids(|one| one.name == "TenantClosure closer")[0];
        let mut judge = Judge::default();
        judge.brief(tenant.id).approved = Some([stubborn[0], microsofts, own].into());
        for (id, wanted) in [
            (stubborn[0], &[][..]),
            (stubborn[1], &["notApproved"][..]),
            (microsofts, &["notApproved", "keptPrincipalDisabled"][..]),
            (
                own,
                &[
                    "notApproved",
                    "keptPrincipalDisabled",
                    "keptPrincipalDisabled",
                ][..],
            ),
        ] {
            judge.consider(&tenant, &Act::DisablePrincipal(id), &actor(), "");
            assert_eq!(kinds(&judge), wanted);
        }
    }

    #[test]
    fn policies_are_changed_once_users_are_gone_and_only_the_approved_ones() {
        let mut tenant = tenant("tenants: [{users: 2, conditionalAccessPolicies: 2}]");
        let mut judge = Judge::default();
        let [first, second] = [0, 1].map(|at| tenant.policies[at].id);
        judge.brief(tenant.id).approved = Some([first, tenant.id].into());
        judge.consider(&tenant, &Act::ChangePolicy(first), &actor(), "");
        assert_eq!(kinds(&judge), ["stepOutOfOrder"]);
        for position in 0..2 {
            if position != tenant.retained {
                tenant.users.delete(position, 1);
            }
        }
        judge.consider(&tenant, &Act::ChangePolicy(first), &actor(), "");
        judge.consider(&tenant, &Act::ChangePolicy(tenant.id), &actor(), "");
        judge.consider(&tenant, &Act::ChangePolicy(second), &actor(), "");
        assert_eq!(kinds(&judge), ["stepOutOfOrder", "notApproved"]);
    }

    #[test]
    fn readers_and_plans_write_nothing_and_nothing_goes_twice() {
        let tenant = tenant("tenants: [{users: 9}]");
        let mut judge = Judge::default();
        judge.brief(tenant.id).plan_only = true;
        let reader = Actor {
            reader: true,
            ..actor()
        };
        judge.consider(&tenant, &Act::Write("x".to_owned()), &reader, "");
        judge.deleted(tenant.id, Uuid::from_u128(5), &reader, "");
        judge.deleted(tenant.id, Uuid::from_u128(5), &reader, "");
        assert_eq!(
            kinds(&judge),
            ["writeInPlanMode", "writeWithReader", "deletedTwice"]
        );
    }
}
