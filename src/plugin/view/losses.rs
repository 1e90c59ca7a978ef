//! What dies with the tenant, in one line of the picture.

use crate::api::status::PlanStatus;
use crate::closure::loss::LossCount;
use crate::closure::words::count;

/// What dies with the tenant and the procedure does not mention; of Azure the number of subscriptions.
pub(super) fn words(plan: &PlanStatus) -> Option<String> {
    let counted = || plan.losses.iter().map(|one| &one.counted);
    let mut told: Vec<String> = counted()
        .filter(|one| one.subscription.is_none())
        .map(LossCount::words)
        .collect();
    let azure = len(counted().filter(|one| one.subscription.is_some()));
    if azure > 0 {
        told.push(format!(
            "resources in {}",
            count(azure, "Azure subscription")
        ));
    }
    let open = len(plan.losses.iter().filter(|one| !one.accepted));
    let standing = match open {
        0 => "accepted".to_owned(),
        open if open == len(plan.losses.iter()) => "not accepted".to_owned(),
        open => format!("{open} of {} not accepted", plan.losses.len()),
    };
    (!told.is_empty()).then(|| format!("{}: {standing}", told.join(", ")))
}

fn len<T>(all: impl Iterator<Item = T>) -> u32 {
    u32::try_from(all.count()).unwrap_or(u32::MAX)
}
