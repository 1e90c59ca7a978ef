//! Subscriptions that a partner sold. Source: learn.microsoft.com
//! `partner-center/developer/get-all-of-a-customer-s-subscriptions`, `get-a-subscription-by-id`,
//! `cancel-an-azure-marketplace-subscription` (the seven days), `suspend-a-subscription` (offers of the time before them).

use crate::closure::bought::Term;
use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::closure::observation::{Agreement, Lifecycle, Subscription};
use crate::microsoft::accounts::{Bought, Change};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::features::Feature;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    items: Vec<Raw>,
    #[serde(default)]
    total_count: Option<usize>,
    #[serde(default)]
    links: Links,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    next: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: String,
    #[serde(default)]
    offer_id: String,
    #[serde(default)]
    offer_name: Option<String>,
    #[serde(default)]
    quantity: Option<u32>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    auto_renew_enabled: bool,
    #[serde(default)]
    billing_type: Option<String>,
    #[serde(default)]
    commitment_end_date: Option<String>,
    #[serde(default)]
    renewal_term_duration: Option<String>,
    #[serde(default)]
    cancellation_allowed_until_date: Option<String>,
}

impl Raw {
    /// An offer of the time before product, SKU and availability: its id is a GUID. It has no seven days; it is suspended.
    fn legacy(&self) -> bool {
        ObjectId::parse(&self.offer_id).is_some()
    }

    /// Bought by seats. What is billed by use has no term and is ended otherwise.
    fn by_seats(&self) -> bool {
        let billed = self.billing_type.as_deref();
        billed.is_none_or(|word| matches!(word, "license" | "none"))
    }
}

/// `GET /v1/customers/{tenant}/subscriptions`: what this partner sold to the tenant. A partner who does not know the tenant as
/// a customer sold it nothing. The listing comes whole: one that says that there is more than it holds is not believed.
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Vec<Bought>, Failure> {
    let tenant_text = tenant.to_string();
    let segments = ["v1", "customers", &tenant_text, "subscriptions"];
    let url = line.url(Service::Partner, &segments, &[])?;
    let Some(listing) = line.find::<Listing>(Service::Partner, url).await? else {
        return Ok(Vec::new());
    };
    let told = listing.total_count.unwrap_or(listing.items.len());
    if told != listing.items.len() || listing.links.next.is_some_and(|next| !next.is_null()) {
        return Err(Failure::malformed("PartOfListing"));
    }
    let now = Timestamp::now();
    let cancels = Feature::EndingWhatWasSold.is_in(line.wire.hosts.cloud());
    let bought = |raw| {
        let subscription = read(raw, tenant, now, cancels)?;
        Ok(Bought {
            names: vec![subscription.id],
            subscription,
            proven: true,
            scopes: Vec::new(),
        })
    };
    listing.items.into_iter().map(bought).collect()
}

/// `GET` of one subscription; `None`: there is no such thing (any more).
pub(in crate::microsoft) async fn find(
    line: &Line<'_>,
    resource: &str,
) -> Result<Option<Subscription>, Failure> {
    let (url, tenant, id) = address(line, resource)?;
    let Some(raw) = line.find::<Raw>(Service::Partner, url).await? else {
        return Ok(None);
    };
    let cancels = Feature::EndingWhatWasSold.is_in(line.wire.hosts.cloud());
    let found = read(raw, tenant, Timestamp::now(), cancels)?;
    same(&found, id).map(|()| Some(found))
}

