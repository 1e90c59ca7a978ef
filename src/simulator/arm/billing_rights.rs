//! What a caller may do on a billing account, asked beforehand.

use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::scenario::SubscriptionKind;
use super::super::subscription::Subscription;
use super::super::world::World;
use super::billing::locked;
use super::{Ask, forbidden};

/// What of an account roles are given on besides the account itself.
pub(super) fn is_scope(inside: &[&str]) -> bool {
    matches!(
        inside,
        [] | ["billingProfiles", _] | ["billingProfiles", _, "invoiceSections", _]
    )
}

/// Each action that was asked about, decided; the role is the same everywhere in the account.
pub(super) fn check_access(ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let actions = ask.body["actions"].as_array().filter(|all| !all.is_empty());
    let actions = actions
        .ok_or_else(|| Refusal::new(400, "BadRequest", "The request names no actions to check."))?;
    let decide = |action: &Value| {
        let name = action.as_str().unwrap_or_default();
        let reads = name.to_ascii_lowercase().ends_with("/read");
        let allowed = reads || !ask.caller.billing_reads_alone;
        json!({ "action": action, "accessDecision": if allowed { "Allowed" } else { "NotAllowed" } })
    };
    Ok(Reply::json(200, actions.iter().map(decide).collect()))
}

/// Whether the caller may change this one now.
pub(super) fn writable(world: &World, ask: &Ask<'_>, one: &Subscription) -> Result<(), Refusal> {
    if ask.caller.billing_reads_alone {
        return Err(forbidden(
            ask,
            "Microsoft.Billing/billingAccounts/billingSubscriptions/write",
        ));
    }
    if one.kind != SubscriptionKind::CustomerAgreement {
        return Err(Refusal::new(
            400,
            "BadRequest",
            "This operation is only supported for Microsoft Partner and Microsoft Customer Agreements.",
        ));
    }
    if locked(world, one) {
        return Err(Refusal::new(
            409,
            "Conflict",
            "The subscription is locked for update by another operation.",
        ));
    }
    Ok(())
}
