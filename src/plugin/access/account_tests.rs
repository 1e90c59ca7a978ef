//! What the scripts say of accounts: Azure subscriptions, and billing accounts of every kind of agreement.

use super::tests::{PAYER, TENANT, body, closure};
use crate::plugin::arguments::AccessFor;
use serde_json::{Value, json};

#[test]
fn azure_subscriptions_of_no_other_tenant_are_granted() {
    let payer = json!({"billing": {"accounts": [{"kind": "AzureSubscription", "tenantId": PAYER, "credentials": {"secretName": "payer-closer"}}]}});
    let closure = closure(&payer, &Value::Null);
    for (purpose, words) in [
        (
            AccessFor::Plan,
            format!("By hand, in the tenant {TENANT}: delegate its Azure subscriptions"),
        ),
        (
            AccessFor::Execute,
            format!(
                "cancel Azure subscriptions of the tenant {TENANT}, leave tenantId and credentials"
            ),
        ),
        (
            AccessFor::Cleanup,
            format!("By hand, in the tenant {TENANT}: remove the delegation"),
        ),
    ] {
        let text = body(&closure, purpose);
        assert!(text.contains(&words), "{words} not in {text}");
        for no in ["Get-AzureScope", "AzureRole"] {
            assert!(!text.contains(no), "{no} in {text}");
        }
    }
    // What others have delegated to the closed tenant itself is none of its subscriptions either.
    let listed = "[?tenantId=='$Tenant' && homeTenantId=='$Tenant'].id";
    assert!(super::FUNCTIONS.contains(listed));
}

/// What a function of the scripts is made of.
fn function(name: &str) -> &'static str {
    let (_, text) = super::FUNCTIONS
        .split_once(&format!("\nfunction {name}"))
        .unwrap();
    text.split_once("\n}").unwrap().0
}

#[test]
fn without_a_customer_agreement_a_script_goes_on_to_what_signs_in() {
    let found = function("Get-BillingAccount");
    let (_, none) = found
        .split_once("if ($names.Count -eq 0) {\n    Write-Warning")
        .unwrap();
    assert!(none.contains("return $null"), "{found}");
    // Several, or a name that is not there, are for who runs it to mend.
    assert_eq!(found.matches("throw").count(), 2, "{found}");
    for caller in ["Set-BillingRole", "Remove-BillingRole"] {
        let text = function(caller);
        let (before, after) = text
            .split_once("if (-not $account) {\n    Write-Warning")
            .unwrap();
        assert!(
            !before.contains("az rest") && after.contains("return\n"),
            "{text}"
        );
    }
}
