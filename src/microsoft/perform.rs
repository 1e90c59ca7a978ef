//! Intents carried out, once each.

use super::accounts::Change;
use super::arm::{azure, billing, directory, operation};
use super::batch::Item;
use super::clouds::Service;
use super::effect::{join, note, refuse, sweep, sweep_in, write};
use super::failure::{Failure, Kind};
use super::graph::applications::{self, Collection};
use super::graph::{BETA, STABLE, domains, mfa, organization, policies};
use super::live::LiveTenant;
use super::partner;
use super::request::Call;
use super::wire::Line;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::tenant::{Attempt, Leash};
use crate::closure::terms::BillingKind;

/// How an intent's ARM id, or path in Partner Center, is to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// A subscription of a billing account.
    Billing,
    /// An Azure subscription.
    Azure,
    /// A subscription that a partner sold.
    Partner,
}

impl Road {
    /// By the beginning of the id; `None` for anything else.
    pub(super) fn of(resource: &str) -> Option<Self> {
        if partner::subscriptions::parse(resource).is_some() {
            return Some(Self::Partner);
        }
        let lower = resource.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        match parts.as_slice() {
            ["", "providers", "microsoft.billing", "billingaccounts", ..]
                if parts.contains(&"billingsubscriptions") =>
            {
                Some(Self::Billing)
            }
            ["", "subscriptions", id] if ObjectId::parse(id).is_some() => Some(Self::Azure),
            _ => None,
        }
    }

    /// The service that it is spoken to through.
    pub(super) const fn service(self) -> Service {
        match self {
            Self::Billing | Self::Azure => Service::Arm,
            Self::Partner => Service::Partner,
        }
    }

    /// Which kind of account it belongs to.
    pub(super) const fn kind(self) -> BillingKind {
        match self {
            Self::Billing => BillingKind::CustomerAgreement,
            Self::Azure => BillingKind::AzureSubscription,
            Self::Partner => BillingKind::Partner,
        }
    }
}

/// The change that is to be sent. One that is not needed any more is noted as accepted, one that is refused before as refused.
fn to_send(
    attempt: &mut Attempt,
    told: Result<Option<Call>, Failure>,
    about: &[ObjectId],
) -> Result<Option<Call>, Failure> {
    match told {
        Ok(None) => attempt.accepted.extend(about),
        Err(failure) if matches!(failure.kind, Kind::Forbidden | Kind::Rejected) => {
            refuse(attempt, &failure, about);
        }
        told => return told,
    }
    Ok(None)
}

impl LiveTenant {
    /// Carries an intent out. What was not sent for a reason that passes is not in the attempt, and is looked at again;
    /// what can never be sent, or is refused before it is, is in it with the code.
    pub(super) async fn carry_out(&self, intent: &Intent, leash: &dyn Leash) -> Attempt {
        let failure = match self.try_to(intent, leash).await {
            Ok(attempt) => return attempt,
            Err(failure) => failure,
        };
        tracing::warn!(
            action = intent.action.name(),
            code = failure.code,
            status = failure.status,
            "nothing was sent"
        );
        let mut attempt = Attempt::default();
        attempt.note_request(failure.request_id);
        // A right that is lacking for a reading is told by the next look, with its remedy.
        let lasts = matches!(
            failure.kind,
            Kind::Challenged | Kind::Conflict | Kind::Rejected
        );
        if lasts {
            refuse(&mut attempt, &failure, self.about(intent));
        }
        attempt
    }

    /// The objects that an intent's outcome speaks of.
    pub(super) fn about<'a>(&'a self, intent: &'a Intent) -> &'a [ObjectId] {
        match intent.action {
            Action::SwitchSyncOff | Action::DeleteDirectory => std::slice::from_ref(&self.tenant),
            _ => intent.objects.as_slice(),
        }
    }

