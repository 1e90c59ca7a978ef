//! Billing accounts: each kind may be there more than once, with credentials of different tenants.

use super::arm::{azure, billing};
use super::failure::{Failure, Kind};
use super::live::LiveTenant;
use super::partner;
use super::perform::Road;
use super::wire::{Line, Wire};
use crate::closure::id::ObjectId;
use crate::closure::intent::Action;
use crate::closure::observation::Subscription;

/// A subscription of a billing account, with the ids under which Graph may know it.
#[derive(Debug)]
pub(super) struct Bought {
    /// As the account shows it, with the resource to end it through.
    pub(super) subscription: Subscription,
    /// Every id that the account has for it.
    pub(super) names: Vec<ObjectId>,
    /// The account says that it serves our tenant. Where it names no tenant at all, Graph must know it.
    pub(super) proven: bool,
    /// Where a role on a billing account may allow to end it, the widest first: account, billing profile, invoice section.
    pub(super) scopes: Vec<String>,
}

/// What is to become of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It ends.
    Cancel,
    /// It does not renew.
    StopRenewal,
}

impl Change {
    /// What an intent of step 2, or of what comes before step 1, asks for.
    pub(super) fn of(action: Action) -> Self {
        match action {
            Action::StopRenewal => Self::StopRenewal,
            _ => Self::Cancel,
        }
    }
}

impl LiveTenant {
    /// The wires of the accounts of this kind.
    pub(super) fn wires(&self, road: Road) -> impl Iterator<Item = &Wire> {
        let of_its_kind = self
            .billing
            .iter()
            .filter(move |(kind, _)| *kind == road.kind());
        of_its_kind.map(|(_, wire)| wire.as_ref().unwrap_or(&self.graph))
    }

    /// The wire of the account that a subscription belongs to: of several of its kind, the one that shows it. Where none
    /// shows it, any of them does, unless one of them may not look. Without an account the tenant's own wire.
    pub(super) async fn account(&self, road: Road, resource: &str) -> Result<&Wire, Failure> {
        let wires: Vec<&Wire> = self.wires(road).collect();
        if let [] | [_] = wires.as_slice() {
            return Ok(wires.first().copied().unwrap_or(&self.graph));
        }
        let mut barred = None;
        for wire in &wires {
            match find(&wire.line(), road, resource).await {
                Ok(Some(_)) => return Ok(wire),
                Ok(None) => {}
                Err(failure) if failure.kind == Kind::Forbidden => barred = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        barred.map_or_else(|| Ok(wires.first().copied().unwrap_or(&self.graph)), Err)
    }
}

/// Reads one subscription; `None`: there is no such thing (any more).
pub(super) async fn find(
    line: &Line<'_>,
    road: Road,
    resource: &str,
) -> Result<Option<Subscription>, Failure> {
    match road {
        Road::Billing => billing::find(line, resource).await,
        Road::Azure => azure::find(line, resource).await,
        Road::Partner => partner::subscriptions::find(line, resource).await,
    }
}
