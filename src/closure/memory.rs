//! Memory: what cannot be seen again. It rides in each journal record, so a lost status loses nothing.

use crate::closure::acceptance::{self, Later};
pub use crate::closure::asked::Asked;
use crate::closure::id::ObjectId;
use crate::closure::intent::{Action, Intent, Outcome, Refusal};
use crate::closure::inventory::{Inventory, Taken};
use crate::closure::loss::LossCount;
use crate::closure::plan::MOST_APPLICATIONS;
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::residue::ForSupport;
use crate::closure::setback::{Denied, Setback};
use crate::closure::step::Step;
use crate::closure::supplement::SupplementRef;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the journal knows up to (and not including) a record; [`Memory::advance`] adds that record's outcome.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Memory {
    /// The sealed plan in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanRef>,
    /// Supplements of it, oldest first; only the newest may not have begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub supplements: Vec<SupplementRef>,
    /// SHA-256, hexadecimal, over the plan and what was accepted after it, as the newest record named it that rested on its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_later: Option<String>,
    /// When each step's first intent was claimed.
    pub started: BTreeMap<Step, Timestamp>,
    /// When the first intent of step 1 was settled that is more than recurring billing switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users_since: Option<Timestamp>,
    /// When the first effect was settled that took something away for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroying_since: Option<Timestamp>,
    /// The inventory that was written before that, or that could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Taken>,
    /// How many planned users, in the plan's order, have been in a slice.
    pub cursor: u32,
    /// Planned users to take up again: a listing still showed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub again: Vec<ObjectId>,
    /// Planned users who were refused, by code; at most one slice of ids is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub refused: Vec<Refusal>,
    /// When the first of two clean listings was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clean_since: Option<Timestamp>,
    /// When the second clean listing was made: step 1's proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The newest listing showed users who are neither planned nor allowed.
    pub strangers: u32,
    /// The newest listing showed users of the supplement that has not begun.
    #[serde(skip_serializing_if = "is_zero")]
    pub awaiting: u32,
    /// When directory sync was asked to be switched off; with a refusal code where that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_off: Option<Asked>,
    /// Subscriptions that were asked to be canceled, and how that went.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subscriptions: BTreeMap<ObjectId, Asked>,
    /// Subscriptions whose recurring billing was asked to be switched off, and how that went.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub renewals: BTreeMap<ObjectId, Asked>,
    /// Domains that were asked to be released (or made the default), and how that went.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub domains: BTreeMap<ObjectId, Asked>,
    /// Applications that refused to go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub applications_refused: Vec<ObjectId>,
    /// Of these, service principals that were disabled afterwards, as was seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub applications_disabled: Vec<ObjectId>,
    /// Of these, service principals that refused that too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub applications_enabled: Vec<ObjectId>,
    /// Of these, those that may go once a right is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applications_denied: Option<Denied>,
    /// Our own identity was asked to go, and went.
    pub own_identity_removed: bool,
    /// When our own identity was asked to go the last time; with a refusal code where that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_identity: Option<Asked>,
    /// What Microsoft's support asks for, where the portal refuses.
    #[serde(skip_serializing_if = "ForSupport::is_empty")]
    pub for_support: ForSupport,
    /// The ARM delete of the directory was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_delete: Option<Asked>,
    /// The outside look said that the directory is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_gone_at: Option<Timestamp>,
    /// Effects in a row that moved nothing: paces repeats and blows the fuse.
    pub fruitless: u32,
    /// Effects of a kind that moved nothing, since one of that kind moved something: after some a person is asked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub in_vain: BTreeMap<Action, u32>,
    /// When the newest of these was, and how many of them were refused: they are tried again more and more rarely.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub setbacks: BTreeMap<Action, Setback>,
    /// Effects in a row that were accepted while every object is still shown: a replica lags.
    #[serde(skip_serializing_if = "is_zero")]
    pub lagging: u32,
    /// Users of the pass that got no answer: they are taken up again once a listing shows them.
    #[serde(skip_serializing_if = "is_zero")]
    pub unanswered: u32,
    /// Complete listings in a row that still showed planned users.
    #[serde(skip_serializing_if = "is_zero")]
    pub dirty: u32,
    /// Readings in a row that proved nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconclusive: u32,
    /// When the newest record was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// Totals per step, for the closing table.
    pub totals: BTreeMap<Step, Totals>,
}

/// Which plan is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanRef {
    /// SHA-256 over the plan, hexadecimal.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// How many chunks hold it.
    pub chunks: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// How many users it names.
    pub users: u32,
    /// How much of each kind of loss there was when it was made: the first [`crate::closure::loss::SHOWN`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30))]
    pub losses: Vec<LossCount>,
    /// Who was in the recycle bin when it was made; absent where nobody could read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recycle_bin: Option<RecycleBin>,
}

/// What a step has cost so far.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Totals {
    /// Objects seen gone or changed.
    pub objects: u32,
    /// HTTP requests of effects and their settling.
    pub requests: u32,
    /// Items answered 429.
    pub throttled: u32,
    /// When the step's newest record was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Two clean listings must lie at least this far apart.
