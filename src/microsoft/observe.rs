//! The questions of the core, each answered by the file that knows.

use super::arm::{azure, billing};
use super::failure::Failure;
use super::graph::roles::GlobalAdministrators;
use super::graph::{
    administrators, applications, identity, mfa, objects, organization, roles, subscriptions, users,
};
use super::live::LiveTenant;
use super::merge::merge;
use crate::closure::observation::{Fact, MfaState, Observation, Question, Subscription};
use crate::closure::tenant::Scope;
use crate::closure::terms::BillingKind;

impl<T> From<Result<T, Failure>> for Fact<T> {
    fn from(read: Result<T, Failure>) -> Self {
        match read {
            Ok(value) => Self::Known(value),
            Err(failure) => Self::Unreadable(failure.why()),
        }
    }
}

impl LiveTenant {
    /// Asks the questions one after the other; those that need the holders of Global Administrator share one reading.
    pub(super) async fn answer(
        &self,
        scope: &Scope,
        questions: &[Question],
        into: &mut Observation,
    ) {
        let line = self.graph.line();
        let needed = |q: &Question| matches!(q, Question::Administrators | Question::Users);
        let holders = if questions.iter().any(needed) {
            roles::global_administrators(&line).await
        } else {
            Ok(GlobalAdministrators::default())
        };
        for question in questions {
            match question {
                Question::Organization => {
                    into.organization = organization::read(&line).await.into();
                }
                Question::Identity => into.identity = identity::read(&line).await.into(),
                Question::Administrators => self.administrators(scope, &holders, into).await,
                Question::Users => {
                    into.users = match &holders {
                        Ok(holders) => users::list(&line, holders).await.into(),
                        Err(failure) => Fact::Unreadable(failure.why()),
                    };
                }
                Question::Subscriptions => into.subscriptions = self.subscriptions().await.into(),
                Question::Mfa => into.mfa = self.mfa().await.into(),
                Question::Applications => {
                    into.applications = applications::list(&line).await.into();
                }
                Question::Directory => into.directory = self.outside.look(&line).await.into(),
                Question::Refused => {
                    let shown = objects::shown(&line, &scope.refused, &["user"]).await;
                    into.still_there = shown.map(|shown| shown.into_keys().collect()).into();
                }
            }
        }
    }

    async fn administrators(
        &self,
        scope: &Scope,
        holders: &Result<GlobalAdministrators, Failure>,
        into: &mut Observation,
    ) {
        let line = self.graph.line();
        match holders {
            Ok(holders) => {
                into.retained = administrators::read(&line, &scope.retained, holders)
                    .await
                    .into();
                into.spare = match &scope.spare {
                    Some(name) => administrators::read(&line, name, holders).await.into(),
                    None => Fact::Known(None),
                };
            }
            Err(failure) => {
                into.retained = Fact::Unreadable(failure.why());
                into.spare = Fact::Unreadable(failure.why());
            }
        }
    }

    /// Graph's subscriptions with what each billing account knows of them. One account that cannot be read, and nothing
    /// counts: what is not seen is not none.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Failure> {
        let seen = subscriptions::list(&self.graph.line(), self.tenant).await?;
        let (mut bought, mut azure_ones) = (Vec::new(), Vec::new());
        for (kind, wire) in &self.billing {
            let line = wire.as_ref().unwrap_or(&self.graph).line();
            match kind {
                BillingKind::CustomerAgreement => {
                    bought.extend(billing::list(&line, self.tenant).await?);
                }
                BillingKind::AzureSubscription => {
                    azure_ones.extend(azure::list(&line, self.tenant).await?);
                }
                BillingKind::Partner => {}
            }
        }
        Ok(merge(seen, bought, azure_ones))
    }

    /// Per-user MFA of everybody who is still there.
    async fn mfa(&self) -> Result<Vec<MfaState>, Failure> {
        let line = self.graph.line();
        let ids = users::ids(&line).await?;
        mfa::read(&line, &ids).await
    }
}
