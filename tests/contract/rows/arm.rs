//! Azure Resource Manager: one subscription, and how it is ended.

use super::id;
use super::subscriptions::{AZURE, azure, billed};
use crate::row::{But, Reply, Row, Run, row};
use crate::stage::intent;
use serde_json::{Value, json};
use tenant_closure::closure::intent::{Action, Intent};
use tenant_closure::microsoft::Service::Arm;

const BILLED: &str = "/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b1";
const ONE_BILLED: &str =
    "GET /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}";

pub fn on(action: Action, object: u128, resource: &str) -> Intent {
    Intent {
        resource: Some(resource.to_owned()),
        ..intent(action, id(object))
    }
}

/// What Azure Resource Manager says of what is not there.
pub fn absent() -> (u16, Value) {
    (404, json!({"error": {"code": "ResourceNotFound"}}))
}

pub fn rows() -> Vec<Row> {
    vec![
        one_billed(),
        row(
            Arm,
            "DELETE /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}",
            "DELETE https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b1?api-version=2024-04-01",
            Run::Perform(on(Action::CancelSubscription, 0xb1, BILLED)),
        )
        .answered(204)
        .makes("accepted; done")
        .settled(ONE_BILLED, billed("Active", "On"), (200, billed("Cancelled", "Off"))),
        row(
            Arm,
            "PATCH /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}",
            "PATCH https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b1?api-version=2024-04-01\n\n\
             {\"properties\": {\"autoRenew\": \"Off\"}}",
            Run::Perform(on(Action::StopRenewal, 0xb1, BILLED)),
        )
        .answered(200)
        .makes("accepted; done")
        .settled(ONE_BILLED, billed("Active", "On"), (200, billed("Active", "Off"))),
        row(
            Arm,
            "GET /subscriptions/{}",
            "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1?api-version=2022-12-01",
            Run::LookBack(on(Action::CancelSubscription, 0xe1, &format!("/subscriptions/{AZURE}"))),
        )
        .reply(azure(AZURE, "Enabled"))
        .makes("unanswered")
        .unread("tenantId")
        .unread("displayName")
        .unread("state")
        .error(404, Value::Null, "done"),
        super::directories::permissions(
            "GET /subscriptions/{}/providers/Microsoft.Authorization/permissions",
            "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/providers/Microsoft.Authorization/permissions?api-version=2022-04-01",
            "Owner on subscriptions: true; on the directory: untold",
            "Owner on subscriptions: false; on the directory: untold",
        ),
        row(
            Arm,
            "POST /subscriptions/{}/providers/Microsoft.Subscription/cancel",
            "POST https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/providers/Microsoft.Subscription/cancel?api-version=2021-10-01",
            Run::Perform(on(Action::CancelSubscription, 0xe1, &format!("/subscriptions/{AZURE}"))),
        )
        .answered(200)
        .makes("accepted; done")
        .settled("GET /subscriptions/{}", azure(AZURE, "Enabled"), (200, azure(AZURE, "Disabled"))),
        operation(),
    ]
}

fn one_billed() -> Row {
    let row = row(
        Arm,
        ONE_BILLED,
        "GET https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31/billingSubscriptions/00000000-0000-0000-0000-0000000000b1?api-version=2024-04-01",
        Run::LookBack(on(Action::CancelSubscription, 0xb1, BILLED)),
    )
    .reply(billed("Active", "On"))
    .makes("unanswered")
    .error(404, Value::Null, "done");
    // Whatever is missing, it counts as running.
    [
        "properties",
        "properties/status",
        "properties/autoRenew",
        "properties/quantity",
        "properties/displayName",
        "properties/provisioningTenantId",
        "properties/beneficiaryTenantId",
        "properties/termEndDate",
        "properties/operationStatus",
        "properties/billingProfileId",
        "properties/invoiceSectionId",
        "properties/renewalTermDetails",
        "properties/renewalTermDetails/termDuration",
        "properties/systemOverrides",
        "properties/systemOverrides/cancellation",
        "properties/systemOverrides/cancellationAllowedEndDate",
    ]
    .into_iter()
    .fold(row, Row::unread)
}

/// How an operation goes on, where the reply before says that it is to be asked.
fn operation() -> Row {
    let mut begun = Reply::new(202, Value::Null);
    begun.headers = vec![
        (
            "location",
            "https://management.azure.com/operations/1".to_owned(),
        ),
        ("retry-after", "0".to_owned()),
    ];
    row(
        Arm,
        "GET /…",
        "GET https://management.azure.com/operations/1",
        Run::Perform(on(Action::CancelSubscription, 0xb1, BILLED)),
    )
    .reply(json!({"status": "Succeeded"}))
    .makes("accepted; done")
    .given_with(
        "DELETE /providers/Microsoft.Billing/billingAccounts/{}/billingSubscriptions/{}",
        begun,
    )
    .settled(
        ONE_BILLED,
        billed("Active", "On"),
        (200, billed("Cancelled", "Off")),
    )
    .but(But::Follows)
}
