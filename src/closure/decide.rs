//! `decide`: plan, observation, memory, now → decision. Pure and total.

use crate::closure::access::warnings;
use crate::closure::decision::{Decided, Decision};
use crate::closure::memory::Memory;
use crate::closure::observation::{Observation, Question};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::deprovision;
use crate::closure::{acceptance, deadline, guards, steps};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Walks the guards, then the steps in order, and stops at the first that is not done.
pub fn decide(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decided {
    let approved = acceptance::as_approved(plan, seen, memory, now);
    let decided = walk(&approved, seen, memory, now);
    let lacking = steps::acceptance::is_lacking;
    let decided = if matches!(approved, Cow::Owned(_))
        && lacking(&decided.decision)
        && !lacking(&walk(plan, seen, memory, now).decision)
    {
        steps::acceptance::wanting(decided, plan, seen, memory, now)
    } else {
        decided
    };
    let mut decided = steps::inventory::before(decided, seen, memory, now);
    decided.acceptance = steps::acceptance::told(plan, seen);
    steps::acceptance::announce(&mut decided, plan, seen, memory, now);
    steps::policy::in_cloud(&mut decided.decision, plan.terms.cloud);
    let listed = seen.subscriptions.known();
    decided.announced = listed.map(|all| deprovision::announced(&seen.cluster.announced, all));
    decided.overdue = deadline::overdue(plan, memory, decided.step, now);
    decided
}

fn walk(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Decided {
    let mut decided = Decided {
        step: Step::DeleteDirectory,
        decision: Decision::Closed,
        standings: BTreeMap::new(),
        progress: BTreeMap::new(),
        blockers: Vec::new(),
        checks: Vec::new(),
        ticket: None,
        access: steps::roles::told(plan, seen, memory),
        warnings: warnings::told(plan, seen, memory, now),
        approval: steps::approval::told(plan, seen),
        supplement: steps::supplements::approval(plan, seen),
        acceptance: None,
        announced: None,
        overdue: None,
    };
    if memory.directory_gone_at.is_some() {
        let proven = steps::delete_directory::proven(plan);
        decided.standings = proven.standings;
        decided.checks = proven.checks;
        return decided;
    }
    if let Some(refusal) = guards::refuse(plan, seen, memory, now) {
        let known = steps::current(memory);
        decided.step = match &refusal {
            Decision::Act(intent) => intent.step.max(known),
            _ => known,
        };
        if matches!(refusal, Decision::Blocked(_)) {
            decided.blockers = steps::roles::blockers(plan, &decided.access);
        }
        decided.decision = refusal;
        return decided;
    }
    let departed = guards::departed(seen, memory, now);
    let mut expired = None;
    if departed && let Some(approved) = steps::approval::outside(plan, seen, now) {
        decided.standings.extend(approved.standings);
        let over = |next: &Decision| steps::approval::only_expired(next, memory);
        expired = approved.next.filter(over);
    }
    for step in Step::ORDER {
        if departed && step < Step::DeleteDirectory {
            // Nothing inside can be looked at any more; the journal holds the proofs.
            continue;
        }
        let assessment = steps::assess(step, plan, seen, memory, now);
        decided.step = step.max(steps::current(memory));
        decided.standings.extend(assessment.standings);
        if step == Step::Users
            && let Some(soon) = steps::supplements::expires_soon(plan, seen, memory, now)
            && let Some(approved) = decided.standings.get_mut("Approved")
            && approved.reason == steps::approval::QUORUM
        {
            *approved = soon;
        }
        decided.progress.insert(step, assessment.progress);
        decided.blockers = assessment.blockers;
        decided.checks = assessment.checks;
        decided.ticket = assessment.ticket;
        match assessment.next {
            Some(next)
                if step == Step::Preconditions && steps::approval::only_expired(&next, memory) =>
            {
                expired = Some(next);
            }
            Some(next) => {
                decided.decision = next;
                let decided = steps::approval::hold_back(decided, expired);
                return steps::keeper::hold_back(decided, plan, seen, now);
            }
            None => {}
        }
    }
    // Closed is proven from outside and stands in the journal, or it is not told.
    decided.decision = expired.unwrap_or_else(|| Decision::Read(vec![Question::Directory]));
    decided
}
