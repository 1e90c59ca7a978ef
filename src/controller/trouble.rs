//! Trouble: what lies between us and the API server and lasts is told in the closure's status, as far as that can be written.
//! A right that is missing, a policy that refuses, a full store: nobody would look for it in a log.

use crate::api::{TenantClosure, policies};
use crate::closure::observation::Obstacle;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use crate::controller::{lead, record};
use kube::core::{PartialObjectMeta, Status};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use std::time::Duration;

/// Races that somebody else wins.
const ANOTHER_WRITER: &str = "AnotherWriter";
/// It may come back by itself: no answer, or a trouble of the server's own.
const API_UNAVAILABLE: &str = "ApiUnavailable";
/// Failures in a row that count as lasting where only a person can mend it.
const REFUSED: u32 = 3;
/// Likewise where the API server may come back by itself: longer than it takes to start again.
const UNAVAILABLE: u32 = 15;
/// Races in a row that are one no more.
const RACES: u32 = 20;
/// The pause between two tries of what lasts.
const PAUSE: Duration = Duration::from_secs(30);

/// Cycles in a row that failed in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InARow {
    reason: &'static str,
    times: u32,
}

/// A cycle failed: tells it once it lasts, and slows down.
///
/// # Errors
/// The failure itself while it may pass.
pub async fn told(
    ctx: &Context,
    key: &PartialObjectMeta<TenantClosure>,
    error: ReconcileError,
) -> Result<Action, ReconcileError> {
    let obstacle = obstacle(&ctx.namespace, &ctx.service_account, &error);
    let times = again(ctx, &key.uid().unwrap_or_default(), obstacle.reason);
    if !lasts(obstacle.reason, times) {
        return Err(error);
    }
    ctx.counters.failed_cycles.add(1);
    tracing::error!(closure = %key.name_any(), reason = obstacle.reason, times, %error, "cycles fail in the same way again and again");
    if let Err(untold) = tell(ctx, key, &obstacle).await {
        tracing::warn!(closure = %key.name_any(), %untold, "and the status cannot say so");
    }
    Ok(Action::requeue(PAUSE))
}

/// So many times in a row it does not pass by itself.
fn lasts(reason: &str, times: u32) -> bool {
    let most = match reason {
        ANOTHER_WRITER => RACES,
        API_UNAVAILABLE => UNAVAILABLE,
        _ => REFUSED,
    };
    times >= most
}

/// A cycle came to its end.
pub fn is_over(ctx: &Context, uid: &str) {
    if ctx.hints(uid).failing.is_some() {
        ctx.hint(uid, |hints| hints.failing = None);
    }
}

fn again(ctx: &Context, uid: &str, reason: &'static str) -> u32 {
    let mut times = 1;
    ctx.hint(uid, |hints| {
        let known = hints.failing.filter(|known| known.reason == reason);
        times = known.map_or(1, |known| known.times.saturating_add(1));
        hints.failing = Some(InARow { reason, times });
    });
    times
}

async fn tell(
    ctx: &Context,
    key: &PartialObjectMeta<TenantClosure>,
    obstacle: &Obstacle,
) -> Result<(), ReconcileError> {
    let namespace = key.namespace().unwrap_or_default();
    let api: Api<TenantClosure> = Api::namespaced(ctx.client.clone(), &namespace);
    match bounded(api.get_opt(&key.name_any())).await? {
        Some(closure) if closure.metadata.deletion_timestamp.is_none() => {
            record::trouble(ctx, &closure, obstacle, PAUSE).await
        }
        _ => Ok(()),
    }
}

const fn refused(error: &ReconcileError) -> Option<&Status> {
    match error {
        ReconcileError::Api(kube::Error::Api(status)) => Some(status),
        _ => None,
    }
}

/// What is in the way, in words that stay the same. The server's own words name objects and accounts: the log has them.
fn obstacle(namespace: &str, service_account: &str, error: &ReconcileError) -> Obstacle {
    match error {
        ReconcileError::LostRace => Obstacle::new(
            ANOTHER_WRITER,
            "Somebody else writes this closure's status or its journal again and again before the operator does",
            "See that one operator alone runs in this cluster, and that nothing else writes the status",
        ),
        ReconcileError::Malformed(_) => Obstacle::new(
            "RecordUnreadable",
            "A stored object does not have the shape in which this version of the operator writes it",
            "Run the version of the operator that wrote it, or a newer one, with its CRDs; the operator's log says what cannot be read",
        ),
        ReconcileError::HistoryRollback(why) => Obstacle::new(
            "HistoryRollback",
            why.clone(),
            "Do not go on with this closure: compare the journal with a copy of it",
        ),
        ReconcileError::Timeout => unavailable("no answer in time"),
        ReconcileError::Api(_) => match refused(error) {
            None => unavailable("no usable answer"),
            Some(status) if status.code >= 500 || status.code == 429 => {
                unavailable(&word(&status.reason))
            }
            Some(status) if status.code == 404 && about(status, "leases") => no_lease(namespace),
            Some(status) => denied(namespace, service_account, status),
        },
    }
}

