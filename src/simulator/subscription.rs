//! One subscription and its life, in the vocabularies of Graph, ARM and Partner Center.

use uuid::Uuid;

use super::scenario::{self, SubscriptionKind};

pub(crate) const HOUR: f64 = 3_600_000.0;
pub(crate) const DAY: f64 = 24.0 * HOUR;

/// What the product is called that Microsoft adds to every tenant.
const ENTRA_ID_FREE: &str = "Microsoft Entra ID Free";

/// A subscription. Moments are virtual milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    /// Graph's object id; for Azure the subscription id.
    pub(crate) id: Uuid,
    /// The id under which it was sold: ARM Billing and Partner Center use it.
    pub(crate) commerce_id: Uuid,
    pub(crate) sku_id: Uuid,
    pub(crate) kind: SubscriptionKind,
    pub(crate) sku: String,
    pub(crate) seats: u32,
    pub(crate) stage: Stage,
    pub(crate) term_end: i64,
    pub(crate) term: i64,
    pub(crate) auto_renew: bool,
    pub(crate) cancellable: bool,
    /// How long after a start or a renewal it can be canceled.
    pub(crate) window: Option<i64>,
    /// The end of that time.
    pub(crate) cancellable_until: Option<i64>,
    pub(crate) legacy_offer: bool,
    pub(crate) deletable: bool,
    pub(crate) trial: bool,
    /// How long after its term it can be renewed.
    pub(crate) grace: i64,
    /// How long it is kept disabled.
    pub(crate) disabled: i64,
    pub(crate) deprovision: i64,
    /// How long after its cancellation a person is offered Delete.
    delete_after: i64,
    /// When it was canceled.
    pub(crate) canceled_at: Option<i64>,
    pub(crate) seller: Uuid,
    pub(crate) locked_until: i64,
    /// Resources in it, of an Azure subscription.
    pub(crate) resources: u32,
    /// When it goes by itself.
    pub(crate) gone_at: Option<i64>,
    /// Whether a person has pressed Delete.
    pub(crate) delete_pressed: bool,
    /// Its stages, and when each was seen first.
    history: Vec<(i64, Stage)>,
}

/// Where in its life it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Enabled,
    Warning,
    Suspended,
    LockedOut,
    Deleted,
}

impl Stage {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "Warning" => Self::Warning,
            "Suspended" | "Disabled" => Self::Suspended,
            "LockedOut" => Self::LockedOut,
            "Deleted" => Self::Deleted,
            _ => Self::Enabled,
        }
    }

    pub(crate) fn graph(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Warning => "Warning",
            Self::Suspended => "Suspended",
            Self::LockedOut => "LockedOut",
            Self::Deleted => "Deleted",
        }
    }
}

/// Virtual hours after which Microsoft offers Delete, where the scenario says nothing. Its pages contradict each other: a quarter of
/// an hour after the cancellation of an Azure subscription
/// (<https://learn.microsoft.com/azure/cost-management-billing/manage/cancel-azure-subscription>), three days or seven
/// (<https://learn.microsoft.com/entra/identity/users/directory-delete-howto>). A trial is kept for three days.
fn usual_wait(plan: &scenario::Subscription) -> f64 {
    match plan.kind {
        SubscriptionKind::Azure if plan.trial => 72.0,
        SubscriptionKind::Azure => 0.25,
        _ => 0.0,
    }
}