    async fn try_to(&self, intent: &Intent, leash: &dyn Leash) -> Result<Attempt, Failure> {
        let line = self.graph.leashed(leash);
        let objects = intent.objects.as_slice();
        match intent.action {
            Action::VerifyUsers | Action::VerifyDirectoryGone => Ok(Attempt::default()),
            Action::DeleteUsers => {
                let delete = |id| Item::delete("users", id);
                sweep(&line, STABLE, objects, delete).await
            }
            Action::DisableMfa => sweep(&line, BETA, objects, mfa::disable).await,
            Action::DisableSecurityDefaults => {
                let call = policies::defaults_off(&line)?;
                Ok(once(&line, objects, &call).await)
            }
            Action::DisablePolicies => disable_policies(&line, objects).await,
            Action::SwitchSyncOff => {
                let call = organization::sync_off(&line, self.tenant)?;
                Ok(once(&line, &[self.tenant], &call).await)
            }
            Action::MakeDomainDefault | Action::ReleaseDomain | Action::ForceReleaseDomain => {
                let name = domain_of(intent)?;
                let call = match intent.action {
                    Action::MakeDomainDefault => domains::make_default(&line, name)?,
                    Action::ReleaseDomain => domains::delete(&line, name)?,
                    _ => domains::force_delete(&line, name)?,
                };
                Ok(once(&line, objects, &call).await)
            }
            Action::RemoveApplications => remove(&line, objects).await,
            Action::DisableApplications => {
                sweep(&line, STABLE, objects, applications::disable).await
            }
            Action::RemoveOwnIdentity => remove_own(&line, objects).await,
            Action::CancelSubscription | Action::StopRenewal => {
                self.end_subscription(intent, leash).await
            }
            Action::DeleteDirectory => {
                let line = self.directory_wire().leashed(leash);
                self.delete_directory(&line, self.directory_of(intent)?)
                    .await
            }
        }
    }

    async fn end_subscription(
        &self,
        intent: &Intent,
        leash: &dyn Leash,
    ) -> Result<Attempt, Failure> {
        let resource = intent.resource.as_deref().unwrap_or_default();
        let road = Road::of(resource).ok_or_else(|| Failure::unsendable("NoResourceId"))?;
        let line = self.account(road, resource).await?.leashed(leash);
        if road == Road::Partner {
            return self.end_sold(&line, intent, resource).await;
        }
        if road == Road::Billing {
            return self.end_billed(&line, intent, resource).await;
        }
        if intent.action != Action::CancelSubscription {
            return Err(Failure::unsendable("NoResourceId"));
        }
        let call = azure::cancel(&line, resource)?;
        Ok(operation::carry_out(&line, &call, &intent.objects).await)
    }

    /// Changes what was bought under a Customer Agreement, having read that it is what the intent says, and this tenant's.
    async fn end_billed(
        &self,
        line: &Line<'_>,
        intent: &Intent,
        resource: &str,
    ) -> Result<Attempt, Failure> {
        let (about, wanted) = (&intent.objects, Change::of(intent.action));
        let id = about.first().copied();
        let mut attempt = Attempt::default();
        let told = billing::change(line, self.tenant, resource, id, wanted).await;
        if let Some(call) = to_send(&mut attempt, told, about)? {
            return Ok(operation::carry_out(line, &call, about).await);
        }
        attempt.requests = line.requests();
        Ok(attempt)
    }

    /// Changes what a partner sold: reads the whole resource, and sends it back with one field changed.
    async fn end_sold(
        &self,
        line: &Line<'_>,
        intent: &Intent,
        resource: &str,
    ) -> Result<Attempt, Failure> {
        let (about, wanted) = (&intent.objects, Change::of(intent.action));
        let mut attempt = Attempt::default();
        let told = partner::subscriptions::change(line, self.tenant, resource, wanted).await;
        if let Some(call) = to_send(&mut attempt, told, about)? {
            let sent = write(line, Service::Partner, &call).await;
            note(&mut attempt, about, &call, sent.as_ref());
        }
        attempt.requests = line.requests();
        Ok(attempt)
    }

    /// Deletes the directory, having read that the resource is this tenant's and no other's.
    async fn delete_directory(&self, line: &Line<'_>, resource: &str) -> Result<Attempt, Failure> {
        let about = [self.tenant];
        let call = directory::delete(line, resource)?;
        match directory::tenant_of(line, resource).await? {
            Some(tenant) if tenant == self.tenant => {
                // A directory that still has something in it is answered 409, and is until a person has emptied it: unlike a
                // race, that is told.
                Ok(operation::carry_out_told(line, &call, &about, 409).await)
            }
            Some(_) => {
                let mut attempt = Attempt::default();
                let failure = Failure::of(Kind::Rejected, 0, "TenantMismatch");
                refuse(&mut attempt, &failure, &about);
                Ok(attempt)
            }
            None => Ok(Attempt {
                accepted: about.to_vec(),
                requests: line.requests(),
                ..Attempt::default()
            }),
        }
    }

