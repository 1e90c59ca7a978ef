//! Acceptance: what the author accepted to lose when the plan was made stands in the plan, and was approved with it. What he
//! accepts later, alone, counts only once it is approved as such.

use crate::closure::id::ObjectId;
use crate::closure::memory::Memory;
use crate::closure::observation::Observation;
use crate::closure::plan::{Plan, hex};
use crate::closure::steps::{approval, preconditions};
use crate::closure::terms::{Accepted, Terms};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// So many stand in a plan: what goes beyond is accepted nowhere ([`within`]).
pub const MOST: usize = 520;

/// A kind of loss, or one Azure subscription.
// Kinds sort before subscriptions: of too many it is never a kind that is left out.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    /// The Azure subscription; absent: a kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectId>,
    /// The kind.
    #[schemars(length(max = 63))]
    pub kind: String,
}

/// What was accepted after the plan was made, in the record of an effect for which that was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Later {
    /// What: the approvals are over this and the plan.
    #[schemars(length(max = 520))]
    pub accepted: Vec<Acceptance>,
    /// UIDs of the `ClosureApproval`s that counted at the time of the claim, one of each person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 12), inner(length(max = 64)))]
    pub approvals: Vec<String>,
}

/// What these terms accept, each once and sorted.
pub fn of(terms: &Terms) -> Vec<Acceptance> {
    each(&terms.accepted).into_iter().collect()
}

fn each(accepted: &[Accepted]) -> BTreeSet<Acceptance> {
    let kinds = accepted.iter().map(|one| Acceptance {
        subscription: None,
        kind: one.kind.clone(),
    });
    let azure = accepted.iter().flat_map(|one| {
        one.subscriptions.iter().map(|id| Acceptance {
            subscription: Some(*id),
            kind: one.kind.clone(),
        })
    });
    kinds.chain(azure).collect()
}

/// Of what an author accepts what a plan can name, kinds first and then Azure subscriptions by their ids, and how many go beyond.
/// Terms are made of this alone: what stands in no plan nobody approves, and nothing may look at it.
pub fn within(accepted: Vec<Accepted>) -> (Vec<Accepted>, u32) {
    let all = each(&accepted);
    let beyond = all.len().saturating_sub(MOST);
    if beyond == 0 {
        return (accepted, 0);
    }
    let named: BTreeSet<Acceptance> = all.into_iter().take(MOST).collect();
    let stands = |kind: &str, subscription: Option<ObjectId>| {
        named.contains(&Acceptance {
            subscription,
            kind: kind.to_owned(),
        })
    };
    let cut = only(&accepted, stands);
    (cut, u32::try_from(beyond).unwrap_or(u32::MAX))
}

/// Those of a list that stand, entry by entry.
fn only(accepted: &[Accepted], stands: impl Fn(&str, Option<ObjectId>) -> bool) -> Vec<Accepted> {
    let kinds = accepted.iter().filter(|one| stands(&one.kind, None));
    let cut = kinds.map(|one| {
        let ids = one.subscriptions.iter().copied();
        Accepted {
            kind: one.kind.clone(),
            subscriptions: ids.filter(|id| stands(&one.kind, Some(*id))).collect(),
        }
    });
    cut.collect()
}

/// What is accepted now beyond what the plan was made with; nothing before there is a plan.
pub fn later(plan: &Plan) -> Vec<Acceptance> {
    let Some(sealed) = &plan.sealed else {
        return Vec::new();
    };
    let known = &sealed.head.accepted;
    let mut now = of(&plan.terms);
    now.retain(|one| !known.contains(one));
    now
}

/// The digest of what was accepted later, which its approval names; `None`: nothing was.
pub fn digest_of_later(plan: &Plan) -> Option<String> {
    let later = later(plan);
    let sealed = plan.sealed.as_ref().filter(|_| !later.is_empty())?;
    Some(digest(&sealed.digest, &later))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    accepted_after: &'a str,
    accepted: &'a [Acceptance],
}

/// SHA-256 over the digest of the plan and what was accepted after it. No plan and no supplement has such a digest: what is
/// hashed begins with another field.
pub fn digest(plan: &str, accepted: &[Acceptance]) -> String {
    let content = Content {
        accepted_after: plan,
        accepted,
    };
    // It holds no map and no float: serializing it cannot fail.
    hex(&Sha256::digest(
        serde_json::to_vec(&content).unwrap_or_default(),
    ))
}

