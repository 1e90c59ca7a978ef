//! What one partner sold, and what he has from another.

use super::{decided, reason, verified};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::Agreement;
use crate::closure::terms::{BillingAccount, BillingKind};

/// A partner whose account is named, and one that another sold.
fn chain(seller: Option<u128>, account: Option<u128>) -> Run {
    verified(World::new(1).with(|w| {
        let mut it = subscription(1, Agreement::Partner);
        it.seller = seller.map(id);
        w.subscriptions = vec![it];
        w.terms.billing = account
            .map(|n| BillingAccount {
                kind: BillingKind::Partner,
                tenant_id: Some(id(n)),
            })
            .into_iter()
            .collect();
    }))
}

#[test]
fn what_an_indirect_reseller_sold_is_for_his_distributor() {
    use crate::closure::plan::Ender;
    let table = [
        (Some(7), Some(7), "CancelByPartner", Ender::Partner),
        (Some(7), Some(8), "CancelByDistributor", Ender::Distributor),
        (Some(7), None, "CancelByPartner", Ender::Partner),
        (None, Some(8), "CancelByPartner", Ender::Partner),
    ];
    for (seller, account, key, ender) in table {
        let mut run = chain(seller, account);
        let head = &run.plan.sealed.as_ref().unwrap().head;
        assert_eq!(head.subscriptions[0].ended_by, ender);
        let told = decided(&mut run, |_| {});
        assert_eq!(reason(&told), key);
        let Decision::HandOff(list) = &told.decision else {
            panic!("{told:?}")
        };
        assert!(
            list[0].what.contains(
                "Send him this: \"Please cancel these subscriptions of contoso.onmicrosoft.com"
            ),
            "{}",
            list[0].what
        );
        let whose = if ender == Ender::Distributor {
            "distributor"
        } else {
            "partner"
        };
        assert_eq!(told.blockers[0].who, whose);
    }
}
