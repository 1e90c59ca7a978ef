//! What a cycle came to: plan, memory and journal as they are now, and the decision that the status tells.

use crate::closure::decision::{Decided, Decision, Waiting};
use crate::closure::memory::Memory;
use crate::closure::observation::Obstacle;
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::{self, facts, policy};
use crate::controller::act::{Done, Doubt, Known};
use crate::controller::context::Context;
use crate::controller::journal::Head;
use crate::controller::read::Read;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a cycle came to.
#[derive(Debug)]
pub struct Told {
    /// The plan in force.
    pub plan: Plan,
    /// What the journal knows.
    pub memory: Memory,
    /// The journal's head, where it is known and settled; of one that was rolled back, the head that it had.
    pub head: Option<Head>,
    /// The decision.
    pub decided: Decided,
}

impl Told {
    /// A decision that needed no effect.
    pub fn decided(known: Known<'_>, decided: Decided) -> Self {
        Self {
            plan: known.plan.clone(),
            memory: known.memory.clone(),
            head: known.head.cloned(),
            decided,
        }
    }

    /// After an effect: the next cycle follows at once, with what was seen after it.
    pub fn after(ctx: &Context, known: Known<'_>, decided: Decided, done: Done) -> Self {
        let (settled, seen) = match done {
            Done::Settled(settled, seen) => (settled, seen),
            Done::NotNow => {
                let message =
                    "As many closures act as the operator's configuration lets act at once";
                let mut told = Self::waiting(known, "WaitingTurn", message);
                if let Decision::Wait(waiting) = &mut told.decided.decision {
                    // The next cycle waits in the line itself.
                    waiting.look_again = Some(Duration::from_millis(100));
                }
                return told;
            }
            Done::Held(decision) => {
                let decided = Decided {
                    decision,
                    ..decided
                };
                return Self::decided(known, decided);
            }
            Done::Elsewhere => {
                let message = "Another process of the operator acts; this one does once that one rests, or was silent for as long as an effect may last";
                return Self::waiting(known, "WaitingTurn", message);
            }
            Done::InDoubt(doubt) => return Self::in_doubt(known, &doubt),
        };
        let uid = &settled.spec.closure_uid;
        ctx.hint(uid, |h| h.seen = Some((Instant::now(), Arc::from(seen))));
        let mut decided = decided;
        if let Decision::Wait(waiting) = &mut decided.decision {
            waiting.look_again = Some(Duration::ZERO);
        }
        Self {
            plan: known.plan.clone(),
            memory: settled.memory().unwrap_or_else(|| known.memory.clone()),
            head: Some(*settled),
            decided,
        }
    }

    /// Nobody can say what became of an effect: why, and the longer in vain, the longer the pause before the next look.
    fn in_doubt(known: Known<'_>, doubt: &Doubt) -> Self {
        let mut decision = facts::unsettled(doubt.intent.action, doubt.why);
        policy::in_cloud(&mut decision, known.plan.terms.cloud);
        if let Decision::Wait(waiting) = &mut decision {
            // A pause that Microsoft asks for is longer than that, and is kept (see `schedule`).
            let doubted = Duration::try_from(Timestamp::now().duration_since(doubt.claimed));
            let pause = doubted.unwrap_or_default() / 2;
            waiting.look_again = Some(pause.max(Duration::from_secs(2)));
        }
        let step = doubt.intent.step.max(steps::current(known.memory));
        Self::decided(known, plain(step, decision))
    }

    /// A short wait of the controller's own.
    pub fn waiting(known: Known<'_>, reason: &'static str, message: &str) -> Self {
        Self::decided(known, busy(known.memory, reason, message))
    }

    /// The journal is not what it was. Where this process remembers more of it than the status tells, the status is told: where
    /// both were rolled back together, nothing else would keep the next process from writing those records anew.
    pub fn history_rollback(read: &Read, why: &str, remembered: Option<Head>) -> Self {
        let status = read.closure.status.as_ref();
        let told = status.and_then(|status| status.journal.as_ref());
        let told = told.map_or(0, |journal| journal.sequence);
        Self {
            head: remembered.filter(|head| head.sequence > told),
            ..Self::stalled(read, "HistoryRollback", why.to_owned())
        }
    }

    /// The journal lies where this operator does not write.
    pub fn journal_moved(read: &Read, pinned: &str, ours: &str) -> Self {
        let message =
            format!("The journal lies in namespace {pinned}, the operator writes to {ours}");
        Self::stalled(read, "JournalMoved", message)
    }

    fn stalled(read: &Read, reason: &'static str, message: String) -> Self {
        let obstacle = Obstacle {
            reason,
            message,
            remedy: "Do not go on with this closure: compare the journal with a copy of it, then delete the closure and create it again".into(),
        };
        Self {
            plan: Plan::unmade(read.terms.clone()),
            memory: Memory::default(),
            head: None,
            decided: plain(Step::Preconditions, Decision::Blocked(vec![obstacle])),
        }
    }
}

/// A wait of two seconds in the step at hand.
pub fn busy(memory: &Memory, reason: &'static str, message: &str) -> Decided {
    let waiting = Waiting::new(reason, message).again_in(Duration::from_secs(2));
    plain(steps::current(memory), waiting.into())
}

fn plain(step: Step, decision: Decision) -> Decided {
    Decided {
        step,
        decision,
        standings: BTreeMap::new(),
        progress: BTreeMap::new(),
        blockers: Vec::new(),
        checks: Vec::new(),
        ticket: None,
        access: Vec::new(),
        warnings: None,
        approval: None,
        supplement: None,
        acceptance: None,
        announced: None,
        overdue: None,
    }
}