/// A record names what was accepted later as approved: its grace period is over for good.
pub fn begun(plan: &Plan, memory: &Memory) -> bool {
    let named = memory.accepted_later.as_ref();
    named.is_some() && digest_of_later(plan).as_ref() == named
}

/// What was accepted later and is approved now: what the record of an effect tells.
pub fn approved(plan: &Plan, seen: &Observation, memory: &Memory, now: Timestamp) -> Option<Later> {
    let approvals = seen.cluster.later.as_ref()?;
    let accepted = later(plan);
    let earlier = seen.cluster.earlier(now);
    let counts = || approval::assess(approvals, begun(plan, memory), earlier);
    let counts = !accepted.is_empty() && counts().next.is_none();
    counts.then(|| Later {
        accepted,
        approvals: approvals.named(),
    })
}

/// The plan with the terms as far as persons approved them. Before anything has begun a plan is made anew of whatever is
/// accepted; after that what was accepted later is left out until it is approved.
pub fn as_approved<'a>(
    plan: &'a Plan,
    seen: &Observation,
    memory: &Memory,
    now: Timestamp,
) -> Cow<'a, Plan> {
    let Some(sealed) = plan
        .sealed
        .as_ref()
        .filter(|_| preconditions::begun(memory))
    else {
        return Cow::Borrowed(plan);
    };
    if later(plan).is_empty() || approved(plan, seen, memory, now).is_some() {
        return Cow::Borrowed(plan);
    }
    let known = &sealed.head.accepted;
    let stands = |kind: &str, subscription: Option<ObjectId>| {
        let mut known = known.iter();
        known.any(|one| one.kind == kind && one.subscription == subscription)
    };
    let accepted = only(&plan.terms.accepted, stands);
    let mut plan = plan.clone();
    plan.terms.accepted = accepted;
    Cow::Owned(plan)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::closure::fixtures::{accepted, id, terms};
    use crate::closure::loss::LossKind;
    use crate::closure::steps::losses;

    #[test]
    fn kinds_and_azure_subscriptions_each_once_and_kinds_first() {
        let mut terms = terms();
        let azure = |ids: std::ops::Range<u128>| Accepted {
            kind: "AzureResources".into(),
            subscriptions: ids.map(id).collect(),
        };
        let listed = vec![
            azure(300..600),
            accepted("Groups"),
            azure(0..400),
            accepted("Groups"),
        ];
        let (kept, beyond) = within(listed);
        terms.accepted = kept;
        assert_eq!(beyond, 600 + 2 - 520);
        let all = of(&terms);
        assert_eq!(all.len(), MOST);
        // Whoever looks at the terms finds the same, and nothing beyond.
        for n in [0, 399, 517, 518, 599] {
            let accepted = losses::accepted(&terms, LossKind::AzureResources, Some(id(n)));
            assert_eq!(accepted, n < 518, "{n}");
        }
        let kinds: Vec<&str> = all
            .iter()
            .filter(|one| one.subscription.is_none())
            .map(|one| one.kind.as_str())
            .collect();
        assert_eq!(kinds, ["AzureResources", "Groups"]);
    }

    #[test]
    fn what_a_plan_can_name_stays_as_it_was_written() {
        let listed = vec![
            Accepted {
                kind: "AzureResources".into(),
                subscriptions: (0..519).rev().map(id).collect(),
            },
            accepted("AzureResources"),
        ];
        assert_eq!(within(listed.clone()), (listed, 0));
    }

    #[test]
    fn the_digest_is_over_the_plan_and_all_of_it() {
        let one = |kind: &str| Acceptance {
            subscription: None,
            kind: kind.to_owned(),
        };
        let groups = digest("p", &[one("Groups")]);
        assert_eq!(groups.len(), 64);
        assert_ne!(groups, digest("q", &[one("Groups")]));
        assert_ne!(groups, digest("p", &[one("Mailboxes")]));
        assert_ne!(groups, digest("p", &[one("Groups"), one("Mailboxes")]));
    }
}
