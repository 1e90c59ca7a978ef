//! Setbacks: what Microsoft refused or left without an answer. After some a person is asked; it is tried again all the same, more
//! and more rarely: nothing is given up because Microsoft was away for a while, or because a right came late.

use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome, Refusal};
use crate::closure::memory::{Memory, add};
use crate::closure::plan::MOST_APPLICATIONS;
use crate::closure::schedule;
use crate::closure::terms::Terms;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Effects of a kind without an answer after which a person is asked: a minute of pauses, and the time of the effects themselves.
const NO_ANSWERS: u32 = 6;
/// While a person is asked it is tried again first after about a minute (never sooner than `pollAtMost`), then after twice as
/// long each time, and at last once a day.
const AT_FIRST: u32 = 7;
const AT_LAST: Duration = Duration::from_secs(24 * 60 * 60);
/// A right lacks, or is not in force yet: what is refused so may be allowed later.
const FORBIDDEN: u16 = 403;

/// What became of effects of a kind that moved nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setback {
    /// How many of them Microsoft refused; the others got no answer.
    pub refused: u32,
    /// When the newest was settled.
    pub at: Timestamp,
}

/// Applications that may go once a right is given: Microsoft answered 403.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Denied {
    /// Which; whoever was denied the longest ago comes first.
    #[schemars(length(max = 1000))]
    pub objects: Vec<ObjectId>,
    /// How often in a row none of a slice went; none: the newest slice moved something, and the others follow at once.
    pub in_vain: u32,
    /// When the newest slice was settled.
    pub at: Timestamp,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Ours: it is tried, or tried again.
    Ours,
    /// Ours, after what is left of a pause.
    After(Duration),
    /// A person's; it is tried again later.
    Persons,
}

/// Whose turn it is with this effect, of which so many refusals are for a person.
pub fn turn(
    intent: &Intent,
    refusals: u32,
    memory: &Memory,
    terms: &Terms,
    now: Timestamp,
) -> Turn {
    let in_vain = memory.tried_in_vain(intent.action);
    let setback = memory.setbacks.get(&intent.action);
    let refused = setback.map_or(0, |setback| setback.refused);
    let told_after = if refused >= refusals {
        refusals
    } else {
        NO_ANSWERS
    };
    if refused < refusals && in_vain.saturating_sub(refused) < NO_ANSWERS {
        return match schedule::pause_in(intent.step, memory, terms, now) {
            Some(rest) => Turn::After(rest),
            None => Turn::Ours,
        };
    }
    let pause = rarely(in_vain.saturating_sub(told_after), terms);
    if setback.is_some_and(|setback| schedule::rest_since(setback.at, pause, now).is_some()) {
        Turn::Persons
    } else {
        Turn::Ours
    }
}

/// The pause before what a person was asked for is tried again, after so many tries more.
fn rarely(times: u32, terms: &Terms) -> Duration {
    schedule::back_off(times.saturating_add(AT_FIRST), AT_LAST).max(terms.poll_at_most)
}

/// Was this application denied for want of a right?
pub fn is_denied(memory: &Memory, id: ObjectId) -> bool {
    let denied = memory.applications_denied.as_ref();
    denied.is_some_and(|denied| denied.objects.contains(&id))
}

/// Applications that were denied and are to be tried again now.
pub fn denied_and_due(memory: &Memory, terms: &Terms, now: Timestamp) -> Vec<ObjectId> {
    let Some(denied) = &memory.applications_denied else {
        return Vec::new();
    };
    let due = denied.in_vain == 0 || {
        let pause = rarely(denied.in_vain - 1, terms);
        schedule::rest_since(denied.at, pause, now).is_none()
    };
    if due {
        denied.objects.clone()
    } else {
        Vec::new()
    }
}

/// Who was refused, whatever the code.
pub(crate) fn refused(outcome: &Outcome) -> impl Iterator<Item = ObjectId> {
    let all = outcome.refused.iter();
    all.flat_map(|refusal| refusal.objects.iter().copied())
}

impl Memory {
    /// How often an effect of this kind moved nothing, since one did.
    pub fn tried_in_vain(&self, action: Action) -> u32 {
        self.in_vain.get(&action).copied().unwrap_or(0)
    }

    pub(crate) fn count_setback(&mut self, intent: &Intent, outcome: &Outcome, at: Timestamp) {
        let is_refused = !outcome.refused.is_empty();
        // Of our own two objects both are to go. What an application refuses says nothing about the others.
        let alone = intent.action == Action::RemoveOwnIdentity && is_refused;
        let each_once = [Action::RemoveApplications, Action::DisableApplications];
        if (outcome.moved() && !alone) || (is_refused && each_once.contains(&intent.action)) {
            self.in_vain.remove(&intent.action);
            self.setbacks.remove(&intent.action);
            return;
        }
        let in_vain = self.in_vain.entry(intent.action).or_default();
        *in_vain = in_vain.saturating_add(1);
        let setback = self.setbacks.entry(intent.action);
        let setback = setback.or_insert(Setback { refused: 0, at });
        setback.refused = setback.refused.saturating_add(u32::from(is_refused));
        setback.at = at;
    }

    /// What refused to go is kept; what was denied for want of a right is tried again later, and once more kept from going it may
    /// be disabled once more.
    pub(crate) fn after_removing(&mut self, intent: &Intent, outcome: &Outcome, at: Timestamp) {
        let answered =
            |id: &ObjectId| intent.objects.contains(id) && !outcome.unanswered.contains(id);
        let before = self.applications_denied.take();
        let mut objects = before.as_ref().map_or_else(Vec::new, |d| d.objects.clone());
        let is_again = objects.iter().any(|id| intent.objects.contains(id));
        if is_again {
            objects.retain(|id| !answered(id));
            self.applications_refused.retain(|id| !answered(id));
            self.applications_enabled.retain(|id| !answered(id));
        }
        add(&mut self.applications_refused, refused(outcome));
        let forbidden = |refusal: &&Refusal| refusal.status == FORBIDDEN;
        let denied = outcome.refused.iter().filter(forbidden);
        objects.extend(denied.flat_map(|refusal| refusal.objects.iter().copied()));
        objects.truncate(MOST_APPLICATIONS);
        let in_vain = before
            .as_ref()
            .map_or(1, |denied| match (is_again, outcome.moved()) {
                (false, _) => denied.in_vain.max(1),
                (true, true) => 0,
                (true, false) => denied.in_vain.saturating_add(1),
            });
        self.applications_denied = (!objects.is_empty()).then_some(Denied {
            objects,
            in_vain,
            at,
        });
    }

    pub(crate) fn after_disabling(&mut self, intent: &Intent, outcome: &Outcome) {
        let excepted: Vec<ObjectId> = refused(outcome)
            .chain(outcome.visible.iter().copied())
            .chain(outcome.unanswered.iter().copied())
            .collect();
        let done = intent.objects.iter().copied();
        let done = done.filter(|id| !excepted.contains(id));
        add(&mut self.applications_disabled, done);
        add(&mut self.applications_enabled, refused(outcome));
    }
}
