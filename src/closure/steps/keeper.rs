//! The administrator who stays: whether a second factor is registered for him, and whether he has shown lately that he can
//! sign in, before anything is taken away for good.

use crate::closure::decision::{Decided, Decision};
use crate::closure::intent::Action;
use crate::closure::memory::Memory;
use crate::closure::observation::{Administrator, Fact, Observation, Obstacle, Question, Why};
use crate::closure::plan::Plan;
use crate::closure::steps::{facts, preconditions};
use crate::closure::terms::{Mode, Terms};
use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};

/// Days for which a sign-in tells that a second factor is there, where the configuration names no others.
pub const STANDS_IN_DAYS: u32 = 30;

/// What to do where he has not shown it.
const PROVE: &str =
    "Sign in as this account with the code that it shows: kubectl tenant-closure keeper prove";

/// Asked until the first effect that takes something away for good.
pub fn unproven(
    terms: &Terms,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Obstacle> {
    if memory.destroying_since.is_some() {
        return None;
    }
    lacking(terms, seen, now)
}

/// Where the operator's configuration asks for a proof: that there is none which is young enough.
pub fn lacking(terms: &Terms, seen: &Observation, now: Timestamp) -> Option<Obstacle> {
    let days = seen.cluster.configuration.proof_days?;
    let retained = seen.retained.known().and_then(Option::as_ref);
    let young = retained.is_some_and(|found| proven(found, seen, days, now));
    (!young).then(|| {
        let message = format!(
            "The retained administrator {} has not proven within {} that the account can sign in with multifactor authentication",
            terms.retained,
            count(days, "day")
        );
        Obstacle::new("RetainedAdminUnproven", message, PROVE)
    })
}

/// Without a second factor he is locked out of the portal, where the rest is done. Once something has begun, that nobody can
/// tell holds back effects alone ([`hold_back`]): a wait of months goes on.
pub fn second_factor(
    found: &Administrator,
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Result<(), Decision> {
    let terms = &plan.terms;
    match found.second_factor {
        Fact::Known(true) => Ok(()),
        Fact::Known(false) => {
            let message = format!(
                "The retained administrator {} has no method of multifactor authentication registered, which Microsoft's portals ask for",
                terms.retained
            );
            let remedy = "Register one for the account under its security info: Microsoft Authenticator, a passkey, a code generator or a phone; a password, an e-mail address or a temporary pass is none";
            Err(Obstacle::new("RetainedAdminWithoutMfa", message, remedy).blocks())
        }
        Fact::Unreadable(why) if !nobody_can_tell(why) => {
            Err(facts::unreadable(Question::Administrators, why))
        }
        Fact::Unreadable(_) | Fact::NotRead => {
            let asked = terms.mode == Mode::Execute && !preconditions::begun(memory);
            match untold(found, terms, seen, now).filter(|_| asked) {
                Some(obstacle) => Err(obstacle.blocks()),
                None => Ok(()),
            }
        }
    }
}

/// No other administrator is deleted, in whatever pass, before the one who stays has proven himself where that is asked; and
/// where nobody can tell whether he has a second factor, no effect starts without a sign-in that is young enough.
pub fn hold_back(mut decided: Decided, plan: &Plan, seen: &Observation, now: Timestamp) -> Decided {
    let Decision::Act(intent) = &decided.decision else {
        return decided;
    };
    if intent.action.reads_only() {
        return decided;
    }
    let last = intent.action == Action::DeleteUsers
        && intent
            .objects
            .iter()
            .any(|id| plan.names_administrator(*id));
    let unproven = || lacking(&plan.terms, seen, now);
    let unknown = || untold_factor(&plan.terms, seen, now);
    if let Some(obstacle) = last.then(unproven).flatten().or_else(unknown) {
        decided.decision = obstacle.blocks();
    }
    decided
}

/// Nobody can tell whether he has a second factor, and he has not signed in with one lately.
pub fn untold_factor(terms: &Terms, seen: &Observation, now: Timestamp) -> Option<Obstacle> {
    let found = seen.retained.known()?.as_ref()?;
    let told = found.second_factor.known().is_some();
    (!told).then(|| untold(found, terms, seen, now))?
}

/// Another day will not change it.
const fn nobody_can_tell(why: Why) -> bool {
    matches!(why, Why::Forbidden | Why::Unsupported)
}

/// Nobody can tell, and he has not shown it either.
fn untold(
    found: &Administrator,
    terms: &Terms,
    seen: &Observation,
    now: Timestamp,
) -> Option<Obstacle> {
    let days = seen.cluster.configuration.proof_days;
    let days = days.unwrap_or(STANDS_IN_DAYS);
    (!proven(found, seen, days, now)).then(|| {
        let message = format!(
            "Whether the retained administrator {} has a method of multifactor authentication registered cannot be read, and he has not signed in with one within {}",
            terms.retained,
            count(days, "day")
        );
        let remedy = match found.second_factor {
            Fact::Unreadable(Why::Unsupported) => PROVE.to_owned(),
            _ => format!(
                "Grant the application UserAuthenticationMethod.Read.All in the tenant, with admin consent. Or: {PROVE}"
            ),
        };
        Obstacle::new("RetainedAdminMfaUnknown", message, remedy)
    })
}

/// He has signed in with a second factor, so many days ago at most.
fn proven(found: &Administrator, seen: &Observation, days: u32, now: Timestamp) -> bool {
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let last = seen.cluster.proofs.get(&found.id);
    last.is_some_and(|at| now.duration_since(*at) <= age)
}