fn unavailable(how: &str) -> Obstacle {
    Obstacle::new(
        API_UNAVAILABLE,
        format!("The API server does not serve the operator, again and again ({how})"),
        "Look at the API server and at etcd: where its space is exhausted every write fails until it is defragmented and the alarm is disarmed; the operator's log has the server's words",
    )
}

fn about(status: &Status, kind: &str) -> bool {
    status.details.as_ref().is_some_and(|d| d.kind == kind)
}

fn no_lease(namespace: &str) -> Obstacle {
    let name = lead::NAME;
    Obstacle::new(
        "LeaseMissing",
        format!(
            "There is no Lease {name} in namespace {namespace}, by which one process of the operator acts at a time: nothing is done without it"
        ),
        "Install the chart of this version again (helm upgrade): it makes it; the closure goes on by itself",
    )
}

fn denied(namespace: &str, service_account: &str, status: &Status) -> Obstacle {
    let journal = status.message.contains("closurerecords") || about(status, "closurerecords");
    let policy = policies::REQUIRED
        .into_iter()
        .find(|name| status.message.contains(name));
    let account = format!("{namespace}:{service_account}");
    let (what, reason) = if journal {
        ("a record of the journal", "JournalNotWritable")
    } else {
        ("what the operator asks for", "ApiRefused")
    };
    let (by, remedy) = match policy {
        Some(name) => (
            format!("the admission policy {name}"),
            format!(
                "Install what the operator of this version ships, for its service account {account}: tenant-closure policies --namespace {namespace} --service-account {service_account}"
            ),
        ),
        None => (
            format!("the API server ({})", word(&status.reason)),
            format!(
                "Install the CRDs, policies and rights of this version of the chart for the operator's service account {account}; the operator's log has the server's words"
            ),
        ),
    };
    Obstacle::new(
        reason,
        format!("{by} refuses {what}, again and again"),
        remedy,
    )
}

/// A reason as the API server names it, and nothing else.
fn word(reason: &str) -> String {
    let word: String = reason
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(40)
        .collect();
    if word.is_empty() {
        "no reason told".to_owned()
    } else {
        word
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use kube::core::response::StatusDetails;

    fn answered(code: u16, reason: &str, kind: &str, message: &str) -> ReconcileError {
        let details: StatusDetails =
            serde_json::from_value(serde_json::json!({"kind": kind})).unwrap();
        let status = Status {
            code,
            reason: reason.to_owned(),
            message: message.to_owned(),
            details: Some(details),
            ..Status::default()
        };
        ReconcileError::Api(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn what_is_in_the_way_is_told_by_what_it_is_and_with_what_to_do() {
        let guard = "closurerecords.tenantclosure.dev \"u-1\" is forbidden: ValidatingAdmissionPolicy 'tenantclosure-record-guard' with binding 'tenantclosure-record-guard' denied request";
        let table = [
            (
                answered(422, "Invalid", "closurerecords", guard),
                "JournalNotWritable",
                "the admission policy tenantclosure-record-guard refuses",
                "policies --namespace ops --service-account closer",
            ),
            (
                answered(
                    403,
                    "Forbidden",
                    "closurerecords",
                    "User \"x\" cannot create",
                ),
                "JournalNotWritable",
                "(Forbidden) refuses a record",
                "ops:closer",
            ),
            (
                answered(403, "Forbidden", "closureapprovals", "cannot list"),
                "ApiRefused",
                "(Forbidden) refuses what",
                "ops:closer",
            ),
            (
                answered(404, "NotFound", "leases", "not found"),
                "LeaseMissing",
                "no Lease tenant-closure in namespace ops",
                "helm upgrade",
            ),
            (
                answered(
                    500,
                    "InternalError",
                    "",
                    "etcdserver: mvcc: database space exceeded",
                ),
                "ApiUnavailable",
                "(InternalError)",
                "etcd",
            ),
            (
                ReconcileError::Timeout,
                "ApiUnavailable",
                "no answer in time",
                "etcd",
            ),
            (
                ReconcileError::Malformed("x of alice".into()),
                "RecordUnreadable",
                "does not have the shape",
                "version of the operator",
            ),
            (
                ReconcileError::LostRace,
                "AnotherWriter",
                "again and again",
                "one operator alone",
            ),
        ];
        for (error, reason, says, remedy) in table {
            let told = obstacle("ops", "closer", &error);
            assert_eq!(told.reason, reason);
            assert!(told.message.contains(says), "{told:?}");
            assert!(told.remedy.contains(remedy), "{told:?}");
            let all = format!("{told:?}");
            assert!(!all.contains("alice") && !all.contains("u-1"), "{all}");
        }
    }

    #[test]
    fn what_may_pass_is_not_told_at_once() {
        let refused = || answered(403, "Forbidden", "closurerecords", "");
        let ill = || answered(500, "InternalError", "", "");
        for (error, times, told) in [
            (refused(), 2, false),
            (refused(), 3, true),
            (ill(), 14, false),
            (ill(), 15, true),
            (ReconcileError::LostRace, 19, false),
            (ReconcileError::LostRace, 20, true),
        ] {
            let reason = obstacle("ops", "closer", &error).reason;
            assert_eq!(lasts(reason, times), told, "{error} {times}");
        }
    }
}
