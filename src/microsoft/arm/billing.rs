//! Billing accounts and what was bought through them. Only Customer Agreement subscriptions can be ended here; accounts of
//! the Online Services Program and of an Enterprise Agreement show how theirs were bought.
//! Source: learn.microsoft.com `rest/api/billing/billing-subscriptions` (2024-04-01).

use super::resource_url;
use crate::closure::bought::Term;
use crate::closure::id::ObjectId;
use crate::closure::label::label;
use crate::closure::observation::{Agreement, Lifecycle, Subscription};
use crate::microsoft::accounts::{Bought, Change};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::paging;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

const VERSION: &str = "2024-04-01";

/// What Microsoft adds to every tenant.
const ENTRA_ID_FREE: &str = "Microsoft Entra ID Free";

#[derive(Deserialize)]
struct Account {
    id: String,
    properties: AccountProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountProperties {
    agreement_type: String,
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    subscription_id: Option<String>,
    display_name: Option<String>,
    product_type: Option<String>,
    sku_description: Option<String>,
    status: Option<String>,
    operation_status: Option<String>,
    auto_renew: Option<String>,
    quantity: Option<u32>,
    term_end_date: Option<String>,
    renewal_term_details: Option<RenewalTerm>,
    billing_profile_id: Option<String>,
    invoice_section_id: Option<String>,
    beneficiary_tenant_id: Option<String>,
    provisioning_tenant_id: Option<String>,
    system_overrides: Overrides,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RenewalTerm {
    term_duration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Overrides {
    cancellation: Option<String>,
    cancellation_allowed_end_date: Option<String>,
}

/// `GET /providers/Microsoft.Billing/billingAccounts`, then `GET {account}/billingSubscriptions` of each account but a
/// partner's: what serves this tenant, the deleted ones too. `Forbidden` where no account is told.
pub(in crate::microsoft) async fn list(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Vec<Bought>, Failure> {
    let url = resource_url(
        line,
        "/providers/Microsoft.Billing/billingAccounts",
        VERSION,
    )?;
    let accounts: Vec<Account> = paging::all(line, Service::Arm, url).await?;
    if accounts.is_empty() {
        // Who holds no role on any account is told of none: what it would show is not none.
        return Err(Failure::of(Kind::Forbidden, 403, "NoBillingAccount"));
    }
    let mut bought = Vec::new();
    for account in accounts {
        let agreement = match account.properties.agreement_type.as_str() {
            "MicrosoftCustomerAgreement" => Agreement::CustomerAgreement,
            "EnterpriseAgreement" => Agreement::Enterprise,
            "MicrosoftOnlineServicesProgram" => Agreement::Direct,
            _ => continue,
        };
        let resource = format!("{}/billingSubscriptions", account.id.trim_end_matches('/'));
        let mut url = resource_url(line, &resource, VERSION)?;
        url.query_pairs_mut().append_pair("includeDeleted", "true");
        if agreement == Agreement::Direct {
            // Without it the Online Services Program shows Azure subscriptions only.
            url.query_pairs_mut()
                .append_pair("includeTenantSubscriptions", "true");
        }
        let found: Vec<Raw> = paging::all(line, Service::Arm, url).await?;
        let now = Timestamp::now();
        for raw in found {
            let told = serves(&raw.properties, tenant);
            if told != Some(false) {
                bought.push(Bought {
                    proven: told == Some(true),
                    ..read(raw, agreement, now)?
                });
            }
        }
    }
    Ok(bought)
}

/// An account can pay for another tenant: such a subscription is none of ours. `None`: it names no tenant.
fn serves(properties: &Properties, tenant: ObjectId) -> Option<bool> {
    let told = properties
        .provisioning_tenant_id
        .as_deref()
        .or(properties.beneficiary_tenant_id.as_deref());
    told.map(|text| ObjectId::parse(text) == Some(tenant))
}

/// The last part of a resource's id is its name, as everywhere in Azure: one whose name is another's is not believed, for it is
/// ended by its id and told by its name.
fn read(raw: Raw, agreement: Agreement, now: Timestamp) -> Result<Bought, Failure> {
    let last = raw.id.rsplit('/').next().unwrap_or_default();
    let named = raw.name.as_deref();
    if !named.is_some_and(|name| name.eq_ignore_ascii_case(last)) {
        return Err(Failure::malformed("OtherSubscription"));
    }
    let its = raw.properties;
    let ids: Vec<ObjectId> = [its.subscription_id.as_deref(), raw.name.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(ObjectId::parse)
        .collect();
    let lifecycle = lifecycle(its.status.as_deref().unwrap_or_default());
    let window = its.system_overrides.cancellation_allowed_end_date;
    let window: Option<Result<Timestamp, _>> = window.map(|end| end.parse());
    let open = window
        .as_ref()
        .is_none_or(|end| end.as_ref().is_ok_and(|end| *end > now));
    let allowed = its.system_overrides.cancellation.as_deref() == Some("Allowed");
    let locked = its.operation_status.as_deref() == Some("LockedForUpdate");
    // What it is, in Microsoft's words: its display name anybody can change.
    let product = [&its.product_type, &its.sku_description];
    let mut product = product.into_iter().flatten();
    let agreement = if product.any(|name| Agreement::names_entra_id_free(name)) {
        Agreement::WithTenant
    } else {
        agreement
    };
    let ours = agreement == Agreement::CustomerAgreement;
    let term_end = its.term_end_date.and_then(|end| end.parse().ok());
    let renewal = its.renewal_term_details.unwrap_or_default();
    let subscription = Subscription {
        id: ids
            .first()
            .copied()
            .ok_or_else(|| Failure::malformed("NoSubscriptionId"))?,
        name: if agreement.ends_apart() {
            label(&its.display_name.unwrap_or_default())
        } else {
            ENTRA_ID_FREE.to_owned()
        },
        // A display name can be changed to anything on the page.
        product: !agreement.ends_apart(),
        seats: its.quantity.unwrap_or(0),
        lifecycle,
        agreement,
        next_change: term_end,
        term_end,
        next_term: renewal.term_duration.as_deref().and_then(Term::parse),
        resource: ours.then_some(raw.id),
        cancelable: ours && allowed && open && !locked && lifecycle == Lifecycle::Active,
        cancel_until: window.and_then(Result::ok),
        seller: None,
        auto_renew: its.auto_renew.as_deref() == Some("On"),
    };
    Ok(Bought {
        scopes: scopes(
            &subscription,
            [its.billing_profile_id, its.invoice_section_id],
        ),
        subscription,
        names: ids,
        proven: false,
    })
}

/// Its account, and what of the account it is billed to: nothing outside of the account is believed.
fn scopes(one: &Subscription, inside: [Option<String>; 2]) -> Vec<String> {
    let resource = one.resource.as_deref().unwrap_or_default();
    let Some((account, _)) = resource.rsplit_once("/billingSubscriptions/") else {
        return Vec::new();
    };
    let within = format!("{}/", account.to_ascii_lowercase());
    let inside = inside.into_iter().flatten();
    let inside = inside.filter(|id| id.to_ascii_lowercase().starts_with(&within));
    std::iter::once(account.to_owned()).chain(inside).collect()
}

/// A word that is not known counts as running.
fn lifecycle(status: &str) -> Lifecycle {
    match status {
        "Disabled" | "Suspended" | "Cancelled" | "Canceled" => Lifecycle::Disabled,
        "Expired" => Lifecycle::Expired,
        "Deleted" => Lifecycle::Gone,
        _ => Lifecycle::Active,
    }
}

/// `DELETE {subscription}`: that is the cancellation.
fn cancel(line: &Line<'_>, resource: &str) -> Result<Call, Failure> {
    Ok(Call::delete(resource_url(line, resource, VERSION)?))
}

/// `PATCH {subscription}` with `autoRenew: Off`.
fn stop_renewal(line: &Line<'_>, resource: &str) -> Result<Call, Failure> {
    let url = resource_url(line, resource, VERSION)?;
    Ok(Call::patch(
        url,
        &json!({"properties": {"autoRenew": "Off"}}),
    ))
}

/// `GET {subscription}`; `None`: there is no such thing (any more). A reply about another one is not believed.
pub(in crate::microsoft) async fn find(
    line: &Line<'_>,
    resource: &str,
) -> Result<Option<Subscription>, Failure> {
    let Some(raw) = get(line, resource).await? else {
        return Ok(None);
    };
    let bought = read(raw, Agreement::CustomerAgreement, Timestamp::now())?;
    Ok(Some(bought.subscription))
}

async fn get(line: &Line<'_>, resource: &str) -> Result<Option<Raw>, Failure> {
    let url = resource_url(line, resource, VERSION)?;
    let found = line.find::<Raw>(Service::Arm, url).await?;
    match found {
        Some(raw) if !raw.id.eq_ignore_ascii_case(resource) => {
            Err(Failure::malformed("OtherSubscription"))
        }
        found => Ok(found),
    }
}

/// The request that changes the subscription `id` of `tenant`, having read what this resource is now: an account can pay for
/// another tenant, and a plan may rest on an answer that was wrong. `None`: there is nothing to change (any more). `Rejected` with
/// `TenantMismatch` where it serves another tenant, with `OtherSubscription` where it is another one.
pub(in crate::microsoft) async fn change(
    line: &Line<'_>,
    tenant: ObjectId,
    resource: &str,
    id: Option<ObjectId>,
    change: Change,
) -> Result<Option<Call>, Failure> {
    let Some(raw) = get(line, resource).await? else {
        return Ok(None);
    };
    if serves(&raw.properties, tenant) == Some(false) {
        return Err(Failure::of(Kind::Rejected, 0, "TenantMismatch"));
    }
    let now = read(raw, Agreement::CustomerAgreement, Timestamp::now())?;
    if !id.is_some_and(|id| now.names.contains(&id)) {
        return Err(Failure::of(Kind::Rejected, 0, "OtherSubscription"));
    }
    let one = now.subscription;
    match change {
        Change::Cancel if one.lifecycle == Lifecycle::Active => cancel(line, resource).map(Some),
        Change::StopRenewal if one.auto_renew => stop_renewal(line, resource).map(Some),
        _ => Ok(None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn raw(properties: &serde_json::Value) -> Raw {
        serde_json::from_value(json!({
            "id": "/providers/Microsoft.Billing/billingAccounts/a/billingSubscriptions/00000000-0000-0000-0000-00000000000b",
            "name": "00000000-0000-0000-0000-00000000000b",
            "properties": properties,
        }))
        .unwrap()
    }

    fn seen(properties: &serde_json::Value) -> Subscription {
        let now = "2026-01-02T00:00:00Z".parse().unwrap();
        read(raw(properties), Agreement::CustomerAgreement, now)
            .unwrap()
            .subscription
    }

    #[test]
    fn cancelable_only_inside_the_window() {
        let inside = json!({"status": "Active", "autoRenew": "On", "systemOverrides":
            {"cancellation": "Allowed", "cancellationAllowedEndDate": "2026-01-03T00:00:00Z"}});
        assert!(seen(&inside).cancelable && seen(&inside).auto_renew);
        let mut outside = inside.clone();
        outside["systemOverrides"]["cancellationAllowedEndDate"] = json!("2026-01-01T00:00:00Z");
        assert!(!seen(&outside).cancelable);
        let mut locked = inside.clone();
        locked["operationStatus"] = json!("LockedForUpdate");
        assert!(!seen(&locked).cancelable);
        let mut done = inside;
        done["status"] = json!("Cancelled");
        assert_eq!(seen(&done).lifecycle, Lifecycle::Disabled);
        assert!(!seen(&json!({"status": "Active"})).cancelable);
    }

    #[test]
    fn what_microsoft_adds_to_every_tenant_is_known_by_its_product_alone() {
        let name = "Microsoft Entra ID Free";
        for (field, is) in [
            ("productType", true),
            ("skuDescription", true),
            ("displayName", false),
        ] {
            let mut properties =
                json!({"status": "Active", "systemOverrides": {"cancellation": "Allowed"}});
            properties[field] = json!(name);
            let one = seen(&properties);
            assert_eq!(one.agreement == Agreement::WithTenant, is, "{field}");
            assert_eq!(one.resource.is_none() && !one.cancelable, is, "{field}");
        }
    }

    #[test]
    fn one_whose_id_is_another_s_is_not_believed() {
        let told = |id: &str, name: Option<&str>| {
            let id =
                format!("/providers/Microsoft.Billing/billingAccounts/a/billingSubscriptions/{id}");
            let raw = json!({"id": id, "name": name, "properties": {
                "subscriptionId": "00000000-0000-0000-0000-00000000000c"}});
            let raw = serde_json::from_value(raw).unwrap();
            let now = "2026-01-02T00:00:00Z".parse().unwrap();
            let bought = read(raw, Agreement::CustomerAgreement, now);
            bought.map(|one| one.names.len()).map_err(|why| why.code)
        };
        let (one, other) = (
            "00000000-0000-0000-0000-00000000000A",
            "00000000-0000-0000-0000-00000000000b",
        );
        assert_eq!(told(one, Some(&one.to_lowercase())), Ok(2));
        for name in [Some(other), None] {
            assert_eq!(told(one, name), Err("OtherSubscription".into()), "{name:?}");
        }
    }

    #[test]
    fn what_serves_another_tenant_is_left_alone() {
        let tenant = ObjectId(uuid::Uuid::from_u128(1));
        let of = |value| serves(&raw(&value).properties, tenant);
        assert_eq!(of(json!({})), None);
        let named = |n: u8| {
            let id = format!("00000000-0000-0000-0000-00000000000{n}");
            of(json!({ "beneficiaryTenantId": id }))
        };
        assert_eq!((named(1), named(2)), (Some(true), Some(false)));
    }
}
