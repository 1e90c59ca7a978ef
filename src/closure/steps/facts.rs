//! Facts: a step asks for what it needs; Unknown never counts as none.

use crate::closure::decision::{Decision, Waiting};
use crate::closure::intent::Action;
use crate::closure::observation::{Fact, Observation, Obstacle, Question, Why};
use crate::closure::pause;
use crate::closure::schedule::AFTER_FAILURE;
use crate::closure::steps::{credential, policy};

/// Those of the questions that were not asked in this cycle.
pub fn unread(seen: &Observation, questions: &[Question]) -> Option<Decision> {
    let left: Vec<Question> = questions
        .iter()
        .copied()
        .filter(|question| !was_read(seen, *question))
        .collect();
    (!left.is_empty()).then_some(Decision::Read(left))
}

/// The fact, or the decision that its absence leads to.
pub fn known<T>(fact: &Fact<T>, question: Question) -> Result<&T, Decision> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::NotRead => Err(Decision::Read(vec![question])),
        Fact::Unreadable(why) => Err(unreadable(question, *why)),
    }
}

/// What follows from an answer that does not count.
pub fn unreadable(question: Question, why: Why) -> Decision {
    let (what, permission) = words(question);
    match why {
        Why::Forbidden => Obstacle::new(
            "PermissionDenied",
            format!("The identity may not read {what}"),
            format!("Grant the application {permission} in the tenant, with admin consent"),
        )
        .blocks(),
        Why::CredentialRefused(refused) => credential::refused(question, refused),
        Why::PolicyAsks => {
            let met = format!("Microsoft does not let the operator read {what}");
            Decision::HandOff(vec![policy::lift(&met)])
        }
        Why::Conflict => {
            let met = format!("Microsoft does not let the operator read {what}");
            Decision::HandOff(vec![policy::clear(&met)])
        }
        Why::Unavailable => Waiting::new(
            "MicrosoftUnavailable",
            format!("Microsoft gave no usable answer about {what}"),
        )
        .again_in(AFTER_FAILURE)
        .into(),
        Why::Paused(until) => pause::waiting(&format!("nothing more is asked about {what}"), until).into(),
        Why::Malformed => Waiting::new(
            "UnexpectedAnswer",
            format!(
                "What was answered about {what} is not what Microsoft documents, so it is not believed; it is asked again"
            ),
        )
        .again_in(AFTER_FAILURE)
        .into(),
        Why::Unsupported => Obstacle::new(
            "NotSupported",
            format!("This cloud or tenant does not let a program read {what}"),
            "Close this tenant by hand, or ask the makers of this operator",
        )
        .blocks(),
    }
}

/// What is told while nobody can say what became of an effect; it is looked at again.
pub fn unsettled(action: Action, why: Option<Why>) -> Decision {
    let about = match action {
        Action::SwitchSyncOff => Question::Organization,
        Action::DeleteUsers | Action::VerifyUsers => Question::Users,
        Action::CancelSubscription | Action::StopRenewal => Question::Subscriptions,
        Action::MakeDomainDefault | Action::ReleaseDomain | Action::ForceReleaseDomain => {
            Question::Domains
        }
        Action::DisableMfa => Question::Mfa,
        Action::DisableSecurityDefaults => Question::SecurityDefaults,
        Action::DisablePolicies => Question::ConditionalAccess,
        Action::RemoveApplications | Action::DisableApplications | Action::RemoveOwnIdentity => {
            Question::Applications
        }
        Action::DeleteDirectory | Action::VerifyDirectoryGone => Question::Directory,
    };
    match why {
        Some(
            why @ (Why::Forbidden
            | Why::CredentialRefused(_)
            | Why::PolicyAsks
            | Why::Conflict
            | Why::Paused(_)
            | Why::Malformed),
        ) => unreadable(about, why),
        Some(Why::Unavailable | Why::Unsupported) | None => Waiting::new(
            "MicrosoftUnavailable",
            "Microsoft gave no answer that counts; the effect is looked at again",
        )
        .into(),
    }
}

