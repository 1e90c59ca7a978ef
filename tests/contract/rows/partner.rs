//! Partner Center: one subscription, and how it is ended.

use super::arm::on;
use super::subscriptions::sold;
use crate::row::{Row, Run, row};
use serde_json::Value;
use tenant_closure::closure::intent::Action;
use tenant_closure::microsoft::Service::Partner;

const SOLD: &str = "/v1/customers/00000000-0000-0000-0000-00000000aaaa/subscriptions/00000000-0000-0000-0000-0000000000d1";
const ONE: &str = "GET /v1/customers/{}/subscriptions/{}";

pub fn rows() -> Vec<Row> {
    let read = row(
        Partner,
        ONE,
        "GET https://api.partnercenter.microsoft.com/v1/customers/00000000-0000-0000-0000-00000000aaaa/subscriptions/00000000-0000-0000-0000-0000000000d1",
        Run::LookBack(on(Action::CancelSubscription, 0xd1, SOLD)),
    )
    .reply(sold("active", true))
    .makes("unanswered")
    .error(404, Value::Null, "done");
    // Whatever is missing, it counts as running.
    let optional = [
        "offerId",
        "offerName",
        "quantity",
        "status",
        "autoRenewEnabled",
        "billingType",
        "commitmentEndDate",
        "renewalTermDuration",
        "cancellationAllowedUntilDate",
    ];
    vec![
        optional.into_iter().fold(read, Row::unread),
        row(
            Partner,
            "PATCH /v1/customers/{}/subscriptions/{}",
            "PATCH https://api.partnercenter.microsoft.com/v1/customers/00000000-0000-0000-0000-00000000aaaa/subscriptions/00000000-0000-0000-0000-0000000000d1\n\n\
             {\"id\": \"00000000-0000-0000-0000-0000000000d1\", \"offerId\": \"CFQ7TTC0LH18:0001:CFQ7TTC0K971\", \"offerName\": \"Microsoft 365 E5\",\
             \"quantity\": 25, \"status\": \"deleted\", \"autoRenewEnabled\": true, \"billingType\": \"license\",\
             \"commitmentEndDate\": \"2999-02-01T00:00:00Z\", \"renewalTermDuration\": \"P1Y\", \"cancellationAllowedUntilDate\": \"2999-01-08T00:00:00Z\"}",
            Run::Perform(on(Action::CancelSubscription, 0xd1, SOLD)),
        )
        .what("canceled")
        .answered(200)
        .makes("accepted; done")
        .settled(ONE, sold("active", true), (200, sold("deleted", false))),
        row(
            Partner,
            "PATCH /v1/customers/{}/subscriptions/{}",
            "PATCH https://api.partnercenter.microsoft.com/v1/customers/00000000-0000-0000-0000-00000000aaaa/subscriptions/00000000-0000-0000-0000-0000000000d1\n\n\
             {\"id\": \"00000000-0000-0000-0000-0000000000d1\", \"offerId\": \"CFQ7TTC0LH18:0001:CFQ7TTC0K971\", \"offerName\": \"Microsoft 365 E5\",\
             \"quantity\": 25, \"status\": \"active\", \"autoRenewEnabled\": false, \"billingType\": \"license\",\
             \"commitmentEndDate\": \"2999-02-01T00:00:00Z\", \"renewalTermDuration\": \"P1Y\", \"cancellationAllowedUntilDate\": \"2999-01-08T00:00:00Z\"}",
            Run::Perform(on(Action::StopRenewal, 0xd1, SOLD)),
        )
        .what("recurring billing off")
        .answered(200)
        .makes("accepted; done")
        .settled(ONE, sold("active", true), (200, sold("active", false))),
    ]
}
