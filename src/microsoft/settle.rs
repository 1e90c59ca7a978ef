//! What became of an intent: read, never inferred from what was answered.

use super::accounts;
use super::arm::directory;
use super::failure::{Failure, Kind};
use super::graph::{applications, domains, mfa, objects, policies, users};
use super::guard_reads::{Besides, GUARDS};
use super::live::LiveTenant;
use super::perform::{Road, domain_of};
use super::wire::Line;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome};
use crate::closure::observation::{Existence, Fact, Lifecycle, Observation, Question, Why};
use crate::closure::tenant::{Attempt, LookBack};
use std::collections::BTreeSet;

impl LiveTenant {
    /// Reads and sorts. A reading that fails leaves `complete` false and proves nothing.
    pub(super) async fn look_back(&self, about: LookBack<'_>, into: &mut Observation) -> Outcome {
        let line = self.graph.line();
        let LookBack {
            intent, attempt, ..
        } = about;
        if intent.action == Action::VerifyUsers {
            return match about.plan {
                Some(plan) => users::verify(&line, plan, about.supplements).await,
                None => Outcome::default(),
            };
        }
        let mut outcome = match self.sorted(&line, about, into).await {
            Ok(outcome) => outcome,
            Err(failure) => self.unread(&line, intent, attempt, &failure).await,
        };
        if let Some(attempt) = attempt {
            outcome.requests = outcome.requests.saturating_add(attempt.requests);
            outcome.throttled = attempt.throttled;
            if !(outcome.refused.is_empty() && outcome.unanswered.is_empty()) {
                outcome.request_ids.clone_from(&attempt.request_ids);
            }
        }
        outcome
    }

    /// Which of a slice's users are still shown, and what the guards ask before the next slice: one `$batch`.
    async fn slice_left(
        &self,
        line: &Line<'_>,
        about: LookBack<'_>,
        into: &mut Observation,
    ) -> Result<Outcome, Failure> {
        let ids = about.intent.objects.as_slice();
        let besides = Besides {
            ids,
            types: &["user"],
        };
        let found = self.guard_reads(line, about.scope, &GUARDS, besides, into);
        let shown = found.await.shown?;
        let still = |id: &ObjectId| shown.contains_key(id);
        Ok(objects::sort(ids, about.attempt, still))
    }

    async fn sorted(
        &self,
        line: &Line<'_>,
        about: LookBack<'_>,
        into: &mut Observation,
    ) -> Result<Outcome, Failure> {
        let LookBack {
            intent, attempt, ..
        } = about;
        let ids = intent.objects.as_slice();
        let tenant = [self.tenant];
        let mut outcome = match intent.action {
            Action::DeleteUsers => self.slice_left(line, about, into).await?,
            Action::RemoveApplications => {
                let shown = applications::still_there(line, ids).await?;
                objects::sort(ids, attempt, |id| shown.contains_key(id))
            }
            Action::DisableApplications => {
                let on = applications::still_enabled(line, ids).await?;
                objects::sort(ids, attempt, |id| on.contains(id))
            }
            Action::RemoveOwnIdentity => match applications::still_there(line, ids).await {
                Ok(shown) => objects::sort(ids, attempt, |id| shown.contains_key(id)),
                Err(failure) if self.locked_out(&failure).await => {
                    objects::sort(ids, attempt, |_| false)
                }
                Err(failure) => return Err(failure),
            },
            Action::DisableMfa => {
                let states = mfa::read(line, ids).await?;
                let on: BTreeSet<ObjectId> =
                    states.iter().filter(|s| s.enabled).map(|s| s.id).collect();
                objects::sort(ids, attempt, |id| on.contains(id))
            }
            Action::DisableSecurityDefaults => {
                let on = policies::security_defaults(line).await?;
                objects::sort(ids, attempt, |_| on)
            }
            Action::DisablePolicies => {
                let there = policies::conditional_access(line).await?;
                objects::sort(ids, attempt, |id| there.get(id) == Some(&true))
            }
            Action::SwitchSyncOff => {
                let asked = [Question::Organization];
                self.guard_reads(line, about.scope, &asked, Besides::default(), into)
                    .await;
                match &into.organization {
                    Fact::Known(organization) => {
                        objects::sort(&tenant, attempt, |_| organization.sync_enabled)
                    }
                    Fact::Unreadable(why) => unread(&tenant, attempt, *why),
                    Fact::NotRead => return Err(Failure::transport("Unanswered")),
                }
            }
            Action::CancelSubscription | Action::StopRenewal => {
                return self.subscription_left(intent, attempt).await;
            }
            Action::MakeDomainDefault => {
                let found = domains::find(line, domain_of(intent)?).await?;
                objects::sort(ids, attempt, |_| !found.as_ref().is_some_and(|d| d.default))
            }
            Action::ReleaseDomain | Action::ForceReleaseDomain => {
                let found = domains::find(line, domain_of(intent)?).await?;
                objects::sort(ids, attempt, |_| found.is_some())
            }
            Action::DeleteDirectory => return self.directory_left(intent, attempt).await,
            Action::VerifyDirectoryGone => {
                let gone = self.outside.look(line).await? == Existence::Gone;
                let mut outcome = objects::sort(&tenant, attempt, |_| !gone);
                outcome.unanswered.clear();
                outcome
            }
            Action::VerifyUsers => Outcome::default(),
        };
        outcome.requests = line.requests();
        Ok(outcome)
    }