pub const LISTINGS_APART: jiff::SignedDuration = jiff::SignedDuration::from_secs(15);

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Adds ids to a list of applications.
pub(crate) fn add(list: &mut Vec<ObjectId>, more: impl Iterator<Item = ObjectId>) {
    list.extend(more);
    list.sort_unstable();
    list.dedup();
    list.truncate(MOST_APPLICATIONS);
}

impl Memory {
    /// The memory after a record with this intent was settled with this outcome at `at`.
    #[must_use]
    pub fn advance(mut self, intent: &Intent, outcome: &Outcome, at: Timestamp) -> Self {
        let fruitless_look = intent.action == Action::VerifyDirectoryGone && outcome.gone == 0;
        // A look at the end that proves nothing does not make it step 5.
        if !fruitless_look && !self.started.contains_key(&intent.step) {
            // What stuck in an earlier step says nothing about this one.
            self.fruitless = 0;
            self.lagging = 0;
            self.started.insert(intent.step, at);
        }
        self.last_at = Some(at);
        if intent.step == Step::Users && intent.action != Action::StopRenewal {
            self.users_since.get_or_insert(at);
        }
        if intent.action.destroys() && outcome.moved() {
            self.destroying_since.get_or_insert(at);
        }
        let totals = self.totals.entry(intent.step).or_default();
        totals.objects = totals.objects.saturating_add(outcome.gone);
        totals.requests = totals.requests.saturating_add(outcome.requests);
        totals.throttled = totals.throttled.saturating_add(outcome.throttled);
        totals.until = Some(at);
        self.pace(intent, outcome, at);
        if intent.step == Step::DeleteDirectory && !outcome.refused.is_empty() {
            let codes = outcome.refused.iter();
            let codes = codes.map(|r| format!("{} ({})", r.code, r.status));
            self.for_support.refused(&outcome.request_ids, codes);
        }
        let unanswered = outcome.refused.is_empty() && !outcome.unanswered.is_empty();
        let asked = || Asked {
            at,
            refused: outcome.refused.first().map(|r| r.code.clone()),
            accepted: 0,
        };
        let note = |all: &mut BTreeMap<ObjectId, Asked>| {
            for id in &intent.objects {
                let now = Asked::again(all.get(id), asked());
                all.insert(*id, now);
            }
        };
        match intent.action {
            // No answer is no asking: it is asked again.
            Action::SwitchSyncOff
            | Action::CancelSubscription
            | Action::StopRenewal
            | Action::MakeDomainDefault
            | Action::ReleaseDomain
            | Action::ForceReleaseDomain
            | Action::DeleteDirectory
            | Action::RemoveOwnIdentity
                if unanswered => {}
            Action::SwitchSyncOff => self.sync_off = Some(asked()),
            Action::DeleteUsers => self.after_slice(intent, outcome),
            Action::VerifyUsers => self.after_listing(outcome, at),
            Action::CancelSubscription => note(&mut self.subscriptions),
            Action::StopRenewal => note(&mut self.renewals),
            Action::MakeDomainDefault | Action::ReleaseDomain | Action::ForceReleaseDomain => {
                note(&mut self.domains);
            }
            Action::RemoveApplications => self.after_removing(intent, outcome, at),
            Action::DisableApplications => self.after_disabling(intent, outcome),
            Action::RemoveOwnIdentity => {
                self.own_identity_removed = outcome.refused.is_empty();
                self.own_identity = Some(asked());
                self.for_support.residue.clone_from(&intent.residue);
            }
            Action::DeleteDirectory => {
                self.directory_delete = Some(Asked::again(self.directory_delete.as_ref(), asked()));
            }
            Action::VerifyDirectoryGone => {
                if outcome.complete && outcome.gone > 0 {
                    self.directory_gone_at = Some(at);
                }
            }
            Action::DisableMfa | Action::DisableSecurityDefaults | Action::DisablePolicies => {}
        }
        self
    }

    /// The memory once a record named what was accepted later as approved.
    #[must_use]
    pub fn under(mut self, later: Option<&Later>) -> Self {
        if let (Some(plan), Some(later)) = (&self.plan, later) {
            self.accepted_later = Some(acceptance::digest(&plan.digest, &later.accepted));
        }
        self
    }

    /// The memory once a plan was sealed: the users' pass starts anew, what was done stays done.
    #[must_use]
    pub fn with_plan(mut self, plan: PlanRef, at: Timestamp) -> Self {
        self.plan = Some(plan);
        self.supplements.clear();
        self.accepted_later = None;
        self.last_at = Some(at);
        self.cursor = 0;
        self.again.clear();
        self.refused.clear();
        self.clean_since = None;
        self.verified_at = None;
        self.strangers = 0;
        self.awaiting = 0;
        self.fruitless = 0;
        self.lagging = 0;
        self.unanswered = 0;
        self.dirty = 0;
        self.inconclusive = 0;
        self
    }

