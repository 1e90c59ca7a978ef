//! What can be brought back until when, and what never: told before anybody approves.

use super::{GOES, Lines};
use crate::api::status::PlanStatus;
use crate::closure::loss::LossKind;
use crate::closure::observation::Agreement;
use crate::closure::restore::{Bought, Data};

const BACK: &str = "<";

pub(super) fn tell(plan: &PlanStatus, lines: &mut Lines) {
    lines.title("Until when it can be brought back");
    let bought = bought(plan);
    for data in Data::ALL {
        if !is_there(data, plan, bought) {
            continue;
        }
        let restore = data.restore(bought);
        let sign = if restore.is_final() { GOES } else { BACK };
        let said = format!("{}; {}", restore.time(), restore.means);
        lines.row(sign, data.words(), None, &said);
    }
    if let Some(bin) = &plan.recycle_bin {
        let said = format!("{bin}; restore whom you need, and make the plan anew");
        lines.row(BACK, "deleted before", None, &said);
    }
}

/// Only the first subscriptions stand in status: how the others were bought is not known, nor that of one that no program
/// can read; the worst is told.
fn bought(plan: &PlanStatus) -> Bought {
    let has = |of: fn(Agreement) -> bool| plan.bought.iter().any(|one| of(one.agreement));
    let all = plan.ended_apart().count() >= plan.subscriptions as usize;
    let under = |agreement| {
        matches!(
            agreement,
            Agreement::CustomerAgreement | Agreement::Partner | Agreement::Enterprise
        )
    };
    Bought {
        directly: has(|one| matches!(one, Agreement::Direct | Agreement::Unknown)) || !all,
        under_agreement: has(under) || !all,
    }
}

fn is_there(data: Data, plan: &PlanStatus, bought: Bought) -> bool {
    let counted = |kind: LossKind| plan.losses.iter().any(|one| one.counted.kind == kind);
    match (data.kind(), data) {
        (Some(kind), _) => counted(kind),
        (None, Data::Users) => plan.users > 0,
        (None, Data::UnderAgreement) => bought.under_agreement,
        (None, Data::Applications) => plan.applications > 0,
        (None, Data::Domains) => plan.domains > 0,
        (None, _) => true,
    }
}
