//! Subscriptions, as each service lists them.

use super::{ONE, TENANT, TWO, subscription, told};
use crate::row::{But, Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::observation::{Agreement, Fact, Observation, Question};
use tenant_closure::microsoft::Service::{Arm, Graph, Partner};

/// Those that were bought in one way, in words.
fn bought(seen: &Observation, how: Agreement) -> Fact<String> {
    told(&seen.subscriptions, |all| {
        let some = all
            .iter()
            .filter(|one| one.agreement == how)
            .map(subscription);
        let some: Vec<String> = some.collect();
        if some.is_empty() {
            "none".to_owned()
        } else {
            some.join("; ")
        }
    })
}

fn asks(words: fn(&Observation) -> Fact<String>) -> Run {
    Run::Ask(Question::Subscriptions, words)
}

/// One that was bought under a Customer Agreement.
pub fn billed(status: &str, renews: &str) -> Value {
    json!({
        "id": "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b1",
        "name": "00000000-0000-0000-0000-0000000000b1",
        "properties": {
            "status": status, "autoRenew": renews, "quantity": 3, "displayName": "Microsoft 365 E5",
            "provisioningTenantId": TENANT, "beneficiaryTenantId": TENANT,
            "termEndDate": "2999-02-01T00:00:00Z", "renewalTermDetails": {"termDuration": "P1Y"},
            "billingProfileId": "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingProfiles/BBBB",
            "invoiceSectionId": "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingProfiles/BBBB/invoiceSections/CCCC",
            "operationStatus": "None",
            "systemOverrides": {"cancellation": "Allowed", "cancellationAllowedEndDate": "2999-01-08T00:00:00Z"}}})
}

/// One that a partner sold.
pub fn sold(status: &str, renews: bool) -> Value {
    json!({
        "id": "00000000-0000-0000-0000-0000000000d1", "offerId": "CFQ7TTC0LH18:0001:CFQ7TTC0K971", "offerName": "Microsoft 365 E5",
        "quantity": 25, "status": status, "autoRenewEnabled": renews, "billingType": "license",
        "commitmentEndDate": "2999-02-01T00:00:00Z", "renewalTermDuration": "P1Y", "cancellationAllowedUntilDate": "2999-01-08T00:00:00Z"})
}

/// An Azure subscription.
pub fn azure(id: &str, state: &str) -> Value {
    json!({"subscriptionId": id, "tenantId": TENANT, "displayName": "Production", "state": state})
}

pub const AZURE: &str = "00000000-0000-0000-0000-0000000000e1";

pub fn rows() -> Vec<Row> {
    vec![
        graph(),
        accounts(),
        billing(),
        direct(),
        with_tenant(),
        azure_ones(),
        partner(),
    ]
}

fn graph() -> Row {
    row(
        Graph,
        "GET /v1.0/directory/subscriptions",
        "GET https://graph.microsoft.com/v1.0/directory/subscriptions",
        asks(|seen| bought(seen, Agreement::Unknown)),
    )
    .reply(json!({"value": [
        {"id": ONE, "commerceSubscriptionId": "00000000-0000-0000-0000-0000000000f1", "skuPartNumber": "SPE_E5", "status": "Suspended",
            "totalLicenses": 5, "nextLifecycleDateTime": "2999-12-01T00:00:00Z", "ownerTenantId": TENANT},
        {"id": TWO, "commerceSubscriptionId": null, "skuPartNumber": "FLOW_FREE", "status": "Enabled", "totalLicenses": 0,
            "nextLifecycleDateTime": null, "ownerTenantId": null}]}))
    .makes("c Unknown Active 'FLOW_FREE', 0 seats; f1 Unknown Disabled 'SPE_E5', 5 seats, next 2999-12-01T00:00:00Z")
    .without(
        "value/commerceSubscriptionId",
        "b Unknown Disabled 'SPE_E5', 5 seats, next 2999-12-01T00:00:00Z; c Unknown Active 'FLOW_FREE', 0 seats",
    )
    .without(
        "value/skuPartNumber",
        "c Unknown Active 'FLOW_FREE', 0 seats; f1 Unknown Disabled '', 5 seats, next 2999-12-01T00:00:00Z",
    )
    // A word that is not there counts as running.
    .without(
        "value/status",
        "c Unknown Active 'FLOW_FREE', 0 seats; f1 Unknown Active 'SPE_E5', 5 seats, next 2999-12-01T00:00:00Z",
    )
    .without(
        "value/totalLicenses",
        "c Unknown Active 'FLOW_FREE', 0 seats; f1 Unknown Disabled 'SPE_E5', 0 seats, next 2999-12-01T00:00:00Z",
    )
    .without(
        "value/nextLifecycleDateTime",
        "c Unknown Active 'FLOW_FREE', 0 seats; f1 Unknown Disabled 'SPE_E5', 5 seats",
    )
    .unread("value/ownerTenantId")
    .but(But::Paged)
}

fn accounts() -> Row {
    row(
        Arm,
        "GET /providers/Microsoft.Billing/billingAccounts",
        "GET https://management.azure.com/providers/Microsoft.Billing/billingAccounts?api-version=2024-04-01",
        asks(|seen| bought(seen, Agreement::CustomerAgreement)),
    )
    .reply(json!({"value": [
        {"id": "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31",
            "properties": {"agreementType": "MicrosoftCustomerAgreement"}},
        {"id": "/providers/Microsoft.Billing/billingAccounts/b", "properties": {"agreementType": "MicrosoftPartnerAgreement"}}]}))
    .makes(
        "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, \
         until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; \
         b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, \
         until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y",
    )
    .but(But::Paged)
}

fn billing() -> Row {
    let two = |mut one: Value| {
        let id = "00000000-0000-0000-0000-0000000000b2";
        one["name"] = json!(id);
        one["id"] = json!(format!(
            "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/{id}"
        ));
        one["properties"]["status"] = json!("Expired");
        one["properties"]["systemOverrides"]["cancellation"] = json!("NotAllowed");
        one
    };
    let whole = "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, \
         until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; \
         b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, \
         until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    let row = row(
        Arm,
        "GET /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions",
        "GET https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions?api-version=2024-04-01&includeDeleted=true",
        asks(|seen| bought(seen, Agreement::CustomerAgreement)),
    )
    .reply(json!({"value": [billed("Active", "On"), two(billed("Active", "On"))]}))
    .makes(whole)
    .but(But::Paged);
    // Without its own word for it nothing can be canceled; a stage that is not told counts as running. One that says nothing
    // at all of itself counts only where Graph shows it, too.
    [
        "value/properties/provisioningTenantId",
        "value/properties/beneficiaryTenantId",
        "value/properties/billingProfileId",
        "value/properties/invoiceSectionId",
        "value/properties/operationStatus",
        "value/properties/status",
    ]
    .into_iter()
    .fold(row, Row::unread)
    .without("value/properties", "b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/displayName", "b1 CustomerAgreement Active '', 3 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/quantity", "b1 CustomerAgreement Active 'Microsoft 365 E5', 0 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/autoRenew", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/termEndDate", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, until 2999-01-08T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/renewalTermDetails", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/renewalTermDetails/termDuration", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/systemOverrides", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, renews, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/systemOverrides/cancellation", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("value/properties/systemOverrides/cancellationAllowedEndDate", "b1 CustomerAgreement Active 'Microsoft 365 E5', 3 seats, cancelable, renews, next 2999-02-01T00:00:00Z, then P1Y; b2 CustomerAgreement Expired 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
}

/// What an account of the Online Services Program shows was bought directly: nothing of it can be ended by a program.
fn direct() -> Row {
    let account = json!({"id": "/providers/Microsoft.Billing/billingAccounts/00000000-0000-0000-0000-0000000000ac",
        "properties": {"agreementType": "MicrosoftOnlineServicesProgram"}});
    let whole = "b1 Direct Active 'Microsoft 365 E5', 3 seats, renews, \
                 until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    let unnamed = "b1 Direct Active '', 3 seats, renews, \
                   until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    let uncounted = "b1 Direct Active 'Microsoft 365 E5', 0 seats, renews, \
                     until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    let ending = "b1 Direct Active 'Microsoft 365 E5', 3 seats, \
                  until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    let endless = "b1 Direct Active 'Microsoft 365 E5', 3 seats, renews, until 2999-01-08T00:00:00Z, then P1Y";
    let once = "b1 Direct Active 'Microsoft 365 E5', 3 seats, renews, \
                until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z";
    let open =
        "b1 Direct Active 'Microsoft 365 E5', 3 seats, renews, next 2999-02-01T00:00:00Z, then P1Y";
    let row = row(
        Arm,
        "GET /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions",
        "GET https://management.azure.com/providers/Microsoft.Billing/billingAccounts/00000000-0000-0000-0000-0000000000ac/billingSubscriptions?api-version=2024-04-01&includeDeleted=true&includeTenantSubscriptions=true",
        asks(|seen| bought(seen, Agreement::Direct)),
    )
    .what("bought directly")
    .given(
        "GET /providers/Microsoft.Billing/billingAccounts",
        200,
        json!({"value": [account]}),
    )
    .reply(json!({"value": [billed("Active", "On")]}))
    .makes(whole);
    [
        "value/properties/provisioningTenantId",
        "value/properties/beneficiaryTenantId",
        "value/properties/billingProfileId",
        "value/properties/invoiceSectionId",
        "value/properties/operationStatus",
        "value/properties/status",
        "value/properties/systemOverrides/cancellation",
    ]
    .into_iter()
    .fold(row, Row::unread)
    .without("value/properties", "none")
    .without("value/properties/displayName", unnamed)
    .without("value/properties/quantity", uncounted)
    .without("value/properties/autoRenew", ending)
    .without("value/properties/termEndDate", endless)
    .without("value/properties/renewalTermDetails", once)
    .without("value/properties/renewalTermDetails/termDuration", once)
    .without("value/properties/systemOverrides", open)
    .without(
        "value/properties/systemOverrides/cancellationAllowedEndDate",
        open,
    )
}

/// What Microsoft adds to every tenant is known by its product, and is nobody's to end.
fn with_tenant() -> Row {
    let whole = "b3 WithTenant Active 'Microsoft Entra ID Free', 1 seats";
    let free = json!({
        "id": "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b3",
        "name": "00000000-0000-0000-0000-0000000000b3",
        "properties": {"status": "Active", "quantity": 1, "provisioningTenantId": TENANT,
            "productType": "Microsoft Entra ID Free", "skuDescription": "Microsoft Entra ID Free"}});
    row(
        Arm,
        "GET /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions",
        "GET https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions?api-version=2024-04-01&includeDeleted=true",
        asks(|seen| bought(seen, Agreement::WithTenant)),
    )
    .what("Microsoft Entra ID Free")
    .reply(json!({"value": [free]}))
    .makes(whole)
    .unread("value/properties/status")
    .unread("value/properties/productType")
    .unread("value/properties/skuDescription")
    .without("value/properties", "none")
    .without("value/properties/provisioningTenantId", "none")
    .without(
        "value/properties/quantity",
        "b3 WithTenant Active 'Microsoft Entra ID Free', 0 seats",
    )
}

fn azure_ones() -> Row {
    row(
        Arm,
        "GET /subscriptions",
        "GET https://management.azure.com/subscriptions?api-version=2022-12-01",
        asks(|seen| bought(seen, Agreement::Azure)),
    )
    .reply(json!({"value": [azure(AZURE, "Warned"), azure("00000000-0000-0000-0000-0000000000e2", "Disabled")]}))
    .makes("e1 Azure Active 'Production', 0 seats, cancelable; e2 Azure Disabled 'Production', 0 seats")
    .unread("value/tenantId")
    .unread("value/state")
    .without(
        "value/displayName",
        "e1 Azure Active '', 0 seats, cancelable; e2 Azure Disabled 'Production', 0 seats",
    )
    .but(But::Paged)
}

fn partner() -> Row {
    let whole = "d1 Partner Active 'Microsoft 365 E5', 25 seats, cancelable, renews, \
                 until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y";
    row(
        Partner,
        "GET /v1/customers/{}/subscriptions",
        "GET https://api.partnercenter.microsoft.com/v1/customers/00000000-0000-0000-0000-00000000aaaa/subscriptions",
        asks(|seen| bought(seen, Agreement::Partner)),
    )
    .reply(json!({"totalCount": 1, "items": [sold("active", true)], "links": {"self": {"uri": "/customers/x/subscriptions"}}}))
    .makes(whole)
    .unread("totalCount")
    .unread("links")
    .unread("links/self")
    .unread("links/self/uri")
    .unread("items/offerId")
    .unread("items/status")
    .unread("items/billingType")
    .without("items/offerName", "d1 Partner Active '', 25 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("items/quantity", "d1 Partner Active 'Microsoft 365 E5', 0 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("items/autoRenewEnabled", "d1 Partner Active 'Microsoft 365 E5', 25 seats, cancelable, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z, then P1Y")
    .without("items/commitmentEndDate", "d1 Partner Active 'Microsoft 365 E5', 25 seats, cancelable, renews, until 2999-01-08T00:00:00Z, then P1Y")
    .without("items/renewalTermDuration", "d1 Partner Active 'Microsoft 365 E5', 25 seats, cancelable, renews, until 2999-01-08T00:00:00Z, next 2999-02-01T00:00:00Z")
    .without("items/cancellationAllowedUntilDate", "d1 Partner Active 'Microsoft 365 E5', 25 seats, renews, next 2999-02-01T00:00:00Z, then P1Y")
    // A partner who does not know the tenant as a customer sold it nothing.
    .error(404, Value::Null, "none")
}
