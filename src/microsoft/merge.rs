//! One list of subscriptions out of what four services show.

use super::accounts::Bought;
use super::graph::subscriptions::Found;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Lifecycle, Subscription};

/// Graph's subscriptions, each completed by the billing account that covers it; then what only an account shows. A billing
/// subscription that is an Azure subscription appears once, as the latter. Sorted by id.
pub(super) fn merge(
    seen: Vec<Found>,
    bought: Vec<Bought>,
    azure: Vec<Subscription>,
) -> Vec<Subscription> {
    let mut bought: Vec<Option<Bought>> = bought.into_iter().map(Some).collect();
    let mut all: Vec<Subscription> = Vec::new();
    for found in seen {
        let same = |one: &Option<Bought>| {
            let names = one.as_ref().map_or(&[][..], |one| one.names.as_slice());
            names.iter().any(|name| found.names.contains(name))
        };
        let place = bought.iter().position(same);
        let covering = place.and_then(|place| bought.get_mut(place)?.take());
        all.push(match covering {
            Some(covering) => complete(found, covering),
            None => found.subscription,
        });
    }
    let is_azure = |names: &[ObjectId]| azure.iter().any(|one| names.contains(&one.id));
    for left in bought.into_iter().flatten() {
        if left.proven && left.subscription.lifecycle != Lifecycle::Gone && !is_azure(&left.names) {
            all.push(left.subscription);
        }
    }
    all.retain(|one| !azure.iter().any(|other| other.id == one.id));
    all.extend(azure);
    all.sort_by_key(|one| one.id);
    all.dedup_by_key(|one| one.id);
    all
}

/// What both show. Where they differ on the stage, the earlier one counts: nothing is taken for ended that one of them
/// still shows running.
fn complete(found: Found, covering: Bought) -> Subscription {
    let id = shared(&found, &covering);
    let (seen, covering) = (found.subscription, covering.subscription);
    let lifecycle = if stage(covering.lifecycle) < stage(seen.lifecycle) {
        covering.lifecycle
    } else {
        seen.lifecycle
    };
    Subscription {
        id,
        name: seen.name,
        product: seen.product,
        seats: seen.seats,
        lifecycle,
        agreement: if seen.agreement.ends_apart() {
            covering.agreement
        } else {
            seen.agreement
        },
        next_change: seen.next_change.or(covering.next_change),
        term_end: covering.term_end,
        next_term: covering.next_term,
        resource: covering.resource,
        cancelable: covering.cancelable,
        cancel_until: covering.cancel_until,
        seller: seen.seller,
        auto_renew: covering.auto_renew,
    }
}

/// Graph's id where the account knows it too, else the one that both know: the account is asked by it before it ends anything.
fn shared(found: &Found, covering: &Bought) -> ObjectId {
    let own = [found.subscription.id, covering.subscription.id];
    let mut all = own.iter().chain(&found.names);
    let both = |id: &&ObjectId| found.names.contains(id) && covering.names.contains(id);
    all.find(both).copied().unwrap_or(found.subscription.id)
}

const fn stage(lifecycle: Lifecycle) -> u8 {
    match lifecycle {
        Lifecycle::Active => 0,
        Lifecycle::LockedOut => 1,
        Lifecycle::Expired => 2,
        Lifecycle::Disabled => 3,
        Lifecycle::Gone => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::observation::Agreement;

    fn id(n: u128) -> ObjectId {
        ObjectId(uuid::Uuid::from_u128(n))
    }

    fn one(n: u128, agreement: Agreement, lifecycle: Lifecycle) -> Subscription {
        Subscription {
            id: id(n),
            name: String::new(),
            product: true,
            seats: 1,
            lifecycle,
            agreement,
            next_change: None,
            term_end: None,
            next_term: None,
            resource: (agreement != Agreement::Direct).then(|| "/r".to_owned()),
            cancelable: agreement != Agreement::Direct,
            cancel_until: None,
            seller: None,
            auto_renew: true,
        }
    }

    #[test]
    fn three_views_become_one_list() {
        let seen = |n, stage| Found {
            subscription: one(n, Agreement::Direct, stage),
            names: vec![id(n), id(n + 100)],
        };
        let bought = |n, stage| Bought {
            subscription: one(n, Agreement::CustomerAgreement, stage),
            names: vec![id(n)],
            proven: n != 7,
            scopes: Vec::new(),
        };
        let all = merge(
            vec![
                seen(1, Lifecycle::Active),
                seen(2, Lifecycle::Active),
                seen(3, Lifecycle::Disabled),
                seen(8, Lifecycle::Expired),
                // What Graph knows to go with the tenant does, whatever an account calls it.
                Found {
                    subscription: one(9, Agreement::WithTenant, Lifecycle::Active),
                    names: vec![id(9)],
                },
            ],
            vec![
                bought(102, Lifecycle::Disabled),
                bought(3, Lifecycle::Active),
                bought(4, Lifecycle::Active),
                bought(5, Lifecycle::Gone),
                bought(6, Lifecycle::Active),
                bought(7, Lifecycle::Active),
                bought(8, Lifecycle::Disabled),
                bought(9, Lifecycle::Active),
            ],
            vec![one(6, Agreement::Azure, Lifecycle::Active)],
        );
        let told: Vec<_> = all
            .iter()
            .map(|s| (s.id, s.agreement, s.lifecycle))
            .collect();
        assert_eq!(
            told,
            [
                (id(1), Agreement::Direct, Lifecycle::Active),
                (id(3), Agreement::CustomerAgreement, Lifecycle::Active),
                (id(4), Agreement::CustomerAgreement, Lifecycle::Active),
                (id(6), Agreement::Azure, Lifecycle::Active),
                (id(8), Agreement::CustomerAgreement, Lifecycle::Expired),
                (id(9), Agreement::WithTenant, Lifecycle::Active),
                // The account knows it by the other of Graph's two ids.
                (id(102), Agreement::CustomerAgreement, Lifecycle::Active),
            ]
        );
        assert!(all[1].resource.is_some() && all[0].resource.is_none());
    }
}
