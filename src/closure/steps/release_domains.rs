//! Between steps 1 and 2, where it is asked for: domains are set free for another tenant, once no user is on them any more
//! and while the subscriptions are still there.

use crate::closure::decision::{Assessment, Blocker, Dates, Decision, HandOff, Standing, Waiting};
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent};
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Domain, Observation, Obstacle, Question, References};
use crate::closure::plan::{Plan, Sealed};
use crate::closure::schedule;
use crate::closure::step::Step;
use crate::closure::steps::{facts, subscriptions};
use crate::closure::terms::Terms;
use crate::closure::words::{count, len};
use jiff::{SignedDuration, Timestamp};

/// The key of the hand-off.
pub const KEY: &str = "ReleaseDomain";

/// So long after the users were verified gone, those that are still shown as using a domain are not waited for.
const READERS_CATCH_UP: SignedDuration = SignedDuration::from_mins(10);

/// Refusals of a domain, once those below it went, after which a person is asked: readers have had some minutes by then.
const REFUSALS: u32 = 9;

/// What can be done about one domain.
enum Road {
    /// This effect is next.
    Act(Intent),
    /// We asked; it takes a while to show.
    Asked,
    /// Deleted users are still shown as using it.
    Lagging,
    /// One below it is still there: Microsoft would refuse.
    After,
    /// Only a person can: why.
    Person(String),
}

/// What is left to do before the first subscription may be canceled; `None`: nothing.
pub fn assess(
    plan: &Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Assessment> {
    let sealed = plan.sealed.as_ref()?;
    if sealed.head.domains.is_empty() || super::past(Step::CancelSubscriptions, memory) {
        return None;
    }
    let all = match facts::known(&seen.domains, Question::Domains) {
        Ok(all) => all,
        Err(decision) => return Some(Assessment::now_do(decision)),
    };
    let mut left: Vec<&Domain> = all
        .iter()
        .filter(|one| sealed.head.domains.contains(&one.name) && !one.initial)
        .collect();
    if left.is_empty() {
        return None;
    }
    // The default one cannot go; those below another are told before it.
    left.sort_by_key(|one| {
        (
            !one.default,
            std::cmp::Reverse(labels(&one.name)),
            one.name.clone(),
        )
    });
    let roads: Vec<(&Domain, Road)> = left
        .iter()
        .map(|one| {
            let waits = left.iter().any(|other| is_below(&other.name, &one.name));
            (*one, road(plan, sealed, one, waits, memory, now))
        })
        .collect();
    let planned = len(&sealed.head.domains);
    let done = planned.saturating_sub(len(&roads));
    let message = format!("{done} of {} released", count(planned, "domain"));
    Some(
        Assessment::now_do(next(plan, memory, &roads, now))
            .standing("DomainsReleased", Standing::no("InProgress", message))
            .progress(done, planned.saturating_add(sealed.head.to_end()))
            .blocked_by(blockers(plan, &roads)),
    )
}

/// Step 2 once the domains are released: they count as done in it.
pub fn told_in(plan: &Plan, mut assessment: Assessment) -> Assessment {
    if plan.terms.release_domains.is_empty() {
        return assessment;
    }
    let planned = plan.sealed.as_ref().map_or(0, |s| len(&s.head.domains));
    let (done, all) = assessment.progress;
    assessment.progress = (done.saturating_add(planned), all.saturating_add(planned));
    assessment.standing("DomainsReleased", released(plan))
}

/// The condition once all are free.
pub fn released(plan: &Plan) -> Standing {
    let domains = plan.sealed.as_ref().map_or(&[][..], |s| &s.head.domains);
    if domains.is_empty() {
        let message = "None of the domains to release is in the tenant any more";
        return Standing::yes("NothingToDo", message);
    }
    let message = format!(
        "Released, and can be added to another tenant now, under Settings, Domains there: {}",
        domains.join(", ")
    );
    Standing::yes("Released", message)
}

/// What is wrong with the names, before anything begins.
pub fn unfit(terms: &Terms, seen: &Observation) -> Vec<Obstacle> {
    let Some(there) = seen.domains.known() else {
        return Vec::new();
    };
    let again = "Delete this closure (nothing is lost) and create another with the right names in spec.domains.release";
    let mut found = Vec::new();
    for name in &terms.release_domains {
        let known = there.iter().find(|one| one.name == *name);
        match known {
            None => found.push(Obstacle::new(
                "DomainUnknown",
                format!("The tenant has no domain {name} to release"),
                again,
            )),
            Some(one) if one.initial => found.push(Obstacle::new(
                "DomainIsInitial",
                format!("The initial domain {name} cannot be released: it goes with the tenant"),
                again,
            )),
            Some(_) => {}
        }
    }
    let spare = seen.spare.known().and_then(Option::as_ref);
    let on = spare.and_then(|spare| spare.user_principal_name.rsplit_once('@'));
    if let Some((_, domain)) = on
        && terms.release_domains.contains(&domain.to_ascii_lowercase())
    {
        found.push(Obstacle::new(
            "SpareAdminOnReleasedDomain",
            format!("The spare administrator's name is on {domain}, which is to be released before that account goes"),
            "Rename the account onto the initial domain, then create the closure with its new name",
        ));
    }
    found
}

fn labels(name: &str) -> usize {
    name.split('.').count()
}

/// A domain goes only once those below it are gone.
fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_suffix(above);
    rest.is_some_and(|rest| rest.ends_with('.'))
}

