//! A Job vouches for the backup: not allowed, missing, unfinished, then Complete.

use crate::trial::Trial;
use serde_json::{Value, json};

crate::rows![a_job_vouches_for_the_backup];

const JOB: &str = r"
apiVersion: batch/v1
kind: Job
metadata: { name: contoso-backup, namespace: backup-job }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: backup, image: backup }] }
";

async fn a_job_vouches_for_the_backup() {
    let mut trial = Trial::new("backup-job", json!({})).await;
    trial.spec()["backup"] = json!({"jobName": "contoso-backup", "maxAge": "1h"});
    trial.apply().await;

    let told = trial.blocked("BackupJobForbidden").await;
    let says = "may not read the Job contoso-backup in namespace backup-job";
    assert!(told.message.contains(says), "{}", told.message);
    trial.do_as_told(&told.remedy).await;
    let told = trial.blocked("BackupJobMissing").await;
    let says = "There is no Job contoso-backup";
    assert!(told.message.contains(says), "{}", told.message);

    let cluster = &trial.case.cluster;
    cluster.apply("admin", JOB).await.unwrap();
    let told = trial.blocked("BackupJobNotComplete").await;
    assert!(told.message.contains("is not Complete"), "{}", told.message);

    // Nobody runs Jobs here, so its end is written by hand.
    let complete = |hours: i32| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours.into());
        let at = jiff::Timestamp::from_second(at.as_second())
            .unwrap()
            .to_string();
        let condition = |kind| json!({"type": kind, "status": "True", "lastProbeTime": at, "lastTransitionTime": at});
        json!({"status": {"startTime": at, "completionTime": at, "succeeded": 1,
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}})
    };
    let write = async |status: Value| {
        let args = [
            "patch",
            "job",
            "contoso-backup",
            "-n",
            "backup-job",
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        let text = status.to_string();
        let args: Vec<&str> = args.into_iter().chain([text.as_str()]).collect();
        let (ok, _, why) = cluster.kubectl("admin", &args, None).await.unwrap();
        assert!(ok, "{why}");
    };
    write(complete(2)).await;
    let told = trial.blocked("BackupTooOld").await;
    let says = "longer ago than spec.backup.maxAge allows";
    assert!(told.message.contains(says), "{}", told.message);
    trial.assert_untouched().await;

    // A Job cannot be run twice: the one that is too old goes, and another takes its name.
    let gone = [
        "delete",
        "job",
        "contoso-backup",
        "-n",
        "backup-job",
        "--cascade=background",
    ];
    let (ok, _, why) = cluster.kubectl("admin", &gone, None).await.unwrap();
    assert!(ok, "{why}");
    cluster.apply("admin", JOB).await.unwrap();
    write(complete(0)).await;
    trial.assert_closes().await;
}
