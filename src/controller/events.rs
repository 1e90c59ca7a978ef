//! Events, best effort: what is said once, when it comes about.

use crate::api::TenantClosure;
use crate::api::status::TenantClosureStatus;
use crate::closure::deadline;
use crate::closure::report::{Phase, Report};
use crate::closure::steps::approval::{EXPIRED, EXPIRES_SOON};
use crate::controller::context::Context;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource as _;
use kube::runtime::events::{Event, EventType};

/// The time of an approval runs out, or is over: said once, with the date.
pub fn expiry(old: &TenantClosureStatus, new: &TenantClosureStatus) -> Option<Event> {
    let (before, now) = (old.condition("Approved"), new.condition("Approved")?);
    let news = before.is_none_or(|before| before.reason != now.reason);
    let told = [EXPIRES_SOON, EXPIRED].contains(&now.reason.as_str());
    let plan = new.plan.as_ref();
    let open = plan.and_then(|plan| plan.supplement.as_ref());
    let later = plan.and_then(|plan| plan.acceptance.as_ref());
    let of_plan = new.approval.as_ref().and_then(|a| a.valid_until);
    // The one that ends first is the one that is told of.
    let until = [
        of_plan,
        open.and_then(|open| open.valid_until),
        later.and_then(|later| later.valid_until),
    ];
    let until = until.into_iter().flatten().min();
    let until = until.map_or_else(String::new, |date| format!(" (until {date})"));
    let note = || format!("{}{until}", now.message);
    (news && told).then(|| warning(&now.reason, &note(), "Approve"))
}

/// A step's time is over: said once, with the date and what to look at.
pub fn late(old: &TenantClosureStatus, new: &TenantClosureStatus) -> Option<Event> {
    fn told(status: &TenantClosureStatus) -> Option<&Condition> {
        let now = status.condition("Reconciling");
        now.filter(|one| one.reason == deadline::REASON)
    }
    let now = told(new)?;
    let news = told(old).is_none() || old.step != new.step;
    news.then(|| warning(deadline::REASON, &now.message, "Wait"))
}

/// A warning; its note is shortened to what an event holds.
pub fn warning(reason: &str, note: &str, action: &str) -> Event {
    Event {
        type_: EventType::Warning,
        reason: reason.to_owned(),
        note: Some(note.chars().take(900).collect()),
        action: action.to_owned(),
        secondary: None,
    }
}

/// A phase or a step that is new.
pub async fn announce(ctx: &Context, closure: &TenantClosure, report: &Report) {
    let type_ = if report.phase == Phase::Stalled {
        EventType::Warning
    } else {
        EventType::Normal
    };
    let reason = format!("{:?}", report.phase);
    let event = Event {
        type_,
        ..warning(&reason, &report.summary, report.step.name())
    };
    publish(ctx, closure, event).await;
}

/// Publishes an event.
pub async fn publish(ctx: &Context, closure: &TenantClosure, event: Event) {
    // An event is a courtesy: a namespace that is going away refuses it, and the work goes on.
    if let Err(error) = ctx.recorder.publish(&event, &closure.object_ref(&())).await {
        tracing::debug!(%error, "an event was not published");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::conditions;
    use crate::closure::decision::Standing;
    use jiff::Timestamp;

    fn status(step: &str, reason: &'static str) -> TenantClosureStatus {
        let standing = Standing::yes(reason, "Step 1 Users is overdue since 2026-10-04T09:00Z");
        TenantClosureStatus {
            step: Some(step.to_owned()),
            conditions: conditions::merge(&[], &[("Reconciling", standing)], 1, Timestamp::now()),
            ..TenantClosureStatus::default()
        }
    }

    /// Of the plan, of who came later and of what was accepted later: the one that ends first.
    #[test]
    fn the_date_is_that_of_the_approval_that_ends_first() {
        let day = |day: u8| format!("2026-10-{day:02}T09:00:00Z");
        let status = |reason: &'static str, [of_plan, of_supplement, of_acceptance]: [u8; 3]| {
            let standing = Standing::yes(reason, "1 of 1 approvals");
            let conditions = conditions::merge(&[], &[("Approved", standing)], 1, Timestamp::now());
            let status = serde_json::json!({
                "approval": {"required": 1, "given": 1, "validUntil": day(of_plan)},
                "plan": {"digest": "ab", "madeAt": day(1), "users": 1, "subscriptions": 0, "applications": 0,
                    "supplement": {"digest": "cd", "madeAt": day(1), "users": 1, "required": 1, "given": 1,
                        "validUntil": day(of_supplement)},
                    "acceptance": {"digest": "ef", "count": 1, "required": 1, "given": 1,
                        "validUntil": day(of_acceptance)}}
            });
            TenantClosureStatus {
                conditions,
                ..serde_json::from_value(status).unwrap()
            }
        };
        for days in [[9, 20, 21], [20, 9, 21], [20, 21, 9]] {
            let before = status("QuorumReached", days);
            let now = status(EXPIRES_SOON, days);
            let note = expiry(&before, &now).unwrap().note.unwrap();
            assert_eq!(note, "1 of 1 approvals (until 2026-10-09T09:00:00Z)");
            assert!(expiry(&now, &now).is_none());
        }
    }

    #[test]
    fn an_overdue_step_is_an_event_once() {
        let (running, overdue) = (
            status("1/5 Users", "DeletingUsers"),
            status("1/5 Users", deadline::REASON),
        );
        let event = late(&running, &overdue).unwrap();
        assert_eq!(
            (event.reason.as_str(), event.type_),
            (deadline::REASON, EventType::Warning)
        );
        assert!(event.note.unwrap().contains("overdue since 2026-10-04"));
        assert!(late(&overdue, &overdue).is_none());
        assert!(late(&overdue, &running).is_none());
        assert!(
            late(
                &overdue,
                &status("2/5 CancelSubscriptions", deadline::REASON)
            )
            .is_some()
        );
    }
}
