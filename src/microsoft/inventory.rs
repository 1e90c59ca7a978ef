//! What is in the tenant, kind by kind: what Graph lists, and the subscriptions as the plan sees them.

use super::failure::Failure;
use super::graph::inventory;
use super::live::LiveTenant;
use crate::closure::inventory::{Bought, Entry, Kind, Shortage, Sink};
use crate::closure::observation::Lifecycle;
use std::sync::PoisonError;

impl LiveTenant {
    /// Lists a kind into the sink; what is lacking is told back.
    pub(super) async fn list_into(&self, kind: Kind, into: &mut dyn Sink) -> Vec<Shortage> {
        let line = self.graph.line();
        let read = match kind {
            Kind::License => inventory::licenses(&line, into).await.map(|found| {
                *self.products.lock().unwrap_or_else(PoisonError::into_inner) = found;
                None
            }),
            Kind::Subscription => self.list_subscriptions(into).await.map(|()| None),
            Kind::Domain => inventory::domains(&line, into).await.map(|()| None),
            Kind::Group => inventory::groups(&line, into).await,
            Kind::Application => inventory::applications(&line, into).await.map(|()| None),
            // Memberships stand in the lines of the users.
            Kind::User | Kind::Membership => {
                let products = self.products.lock();
                let products = products.unwrap_or_else(PoisonError::into_inner).clone();
                return inventory::users(&line, &products, into).await;
            }
        };
        match read {
            Ok(lacks) => lacks.into_iter().collect(),
            Err(failure) => vec![Shortage::Unread(kind, failure.why())],
        }
    }

    async fn list_subscriptions(&self, into: &mut dyn Sink) -> Result<(), Failure> {
        let all = self.subscriptions().await?;
        let there = all.iter().filter(|one| one.lifecycle != Lifecycle::Gone);
        for one in there {
            if !into.take(Entry::Subscription(Bought::from(one))).await {
                break;
            }
        }
        Ok(())
    }
}
