//! Commercial subscriptions as Graph shows them: read only.
//! Source: learn.microsoft.com `graph/api/directory-list-subscriptions`, `graph/api/resources/companysubscription`.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::closure::observation::{Agreement, Lifecycle, Subscription};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: String,
    #[serde(default)]
    commerce_subscription_id: Option<String>,
    #[serde(default)]
    sku_part_number: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    total_licenses: Option<i64>,
    #[serde(default)]
    next_lifecycle_date_time: Option<String>,
    #[serde(default)]
    owner_tenant_id: Option<String>,
}

/// A subscription with every id under which another service may know it.
#[derive(Debug)]
pub(in crate::microsoft) struct Found {
    /// As seen here; nothing can end it yet.
    pub(in crate::microsoft) subscription: Subscription,
    /// `id` and `commerceSubscriptionId`.
    pub(in crate::microsoft) names: Vec<ObjectId>,
}

/// `GET /directory/subscriptions`.
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Vec<Found>, Failure> {
    let url = line.url(Service::Graph, &[STABLE, "directory", "subscriptions"], &[])?;
    let found: Vec<Raw> = paging::all(line, Service::Graph, url).await?;
    found.into_iter().map(|raw| read(raw, tenant)).collect()
}

fn read(raw: Raw, tenant: ObjectId) -> Result<Found, Failure> {
    let commerce = raw
        .commerce_subscription_id
        .as_deref()
        .and_then(ObjectId::parse);
    let names: Vec<ObjectId> = commerce
        .into_iter()
        .chain(ObjectId::parse(&raw.id))
        .collect();
    let id = names
        .first()
        .copied()
        .ok_or_else(|| Failure::malformed("NoSubscriptionId"))?;
    let product = raw.sku_part_number.unwrap_or_default();
    let owner = raw.owner_tenant_id.as_deref().and_then(ObjectId::parse);
    Ok(Found {
        subscription: Subscription {
            id,
            name: label(&product),
            product: true,
            seats: raw
                .total_licenses
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0),
            lifecycle: lifecycle(raw.status.as_deref().unwrap_or_default()),
            agreement: match owner {
                _ if Agreement::names_entra_id_free(&product) => Agreement::WithTenant,
                Some(owner) if owner != tenant => Agreement::Partner,
                // The properties of what was bought directly, by self-service or under an agreement are the same.
                _ => Agreement::Unknown,
            },
            next_change: raw
                .next_lifecycle_date_time
                .and_then(|t| t.parse::<Timestamp>().ok()),
            term_end: None,
            next_term: None,
            resource: None,
            cancelable: false,
            cancel_until: None,
            seller: owner.filter(|owner| *owner != tenant),
            auto_renew: false,
        },
        names,
    })
}

/// A word that is not known counts as running: nothing is taken for ended that may not be.
fn lifecycle(status: &str) -> Lifecycle {
    match status {
        "Warning" => Lifecycle::Expired,
        "Suspended" => Lifecycle::Disabled,
        "LockedOut" => Lifecycle::LockedOut,
        "Deleted" => Lifecycle::Gone,
        _ => Lifecycle::Active,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_sold_it_and_where_it_stands() {
        let tenant = ObjectId(uuid::Uuid::from_u128(1));
        let raw = json!({
            "id": "00000000-0000-0000-0000-00000000000a",
            "commerceSubscriptionId": "00000000-0000-0000-0000-00000000000b",
            "skuPartNumber": "SPE_E5", "status": "Suspended", "totalLicenses": 5,
            "nextLifecycleDateTime": "2026-12-01T00:00:00Z",
            "ownerTenantId": "00000000-0000-0000-0000-000000000009",
        });
        let found = read(serde_json::from_value(raw).unwrap(), tenant).unwrap();
        let seen = found.subscription;
        assert_eq!(seen.id, ObjectId(uuid::Uuid::from_u128(11)));
        assert_eq!(seen.agreement, Agreement::Partner);
        assert_eq!(seen.lifecycle, Lifecycle::Disabled);
        assert!(seen.next_change.is_some());
        assert_eq!(found.names.len(), 2);
        assert_eq!(lifecycle("SomethingNew"), Lifecycle::Active);
        assert_eq!(lifecycle("Warning"), Lifecycle::Expired);
        // Its own administrator or the user who bought it: that tells nothing of the agreement.
        let own = json!({"id": "00000000-0000-0000-0000-00000000000a", "ownerTenantId": tenant, "ownerType": "User",
            "ownerId": "00000000-0000-0000-0000-00000000000c"});
        let found = read(serde_json::from_value(own).unwrap(), tenant).unwrap();
        assert_eq!(found.subscription.agreement, Agreement::Unknown);
        // What Microsoft adds to every tenant is nobody's to end.
        let free = json!({"id": "00000000-0000-0000-0000-00000000000a", "skuPartNumber": "MICROSOFT_ENTRA_ID_FREE"});
        let found = read(serde_json::from_value(free).unwrap(), tenant).unwrap();
        assert_eq!(found.subscription.agreement, Agreement::WithTenant);
    }
}
