//! Deadlines: until when what goes can be brought back. Of the data, not only of the object.

use super::Deadline;
use super::course::Course;
use super::document::time;
use super::steps::since;
use crate::api::TenantClosureStatus;
use crate::closure::intent::Action;
use crate::closure::links;
use crate::closure::loss::LossCount;
use crate::closure::observation::Agreement;
use crate::closure::plan::{PlanHead, PlannedSubscription};
use crate::closure::recycle_bin::RecycleBin;
use crate::closure::restore::{After, Bought, Data, Restore};
use crate::closure::step::Step;
use crate::closure::words::{count, len};
use jiff::{SignedDuration, Timestamp};

/// One for each kind of data that the plan knows of, and one for the directory once that is gone.
pub(super) fn all(status: &TenantClosureStatus, course: &Course<'_>) -> Vec<Deadline> {
    let Some((entry, head)) = course.plan() else {
        return Vec::new();
    };
    let known = Known {
        status,
        course,
        head,
        losses: &entry.spec.losses,
        bin: entry.spec.recycle_bin,
    };
    let kinds = Data::ALL.into_iter();
    let mut all: Vec<Deadline> = kinds.filter_map(|data| known.one(data)).collect();
    all.extend(known.deleted_before());
    if let Some(at) = course.memory.directory_gone_at {
        all.push(Deadline {
            what: "the directory, and with it everything above".to_owned(),
            from: None,
            until: None,
            means: "none",
            no_more_after: Step::DeleteDirectory.number(),
            detail: format!(
                "seen gone at {}; Microsoft documents no way to restore a deleted directory",
                time(at)
            ),
            source: links::DELETE_TENANT,
        });
    }
    all
}

/// What there is, and what happened to it.
struct Known<'a> {
    status: &'a TenantClosureStatus,
    course: &'a Course<'a>,
    head: &'a PlanHead,
    losses: &'a [LossCount],
    bin: Option<RecycleBin>,
}

const fn agreed(agreement: Agreement) -> bool {
    matches!(
        agreement,
        Agreement::CustomerAgreement | Agreement::Partner | Agreement::Enterprise
    )
}

fn after(at: Timestamp, days: u16) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(i64::from(days) * 24))
        .unwrap_or(Timestamp::MAX)
}

