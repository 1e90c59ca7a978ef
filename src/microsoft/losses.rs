//! What dies with the tenant: what Graph counts, and what the Azure subscriptions hold.

use super::arm::azure;
use super::graph::losses;
use super::live::LiveTenant;
use super::wire::Line;
use crate::closure::id::ObjectId;
use crate::closure::loss::{Loss, LossKind};
use crate::closure::observation::{Lifecycle, Why};
use crate::closure::terms::BillingKind;
use futures::stream::{self, StreamExt};
use std::collections::BTreeMap;

/// Azure subscriptions that are counted at the same time.
const AT_ONCE: usize = 8;

impl LiveTenant {
    /// Every kind, and each Azure subscription.
    pub(super) async fn losses(&self) -> Vec<Loss> {
        let line = self.graph.line();
        let (mut all, azure) = tokio::join!(losses::list(&line), self.azure_losses());
        all.extend(azure);
        all
    }

    /// Each Azure subscription that an account shows, and one row of the kind for those that none may show: `Unsupported`
    /// where the closure names no such account, `Forbidden` where an account shows none at all. Of two accounts that show
    /// the same one, the one that can count it counts.
    async fn azure_losses(&self) -> Vec<Loss> {
        let of_azure = |kind: &BillingKind| *kind == BillingKind::AzureSubscription;
        let accounts = self.billing.iter().filter(|(kind, _)| of_azure(kind));
        let mut besides = Err(Why::Unsupported);
        let mut held: BTreeMap<ObjectId, Result<u64, Why>> = BTreeMap::new();
        for (place, (_, wire)) in accounts.enumerate() {
            let line = wire.as_ref().unwrap_or(&self.graph).line();
            match azure::list(&line, self.tenant).await {
                // Who holds no role on any subscription is told of none: what there is is not none.
                Ok(listed) if listed.is_empty() => besides = Err(Why::Forbidden),
                Ok(listed) => {
                    let there = listed.iter().filter(|one| one.lifecycle != Lifecycle::Gone);
                    for (id, count) in counted(&line, there.map(|one| one.id)).await {
                        let known = held.entry(id).or_insert(count);
                        *known = known.or(count);
                    }
                    if place == 0 {
                        besides = Ok(0);
                    }
                }
                Err(failure) => besides = Err(failure.why()),
            }
        }
        let held = held.into_iter();
        held.map(|(id, count)| Loss::in_azure(id, count))
            .chain([Loss::counted(LossKind::AzureResources, besides)])
            .collect()
    }
}

async fn counted(
    line: &Line<'_>,
    ids: impl Iterator<Item = ObjectId>,
) -> Vec<(ObjectId, Result<u64, Why>)> {
    stream::iter(ids.collect::<Vec<_>>())
        .map(|id| async move {
            let count = azure::resources(line, id).await;
            (id, count.map_err(|failure| failure.why()))
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}