    async fn subscription_left(
        &self,
        intent: &Intent,
        attempt: Option<&Attempt>,
    ) -> Result<Outcome, Failure> {
        let resource = intent.resource.as_deref().unwrap_or_default();
        let road = Road::of(resource).ok_or_else(|| Failure::unsendable("NoResourceId"))?;
        let line = self.account(road, resource).await?.line();
        let found = accounts::find(&line, road, resource).await?;
        let still = found.is_some_and(|one| match intent.action {
            Action::StopRenewal => one.auto_renew && one.lifecycle == Lifecycle::Active,
            _ => one.lifecycle == Lifecycle::Active,
        });
        let mut outcome = objects::sort(&intent.objects, attempt, |_| still);
        outcome.requests = line.requests();
        Ok(outcome)
    }

    async fn directory_left(
        &self,
        intent: &Intent,
        attempt: Option<&Attempt>,
    ) -> Result<Outcome, Failure> {
        let resource = self.directory_of(intent)?;
        let line = self.directory_wire().line();
        let still = match directory::tenant_of(&line, resource).await {
            Ok(found) => found.is_some(),
            // With the tenant's own credential: the login service no longer knows the tenant.
            Err(failure) if failure.kind == Kind::TenantGone && self.directory.is_none() => false,
            Err(failure) => return Err(failure),
        };
        let mut outcome = objects::sort(&[self.tenant], attempt, |_| still);
        outcome.requests = line.requests();
        Ok(outcome)
    }

    /// A credential whose service principal is gone is refused by the token endpoint, a token that is still valid by
    /// Graph: then the token endpoint is asked anew.
    async fn locked_out(&self, failure: &Failure) -> bool {
        match failure.kind {
            Kind::Credential | Kind::TenantGone => true,
            Kind::Forbidden => self.outside.refused(&self.graph.line()).await,
            _ => false,
        }
    }

    /// Nothing could be read: what was answered is kept, and nothing is proven. But where the way in is lost because the
    /// tenant itself is gone, as the readers outside agree, all that was in it is gone too.
    async fn unread(
        &self,
        line: &Line<'_>,
        intent: &Intent,
        attempt: Option<&Attempt>,
        failure: &Failure,
    ) -> Outcome {
        let about = self.about(intent);
        let lost = matches!(failure.kind, Kind::Credential | Kind::TenantGone);
        if lost && self.outside.look(line).await == Ok(Existence::Gone) {
            return objects::sort(about, attempt, |_| false);
        }
        unread(about, attempt, failure.why())
    }
}

/// What was answered is kept, and nothing is proven.
fn unread(about: &[ObjectId], attempt: Option<&Attempt>, why: Why) -> Outcome {
    Outcome {
        complete: false,
        unread: Some(why),
        ..objects::sort(about, attempt, |_| true)
    }
}