    /// The directory's ARM id: the intent's, which must be the one of the settings where those name one.
    pub(super) fn directory_of<'a>(&'a self, intent: &'a Intent) -> Result<&'a str, Failure> {
        let named = self.directory_resource.as_deref();
        match (intent.resource.as_deref(), named) {
            (Some(told), Some(named)) if !told.eq_ignore_ascii_case(named) => {
                Err(Failure::unsendable("OtherDirectory"))
            }
            (Some(resource), _) | (None, Some(resource)) => Ok(resource),
            (None, None) => Err(Failure::unsendable("NoResourceId")),
        }
    }
}

/// One request of Graph's, which stands for all `objects`.
async fn once(line: &Line<'_>, objects: &[ObjectId], call: &Call) -> Attempt {
    let mut attempt = Attempt::default();
    let sent = write(line, Service::Graph, call).await;
    note(&mut attempt, objects, call, sent.as_ref());
    attempt.requests = line.requests();
    attempt
}

/// The domain of an intent, whose object is made of it.
pub(super) fn domain_of(intent: &Intent) -> Result<&str, Failure> {
    let name = intent.domain.as_deref().unwrap_or_default();
    if intent.objects == [ObjectId::of_domain(name)] {
        Ok(name)
    } else {
        Err(Failure::unsendable("OtherDomain"))
    }
}

/// Deletes applications and service principals; which of the two each is, is read first. Those that personal accounts may
/// use come last, in a lane of their own.
async fn remove(line: &Line<'_>, objects: &[ObjectId]) -> Result<Attempt, Failure> {
    let there = applications::still_there(line, objects).await?;
    let (slow, ids): (Vec<ObjectId>, Vec<ObjectId>) = there
        .keys()
        .partition(|id| there.get(id) == Some(&Collection::PersonalApplications));
    let delete = |id: ObjectId| {
        let collection = there.get(&id).copied();
        collection.unwrap_or(Collection::Applications).delete(id)
    };
    let mut attempt = sweep(line, STABLE, &ids, delete).await?;
    if !slow.is_empty() {
        let personal = Some(&*line.wire.gate.personal);
        let slowly = sweep_in(line, personal, STABLE, &slow, delete).await?;
        join(&mut attempt, &slowly);
    }
    let absent = objects.iter().filter(|id| !there.contains_key(id));
    attempt.accepted.extend(absent);
    Ok(attempt)
}

/// Disables Conditional Access policies, one request each, in the slow lane; what does not fit into the time of the effect
/// is left for the next.
async fn disable_policies(line: &Line<'_>, objects: &[ObjectId]) -> Result<Attempt, Failure> {
    let mut attempt = Attempt::default();
    for id in objects {
        let call = policies::policy_off(line, *id)?;
        let Some(sent) = write(line, Service::Graph, &call).await else {
            break;
        };
        note(&mut attempt, &[*id], &call, Some(&sent));
    }
    attempt.requests = line.requests();
    Ok(attempt)
}

/// Deletes our registration, then our service principal: one request each, in this order, for after the second no other
/// is answered. Where the first gets no answer the second is not sent.
async fn remove_own(line: &Line<'_>, objects: &[ObjectId]) -> Result<Attempt, Failure> {
    let there = applications::still_there(line, objects).await?;
    let mut attempt = Attempt::default();
    let absent = objects.iter().filter(|id| !there.contains_key(id));
    attempt.accepted.extend(absent);
    let mut ordered: Vec<(Collection, ObjectId)> = there.iter().map(|(id, c)| (*c, *id)).collect();
    ordered.sort_unstable();
    for (collection, id) in ordered {
        let path = [STABLE, collection.name(), &id.to_string()];
        let url = line.url(Service::Graph, &path, &[])?;
        let call = Call::delete(url);
        let sent = write(line, Service::Graph, &call).await;
        note(&mut attempt, &[id], &call, sent.as_ref());
        if !attempt.accepted.contains(&id) {
            break;
        }
    }
    attempt.requests = line.requests();
    Ok(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_kinds_of_resource_can_be_ended() {
        let billing = "/providers/Microsoft.Billing/billingAccounts/a:b/billingSubscriptions/s";
        assert_eq!(Road::of(billing), Some(Road::Billing));
        let azure = "/subscriptions/00000000-0000-0000-0000-00000000000b";
        assert_eq!(Road::of(azure), Some(Road::Azure));
        for bad in [
            "",
            "/subscriptions/x",
            "/providers/Microsoft.Billing/billingAccounts/a",
            "/subscriptions/00000000-0000-0000-0000-00000000000b/resourceGroups/g",
            "https://evil.example/subscriptions/00000000-0000-0000-0000-00000000000b",
        ] {
            assert_eq!(Road::of(bad), None, "{bad}");
        }
    }
}
