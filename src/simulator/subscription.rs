//! One subscription and its life, in the vocabularies of Graph, ARM and Partner Center.

use uuid::Uuid;

use super::scenario::{self, SubscriptionKind};

pub(crate) const HOUR: f64 = 3_600_000.0;
pub(crate) const DAY: f64 = 24.0 * HOUR;

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

impl Subscription {
    pub(crate) fn new(plan: &scenario::Subscription, mut draw: impl FnMut() -> Uuid) -> Self {
        let id = plan.id.unwrap_or_else(&mut draw);
        let stage = Stage::parse(&plan.status);
        let term_end = (plan.term_end_days * DAY) as i64;
        Self {
            id,
            commerce_id: if plan.kind == SubscriptionKind::Azure {
                id
            } else {
                draw()
            },
            sku_id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, plan.sku.as_bytes()),
            kind: plan.kind,
            sku: plan.sku.clone(),
            seats: plan.seats,
            stage,
            term_end,
            term: ((plan.term_days * DAY) as i64).max(1),
            auto_renew: plan.auto_renew,
            cancellable: plan.cancellable,
            window: plan.cancellable_days.map(|days| (days * DAY) as i64),
            cancellable_until: plan.cancellable_days.map(|days| (days * DAY) as i64),
            legacy_offer: plan.legacy_offer,
            deletable: plan.deletable,
            trial: plan.trial,
            grace: (plan.grace_days * DAY) as i64,
            disabled: (plan.disabled_days * DAY) as i64,
            deprovision: (plan.deprovision_hours * HOUR) as i64,
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

    /// Runs or could run again: what the procedure wants canceled.
    pub(crate) fn active(&self) -> bool {
        matches!(
            self.stage,
            Stage::Enabled | Stage::Warning | Stage::LockedOut
        )
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
        if self.kind != SubscriptionKind::Azure && self.active() && self.term_end <= now {
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

    /// Canceled: whether that changed anything.
    pub(crate) fn cancel(&mut self, now: i64) -> bool {
        if !self.active() {
            return false;
        }
        self.stage = Stage::Suspended;
        self.auto_renew = false;
        self.gone_at = Some(match self.kind {
            SubscriptionKind::CustomerAgreement => self.term_end.max(now),
            SubscriptionKind::SelfService => now,
            SubscriptionKind::Enterprise => now + self.deprovision,
            _ => now + self.disabled,
        });
        true
    }

    /// Deleted by a person: deprovisioned some time later. `Err` says why not.
    pub(crate) fn delete(&mut self, now: i64) -> Result<(), &'static str> {
        if self.gone() {
            return Err("the subscription is gone already");
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
        self.delete_pressed = true;
        self.gone_at = Some(self.gone_at.unwrap_or(i64::MAX).min(now + self.deprovision));
        Ok(())
    }

    /// When its state changes next, if nobody does anything.
    pub(crate) fn next_change(&self) -> i64 {
        self.gone_at.unwrap_or(self.term_end)
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

    /// Partner Center's status.
    pub(crate) fn partner_status(&self) -> &'static str {
        match self.stage {
            Stage::Enabled => "active",
            Stage::Warning => "expired",
            Stage::Suspended => "suspended",
            Stage::LockedOut => "disabled",
            Stage::Deleted => "deleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(kind: SubscriptionKind) -> Subscription {
        let plan = scenario::Subscription {
            kind,
            ..scenario::Subscription::default()
        };
        Subscription::new(&plan, Uuid::new_v4)
    }

    #[test]
    fn a_direct_one_is_deprovisioned_after_it_was_deleted() {
        let mut one = subscription(SubscriptionKind::Direct);
        assert!(one.delete(0).is_err());
        assert!(one.cancel(0) && !one.cancel(0));
        one.delete(0).unwrap();
        assert!(!one.settle((71.0 * HOUR) as i64));
        assert!(one.settle((72.0 * HOUR) as i64) && one.gone());
    }

    #[test]
    fn a_customer_agreement_one_goes_at_the_end_of_the_term() {
        let mut one = subscription(SubscriptionKind::CustomerAgreement);
        one.cancel(0);
        assert_eq!(one.billing_status(), "Cancelled");
        assert!(one.delete(0).is_err());
        assert!(!one.settle((29.0 * DAY) as i64));
        assert!(one.settle((30.0 * DAY) as i64));
    }

    #[test]
    fn what_a_user_bought_is_gone_once_canceled_and_an_enterprise_one_goes_later() {
        let mut bought = subscription(SubscriptionKind::SelfService);
        assert!(bought.may_cancel() && bought.cancel(5));
        assert!(bought.settle(5) && bought.gone());
        let mut agreed = subscription(SubscriptionKind::Enterprise);
        assert!(!agreed.may_cancel());
        assert!(agreed.cancel(0) && agreed.delete(0).is_err());
        assert!(!agreed.settle((71.0 * HOUR) as i64) && agreed.settle((72.0 * HOUR) as i64));
    }

    #[test]
    fn it_is_canceled_within_days_of_its_start_and_of_each_renewal() {
        let plan = scenario::Subscription {
            kind: SubscriptionKind::Partner,
            cancellable_days: Some(7.0),
            ..scenario::Subscription::default()
        };
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        for (day, open) in [
            (0.0, true),
            (6.9, true),
            (7.1, false),
            (29.0, false),
            (31.0, true),
            (38.0, false),
        ] {
            one.settle((day * DAY) as i64);
            assert_eq!(one.may_cancel(), open, "day {day}");
        }
    }

    #[test]
    fn its_durations_are_data() {
        let plan = scenario::Subscription {
            auto_renew: false,
            term_end_days: 5.0,
            grace_days: 2.0,
            disabled_days: 3.0,
            deprovision_hours: 1.0,
            ..scenario::Subscription::default()
        };
        let stage = |days: f64| {
            let mut one = Subscription::new(&plan, Uuid::new_v4);
            for day in 0..=(days * 10.0) as i64 {
                one.settle(day * (DAY / 10.0) as i64);
            }
            one.stage
        };
        for (days, wanted) in [
            (4.9, Stage::Enabled),
            (6.0, Stage::Warning),
            (8.0, Stage::Suspended),
            (10.1, Stage::Deleted),
        ] {
            assert_eq!(stage(days), wanted, "day {days}");
        }
        let mut one = Subscription::new(&plan, Uuid::new_v4);
        one.cancel(0);
        assert_eq!(one.next_change(), (3.0 * DAY) as i64);
        one.delete(0).unwrap();
        assert_eq!(one.next_change(), HOUR as i64);
    }

    #[test]
    fn a_view_that_is_behind_shows_what_was() {
        let mut one = subscription(SubscriptionKind::Direct);
        one.settle(0);
        one.cancel(10);
        one.settle(10);
        assert_eq!(one.seen(9).stage, Stage::Enabled);
        assert_eq!(one.seen(10).stage, Stage::Suspended);
    }

    #[test]
    fn one_that_renews_never_goes_and_one_that_does_not_passes_all_stages() {
        let mut renewing = subscription(SubscriptionKind::Direct);
        assert!(!renewing.settle((800.0 * DAY) as i64) && renewing.stage == Stage::Enabled);
        let mut ending = subscription(SubscriptionKind::Direct);
        ending.auto_renew = false;
        ending.settle((31.0 * DAY) as i64);
        assert_eq!(ending.stage, Stage::Warning);
        assert!(ending.settle((151.0 * DAY) as i64));
    }
}