const fn was_read(seen: &Observation, question: Question) -> bool {
    match question {
        Question::Organization => is_read(&seen.organization),
        Question::Identity => is_read(&seen.identity),
        Question::Administrators => {
            is_read(&seen.retained)
                && is_read(&seen.spare)
                && is_read(&seen.global_administrators)
                && is_read(&seen.role_schedules)
        }
        Question::AdministratorGroups => is_read(&seen.group_administrators),
        Question::RoleHolders => is_read(&seen.role_holders),
        Question::Ends => is_read(&seen.ends),
        Question::Rights => is_read(&seen.rights),
        Question::Users => is_read(&seen.users),
        Question::Newcomers => is_read(&seen.newcomers),
        Question::Subscriptions => is_read(&seen.subscriptions),
        Question::Mfa => is_read(&seen.mfa),
        Question::SecurityDefaults => is_read(&seen.security_defaults),
        Question::ConditionalAccess => is_read(&seen.policies),
        Question::RecycleBin => is_read(&seen.recycle_bin),
        Question::Applications => is_read(&seen.applications),
        Question::Domains => is_read(&seen.domains),
        Question::Losses => is_read(&seen.losses),
        Question::Mail => is_read(&seen.mail),
        Question::RestrictedUnits => is_read(&seen.restricted_units),
        Question::External => is_read(&seen.external),
        Question::DomainServices => is_read(&seen.domain_services),
        Question::Directory => is_read(&seen.directory),
        Question::Refused => is_read(&seen.still_there),
    }
}

const fn is_read<T>(fact: &Fact<T>) -> bool {
    !matches!(fact, Fact::NotRead)
}

const fn words(question: Question) -> (&'static str, &'static str) {
    match question {
        Question::Organization => ("the organization", "Organization.Read.All"),
        Question::Identity => ("its own service principal", "Application.Read.All"),
        Question::Administrators => (
            "the retained administrator",
            "User.Read.All and RoleManagement.Read.Directory",
        ),
        Question::AdministratorGroups => (
            "who is in the groups that hold Global Administrator",
            "Group.Read.All",
        ),
        Question::RoleHolders => (
            "who holds a directory role",
            "RoleManagement.Read.Directory",
        ),
        Question::Ends => ("when its own credential ends", "Application.Read.All"),
        Question::Rights => ("its own roles in Azure", "Reader"),
        Question::Users | Question::Newcomers | Question::Refused => ("the users", "User.Read.All"),
        Question::Subscriptions => (
            "the subscriptions",
            "Organization.Read.All and, as far as spec.billing.accounts says, Billing account reader on the billing account, \
             Reader on the Azure subscriptions, and the place of an application of the partner's tenant in Partner Center",
        ),
        Question::Mfa => (
            "the per-user MFA states",
            "Policy.ReadWrite.AuthenticationMethod",
        ),
        Question::SecurityDefaults => ("whether security defaults are on", "Policy.Read.All"),
        Question::ConditionalAccess => ("the Conditional Access policies", "Policy.Read.All"),
        Question::RecycleBin => ("the recycle bin", "User.Read.All"),
        Question::Applications => ("the applications", "Application.Read.All"),
        Question::Domains => ("the domains", "Domain.Read.All"),
        Question::Losses => ("what dies with the tenant", "Organization.Read.All"),
        Question::Mail => ("the DNS of the domains", "no permission"),
        Question::RestrictedUnits => (
            "the restricted administrative units",
            "AdministrativeUnit.Read.All",
        ),
        Question::External => (
            "user flows, identity providers and policies",
            "IdentityUserFlow.Read.All, EventListener.Read.All, IdentityProvider.Read.All, Policy.Read.All and \
             TrustFrameworkKeySet.Read.All",
        ),
        Question::DomainServices => (
            "Microsoft Entra Domain Services",
            "the role Reader on each Azure subscription",
        ),
        Question::Directory => ("the directory from outside", "no permission"),
    }
}
