//! Roles: what each step needs of the identity and of the retained administrator, and which of it is held; told before
//! anything begins.

use crate::closure::access::table::{
    Kind, Purpose, Right, TABLE, When, covers, of_the_administrator,
};
use crate::closure::access::{Need, Who};
use crate::closure::decision::{Blocker, Dates};
use crate::closure::id::ObjectId;
use crate::closure::inventory::Wish;
use crate::closure::links;
use crate::closure::memory::Memory;
use crate::closure::observation::{Administrator, Holding, Identity, Observation, Obstacle};
use crate::closure::plan::Plan;
use crate::closure::step::Step;
use crate::closure::steps::preconditions::begun;
use crate::closure::terms::Mode;
use uuid::Uuid;

/// Template id of Global Administrator.
pub const GLOBAL_ADMINISTRATOR: ObjectId =
    ObjectId(Uuid::from_u128(0x62e9_0394_69f5_4237_9190_0121_7714_5e10));
/// Template id of Privileged Authentication Administrator: may delete other administrators.
pub const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ObjectId =
    ObjectId(Uuid::from_u128(0x7be4_4c8a_adaf_4e2a_84d6_ab26_49e0_8a13));

/// Each of them is a role over other administrators.
pub const OVER_ADMINISTRATORS: [ObjectId; 2] = [
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
];

/// The table as step 0 tells it: as long as nothing has begun, in the tenant that was meant.
pub fn told(plan: &Plan, seen: &Observation, memory: &Memory) -> Vec<Need> {
    if looks(plan, seen, memory) {
        table(plan, seen)
    } else {
        Vec::new()
    }
}

/// Nothing has begun, and the tenant is the one that was meant.
pub fn looks(plan: &Plan, seen: &Observation, memory: &Memory) -> bool {
    let terms = &plan.terms;
    let meant = seen.organization.known().is_some_and(|found| {
        found.id == terms.tenant_id
            && found
                .initial_domain
                .eq_ignore_ascii_case(&terms.initial_domain)
    });
    meant && !begun(memory)
}

/// What every step needs for this closure, and whether it is held.
pub fn table(plan: &Plan, seen: &Observation) -> Vec<Need> {
    let mut needs = of_the_identity(plan, seen);
    if let Some(Some(retained)) = seen.retained.known() {
        needs.extend(of_who_stays(retained));
    }
    needs.sort_by_key(|need| need.step);
    needs
}

fn of_the_identity(plan: &Plan, seen: &Observation) -> Vec<Need> {
    let terms = &plan.terms;
    // Who only reads in mode Plan is not who acts later.
    let acts = terms.mode == Mode::Execute || !terms.reader_of_its_own;
    let identity = seen.identity.known().filter(|_| acts);
    let told = seen.rights.known().filter(|_| acts);
    let acting = needed(plan, seen)
        .filter(|right| right.purpose == Purpose::Act || right.when == When::Inventory);
    acting
        .filter_map(|right| {
            let held = if right.kind.is_told() {
                identity.map(|found| holds(found, right))
            } else {
                Some(*told?.get(&right.kind)?)
            };
            Some(Need {
                step: right.step,
                who: Who::Identity,
                what: right.what,
                held,
                vital: right.vital,
            })
        })
        .collect()
}

/// Every right of the table that this closure needs, by its spec and by what was seen.
pub fn needed<'a>(plan: &'a Plan, seen: &'a Observation) -> impl Iterator<Item = &'static Right> {
    let synced = seen.organization.known().is_some_and(|o| o.sync_enabled);
    TABLE.iter().filter(move |right| {
        right.by_spec(&plan.terms).unwrap_or(match right.when {
            When::OtherAdministrators => other_administrators(plan, seen),
            When::Synced => synced,
            When::Inventory => seen.cluster.configuration.inventory != Wish::Off,
            _ => true,
        })
    })
}

/// A Global Administrator may do what the role over other administrators may.
fn holds(found: &Identity, right: &Right) -> bool {
    if right.kind == Kind::Permission {
        let mut held = found.permissions.iter();
        return held.any(|held| held == right.what || covers(held, right.what));
    }
    let mut roles = OVER_ADMINISTRATORS.iter();
    roles.any(|role| found.directory_roles.contains(role))
}

/// A Billing Administrator can end subscriptions; whatever else is left to a person's hands takes a Global Administrator.
fn of_who_stays(found: &Administrator) -> impl Iterator<Item = Need> {
    let global = found.global_administrator == Holding::Permanent;
    let billing = found.global_administrator == Holding::BillingOnly;
    Step::ORDER.into_iter().skip(1).map(move |step| {
        let subscriptions = matches!(step, Step::CancelSubscriptions | Step::DeleteSubscriptions);
        Need {
            step,
            who: Who::RetainedAdministrator,
            what: of_the_administrator(step),
            held: Some(global || (billing && subscriptions)),
            vital: true,
        }
    })
}

/// Are other administrators among those to delete?
fn other_administrators(plan: &Plan, seen: &Observation) -> bool {
    let stays = [&seen.retained, &seen.spare]
        .map(|fact| fact.known().and_then(Option::as_ref).map(|found| found.id));
    match (seen.role_holders.known(), &plan.sealed) {
        (Some(holders), _) => holders.iter().any(|id| !stays.contains(&Some(*id))),
        (None, Some(sealed)) => {
            let head = &sealed.head;
            head.other_administrators > 0 || !head.other_global_administrators.is_empty()
        }
        (None, None) => false,
    }
}

/// Permissions for a step that the token at hand lacks, as one obstacle: they can be taken away after step 0 has looked.
pub fn permissions_missing(plan: &Plan, seen: &Observation, step: Step) -> Option<Obstacle> {
    let found = seen.identity.known()?;
    let of_step = |right: &&Right| {
        (right.step, right.purpose, right.kind) == (step, Purpose::Act, Kind::Permission)
    };
    let needs = needed(plan, seen).filter(of_step).map(|right| Need {
        step,
        who: Who::Identity,
        what: right.what,
        held: Some(holds(found, right)),
        vital: right.vital,
    });
    missing(&needs.collect::<Vec<_>>())
}

/// What is lacking, as one obstacle that names the steps.
pub fn missing(needs: &[Need]) -> Option<Obstacle> {
    let lacking: Vec<String> = needs
        .iter()
        .filter(|need| need.lacks())
        .map(|need| {
            let (number, name) = (need.step.number(), need.step.name());
            let who = need.who.words();
            format!("step {number} {name}: the {who} lacks {}", need.what)
        })
        .collect();
    (!lacking.is_empty()).then(|| {
        Obstacle::new(
            "RolesMissing",
            lacking.join("; "),
            "Grant what is lacking in the tenant, with admin consent; what was granted a moment ago may take effect minutes \
             later, and is looked at again by itself",
        )
    })
}

/// What is lacking, for the list of blockers.
pub fn blockers(plan: &Plan, needs: &[Need]) -> Vec<Blocker> {
    let cloud = plan.terms.cloud;
    let lacking = needs.iter().filter(|need| need.lacks());
    lacking
        .map(|need| Blocker {
            check: format!("Roles of step {}", need.step.number()),
            state: "failed",
            remedy: format!("Grant the {} {}", need.who.words(), need.what),
            link: match need.who {
                Who::Identity => links::applications(cloud),
                Who::RetainedAdministrator => links::active_users(cloud),
            }
            .to_owned(),
            who: "person",
            dates: Dates::default(),
        })
        .collect()
}