/// The `PATCH` that changes a subscription of `tenant`: its whole resource as it is now, with one field changed. `None`: there
/// is nothing to change (any more). `Rejected` with `TenantMismatch` for a subscription of another tenant.
pub(in crate::microsoft) async fn change(
    line: &Line<'_>,
    tenant: ObjectId,
    resource: &str,
    change: Change,
) -> Result<Option<Call>, Failure> {
    let (url, customer, id) = address(line, resource)?;
    if customer != tenant {
        return Err(Failure::of(Kind::Rejected, 0, "TenantMismatch"));
    }
    let found: Option<Value> = line.find(Service::Partner, url.clone()).await?;
    let Some(mut whole) = found else {
        return Ok(None);
    };
    let raw = Raw::deserialize(&whole).map_err(|_| Failure::malformed("UnexpectedBody"))?;
    let legacy = raw.legacy();
    let cancels = Feature::EndingWhatWasSold.is_in(line.wire.hosts.cloud());
    let now = read(raw, tenant, Timestamp::now(), cancels)?;
    same(&now, id)?;
    if change == Change::Cancel && !legacy && !cancels {
        return Err(Failure::unsendable("NotInThisCloud"));
    }
    let open = match change {
        Change::Cancel => now.lifecycle == Lifecycle::Active,
        Change::StopRenewal => now.auto_renew,
    };
    if !open {
        return Ok(None);
    }
    let fields = whole.as_object_mut();
    let fields = fields.ok_or_else(|| Failure::malformed("UnexpectedBody"))?;
    let (name, value) = match change {
        Change::Cancel if legacy => ("status", json!("suspended")),
        Change::Cancel => ("status", json!("deleted")),
        Change::StopRenewal => ("autoRenewEnabled", json!(false)),
    };
    fields.insert(name.to_owned(), value);
    Ok(Some(Call::patch(url, &whole)))
}

/// The path of a subscription, which a plan keeps: nothing but two ids can vary in it.
fn path(tenant: ObjectId, id: ObjectId) -> String {
    format!("/v1/customers/{tenant}/subscriptions/{id}")
}

/// Reads such a path back.
pub(in crate::microsoft) fn parse(resource: &str) -> Option<(ObjectId, ObjectId)> {
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["", "v1", "customers", tenant, "subscriptions", id] => {
            Some((ObjectId::parse(tenant)?, ObjectId::parse(id)?))
        }
        _ => None,
    }
}

fn address(line: &Line<'_>, resource: &str) -> Result<(Url, ObjectId, ObjectId), Failure> {
    let ids = parse(resource).ok_or_else(|| Failure::unsendable("NoResourceId"))?;
    let (tenant, id) = (ids.0.to_string(), ids.1.to_string());
    let segments = ["v1", "customers", &tenant, "subscriptions", &id];
    let url = line.url(Service::Partner, &segments, &[])?;
    Ok((url, ids.0, ids.1))
}

/// A reply about another subscription than was asked for is not believed.
fn same(found: &Subscription, id: ObjectId) -> Result<(), Failure> {
    if found.id == id {
        Ok(())
    } else {
        Err(Failure::malformed("OtherSubscription"))
    }
}

fn read(
    raw: Raw,
    tenant: ObjectId,
    now: Timestamp,
    cancels: bool,
) -> Result<Subscription, Failure> {
    let id = ObjectId::parse(&raw.id).ok_or_else(|| Failure::malformed("NoSubscriptionId"))?;
    let lifecycle = lifecycle(&raw.status);
    let date = |text: Option<&String>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let until = date(raw.cancellation_allowed_until_date.as_ref());
    let open = raw.legacy() || (cancels && until.is_some_and(|until| until > now));
    let by_seats = raw.by_seats();
    Ok(Subscription {
        id,
        seats: raw.quantity.unwrap_or(0),
        lifecycle,
        agreement: Agreement::Partner,
        next_change: date(raw.commitment_end_date.as_ref()),
        term_end: date(raw.commitment_end_date.as_ref()),
        next_term: raw.renewal_term_duration.as_deref().and_then(Term::parse),
        resource: by_seats.then(|| path(tenant, id)),
        cancelable: by_seats && open && lifecycle == Lifecycle::Active,
        cancel_until: until,
        seller: None,
        auto_renew: raw.auto_renew_enabled,
        name: label(&raw.offer_name.unwrap_or_default()),
        // The partner's own word for it is friendlyName, which is not read.
        product: true,
    })
}