/// Does a refusal tell nothing of the domain itself? One below it is there, or was until lately: then not all that Microsoft asks
/// has seen it go, and it is asked again before anybody else is.
fn is_excused(sealed: &Sealed, one: &Domain, waits: bool, memory: &Memory) -> bool {
    let has_below = || {
        let mut planned = sealed.head.domains.iter();
        planned.any(|name| is_below(name, &one.name))
    };
    let kinds = [Action::ReleaseDomain, Action::ForceReleaseDomain];
    let setbacks = kinds.iter().filter_map(|kind| memory.setbacks.get(kind));
    let refusals = setbacks.fold(0u32, |sum, one| sum.saturating_add(one.refused));
    waits || (has_below() && refusals < REFUSALS)
}

fn road(
    plan: &Plan,
    sealed: &Sealed,
    one: &Domain,
    waits: bool,
    memory: &Memory,
    now: Timestamp,
) -> Road {
    let step = Step::CancelSubscriptions;
    let of = |name: &str| subscriptions::asked(&memory.domains, ObjectId::of_domain(name), now);
    if one.default {
        let initial = &plan.terms.initial_domain;
        return match of(initial).map(|asked| &asked.refused) {
            None => Road::Act(Intent::on_domain(step, Action::MakeDomainDefault, initial)),
            Some(None) => Road::Asked,
            Some(Some(code)) => Road::Person(format!(
                "Microsoft refused with {code} to make {initial} the default domain: make it so"
            )),
        };
    }
    let Some(references) = &one.references else {
        return Road::Lagging;
    };
    match of(&one.name).map(|asked| &asked.refused) {
        Some(None) => return Road::Asked,
        Some(Some(_)) if is_excused(sealed, one, waits, memory) => {}
        Some(Some(code)) => {
            let used = used_by(references);
            return Road::Person(format!(
                "Microsoft refused with {code} to remove it{used}: remove what uses it, then the domain"
            ));
        }
        None => {}
    }
    if *references == References::default() {
        if waits {
            return Road::After;
        }
        return Road::Act(Intent::on_domain(step, Action::ReleaseDomain, &one.name));
    }
    let stays = sealed.allowed();
    let (ours, others): (Vec<_>, Vec<_>) = references.users.iter().partition(|id| plan.names(**id));
    if others.iter().any(|id| stays.contains(id)) {
        return Road::Person(
            "An administrator who stays has a name or an address on it: take that away".to_owned(),
        );
    }
    if !others.is_empty() {
        return Road::Person(format!(
            "It is used by {} whom the approved plan does not name: delete them, or take their addresses on it away",
            count(len(&others), "user")
        ));
    }
    let waited = memory
        .verified_at
        .is_some_and(|at| now.duration_since(at) >= READERS_CATCH_UP);
    if waits {
        return Road::After;
    }
    if !ours.is_empty() && !waited {
        return Road::Lagging;
    }
    Road::Act(Intent::on_domain(
        step,
        Action::ForceReleaseDomain,
        &one.name,
    ))
}

/// ` (used by 2 groups, 1 application)`; nothing where nothing is known to use it.
fn used_by(references: &References) -> String {
    let all = [
        (len(&references.users), "user"),
        (references.groups, "group"),
        (references.applications, "application"),
        (references.others, "other object"),
    ];
    let told: Vec<String> = all
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| count(n, what))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(" (used by {})", told.join(", "))
    }
}

/// What a program can do comes first; then a person is asked once for everything that is left.
fn next(plan: &Plan, memory: &Memory, roads: &[(&Domain, Road)], now: Timestamp) -> Decision {
    if let Some(intent) = roads.iter().find_map(|(_, road)| match road {
        Road::Act(intent) => Some(intent),
        _ => None,
    }) {
        let pause = schedule::pause_in(intent.step, memory, &plan.terms, now);
        if let Some(rest) = pause.filter(|_| memory.fruitless > 0) {
            let message = "Microsoft did not take the newest change of a domain";
            return Waiting::new("MicrosoftUnavailable", message)
                .again_in(rest)
                .into();
        }
        return Decision::Act(intent.clone());
    }
    let hand_offs: Vec<HandOff> = roads
        .iter()
        .filter_map(|(one, road)| match road {
            Road::Person(why) => Some(hand_off(plan, one, why)),
            _ => None,
        })
        .collect();
    if !hand_offs.is_empty() {
        return Decision::HandOff(hand_offs);
    }
    let asked = roads.iter().any(|(_, road)| matches!(road, Road::Asked));
    let (reason, message) = if asked {
        (
            "ReleasingDomains",
            "Domains are being released; Microsoft takes a while to show it",
        )
    } else {
        (
            "WaitingReplica",
            "Deleted users are still shown as using a domain; readers catch up by themselves",
        )
    };
    Waiting::new(reason, message)
        .again_in(subscriptions::SOON)
        .into()
}

fn hand_off(plan: &Plan, one: &Domain, why: &str) -> HandOff {
    HandOff {
        key: KEY,
        what: format!("Release the domain {}. {why}", one.name),
        link: links::domains(plan.terms.cloud).to_owned(),
        noticed: "The operator reads the domains and what uses them, and goes on by itself"
            .to_owned(),
        dates: Dates::default(),
    }
}

fn blockers(plan: &Plan, roads: &[(&Domain, Road)]) -> Vec<Blocker> {
    let told = roads.iter().map(|(one, road)| {
        let (remedy, who) = match road {
            Road::Act(_) => ("Is released by the operator", "operator"),
            Road::Asked => ("Is being released", "time"),
            Road::Lagging => ("Deleted users are still shown as using it", "time"),
            Road::After => (
                "Is released by the operator once those below it are",
                "operator",
            ),
            Road::Person(why) => (why.as_str(), "person"),
        };
        Blocker {
            check: format!("Domain {}", one.name),
            state: "failed",
            remedy: remedy.to_owned(),
            link: links::domains(plan.terms.cloud).to_owned(),
            who,
            dates: Dates::default(),
        }
    });
    told.collect()
}
