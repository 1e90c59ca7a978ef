//! What goes besides users, subscriptions and applications, or is left over of these.

use super::{GOES, Lines};
use crate::api::TenantClosure;
use crate::api::status::PlanStatus;

pub(super) fn tell(closure: &TenantClosure, plan: &PlanStatus, lines: &mut Lines) {
    if plan.applications_beyond > 0 {
        let said = "more than one plan holds: a person removes them in step 5, as status.handOffs says then";
        lines.row(GOES, "applications", Some(plan.applications_beyond), said);
    }
    let Some(mfa) = &closure.spec.mfa else {
        return;
    };
    if mfa.disable_security_defaults == Some(true) {
        let said = "switched off in step 4: whoever still signs in needs no second factor then";
        lines.row(GOES, "security defaults", None, said);
    }
    if let Some(policies) = &mfa.disable_conditional_access_policies {
        let number = u32::try_from(policies.len()).unwrap_or(u32::MAX);
        let said = "Conditional Access policies, disabled in step 4 and not deleted";
        lines.row(GOES, "policies", Some(number), said);
        for id in policies {
            lines.below(id);
        }
    }
}
