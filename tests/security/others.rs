//! Closures beside the one that is looked at most, with every other kind of credential: a certificate, one for each of three
//! tenants that pay or sell, the operator's own token in the cluster, and the sign-in of a person.

use crate::case::Case;
use crate::federation::{PEM, SUBJECT, token, trusted};
use crate::person::Person;
use crate::sign_in::prove;
use crate::simulator::Tenant;
use crate::stack::{FEDERATED_TOKEN, OPERATOR, Stack};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tenant_closure::closure::report::Phase;

/// A closure with credentials of four tenants, its own a certificate.
const FOUR: &str = "four-tenants";
/// A closure without a Secret.
const WORKLOAD: &str = "workload";
/// An application with public client flows.
const PUBLIC: &str = "0f1d5c7a-3b52-4d8e-9a61-7c2e4b8f9d10";
/// The client secret that stands beside the certificate, which is preferred to it.
const BESIDE: &str = "never-sent-because-a-certificate-stands-beside";
const PATIENCE: Duration = Duration::from_secs(120);

/// What they left.
pub(crate) struct Others {
    /// The operator's own token.
    pub(crate) federated: String,
    /// What `keeper prove` printed, on both ways out.
    pub(crate) proof: String,
    /// All roles in namespaces: also those that were granted by hand for the other closures.
    pub(crate) roles: Vec<Value>,
    /// Rules that the simulator saw broken.
    pub(crate) violations: Vec<Value>,
}

/// Carries them out, at once.
pub(crate) async fn close(stack: &Stack) -> Others {
    let (four, (workload, federated, proof)) =
        tokio::join!(with_four_credentials(stack), without_a_secret(stack));
    let mut left = Others {
        federated,
        proof,
        roles: Vec::new(),
        violations: Vec::new(),
    };
    for case in [four, workload] {
        left.violations
            .push(case.portal.get("violations").await.unwrap());
    }
    let args = ["get", "roles", "-A", "-o", "json"];
    let (ok, out, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(ok, "{why}");
    let list: Value = serde_json::from_str(&out).unwrap();
    left.roles.extend(list["items"].as_array().unwrap().clone());
    left
}

/// A Secret of this name for the tenant's application, with this proof.
fn secret(namespace: &str, name: &str, who: &Tenant, key: &str, proof: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": {"clientId": who.app_id, key: proof},
        "metadata": {"name": name, "namespace": namespace, "labels": {"tenantclosure.dev/tenant-id": who.id}},
    })
}

async fn with_four_credentials(stack: &Stack) -> Case {
    let mut others = Vec::new();
    for what in ["payer", "partner", "azure"] {
        let domain = format!("{FOUR}-{what}.onmicrosoft.com");
        let fields = json!({"users": 1, "initialDomain": domain});
        others.push(stack.simulator.add(&fields).await.unwrap());
    }
    let ids: Vec<&String> = others.iter().map(|one| &one.id).collect();
    let fields = json!({
        "users": 25, "initialDomain": format!("{FOUR}.onmicrosoft.com"), "closer": {"certificates": [PEM], "clientSecret": BESIDE},
        "tenantType": "CIAM", "directoryResource": {"ownerTenantId": ids[2]}, "billingAccount": {"ownerTenantId": ids[0]},
        "subscriptions": [
            {"kind": "CustomerAgreement", "sku": "AGREED", "termEndDays": 5, "termDays": 5},
            {"kind": "Partner", "sku": "SOLD", "partnerTenantId": ids[1], "termEndDays": 3650, "cancellableDays": 3000, "disabledDays": 5}],
    });
    let tenant = stack.simulator.add(&fields).await.unwrap();
    let mut case = stack.case(FOUR, tenant).await.unwrap();
    let names = ["payer-closer", "partner-closer", "azure-closer"];
    let spec = &mut case.manifest["spec"];
    spec["accept"] = json!([{"kind": "TermAhead", "reference": "CAB-119"}, {"kind": "AzureResources", "reference": "CAB-119"}]);
    spec["billing"] = json!({"accounts": [
        {"kind": "CustomerAgreement", "tenantId": ids[0], "credentials": {"secretName": names[0]}},
        {"kind": "Partner", "tenantId": ids[1], "credentials": {"secretName": names[1]}}]});
    spec["directory"]["resourceTenantId"] = json!(ids[2]);
    spec["directory"]["credentials"] = json!({"secretName": names[2]});
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "others", "namespace": FOUR},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "others", "namespace": FOUR},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "others"},
        "subjects": [{"kind": "ServiceAccount", "name": OPERATOR, "namespace": OPERATOR}],
    });
    let own = case.portal.tenant.clone();
    let mut all = vec![secret(
        FOUR,
        "contoso-closer",
        &own,
        "clientCertificate",
        PEM,
    )];
    for (name, who) in names.into_iter().zip(&others) {
        all.push(secret(FOUR, name, who, "clientSecret", &who.client_secret));
    }
    for one in all.iter().chain([&role, &binding]) {
        stack
            .cluster
            .apply("admin", &one.to_string())
            .await
            .unwrap();
    }
    case.apply().await.unwrap();
    let mut person = Person::new(&case, true, Some(stack.dir.join("four.log")));
    tokio::select! {
        status = stack.until(&case, Phase::Closed) => drop(status.unwrap()),
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    }
    case
}

async fn without_a_secret(stack: &Stack) -> (Case, String, String) {
    let federated = token(SUBJECT);
    std::fs::write(stack.dir.join(FEDERATED_TOKEN), &federated).unwrap();
    let domain = format!("{WORKLOAD}.onmicrosoft.com");
    let fields = json!({
        "users": 5, "initialDomain": domain, "closer": {"federatedCredentials": [trusted()]}, "publicClients": [PUBLIC],
    });
    let tenant = stack.simulator.add(&fields).await.unwrap();
    let bound = format!("{WORKLOAD}: {}", tenant.id);
    stack
        .configure(json!({"workloadIdentityTenants": bound}))
        .await
        .unwrap();
    let mut case = stack.case(WORKLOAD, tenant).await.unwrap();
    let app = case.portal.tenant.app_id.clone();
    case.manifest["spec"]["credentials"] = json!({"workloadIdentity": {"clientId": app}});
    case.apply().await.unwrap();
    stack.until(&case, Phase::AwaitingApproval).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut printed = String::new();
    loop {
        let (shown, ended) = prove(stack, &case, PUBLIC, Some(json!({}))).await.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        printed.push_str(&shown);
        printed.push_str(&String::from_utf8_lossy(&ended.stdout));
        printed.push_str(&told);
        if ended.status.success() {
            return (case, federated, printed);
        }
        // The policies hear of a new closure a moment later.
        assert!(told.contains("no params found"), "{told}");
        assert!(Instant::now() < deadline, "{told}");
    }
}
