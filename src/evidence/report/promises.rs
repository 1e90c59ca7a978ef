//! The five words: what Microsoft's procedure says goes with an account, each with its result.

use super::course::Course;
use super::document::time;
use super::steps::{is_true, since};
use super::{Certainty, Promise};
use crate::api::{ClosureApproval, Purpose, TenantClosureStatus};
use crate::closure::loss::LossCount;
use crate::closure::words::{count, thousands};

/// "This information includes subscriptions, licenses, payment methods, users, and user data."
pub(super) fn all(
    status: &TenantClosureStatus,
    course: &Course<'_>,
    approvals: &[ClosureApproval],
) -> Vec<Promise> {
    let subscriptions = subscriptions(status, course);
    let licenses = licenses(&subscriptions, course);
    vec![
        subscriptions,
        licenses,
        payment_methods(course, approvals),
        users(status, course),
        user_data(course),
    ]
}

fn promise(
    word: &'static str,
    certainty: Certainty,
    result: impl Into<String>,
    detail: impl Into<String>,
) -> Promise {
    Promise {
        word,
        result: result.into(),
        certainty,
        detail: detail.into(),
    }
}

fn gone(course: &Course<'_>) -> Option<String> {
    let at = course.memory.directory_gone_at?;
    Some(format!(
        "the directory was seen gone from outside at {}",
        time(at)
    ))
}

fn subscriptions(status: &TenantClosureStatus, course: &Course<'_>) -> Promise {
    let word = "subscriptions";
    let Some((_, head)) = course.plan() else {
        return promise(word, Certainty::Unknown, "unknown", "no plan was made");
    };
    let planned = count(head.to_end(), "subscription");
    if is_true(status, "SubscriptionsDeleted") {
        if head.to_end() == 0 {
            return promise(
                word,
                Certainty::Seen,
                "none",
                "the tenant had no subscription that was to be ended",
            );
        }
        let at = since(status, "SubscriptionsDeleted")
            .map_or_else(String::new, |at| format!(" since {}", time(at)));
        let detail = format!("{planned} in the plan; none is listed any more{at}");
        return promise(word, Certainty::Seen, "deleted", detail);
    }
    if let Some(gone) = gone(course) {
        return promise(
            word,
            Certainty::Stated,
            "gone with the directory",
            format!("{planned} in the plan; {gone}"),
        );
    }
    if is_true(status, "SubscriptionsCanceled") {
        let detail = format!("{planned} in the plan; none is active, not all are deleted");
        return promise(word, Certainty::Open, "canceled", detail);
    }
    promise(
        word,
        Certainty::Open,
        "not ended yet",
        format!("{planned} in the plan"),
    )
}

fn licenses(subscriptions: &Promise, course: &Course<'_>) -> Promise {
    let mut detail =
        "licenses are seats of the subscriptions and are not read apart from them".to_owned();
    if let Some((_, head)) = course.plan() {
        let seats: u64 = head.ended_apart().map(|s| u64::from(s.seats)).sum();
        detail = format!("{} seats in the plan; {detail}", thousands(seats));
    }
    let (certainty, result) = match subscriptions.certainty {
        Certainty::Seen | Certainty::Stated => (Certainty::Stated, "gone with their subscriptions"),
        Certainty::Open => (Certainty::Open, "not ended yet"),
        Certainty::Unknown => (Certainty::Unknown, "unknown"),
    };
    promise("licenses", certainty, result, detail)
}

fn payment_methods(course: &Course<'_>, approvals: &[ClosureApproval]) -> Promise {
    let uid = course
        .chain
        .first()
        .map(|entry| entry.spec.closure_uid.as_str());
    let invoices = approvals.iter().any(|a| {
        let spec = &a.spec;
        Some(spec.closure_uid.as_str()) == uid
            && spec.purpose == Purpose::Attestation
            && spec.check.as_deref() == Some("C11")
            && spec.revoked != Some(true)
    });
    let said = if invoices {
        "a person attested the outstanding invoices (C11)"
    } else {
        "nobody attested the outstanding invoices (C11)"
    };
    let detail = format!("no program may read payment methods; {said}");
    match gone(course) {
        Some(gone) => promise(
            "payment methods",
            Certainty::Stated,
            "closed with the account",
            format!("{detail}; {gone}"),
        ),
        None => promise("payment methods", Certainty::Unknown, "unknown", detail),
    }
}

fn users(status: &TenantClosureStatus, course: &Course<'_>) -> Promise {
    let word = "users";
    let Some((_, head)) = course.plan() else {
        return promise(word, Certainty::Unknown, "unknown", "no plan was made");
    };
    let later = course.supplements();
    let users = later.fold(head.user_count, |sum, (_, head, _)| {
        sum.saturating_add(head.user_count)
    });
    let planned = count(users, "user");
    let stays = if head.spare.is_some() {
        "the retained and the spare administrator stay longer"
    } else {
        "the retained administrator stays longer"
    };
    match (course.memory.verified_at, gone(course)) {
        (_, Some(gone)) => promise(
            word,
            Certainty::Seen,
            "deleted, all of them",
            format!("{planned} in the plan; {gone}"),
        ),
        (Some(at), None) => {
            let detail = format!(
                "{planned} in the plan; two complete listings agreed at {}; {stays}",
                time(at)
            );
            promise(
                word,
                Certainty::Seen,
                "deleted but for who finishes",
                detail,
            )
        }
        (None, None) if is_true(status, "UsersDeleted") => promise(
            word,
            Certainty::Seen,
            "deleted but for who finishes",
            format!("{planned} in the plan; {stays}"),
        ),
        (None, None) => promise(
            word,
            Certainty::Open,
            "not all deleted",
            format!("{planned} in the plan"),
        ),
    }
}

/// How much there was of it when the plan was made.
fn data(course: &Course<'_>) -> String {
    let losses = course.plan().map(|(entry, _)| &entry.spec.losses);
    let sized = losses
        .into_iter()
        .flatten()
        .filter(|one| one.kind.has_size());
    let told: Vec<String> = sized.map(LossCount::words).collect();
    if told.is_empty() {
        return String::new();
    }
    format!("{} when the plan was made; ", told.join(", "))
}

fn user_data(course: &Course<'_>) -> Promise {
    let word = "user data";
    let there = data(course);
    let detail = format!(
        "{there}mailboxes and files are not looked at; what can be restored until when is told below"
    );
    match (gone(course), course.memory.verified_at) {
        (Some(gone), _) => promise(
            word,
            Certainty::Stated,
            "deleted with the account",
            format!("{there}{gone}; that Microsoft keeps no copy is not shown"),
        ),
        (None, Some(_)) => promise(
            word,
            Certainty::Open,
            "deleted with their users, restorable for a time",
            detail,
        ),
        (None, None) => promise(word, Certainty::Open, "not deleted yet", detail),
    }
}
