//! Deadlines: until when what was deleted can be brought back. Of the data, not only of the object.

use super::Deadline;
use super::course::Course;
use super::document::time;
use super::steps::since;
use crate::api::TenantClosureStatus;
use crate::closure::intent::Action;
use crate::closure::observation::Agreement;
use crate::closure::plan::PlannedSubscription;
use crate::closure::step::Step;
use crate::closure::words::count;
use jiff::{SignedDuration, Timestamp};

const DELETED_USERS: &str = "https://learn.microsoft.com/graph/api/user-delete";
const SUBSCRIPTION_ENDS: &str = "https://learn.microsoft.com/microsoft-365/commerce/subscriptions/what-if-my-subscription-expires";
const AZURE_CANCELED: &str =
    "https://learn.microsoft.com/azure/cost-management-billing/manage/cancel-azure-subscription";
const DELETE_TENANT: &str = crate::closure::links::DELETE_TENANT;

pub(super) fn all(status: &TenantClosureStatus, course: &Course<'_>) -> Vec<Deadline> {
    let mut all = Vec::new();
    all.extend(users(course));
    all.extend(subscriptions(status, course));
    if let Some(at) = course.memory.directory_gone_at {
        all.push(Deadline {
            what: "the directory, and with it everything above".to_owned(),
            from: None,
            until: None,
            detail: format!(
                "seen gone at {}; Microsoft documents no way to restore a deleted directory",
                time(at)
            ),
            source: DELETE_TENANT,
        });
    }
    all
}

/// Dates of what can be restored inside a directory end with the directory.
fn at_most(date: Timestamp, course: &Course<'_>) -> Timestamp {
    course
        .memory
        .directory_gone_at
        .map_or(date, |gone| date.min(gone))
}

fn after(at: Timestamp, days: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(days * 24))
        .unwrap_or(Timestamp::MAX)
}

fn users(course: &Course<'_>) -> Option<Deadline> {
    let of_step_1 = || {
        course
            .moved(Action::DeleteUsers)
            .filter(|d| d.intent.step == Step::Users)
    };
    let number: u64 = of_step_1().map(|deed| deed.gone).sum();
    // A deletion lies between the claim and its settling: the earlier end is the safer promise.
    let first = of_step_1()
        .map(|deed| deed.entry.created.unwrap_or(deed.at))
        .min()?;
    let last = of_step_1()
        .map(|deed| deed.entry.created.unwrap_or(deed.at))
        .max()?;
    let ended = if course.memory.directory_gone_at.is_some() {
        "; that ended with the directory"
    } else {
        "; it ends with the directory if that goes first"
    };
    Some(Deadline {
        what: format!(
            "{} deleted in step 1, with mailbox and assignments",
            count(u32::try_from(number).unwrap_or(u32::MAX), "user")
        ),
        from: Some(at_most(after(first, 30), course)),
        until: Some(at_most(after(last, 30), course)),
        detail: format!("a deleted user can be restored for 30 days{ended}"),
        source: DELETED_USERS,
    })
}

fn subscriptions(status: &TenantClosureStatus, course: &Course<'_>) -> Vec<Deadline> {
    let Some((_, head)) = course.plan() else {
        return Vec::new();
    };
    let of = |wanted: fn(Agreement) -> bool| -> Vec<&PlannedSubscription> {
        head.subscriptions
            .iter()
            .filter(|one| wanted(one.agreement))
            .collect()
    };
    let canceled = since(status, "SubscriptionsCanceled");
    // What we asked for ourselves is dated in the journal.
    let asked = |group: &[&PlannedSubscription]| {
        let asked = group
            .iter()
            .filter_map(|one| course.memory.subscriptions.get(&one.id));
        asked
            .filter(|asked| asked.refused.is_none())
            .map(|asked| asked.at)
            .min()
            .or(canceled)
    };
    let number = |group: &[&PlannedSubscription]| {
        count(
            u32::try_from(group.len()).unwrap_or(u32::MAX),
            "subscription",
        )
    };
    let mut all = Vec::new();
    let direct = of(|a| a == Agreement::Direct);
    if !direct.is_empty() {
        let deleted = since(status, "SubscriptionsDeleted");
        let seen = deleted.map_or_else(
            || "they are still listed".to_owned(),
            |at| format!("none was listed any more at {}", time(at)),
        );
        all.push(Deadline {
            what: format!("SharePoint and OneDrive content of {} bought directly", number(&direct)),
            from: None,
            until: None,
            detail: format!("removed at once when somebody deletes the subscription in step 3, whatever the dates of the users; {seen}"),
            source: SUBSCRIPTION_ENDS,
        });
    }
    let agreed = of(|a| {
        matches!(
            a,
            Agreement::CustomerAgreement | Agreement::Partner | Agreement::Enterprise
        )
    });
    if !agreed.is_empty() {
        let at = asked(&agreed);
        all.push(Deadline {
            what: format!("data of {} under an agreement", number(&agreed)),
            from: at.map(|at| at_most(after(at, 90), course)),
            until: at.map(|at| at_most(after(at, 180), course)),
            detail: "may be deleted 90 days after the cancellation, and is deleted 180 days after it; it ends with the directory".to_owned(),
            source: SUBSCRIPTION_ENDS,
        });
    }
    let azure = of(|a| a == Agreement::Azure);
    if !azure.is_empty() {
        let at = asked(&azure);
        all.push(Deadline {
            what: format!("resources of {} of Azure", number(&azure)),
            from: at.map(|at| after(at, 30)),
            until: at.map(|at| after(at, 90)),
            detail: "kept for 30 to 90 days after the cancellation".to_owned(),
            source: AZURE_CANCELED,
        });
    }
    all
}