impl Known<'_> {
    fn one(&self, data: Data) -> Option<Deadline> {
        let what = self.what(data)?;
        // Where nobody can tell how something was bought, the shorter time is told.
        let directly = |a| matches!(a, Agreement::Direct | Agreement::Unknown);
        let directly = !self.bought(directly).is_empty();
        let restore = data.restore(Bought {
            directly,
            under_agreement: !self.bought(agreed).is_empty(),
        });
        let ended = self.ended(&restore);
        let dates = restore.kept.and_then(|(begins, days)| {
            let [first, last] = self.begun(begins, data)?;
            let at_most = |date: Timestamp| ended.map_or(date, |end| date.min(end));
            Some([after(first, days[0]), after(last, days[1])].map(at_most))
        });
        let seen = ended.map_or_else(String::new, |at| format!("; seen at {}", time(at)));
        Some(Deadline {
            what,
            from: dates.map(|[from, _]| from),
            until: dates.map(|[_, until]| until),
            means: restore.means,
            no_more_after: restore.ends_with.number(),
            detail: format!("{}{seen}", restore.time()),
            source: restore.source,
        })
    }

    /// Who was in the recycle bin already when the plan was made: nobody empties it.
    fn deleted_before(&self) -> Option<Deadline> {
        let bin = self.bin.filter(|bin| bin.users > 0)?;
        let restore = Data::Users.restore(Bought::default());
        let ended = self.ended(&restore);
        let until = bin.until();
        Some(Deadline {
            what: format!("{} in the recycle bin already", count(bin.users, "user")),
            from: None,
            until: until.map(|date| ended.map_or(date, |end| date.min(end))),
            means: restore.means,
            no_more_after: restore.ends_with.number(),
            detail: "deleted before the plan was made, by others; for 30 days after that, each; no more once in step 5 the directory is deleted"
                .to_owned(),
            source: restore.source,
        })
    }

    /// How much there is of it; `None`: the plan knows of none.
    fn what(&self, data: Data) -> Option<String> {
        if let (Some(kind), false) = (data.kind(), data == Data::AzureResources) {
            let counted = self.losses.iter().find(|one| one.kind == kind);
            return counted.map(LossCount::words);
        }
        let some = |number: u32, of: &str| (number > 0).then(|| count(number, of));
        match data {
            Data::Users => {
                let deleted: u64 = self.users().map(|(gone, _)| gone).sum();
                let deleted = u32::try_from(deleted).unwrap_or(u32::MAX);
                let told = some(deleted, "user").map(|users| format!("{users} deleted in step 1"));
                told.or_else(|| some(self.head.user_count, "user"))
            }
            Data::UnderAgreement => some(len(&self.bought(agreed)), "subscription")
                .map(|some| format!("data of {some} under an agreement")),
            Data::AzureResources => {
                let azure = self.bought(|a| a == Agreement::Azure);
                some(len(&azure), "subscription")
                    .map(|some| format!("resources of {some} of Azure"))
            }
            Data::Applications => some(len(&self.head.applications), "application"),
            Data::Domains => some(len(&self.head.domains), "released domain"),
            _ => Some(
                "groups, devices and everything else that the directory alone holds".to_owned(),
            ),
        }
    }

    /// Users seen deleted in step 1, and when. A deletion lies between the claim and its settling: the earlier end is the
    /// safer promise.
    fn users(&self) -> impl Iterator<Item = (u64, Timestamp)> {
        let deeds = self.course.moved(Action::DeleteUsers);
        deeds
            .filter(|deed| deed.intent.step == Step::Users)
            .map(|deed| (deed.gone, deed.entry.created.unwrap_or(deed.at)))
    }

    fn bought(&self, of: fn(Agreement) -> bool) -> Vec<&PlannedSubscription> {
        let all = self.head.subscriptions.iter();
        all.filter(|one| of(one.agreement)).collect()
    }

    /// When the first and the last of it began to run out; `None`: nothing has gone yet.
    fn begun(&self, begins: After, data: Data) -> Option<[Timestamp; 2]> {
        let times: Vec<Timestamp> = match begins {
            After::UserDeleted => self.users().map(|(_, at)| at).collect(),
            After::Removed => {
                let deeds = self.course.moved(Action::RemoveApplications);
                deeds
                    .map(|deed| deed.entry.created.unwrap_or(deed.at))
                    .collect()
            }
            After::Canceled => {
                let azure = data == Data::AzureResources;
                let of = if azure {
                    self.bought(|a| a == Agreement::Azure)
                } else {
                    self.bought(agreed)
                };
                // What we asked for ourselves is dated in the journal.
                let asked = of
                    .iter()
                    .filter_map(|one| self.course.memory.subscriptions.get(&one.id));
                let asked = asked.filter(|asked| asked.refused.is_none());
                let canceled = since(self.status, "SubscriptionsCanceled");
                let mut all: Vec<Timestamp> = asked.map(|asked| asked.at).collect();
                if all.len() < of.len() {
                    all.extend(canceled);
                }
                all
            }
        };
        Some([*times.iter().min()?, *times.iter().max()?])
    }

    /// When what ends it was seen; the directory ends all that is in it.
    fn ended(&self, restore: &Restore) -> Option<Timestamp> {
        let step = match restore.ends_with {
            Step::CancelSubscriptions => since(self.status, "DomainsReleased"),
            Step::DeleteSubscriptions => since(self.status, "SubscriptionsDeleted"),
            _ => None,
        };
        step.or(self.course.memory.directory_gone_at)
    }
}
