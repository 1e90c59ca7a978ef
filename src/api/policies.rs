//! Admission policies, without a webhook pod: who may write what. Their text is compiled in, so that the controller
//! can tell whether those in force are the shipped ones.

/// The text, with the operator's namespace and service account still to be filled in.
const TEMPLATE: &str = include_str!("policies.yaml");

/// The policies and bindings for an operator that runs as `service_account` in `namespace`, as one YAML stream.
pub fn yaml(namespace: &str, service_account: &str) -> String {
    TEMPLATE
        .replace("OPERATOR_NAMESPACE", namespace)
        .replace("OPERATOR_SERVICE_ACCOUNT", service_account)
}

/// The one that guards who created a closure; its binding has the same name.
pub const AUTHORS: &str = "tenantclosure-author-guard";

/// The validating policies whose presence an approval rests on.
pub const REQUIRED: [&str; 5] = [
    "tenantclosure-author-guard",
    "tenantclosure-approver-guard",
    "tenantclosure-approval-guard",
    "tenantclosure-revocation-guard",
    "tenantclosure-record-guard",
];
