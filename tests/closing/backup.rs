//! A Job vouches for the backup: not allowed, missing, unfinished, then Complete.

use super::{Phase, Trial, json};
use std::time::{Duration, Instant};

const JOB: &str = r"
apiVersion: batch/v1
kind: Job
metadata: { name: contoso-backup, namespace: closures }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: backup, image: backup }] }
";

impl Trial {
    /// Waits until `Ready` has this reason; its message.
    pub(crate) async fn until_reason(&self, reason: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let status = self.status().await;
            let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
            let ready = ready.map(|c| (c.reason.clone(), c.message.clone()));
            match ready {
                Some((found, message)) if found == reason => return message,
                other => assert!(Instant::now() < deadline, "not {reason} but {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Does, as the administrator, what a message says in commands.
    pub(crate) async fn do_as_told(&self, message: &str) {
        let commands = message.split("kubectl ").skip(1);
        let mut done = 0;
        for command in commands {
            let args: Vec<&str> = command
                .trim()
                .trim_end_matches("&&")
                .split_whitespace()
                .collect();
            let (ok, _, why) = self
                .stack
                .cluster
                .kubectl("admin", &args, None)
                .await
                .unwrap();
            assert!(ok, "{args:?}: {why}");
            done += 1;
        }
        assert!(done > 0, "no command in {message:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_job_vouches_for_the_backup() {
    let mut trial = Trial::start(60, None, &[]).await;
    let by_person = "    acknowledged: true\n    reference: \"BKP-2291, verified 2026-09-30\"\n";
    let by_job = "    jobName: contoso-backup\n    maxAge: 1h\n";
    let changed = trial.stack.closure.replace(by_person, by_job);
    assert_ne!(changed, trial.stack.closure);
    trial.stack.closure = changed;
    trial.stack.apply_closure().await.unwrap();

    let told = trial.until_reason("BackupJobForbidden").await;
    assert!(
        told.contains("may not read the Job contoso-backup in namespace closures"),
        "{told}"
    );
    trial.do_as_told(&told).await;
    let told = trial.until_reason("BackupJobMissing").await;
    assert!(told.contains("There is no Job contoso-backup"), "{told}");

    let cluster = &trial.stack.cluster;
    cluster.apply("admin", JOB).await.unwrap();
    let told = trial.until_reason("BackupJobNotComplete").await;
    assert!(told.contains("is not Complete"), "{told}");

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
    let write = async |status: serde_json::Value| {
        let args = [
            "patch",
            "job",
            "contoso-backup",
            "-n",
            "closures",
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
    let told = trial.until_reason("BackupTooOld").await;
    assert!(
        told.contains("longer ago than spec.backup.maxAge allows"),
        "{told}"
    );
    assert!(trial.effects().await.is_empty());

    // A Job cannot be run twice: the one that is too old goes, and another takes its name.
    let gone = [
        "delete",
        "job",
        "contoso-backup",
        "-n",
        "closures",
        "--cascade=background",
    ];
    let (ok, _, why) = cluster.kubectl("admin", &gone, None).await.unwrap();
    assert!(ok, "{why}");
    cluster.apply("admin", JOB).await.unwrap();
    write(complete(0)).await;
    trial
        .with_persons(trial.until_phase(Phase::Closed, Duration::from_secs(180)))
        .await;
    trial.assert_no_rule_broken().await;
}
