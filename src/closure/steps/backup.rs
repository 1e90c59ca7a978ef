//! The backup of what must be kept: somebody vouches for it, or a Job does, before anything is taken away for good.

use crate::closure::memory::Memory;
use crate::closure::observation::{BackupJob, Observation, Obstacle};
use crate::closure::terms::{Backup, Mode, Terms};
use jiff::{SignedDuration, Timestamp};

/// A Job that completed later than this from now did so on a clock that cannot be believed.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// What is lacking. A Job is looked at until the first effect that takes something away for good: a closure may take
/// months, and what is gone by then is in no later backup.
pub fn lacking(
    terms: &Terms,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Option<Obstacle> {
    match &terms.backup {
        None => Some(Obstacle::new(
            "BackupNotAcknowledged",
            "Nobody acknowledged a backup of the data to keep",
            "Make a backup of what is to be kept, then acknowledge it in spec.backup, or name the Job that makes it",
        )),
        Some(Backup::Job { .. }) if memory.destroying_since.is_some() => None,
        // Nobody asks for it before something is to be carried out.
        Some(Backup::Job { .. }) if terms.mode == Mode::Plan => None,
        Some(Backup::Acknowledged { .. }) => None,
        Some(Backup::Job { name, max_age }) => match &seen.cluster.backup_job {
            Err(obstacle) => Some(obstacle.clone()),
            Ok(job) => unfit(name, *max_age, *job, now),
        },
    }
}

fn unfit(
    name: &str,
    max_age: SignedDuration,
    job: Option<BackupJob>,
    now: Timestamp,
) -> Option<Obstacle> {
    let not_complete = |how: &str, remedy: &str| {
        let message = format!("The backup Job {name} {how}");
        Some(Obstacle::new("BackupJobNotComplete", message, remedy))
    };
    match job {
        None => Some(Obstacle::new(
            "BackupJobMissing",
            format!("There is no Job {name} in the namespace of the closure"),
            "Create the Job that makes the backup, or name the right one in spec.backup.jobName; \
             a Job with ttlSecondsAfterFinished must be kept until the first users are deleted",
        )),
        Some(BackupJob::Unfinished) => not_complete(
            "is not Complete",
            "Wait until it is; it is looked at again by itself",
        ),
        Some(BackupJob::Failed) => not_complete(
            "has failed",
            "Find out why, run a new Job and name it in spec.backup.jobName",
        ),
        Some(BackupJob::Complete(at)) if at.duration_since(now) > CLOCKS_APART => not_complete(
            "says that it completed in the future",
            "Set the clocks of the cluster right, run a new Job and name it in spec.backup.jobName",
        ),
        Some(BackupJob::Complete(at)) if now.duration_since(at) > max_age => Some(Obstacle::new(
            "BackupTooOld",
            format!("The backup Job {name} completed longer ago than spec.backup.maxAge allows"),
            "Run a new Job and name it in spec.backup.jobName",
        )),
        Some(BackupJob::Complete(_)) => None,
    }
}

/// The backup in the words of a condition.
pub fn words(backup: &Backup) -> String {
    match backup {
        Backup::Acknowledged { reference } if reference.is_empty() => {
            "Backup acknowledged".to_owned()
        }
        Backup::Acknowledged { reference } => format!("Backup {reference} acknowledged"),
        Backup::Job { name, .. } => format!("Backup Job {name} was Complete"),
    }
}
