//! Manifests that are accepted, to be spoilt by the tests.

use serde_json::{Value, json};
use tenant_closure::api::REQUESTED_BY;

const TENANT: &str = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
const PAYER: &str = "7a3b0c1d-2e3f-4a5b-8c6d-7e8f90a1b2c3";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const API: &str = "tenantclosure.dev/v1alpha1";

/// A closure with what must be given, and no more.
pub fn closure(name: &str) -> Value {
    json!({
        "apiVersion": API,
        "kind": "TenantClosure",
        "metadata": {"name": name},
        "spec": {
            "tenant": {"id": TENANT, "initialDomain": DOMAIN},
            "credentials": {"secretName": "contoso-closer"},
            "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"},
        },
    })
}

/// A closure with all that can be given.
pub fn full_closure(name: &str) -> Value {
    let mut full = closure(name);
    full["spec"] = json!({
        "tenant": {"id": TENANT, "initialDomain": DOMAIN, "cloud": "China"},
        "credentials": {"secretName": "contoso-closer", "readerSecretName": "contoso-reader"},
        "retain": {
            "globalAdministrator": "closer@contoso.onmicrosoft.com",
            "spareAdministrator": "spare@contoso.onmicrosoft.com",
        },
        "mode": "Plan",
        "suspend": false,
        "hold": "matter 12/2026",
        "notBefore": "2026-12-01T08:00:00Z",
        "backup": {"acknowledged": true, "reference": "BKP-2291"},
        "accept": [{"kind": "AzureResources", "reference": "CAB-118", "subscriptions": [PAYER]}],
        "cancellation": {"reason": "Moving to another product", "feedback": "Thank you."},
        "billing": {"stopRenewalFirst": true, "accounts": [
            {"kind": "CustomerAgreement", "tenantId": PAYER, "credentials": {"secretName": "payer-closer", "readerSecretName": "payer-reader"}},
            {"kind": "CustomerAgreement"},
            {"kind": "AzureSubscription"},
        ]},
        "domains": {"release": ["contoso.nl"]},
        "mfa": {"disableSecurityDefaults": true, "disableConditionalAccessPolicies": [PAYER]},
        "directory": {
            "removeApplications": true,
            "resourceTenantId": PAYER,
            "credentials": {"secretName": "azure-closer"},
            "resource": format!("/subscriptions/{TENANT}/resourceGroups/b2c/providers/Microsoft.AzureActiveDirectory/ciamDirectories/{DOMAIN}"),
        },
        "approval": {"required": 2},
        "limits": {"maxUsers": 2000},
    });
    full
}

/// A closure that claims another author.
pub fn forged(name: &str, author: &str) -> Value {
    let mut forged = closure(name);
    forged["metadata"]["annotations"] = json!({ REQUESTED_BY: author });
    forged
}

/// An approval of this closure by this person.
pub fn approval(name: &str, closure: &str, approver: &str) -> Value {
    json!({
        "apiVersion": API,
        "kind": "ClosureApproval",
        "metadata": {"name": name},
        "spec": {
            "purpose": "Approval",
            "closureName": closure,
            "closureUID": "0b5b1f0e-0000-4000-8000-000000000001",
            "tenantID": TENANT,
            "planDigest": "0123456789abcdef".repeat(4),
            "confirmDomain": DOMAIN,
            "approver": approver,
            "expiresAt": "2027-01-15T00:00:00Z",
            "comment": "as agreed",
        },
    })
}

/// What this person attests for this closure.
pub fn attestation(name: &str, closure: &str, approver: &str) -> Value {
    let mut attested = approval(name, closure, approver);
    attested["spec"]["purpose"] = json!("Attestation");
    if let Some(spec) = attested["spec"].as_object_mut() {
        spec.remove("planDigest");
        spec.insert("check".to_owned(), json!("C9"));
        spec.insert("result".to_owned(), json!("passed"));
    }
    attested
}

/// A record without an outcome.
pub fn record(name: &str) -> Value {
    json!({
        "apiVersion": API,
        "kind": "ClosureRecord",
        "metadata": {"name": name},
        "spec": {
            "type": "Effect",
            "closureUID": "0b5b1f0e-0000-4000-8000-000000000001",
            "closureNamespace": "closures",
            "closureName": "contoso",
            "tenantID": TENANT,
            "sequence": 1,
            "intent": {"step": "Users", "action": "DeleteUsers", "objects": [TENANT]},
            "holder": "one",
            "effectSeconds": 30,
            "memory": {"cursor": 7},
        },
    })
}

/// An outcome, as the operator patches it in.
pub fn outcome(gone: u32) -> Value {
    json!({"status": {"outcome": {
        "at": "2026-11-24T08:00:00Z",
        "seen": {"gone": gone, "visible": [], "refused": [], "unanswered": [], "complete": true},
    }}})
}