    /// The memory once a supplement was sealed: it takes the place of one that has not begun. The plan goes on meanwhile.
    #[must_use]
    pub fn with_supplement(mut self, supplement: SupplementRef, at: Timestamp) -> Self {
        self.supplements.retain(SupplementRef::begun);
        self.supplements.push(supplement);
        self.last_at = Some(at);
        self.clean_since = None;
        self.verified_at = None;
        self.strangers = 0;
        self.awaiting = 0;
        self.dirty = 0;
        self
    }

    /// How many users of the plan and its supplements have been in a slice.
    pub fn passed(&self) -> u32 {
        let all = self.supplements.iter();
        all.fold(self.cursor, |sum, one| sum.saturating_add(one.cursor))
    }

    /// The supplement that has not begun.
    pub fn open_supplement(&self) -> Option<&SupplementRef> {
        self.supplements.last().filter(|one| !one.begun())
    }

    /// The memory once an inventory was written.
    #[must_use]
    pub fn with_inventory(mut self, inventory: Inventory, at: Timestamp) -> Self {
        self.last_at = Some(at);
        self.inventory = Some(Taken { at, inventory });
        self
    }

    fn pace(&mut self, intent: &Intent, outcome: &Outcome, at: Timestamp) {
        if intent.action.reads_only() {
            let proves =
                outcome.complete && (intent.action == Action::VerifyUsers || outcome.gone > 0);
            self.inconclusive = if proves {
                0
            } else {
                self.inconclusive.saturating_add(1)
            };
            return;
        }
        let moved = outcome.moved();
        self.count_setback(intent, outcome, at);
        self.fruitless = if moved {
            0
        } else {
            self.fruitless.saturating_add(1)
        };
        if outcome.gone > 0 {
            self.lagging = 0;
        } else if moved {
            self.lagging = self.lagging.saturating_add(1);
        }
    }

    fn after_slice(&mut self, intent: &Intent, outcome: &Outcome) {
        if intent.step == Step::Users {
            self.after_users(intent, outcome);
        }
        for refusal in &mut self.refused {
            refusal.objects.retain(|id| !intent.objects.contains(id));
        }
        self.refused.retain(|r| !r.objects.is_empty());
        for refusal in &outcome.refused {
            let room_for_a_code = self.refused.len() < 50;
            match self
                .refused
                .iter_mut()
                .find(|r| r.code == refusal.code && r.status == refusal.status)
            {
                Some(known) => known.objects.extend(refusal.objects.iter().copied()),
                None if room_for_a_code => self.refused.push(refusal.clone()),
                None => {}
            }
        }
        let mut room = 400usize;
        for refusal in &mut self.refused {
            refusal.objects.truncate(room);
            room -= refusal.objects.len();
        }
        self.refused.retain(|r| !r.objects.is_empty());
    }

    fn after_users(&mut self, intent: &Intent, outcome: &Outcome) {
        let count = |list: &[ObjectId]| u32::try_from(list.len()).unwrap_or(u32::MAX);
        self.clean_since = None;
        self.verified_at = None;
        if self.retakes(intent) {
            self.again.retain(|id| !intent.objects.contains(id));
            self.unanswered = self.unanswered.saturating_sub(count(&intent.objects));
        } else if let Some(ordinal) = intent.supplement {
            let found = self.supplements.iter_mut().find(|s| s.ordinal == ordinal);
            if let Some(one) = found {
                one.cursor = one.cursor.saturating_add(count(&intent.objects));
            }
        } else {
            self.cursor = self.cursor.saturating_add(count(&intent.objects));
        }
        self.unanswered = self.unanswered.saturating_add(count(&outcome.unanswered));
    }

    /// Who stands in this slice was in one before. The plan itself is listed only once its pass is over; a supplement's
    /// first pass can come while some of the plan are still to be taken up again.
    fn retakes(&self, intent: &Intent) -> bool {
        if intent.supplement.is_none() {
            return !self.again.is_empty();
        }
        let refused = self.refused.iter().flat_map(|refusal| &refusal.objects);
        let mut known = self.again.iter().chain(refused);
        known.any(|id| intent.objects.contains(id))
    }

    fn after_listing(&mut self, outcome: &Outcome, at: Timestamp) {
        if !outcome.complete {
            return;
        }
        self.strangers = outcome.strangers;
        self.awaiting = outcome.awaiting;
        self.again.clone_from(&outcome.remaining);
        if outcome.remaining_count > 0 || outcome.strangers > 0 || outcome.awaiting > 0 {
            self.clean_since = None;
            self.verified_at = None;
            self.unanswered = self.unanswered.min(outcome.remaining_count);
            self.dirty = self.dirty.saturating_add(1);
        } else {
            self.refused.clear();
            self.unanswered = 0;
            self.dirty = 0;
            match self.clean_since {
                None => self.clean_since = Some(at),
                Some(first) if at.duration_since(first) >= LISTINGS_APART => {
                    self.verified_at = Some(at);
                }
                Some(_) => {}
            }
        }
    }
}