impl Subscription {
    pub(crate) fn new(plan: &scenario::Subscription, mut draw: impl FnMut() -> Uuid) -> Self {
        let id = plan.id.unwrap_or_else(&mut draw);
        let stage = Stage::parse(&plan.status);
        // Expired: its term is over, and does not renew.
        let expired = stage == Stage::Warning;
        let term_end = (plan.term_end_days * DAY) as i64;
        let term_end = if expired { term_end.min(0) } else { term_end };
        Self {
            id,
            commerce_id: if plan.kind == SubscriptionKind::Azure {
                id
            } else {
                draw()
            },
            sku_id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, plan.sku.as_bytes()),
            kind: plan.kind,
            sku: if plan.kind == SubscriptionKind::EntraIdFree {
                ENTRA_ID_FREE.to_owned()
            } else {
                plan.sku.clone()
            },
            seats: plan.seats,
            stage,
            term_end,
            term: ((plan.term_days * DAY) as i64).max(1),
            auto_renew: plan.auto_renew && !expired,
            cancellable: plan.cancellable && plan.kind != SubscriptionKind::EntraIdFree,
            window: plan.cancellable_days.map(|days| (days * DAY) as i64),
            cancellable_until: plan.cancellable_days.map(|days| (days * DAY) as i64),
            legacy_offer: plan.legacy_offer,
            deletable: plan.deletable,
            trial: plan.trial,
            grace: (plan.grace_days * DAY) as i64,
            disabled: (plan.disabled_days * DAY) as i64,
            deprovision: (plan.deprovision_hours * HOUR) as i64,
            delete_after: (plan.delete_after_hours.unwrap_or(usual_wait(plan)) * HOUR) as i64,
            canceled_at: None,
            seller: plan.partner_tenant_id.unwrap_or_else(draw),
            locked_until: (plan.locked_hours * HOUR) as i64,
            resources: plan.resources,
            gone_at: (stage == Stage::Suspended).then_some(term_end),
            delete_pressed: false,
            history: vec![(i64::MIN, stage)],
        }
    }

    pub(crate) fn gone(&self) -> bool {
        self.stage == Stage::Deleted
    }

    /// Comes and goes with the tenant: nobody ends it.
    pub(crate) fn with_tenant(&self) -> bool {
        self.kind == SubscriptionKind::EntraIdFree
    }

    /// Runs: what the procedure wants canceled.
    pub(crate) fn active(&self) -> bool {
        matches!(self.stage, Stage::Enabled | Stage::LockedOut) && !self.with_tenant()
    }

    /// Whether an administrator may cancel it now. An Azure subscription that a program cannot cancel its owner can; what
    /// is under an enterprise agreement nobody cancels here.
    pub(crate) fn may_cancel(&self) -> bool {
        let cancelable = match self.kind {
            SubscriptionKind::Azure => true,
            SubscriptionKind::Enterprise => false,
            _ => self.cancellable,
        };
        self.active() && cancelable
    }

    /// As a view shows it that is behind.
    pub(crate) fn seen(&self, moment: i64) -> Self {
        let then = self
            .history
            .iter()
            .rev()
            .find(|(since, _)| *since <= moment);
        Self {
            stage: then.map_or(self.stage, |(_, stage)| *stage),
            ..self.clone()
        }
    }

    /// The last moment at which it can be canceled.
    pub(crate) fn last_cancellation(&self) -> i64 {
        self.cancellable_until.unwrap_or(self.term_end)
    }

    fn remember(&mut self, now: i64) {
        if self
            .history
            .last()
            .is_none_or(|(_, stage)| *stage != self.stage)
        {
            self.history.push((now, self.stage));
        }
    }

    /// Lets time do its work; whether it has just gone.
    pub(crate) fn settle(&mut self, now: i64) -> bool {
        self.remember(now);
        let gone = self.pass(now);
        if self.cancellable_until.is_some_and(|until| until <= now) {
            self.cancellable = false;
        }
        // It went when it was due, however late somebody looks.
        let due = self.gone_at.unwrap_or(self.term_end).min(now);
        self.remember(if gone { due } else { now });
        gone
    }

    fn pass(&mut self, now: i64) -> bool {
        if self.gone() {
            return false;
        }
        if self.gone_at.is_some_and(|at| at <= now) {
            self.stage = Stage::Deleted;
            return true;
        }
        let runs = self.active() || self.stage == Stage::Warning;
        if self.kind != SubscriptionKind::Azure && runs && self.term_end <= now {
            if self.auto_renew {
                let terms = (now - self.term_end) / self.term + 1;
                self.term_end += terms * self.term;
                if let Some(window) = self.window {
                    self.cancellable_until = Some(self.term_end - self.term + window);
                    self.cancellable = true;
                }
            } else if self.kind == SubscriptionKind::CustomerAgreement {
                // Bought under a Customer Agreement it goes at the end of the term; the others pass through Expired and Disabled.
                self.stage = Stage::Deleted;
                return true;
            } else {
                let warned = self.term_end + self.grace;
                self.stage = if now < warned {
                    Stage::Warning
                } else {
                    Stage::Suspended
                };
                self.gone_at = Some(warned + self.disabled);
            }
        }
        false
    }

    /// Lets so many virtual milliseconds pass for it alone.
    pub(crate) fn shift(&mut self, milliseconds: i64) {
        self.term_end -= milliseconds;
        self.locked_until -= milliseconds;
        let dated = [
            &mut self.cancellable_until,
            &mut self.gone_at,
            &mut self.canceled_at,
        ];
        for moment in dated.into_iter().flatten() {
            *moment -= milliseconds;
        }
        // The first stage was there before all time.
        for (since, _) in self.history.iter_mut().skip(1) {
            *since -= milliseconds;
        }
    }

    /// Canceled: whether that changed anything.
    pub(crate) fn cancel(&mut self, now: i64) -> bool {
        if !self.active() {
            return false;
        }
        self.canceled_at = Some(now);
        self.stage = Stage::Suspended;
        self.auto_renew = false;
        self.gone_at = Some(match self.kind {
            SubscriptionKind::CustomerAgreement => self.term_end.max(now),
            SubscriptionKind::SelfService => now,
            SubscriptionKind::Enterprise => now + self.deprovision,
            _ => now + self.disabled,
        });
        self.remember(now);
        true
    }

    /// From when on a person is offered Delete; `None`: whenever he looks.
    pub(crate) fn delete_from(&self) -> Option<i64> {
        self.canceled_at.map(|at| at + self.delete_after)
    }

    /// Deleted by a person: deprovisioned some time later. `Err` says why not.
    pub(crate) fn delete(&mut self, now: i64) -> Result<(), &'static str> {
        if self.gone() {
            return Err("the subscription is gone already");
        }
        if self.with_tenant() {
            return Err("this subscription cannot be deleted: it goes with the tenant");
        }
        if self.active() {
            return Err("the subscription is active: cancel it first");
        }
        if self.kind == SubscriptionKind::CustomerAgreement {
            return Err(
                "a subscription under a Customer Agreement cannot be deleted: it goes at the end of its term",
            );
        }
        if self.kind == SubscriptionKind::Enterprise {
            return Err(
                "a subscription under an enterprise agreement cannot be deleted: it goes by itself",
            );
        }
        if !self.deletable {
            return Err("this subscription cannot be deleted here: contact support");
        }
        if self.delete_from().is_some_and(|from| from > now) {
            return Err("Delete is not offered yet: it comes some time after the cancellation");
        }
        self.delete_pressed = true;
        self.stage = Stage::Suspended;
        self.gone_at = Some(self.gone_at.unwrap_or(i64::MAX).min(now + self.deprovision));
        Ok(())
    }

    /// When its state changes next, if nobody does anything.
    pub(crate) fn next_change(&self) -> i64 {
        match self.stage {
            Stage::Warning => self.term_end + self.grace,
            _ => self.gone_at.unwrap_or(self.term_end),
        }
    }

    /// How long a term is, as an ISO 8601 duration.
    pub(crate) fn term_duration(&self) -> String {
        match (self.term as f64 / DAY).round() as i64 {
            28..=31 => "P1M".to_owned(),
            365 | 366 => "P1Y".to_owned(),
            1095 | 1096 => "P3Y".to_owned(),
            days => format!("P{}D", days.max(1)),
        }
    }

    /// ARM Billing's status.
    pub(crate) fn billing_status(&self) -> &'static str {
        match self.stage {
            Stage::Enabled if self.auto_renew => "AutoRenew",
            Stage::Enabled => "Active",
            Stage::Warning => "Expired",
            Stage::Suspended => "Cancelled",
            Stage::LockedOut => "Disabled",
            Stage::Deleted => "Deleted",
        }
    }

    /// ARM's state of an Azure subscription.
    pub(crate) fn azure_state(&self) -> &'static str {
        match self.stage {
            Stage::Enabled => "Enabled",
            Stage::Warning => "Warned",
            Stage::Suspended | Stage::LockedOut => "Disabled",
            Stage::Deleted => "Deleted",
        }
    }

    /// Partner Center's status. What the partner canceled within its window is deleted for him at once, and for the customer once
    /// it is deprovisioned; an offer of the time before is suspended.
    pub(crate) fn partner_status(&self) -> &'static str {
        match self.stage {
            Stage::Enabled => "active",
            Stage::Warning => "expired",
            Stage::Suspended if self.canceled_at.is_some() && !self.legacy_offer => "deleted",
            Stage::Suspended => "suspended",
            Stage::LockedOut => "disabled",
            Stage::Deleted => "deleted",
        }
    }
}

#[cfg(test)]
mod tests;