/// A word that is not known counts as running.
fn lifecycle(status: &str) -> Lifecycle {
    match status {
        "suspended" => Lifecycle::Disabled,
        "expired" => Lifecycle::Expired,
        "disabled" => Lifecycle::LockedOut,
        "deleted" => Lifecycle::Gone,
        _ => Lifecycle::Active,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    const TENANT: ObjectId = ObjectId(uuid::Uuid::from_u128(1));

    fn seen(change: &Value) -> Subscription {
        seen_in(true, change)
    }

    fn seen_in(cancels: bool, change: &Value) -> Subscription {
        let mut whole = json!({
            "id": "00000000-0000-0000-0000-00000000000b", "offerId": "CFQ7TTC0LH18:0001:CFQ7TTC0K971", "offerName": "SPE_E5",
            "quantity": 25, "status": "active", "autoRenewEnabled": true, "billingType": "license",
            "commitmentEndDate": "2026-12-31T00:00:00Z", "renewalTermDuration": "P1M", "cancellationAllowedUntilDate": "2026-01-08T00:00:00Z",
        });
        for (name, value) in change.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let now = "2026-01-02T00:00:00Z".parse().unwrap();
        read(Raw::deserialize(whole).unwrap(), TENANT, now, cancels).unwrap()
    }

    #[test]
    fn cancelable_only_within_the_seven_days() {
        let inside = seen(&json!({}));
        assert!(inside.cancelable && inside.auto_renew && inside.seats == 25);
        assert_eq!(
            inside.cancel_until,
            Some("2026-01-08T00:00:00Z".parse().unwrap())
        );
        assert_eq!(
            inside.next_change,
            Some("2026-12-31T00:00:00Z".parse().unwrap())
        );
        assert_eq!(inside.term_end, inside.next_change);
        assert_eq!(inside.next_term, Term::parse("P1M"));
        assert_eq!(
            seen(&json!({"renewalTermDuration": "none"})).next_term,
            None
        );
        for change in [
            json!({"cancellationAllowedUntilDate": "2026-01-01T00:00:00Z"}),
            json!({"cancellationAllowedUntilDate": null}),
            json!({"cancellationAllowedUntilDate": "soon"}),
            json!({"status": "suspended"}),
        ] {
            let outside = seen(&change);
            assert!(!outside.cancelable, "{change}");
            assert!(outside.resource.is_some(), "{change}");
        }
    }

    #[test]
    fn an_offer_of_the_old_kind_is_suspended_at_any_time() {
        let old = seen(
            &json!({"offerId": "796b6b5f-613c-4e24-a17c-eba730d49c02", "cancellationAllowedUntilDate": null}),
        );
        assert!(old.cancelable);
    }

    #[test]
    fn in_another_cloud_only_an_old_offer_is_ended_within_its_term() {
        let new = seen_in(false, &json!({}));
        assert!(!new.cancelable && new.auto_renew && new.resource.is_some());
        let old = json!({"offerId": "796b6b5f-613c-4e24-a17c-eba730d49c02"});
        assert!(seen_in(false, &old).cancelable);
    }

    #[test]
    fn what_is_billed_by_use_is_not_ours_to_end() {
        let used = seen(&json!({"billingType": "usage"}));
        assert_eq!((used.resource, used.cancelable), (None, false));
    }

    #[test]
    fn words_become_stages_and_an_unknown_one_counts_as_running() {
        let table = [
            ("active", Lifecycle::Active),
            ("pending", Lifecycle::Active),
            ("none", Lifecycle::Active),
            ("anything", Lifecycle::Active),
            ("suspended", Lifecycle::Disabled),
            ("expired", Lifecycle::Expired),
            ("disabled", Lifecycle::LockedOut),
            ("deleted", Lifecycle::Gone),
        ];
        for (word, stage) in table {
            assert_eq!(lifecycle(word), stage, "{word}");
        }
    }

    #[test]
    fn only_a_path_of_two_ids_is_read_back() {
        let id = ObjectId(uuid::Uuid::from_u128(2));
        assert_eq!(parse(&path(TENANT, id)), Some((TENANT, id)));
        for bad in [
            format!("{}/cancel", path(TENANT, id)),
            format!("/v1/customers/{TENANT}/subscriptions/.."),
            format!("/v1/customers/../subscriptions/{id}"),
            format!("v1/customers/{TENANT}/subscriptions/{id}"),
            String::new(),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
