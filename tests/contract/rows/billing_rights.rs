//! What may be ended on a billing account, asked beforehand.

use super::told;
use crate::row::{Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::access::table::Kind;
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::Service::Arm;

fn rights(seen: &Observation) -> Fact<String> {
    told(&seen.rights, |held| match held.get(&Kind::BillingRole) {
        None => "not told".to_owned(),
        Some(may) => format!("on the billing account: {may}"),
    })
}

macro_rules! scope {
    ($inside:literal, $named:literal) => {
        (
            concat!(
                "POST /providers/Microsoft.Billing/billingAccounts/{}",
                $inside,
                "/checkAccess"
            ),
            concat!(
                "POST https://management.azure.com/providers/Microsoft.Billing/billingAccounts/a:1_2019-05-31",
                $named,
                "/checkAccess?api-version=2024-04-01\n\n",
                "{\"actions\": [\"Microsoft.Billing/billingAccounts/billingSubscriptions/write\"]}"
            ),
        )
    };
}

fn decided(decision: &str) -> Value {
    json!([{"action": "Microsoft.Billing/billingAccounts/billingSubscriptions/write", "accessDecision": decision}])
}

pub fn rows() -> Vec<Row> {
    let scopes = [
        scope!("", ""),
        scope!("/billingProfiles/{}", "/billingProfiles/BBBB"),
        scope!(
            "/billingProfiles/{}/invoiceSections/{}",
            "/billingProfiles/BBBB/invoiceSections/CCCC"
        ),
    ];
    let mut rows = Vec::new();
    for (place, (call, request)) in scopes.into_iter().enumerate() {
        // Each is asked only where the wider one does not do.
        let mut asked = row(Arm, call, request, Run::Ask(Question::Rights, rights))
            .reply(decided("Allowed"))
            .makes("on the billing account: true");
        for (wider, _) in &scopes[..place] {
            asked = asked.given(wider, 200, decided("NotAllowed"));
        }
        // Who holds no role there is refused; one on something narrower may do.
        rows.push(asked.error(
            403,
            Value::Null,
            if place == 2 {
                "on the billing account: false"
            } else {
                "on the billing account: true"
            },
        ));
    }
    rows
}
