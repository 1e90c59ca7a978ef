//! Residue: what is left, and what stood in the way to the end.

use super::course::Course;
use super::{Foreign, Residue};
use crate::api::{TenantClosure, TenantClosureStatus};
use crate::closure::id::ObjectId;
use crate::closure::intent::Action;
use crate::closure::words::count;

/// So many objects are named.
const MOST: usize = 20;

pub(super) fn all(
    closure: &TenantClosure,
    status: &TenantClosureStatus,
    course: &Course<'_>,
) -> Vec<Residue> {
    if course.memory.directory_gone_at.is_some() {
        let domain = Foreign::new(&closure.spec.tenant.initial_domain);
        let detail = "its name cannot be expected back; whoever held data elsewhere (Azure resources, partners, backups) still holds it";
        let nothing = residue("nothing in the tenant: the directory is gone", detail);
        return vec![nothing.about(domain)];
    }
    let mut all = administrators(course);
    all.extend(users(course));
    let refused = &course.memory.applications_refused;
    if !refused.is_empty() {
        let disabled = course.memory.applications_disabled.len();
        let disabled = match disabled {
            0 => String::new(),
            some => format!(", of which {} disabled", is_are(number(some))),
        };
        let refused_to_go = count(number(refused.len()), "application");
        let what = format!("{refused_to_go} that refused to go{disabled}");
        let detail = "Microsoft keeps them, or a person must delete them";
        all.push(residue(&what, detail).naming(refused));
    }
    all.extend(course.memory.for_support.residue.iter().map(|one| {
        let what = count(one.count, "application") + " left when the operator's own went";
        let owner = one.owner.map_or_else(
            || "owner not told".to_owned(),
            |id| format!("owned by tenant {id}"),
        );
        let mut left = residue(&what, &owner).naming(&one.objects);
        left.remedy = one.special.map(|special| Foreign::new(special.remedy()));
        left
    }));
    all.extend(status.blockers.iter().map(|blocker| {
        let what = match blocker.state.as_str() {
            "failed" => "a check fails",
            "unknown" => "a check that is for a person to look at",
            _ => "in the way",
        };
        let who = match blocker.who.as_str() {
            "operator" => "met by the operator",
            "partner" => "to be met by the partner",
            "support" => "to be met by Microsoft's support",
            "time" => "met by waiting",
            _ => "to be met by a person",
        };
        let mut left = residue(what, who).about(Foreign::new(&blocker.check));
        left.remedy = Some(Foreign::new(&blocker.remedy));
        left
    }));
    all
}

fn administrators(course: &Course<'_>) -> Vec<Residue> {
    let Some((_, head)) = course.plan() else {
        return Vec::new();
    };
    let mut all = vec![
        residue(
            "the retained administrator",
            "stays to finish, and goes with the directory",
        )
        .naming(&[head.retained]),
    ];
    let deleted = |id: ObjectId| {
        let mut deeds = course.moved(Action::DeleteUsers);
        deeds.any(|deed| deed.intent.objects == [id])
    };
    if let Some(spare) = head.spare.filter(|id| !deleted(*id)) {
        all.push(residue("the spare administrator", "is deleted first in step 5").naming(&[spare]));
    }
    all
}

fn users(course: &Course<'_>) -> Vec<Residue> {
    let memory = &course.memory;
    let mut all: Vec<Residue> = Vec::new();
    for refusal in &memory.refused {
        let what =
            count(number(refusal.objects.len()), "user") + " of the plan, refused by Microsoft";
        let left = residue(&what, "tried again by itself").about(Foreign::new(&refusal.code));
        all.push(left.naming(&refusal.objects));
    }
    if memory.unanswered > 0 {
        let what = count(memory.unanswered, "user") + " of the plan who got no answer";
        all.push(residue(&what, "taken up again once a listing shows them"));
    }
    if memory.strangers > 0 {
        let what = count(memory.strangers, "user") + " whom the plan does not name";
        all.push(residue(
            &what,
            "the newest listing showed them; they are never deleted unapproved",
        ));
    }
    all
}

/// `1 is`, `2 are`.
fn is_are(n: u32) -> String {
    format!("{n} {}", if n == 1 { "is" } else { "are" })
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn residue(what: &str, detail: &str) -> Residue {
    Residue {
        what: what.to_owned(),
        named: None,
        detail: detail.to_owned(),
        remedy: None,
        objects: Vec::new(),
    }
}

impl Residue {
    fn about(mut self, named: Foreign) -> Self {
        self.named = Some(named);
        self
    }

    fn naming(mut self, objects: &[ObjectId]) -> Self {
        self.objects = objects.iter().take(MOST).copied().collect();
        self
    }
}
