//! The Job that vouches for the backup: got by name in the closure's namespace, never listed or watched.

use crate::closure::observation::{BackupJob, Obstacle};
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use k8s_openapi::api::batch::v1::Job;
use kube::Api;

/// How the Job stands; `Ok(None)`: there is none of this name. That it may not be read is an obstacle, not an error.
///
/// # Errors
/// Where the API server failed.
pub async fn read(
    ctx: &Context,
    namespace: &str,
    name: &str,
) -> Result<Result<Option<BackupJob>, Obstacle>, ReconcileError> {
    let api: Api<Job> = Api::namespaced(ctx.client.clone(), namespace);
    match bounded(api.get_opt(name)).await {
        Ok(job) => Ok(Ok(job.as_ref().map(state))),
        Err(ReconcileError::Api(kube::Error::Api(status))) if status.code == 403 => {
            Ok(Err(forbidden(ctx, namespace, name)))
        }
        Err(error) => Err(error),
    }
}

fn state(job: &Job) -> BackupJob {
    let status = job.status.as_ref();
    let conditions = status.and_then(|s| s.conditions.as_deref());
    let is = |kind: &str| {
        let mut all = conditions.unwrap_or_default().iter();
        all.any(|c| c.type_ == kind && c.status == "True")
    };
    let completed = status.and_then(|s| s.completion_time.as_ref());
    match completed {
        _ if is("Failed") || job.metadata.deletion_timestamp.is_some() => BackupJob::Failed,
        Some(at) if is("Complete") => BackupJob::Complete(at.0),
        _ => BackupJob::Unfinished,
    }
}

fn forbidden(ctx: &Context, namespace: &str, name: &str) -> Obstacle {
    let account = format!("{}:{}", ctx.namespace, ctx.service_account);
    Obstacle {
        reason: "BackupJobForbidden",
        message: format!("The operator may not read the Job {name} in namespace {namespace}"),
        remedy: format!(
            "kubectl -n {namespace} create role tenant-closure-job-{name} --verb=get --resource=jobs.batch --resource-name={name} && \
             kubectl -n {namespace} create rolebinding tenant-closure-job-{name} --role=tenant-closure-job-{name} --serviceaccount={account}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(status: &Value) -> Option<BackupJob> {
        let job = json!({"metadata": {"name": "nightly"}, "status": status});
        serde_json::from_value(job).ok().as_ref().map(state)
    }

    fn condition(kind: &str, status: &str) -> Value {
        json!({"type": kind, "status": status})
    }

    #[test]
    fn conditions_decide_and_a_completion_has_a_time() {
        let at = "2026-10-02T09:00:00Z";
        let complete = condition("Complete", "True");
        let done = json!({"conditions": [condition("SuccessCriteriaMet", "True"), complete], "completionTime": at});
        assert_eq!(read(&done), at.parse().ok().map(BackupJob::Complete));
        for (status, wanted) in [
            (json!({}), BackupJob::Unfinished),
            (json!({"active": 1, "startTime": at}), BackupJob::Unfinished),
            (
                json!({"succeeded": 1, "completionTime": at}),
                BackupJob::Unfinished,
            ),
            (json!({"conditions": [complete]}), BackupJob::Unfinished),
            (
                json!({"conditions": [condition("Complete", "False")], "completionTime": at}),
                BackupJob::Unfinished,
            ),
            (
                json!({"conditions": [condition("Suspended", "True")]}),
                BackupJob::Unfinished,
            ),
            (
                json!({"conditions": [condition("Failed", "True")]}),
                BackupJob::Failed,
            ),
        ] {
            assert_eq!(read(&status), Some(wanted), "{status}");
        }
    }
}
