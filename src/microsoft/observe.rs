//! The questions of the core, each answered by the file that knows.

use super::arm::{azure, billing, billing_rights, directory, domain_services, rights};
use super::failure::Failure;
use super::graph::{
    applications, domains, external, mfa, policies, recycle_bin, subscriptions, units, users,
};
use super::guard_reads::{Besides, Found, GUARDS};
use super::live::LiveTenant;
use super::mail;
use super::merge::merge;
use super::partner;
use super::wire::Wire;
use crate::closure::access::table as access;
use crate::closure::observation::{
    Fact, Lifecycle, MfaState, Observation, Question, Subscription, Users, Why,
};
use crate::closure::tenant::Scope;
use crate::closure::terms::BillingKind;
use std::collections::BTreeMap;

impl<T> From<Result<T, Failure>> for Fact<T> {
    fn from(read: Result<T, Failure>) -> Self {
        match read {
            Ok(value) => Self::Known(value),
            Err(failure) => Self::Unreadable(failure.why()),
        }
    }
}

impl LiveTenant {
    /// Asks the guards' questions in one `$batch`, the others one after the other.
    pub(super) async fn answer(
        &self,
        scope: &Scope,
        questions: &[Question],
        into: &mut Observation,
    ) {
        let line = self.graph.line();
        let refused = questions.contains(&Question::Refused);
        let besides = Besides {
            ids: if refused { &scope.refused } else { &[] },
            types: &["user"],
        };
        let besides_guards = [
            Question::RoleHolders,
            Question::Ends,
            Question::Users,
            Question::Refused,
        ];
        let batched = |q: &Question| GUARDS.contains(q) || besides_guards.contains(q);
        let Found { holders, shown } = if questions.iter().any(batched) {
            self.guard_reads(&line, scope, questions, besides, into)
                .await
        } else {
            Found::default()
        };
        if refused {
            into.still_there = shown.map(|shown| shown.into_keys().collect()).into();
        }
        for question in questions {
            match question {
                Question::Users => {
                    into.users = match &holders {
                        Ok(holders) => users::list(&line, holders).await.into(),
                        Err(failure) => Fact::Unreadable(failure.why()),
                    };
                    if let Fact::Known(users) = &into.users {
                        self.tracking.lock().await.listed(&users.ids);
                    }
                }
                Question::Newcomers => {
                    let mut tracking = self.tracking.lock().await;
                    let looked = tracking.look(&line, scope.newcomers_every).await;
                    into.newcomers = looked.into();
                }
                Question::Subscriptions => into.subscriptions = self.subscriptions().await.into(),
                Question::Rights => into.rights = self.rights().await.into(),
                Question::Mfa => into.mfa = self.mfa(&into.users).await.into(),
                Question::SecurityDefaults => {
                    into.security_defaults = policies::security_defaults(&line).await.into();
                }
                Question::ConditionalAccess => {
                    into.policies = policies::conditional_access(&line).await.into();
                }
                Question::RecycleBin => {
                    into.recycle_bin = recycle_bin::users(&line).await.into();
                }
                Question::Applications => {
                    into.applications = applications::list(&line).await.into();
                }
                Question::Domains => {
                    into.domains = domains::list(&line, &scope.domains).await.into();
                }
                Question::Losses => into.losses = Fact::Known(Box::pin(self.losses()).await),
                Question::RestrictedUnits => {
                    into.restricted_units = units::restricted(&line).await.into();
                }
                Question::Mail => {
                    into.mail = match into.organization.known() {
                        Some(found) => {
                            let domains = &found.custom_domains;
                            Fact::Known(mail::look(&self.dns, self.cloud, domains).await)
                        }
                        None => Fact::Unreadable(Why::Unavailable),
                    };
                }
                Question::External => {
                    let resource = self.directory_resource.as_deref();
                    let told = resource.and_then(directory::kind);
                    into.external = external::read(&line, told).await.into();
                }
                Question::DomainServices => {
                    into.domain_services = self.domain_services().await.into();
                }
                Question::Directory => into.directory = self.outside.look(&line).await.into(),
                Question::Organization
                | Question::Identity
                | Question::Administrators
                | Question::AdministratorGroups
                | Question::RoleHolders
                | Question::Ends
                | Question::Refused => {}
            }
        }
    }

    /// Graph's subscriptions with what each billing account knows of them. One account that cannot be read, and nothing
    /// counts: what is not seen is not none.
    pub(super) async fn subscriptions(&self) -> Result<Vec<Subscription>, Failure> {
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
                BillingKind::Partner => {
                    bought.extend(partner::subscriptions::list(&line, self.tenant).await?);
                }
            }
        }
        Ok(merge(seen, bought, azure_ones))
    }

    /// Whether we may cancel the Azure subscriptions, end what billing accounts show, and delete the resource that the
    /// directory is.
    async fn rights(&self) -> Result<BTreeMap<access::Kind, bool>, Failure> {
        let mut held = BTreeMap::new();
        for (kind, wire) in &self.billing {
            let line = wire.as_ref().unwrap_or(&self.graph).line();
            let told = match kind {
                BillingKind::AzureSubscription => {
                    let may = rights::may_cancel(&line, self.tenant).await?;
                    may.map(|may| (access::Kind::SubscriptionRole, may))
                }
                BillingKind::CustomerAgreement => {
                    let may = billing_rights::may_end(&line, self.tenant).await?;
                    may.map(|may| (access::Kind::BillingRole, may))
                }
                BillingKind::Partner => None,
            };
            if let Some((kind, may)) = told {
                *held.entry(kind).or_insert(true) &= may;
            }
        }
        if let Some(resource) = &self.directory_resource {
            let may = rights::may_delete(&self.directory_wire().line(), resource).await?;
            held.insert(access::Kind::ResourceRole, may);
        }
        Ok(held)
    }

    /// Managed domains in every Azure subscription that an account shows. Without such an account nobody may look.
    async fn domain_services(&self) -> Result<u32, Failure> {
        let of_azure =
            |(kind, _): &&(BillingKind, Option<Wire>)| *kind == BillingKind::AzureSubscription;
        let mut accounts = self.billing.iter().filter(of_azure).peekable();
        if accounts.peek().is_none() {
            return Err(Failure::unsendable("NoAzureAccount"));
        }
        let mut left = 0u32;
        for (_, wire) in accounts {
            let line = wire.as_ref().unwrap_or(&self.graph).line();
            for one in azure::list(&line, self.tenant).await? {
                if one.lifecycle != Lifecycle::Gone {
                    let more = domain_services::count(&line, one.id, self.tenant).await?;
                    left = left.saturating_add(more);
                }
            }
        }
        Ok(left)
    }

    /// Per-user MFA of everybody who is still there: as this cycle has listed them, or as they are listed now.
    async fn mfa(&self, listed: &Fact<Users>) -> Result<Vec<MfaState>, Failure> {
        let line = self.graph.line();
        match listed {
            Fact::Known(listed) => mfa::read(&line, &listed.ids).await,
            Fact::NotRead | Fact::Unreadable(_) => {
                mfa::read(&line, &users::ids(&line).await?).await
            }
        }
    }
}
