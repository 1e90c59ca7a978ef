//! Every right of the table is taken away in turn: exactly the named step is refused, in step 0, and nothing is written. And
//! who only reads can make none of the calls that write.

use crate::trial::Trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenant_closure::closure::access::table::{Kind, Purpose, Right, TABLE, When, least};
use tenant_closure::closure::report::Phase;
use tenant_closure::closure::step::Step;
use tenant_closure::closure::terms::BillingKind;
use tenant_closure::microsoft::{CALLS, Service, find_call};

crate::rows![
    each_right_of_the_acting_identity_is_missed_in_its_step,
    each_right_of_the_reader_is_missed_in_step_0,
    the_reader_can_make_no_call_that_writes
];

/// As many rows at once: more would only wait for each other.
const AT_ONCE: usize = 6;

/// The names of what is left of these rights without one of them; what it covered is granted by itself then.
fn without(one: Option<&Right>, most: Purpose, kind: Kind) -> Vec<&'static str> {
    let all = TABLE.iter().filter(|right| right.kind == kind);
    let all: Vec<&Right> = all
        .filter(|right| most == Purpose::Act || right.purpose == Purpose::Read)
        .filter(|right| one.is_none_or(|one| one.what != right.what))
        .collect();
    least(&all).iter().map(|right| right.name()).collect()
}

/// A tenant that needs a right, and what its spec asks for.
fn that_needs(when: When, name: &str) -> (Value, Value) {
    let domain = format!("{name}.example");
    match when {
        When::OtherAdministrators => (json!({"privilegedAdmins": 1}), json!({})),
        When::Synced => (json!({"sync": {"enabled": true}}), json!({})),
        When::Spare => (json!({"spareAdministrator": {}}), json!({})),
        When::SecurityDefaults => (
            json!({"securityDefaults": true}),
            json!({"mfa": {"disableSecurityDefaults": true}}),
        ),
        When::ConditionalAccess => (
            json!({"conditionalAccessPolicies": 1}),
            json!({"mfa": {"disableConditionalAccessPolicies": []}}),
        ),
        When::RemoveApplications => (
            json!({"applications": 1}),
            json!({"directory": {"removeApplications": true}}),
        ),
        When::ReleaseDomains => (
            json!({"domains": [domain]}),
            json!({"domains": {"release": [domain]}}),
        ),
        When::DirectoryResource => (
            json!({"tenantType": "CIAM", "directoryResource": {}}),
            json!({}),
        ),
        When::Account(BillingKind::AzureSubscription) => (
            json!({"subscriptions": [{"kind": "Azure"}]}),
            json!({"billing": {"accounts": [{"kind": "AzureSubscription"}]}}),
        ),
        When::Account(BillingKind::CustomerAgreement) => (
            json!({"subscriptions": [{"kind": "CustomerAgreement"}]}),
            json!({"billing": {"accounts": [{"kind": "CustomerAgreement"}]}}),
        ),
        When::StopRenewal(BillingKind::CustomerAgreement) => (
            json!({"subscriptions": [{"kind": "CustomerAgreement"}]}),
            json!({"billing": {"stopRenewalFirst": true, "accounts": [{"kind": "CustomerAgreement"}]}}),
        ),
        _ => (json!({}), json!({})),
    }
}

async fn trial(name: &str, tenant: Value, spec: Value) -> Trial {
    let mut trial = Trial::new(name, tenant).await;
    let resource = trial.case.portal.tenant.directory_resource.clone();
    trial.spec()["directory"] = resource.map_or(json!(null), |id| json!({"resource": id}));
    for (field, value) in spec.as_object().unwrap() {
        trial.spec()[field] = value.clone();
    }
    let policy = trial.case.portal.tenant.policy(1);
    let named = &mut trial.spec()["mfa"]["disableConditionalAccessPolicies"];
    if named.is_array() {
        *named = json!([policy]);
    }
    if trial.spec()["mfa"].is_null() {
        trial.spec().as_object_mut().unwrap().remove("mfa");
    } else if trial.spec()["mfa"]["disableConditionalAccessPolicies"].is_null() {
        let mfa = trial.spec()["mfa"].as_object_mut().unwrap();
        mfa.remove("disableConditionalAccessPolicies");
    }
    trial
}

async fn each<F: Future<Output = ()>>(all: impl IntoIterator<Item = F>) {
    use futures::StreamExt as _;
    let all = futures::stream::iter(all);
    all.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn each_right_of_the_acting_identity_is_missed_in_its_step() {
    let all = TABLE.iter().enumerate();
    let acting = all.filter(|(_, right)| right.purpose == Purpose::Act);
    // No call tells beforehand what may be ended at a partner.
    let told = acting.filter(|(_, right)| right.kind != Kind::PartnerCenter);
    each(told.map(|(number, right)| async move {
        let name = format!("lacks-{number}");
        let (mut tenant, spec) = that_needs(right.when, &name);
        tenant["closer"] = json!({
            "appRoles": without(Some(right), Purpose::Act, Kind::Permission),
            "directoryRoles": without(Some(right), Purpose::Act, Kind::DirectoryRole),
            "azureReadsAlone": matches!(right.kind, Kind::SubscriptionRole | Kind::ResourceRole),
            "billingReadsAlone": right.kind == Kind::BillingRole,
        });
        let trial = trial(&name, tenant, spec).await;
        trial.apply().await;
        let what = right.what;
        // One role on a billing account serves both steps.
        let steps = match right.when {
            When::StopRenewal(_) => vec![right.step, Step::CancelSubscriptions],
            _ => vec![right.step],
        };
        if right.vital {
            let told = trial.blocked("RolesMissing").await;
            let lacks = steps.iter().map(|step| {
                let (number, name) = (step.number(), step.name());
                format!("step {number} {name}: the identity lacks {what}")
            });
            let lacks: Vec<String> = lacks.collect();
            let says = format!("{}. Grant what is lacking", lacks.join("; "));
            assert!(told.message.starts_with(&says), "{}", told.message);
        }
        let wanted = if right.vital {
            Phase::Stalled
        } else {
            Phase::AwaitingApproval
        };
        let status = trial.phase(wanted).await;
        let rows = status.steps.iter().flat_map(|one| {
            let lacking = one.access.iter().filter(|row| row.held != Some(true));
            lacking.map(|row| (one.name.clone(), row.needs.clone(), row.optional))
        });
        let lacking: Vec<_> = rows.collect();
        let these = steps.iter().map(|step| {
            let step = step.name().to_owned();
            (step, what.to_owned(), !right.vital)
        });
        assert_eq!(lacking, these.collect::<Vec<_>>(), "{name}");
        let failed = status.blockers.iter().filter(|one| one.state == "failed");
        let failed: Vec<_> = failed.map(|one| one.check.clone()).collect();
        let blockers = steps.iter().filter(|_| right.vital);
        let blockers = blockers.map(|step| format!("Roles of step {}", step.number()));
        assert_eq!(failed, blockers.collect::<Vec<_>>(), "{name}");
        trial.assert_untouched().await;
    }))
    .await;
}

/// A permission that is vital blocks by its name; what only counts leaves what it counts Unknown.
async fn each_right_of_the_reader_is_missed_in_step_0() {
    let all = TABLE.iter().enumerate();
    let reads = all.filter(|(_, right)| right.purpose == Purpose::Read);
    each(reads.map(|(number, right)| async move {
        let name = format!("unread-{number}");
        let (mut tenant, mut spec) = that_needs(right.when, &name);
        spec["mode"] = json!("Plan");
        tenant["reader"] = json!({
            "appRoles": without(Some(right), Purpose::Read, Kind::Permission), "directoryRoles": [],
        });
        let mut partner = None;
        let account = |kind: &str| json!({"accounts": [{"kind": kind}]});
        match right.kind {
            Kind::BillingRole => {
                tenant["reader"]["billingRole"] = json!(false);
                tenant["subscriptions"] = json!([{"kind": "CustomerAgreement"}]);
                spec["billing"] = account("CustomerAgreement");
            }
            Kind::SubscriptionRole => {
                tenant["reader"]["azureOwner"] = json!(false);
            }
            Kind::PartnerCenter => {
                let domain = format!("{name}-partner.onmicrosoft.com");
                let fields = json!({"users": 1, "initialDomain": domain, "closer": {"partnerCenter": false}});
                let found = Trial::tenant(&fields).await;
                spec["billing"] = json!({"accounts": [
                    {"kind": "Partner", "tenantId": found.id, "credentials": {"secretName": "partner-closer"}}]});
                partner = Some(found);
            }
            Kind::Permission | Kind::DirectoryRole | Kind::ResourceRole => {}
        }
        let trial = trial(&name, tenant, spec).await;
        trial.apply().await;
        if let Some(partner) = partner {
            trial.give("partner-closer", &partner, &partner.id).await;
            let told = trial.blocked("CredentialsForbidden").await;
            trial.do_as_told(&told.remedy).await;
        }
        let unknown = |kind: &str, status: &tenant_closure::api::TenantClosureStatus| {
            let mut all = status.plan.iter().flat_map(|plan| &plan.losses);
            all.any(|one| format!("{:?}", one.counted.kind) == kind && one.counted.count.is_none())
        };
        match right.kind {
            Kind::SubscriptionRole => {
                let status = trial.phase(Phase::Planned).await;
                assert!(unknown("AzureResources", &status), "{status:#?}");
            }
            Kind::Permission if !right.vital => {
                let status = trial.phase(Phase::Planned).await;
                let plan = status.plan.as_ref().unwrap();
                for one in &plan.losses {
                    if one.counted.kind.permission() == right.what {
                        assert_eq!(one.counted.count, None, "{name}");
                    }
                }
            }
            _ => {
                let told = trial.blocked("PermissionDenied").await;
                let names = told.remedy.contains(right.name());
                assert!(names, "{name}: {} is not in {}", right.what, told.remedy);
                let status = trial.phase(Phase::Stalled).await;
                assert_eq!(status.step.as_deref(), Some("0/5 Preconditions"));
            }
        }
        trial.assert_untouched().await;
    }))
    .await;
}

/// A token of the application that only reads.
async fn readers_token(trial: &Trial, scope: &str) -> String {
    let tenant = &trial.case.portal.tenant;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", tenant.reader_app_id.as_deref().unwrap()),
        ("client_secret", tenant.reader_secret.as_deref().unwrap()),
        ("scope", scope),
    ];
    let path = format!("login/{}/oauth2/v2.0/token", tenant.id);
    let answer = trial.case.portal.form(&path, &form).await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Where a service answers on the simulator, and what its tokens are for.
const fn place(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::Graph => ("graph", "https://graph.microsoft.com/.default"),
        Service::Arm => ("arm", "https://management.azure.com/.default"),
        Service::Partner => (
            "partner",
            "https://api.partnercenter.microsoft.com/.default",
        ),
        Service::Login => ("login", ""),
    }
}

/// Each call of the list that writes, tried with ids that are there.
#[allow(clippy::too_many_lines)] // a call of the list each
async fn the_reader_can_make_no_call_that_writes() {
    use Service::{Arm, Graph, Partner};
    let reads =
        json!({"appRoles": without(None, Purpose::Read, Kind::Permission), "directoryRoles": []});
    let tenant = |name: &str, kind: &str| {
        json!({
            "reader": reads, "applications": 1, "domains": [format!("{name}.example")], "sync": {"enabled": true},
            "subscriptions": [{"kind": "Azure"}, {"kind": "CustomerAgreement"}, {"kind": "Partner"}],
            "spareAdministrator": {}, "tenantType": kind, "directoryResource": {}, "conditionalAccessPolicies": 1,
        })
    };
    let mut tried: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (name, kind, collection) in [
        ("writes-ciam", "CIAM", "ciamDirectories"),
        ("writes-b2c", "AAD B2C", "b2cDirectories"),
    ] {
        let trial = Trial::new(name, tenant(name, kind)).await;
        let portal = &trial.case.portal;
        let (id, initial) = (&portal.tenant.id, &portal.tenant.initial_domain);
        let look = portal.look().await.unwrap();
        let resource = look["resource"].as_str().unwrap().to_owned();
        assert!(resource.contains(collection), "{resource}");
        let first = async |service: Service, path: &str, field: &str| {
            let (at, scope) = place(service);
            let token = readers_token(&trial, scope).await;
            let path = format!("{at}/{path}");
            let (status, found) = portal
                .with_token(&token, "GET", &path, &Value::Null)
                .await
                .unwrap();
            assert_eq!(status, 200, "{path}: {found}");
            let rows = found["value"].as_array().or(found["items"].as_array());
            rows.unwrap()[0][field].as_str().unwrap().to_owned()
        };
        let user = first(Graph, "v1.0/users", "id").await;
        let application = first(Graph, "v1.0/applications", "id").await;
        let principal = first(Graph, "v1.0/servicePrincipals", "id").await;
        let accounts = "providers/Microsoft.Billing/billingAccounts";
        let account = first(Arm, &format!("{accounts}?api-version=2024-04-01"), "name").await;
        let billed = format!("{accounts}/{account}/billingSubscriptions");
        let one = first(Arm, &format!("{billed}?api-version=2024-04-01"), "name").await;
        let azure = first(
            Arm,
            "subscriptions?api-version=2022-12-01",
            "subscriptionId",
        )
        .await;
        let domain = format!("v1.0/domains/{name}.example");
        let none = Value::Null;
        let writes = [
            (Graph, "DELETE", format!("v1.0/users/{user}"), none.clone()),
            (
                Graph,
                "PATCH",
                format!("v1.0/organization/{id}"),
                json!({"onPremisesSyncEnabled": false}),
            ),
            (
                Graph,
                "PATCH",
                format!("beta/users/{user}/authentication/requirements"),
                json!({"perUserMfaState": "disabled"}),
            ),
            (
                Graph,
                "PATCH",
                "v1.0/policies/identitySecurityDefaultsEnforcementPolicy".to_owned(),
                json!({"isEnabled": false}),
            ),
            (
                Graph,
                "PATCH",
                format!(
                    "v1.0/identity/conditionalAccess/policies/{}",
                    portal.tenant.policy(1)
                ),
                json!({"state": "disabled"}),
            ),
            (
                Graph,
                "PATCH",
                format!("v1.0/servicePrincipals/{principal}"),
                json!({"accountEnabled": false}),
            ),
            (
                Graph,
                "DELETE",
                format!("v1.0/applications/{application}"),
                none.clone(),
            ),
            (
                Graph,
                "DELETE",
                format!("v1.0/servicePrincipals/{principal}"),
                none.clone(),
            ),
            (
                Graph,
                "PATCH",
                format!("v1.0/domains/{initial}"),
                json!({"isDefault": true}),
            ),
            (Graph, "DELETE", domain.clone(), none.clone()),
            (
                Graph,
                "POST",
                format!("{domain}/forceDelete"),
                json!({"disableUserAccounts": false}),
            ),
            (
                Arm,
                "POST",
                format!("subscriptions/{azure}/providers/Microsoft.Subscription/cancel"),
                none.clone(),
            ),
            (
                Arm,
                "PATCH",
                format!("{billed}/{one}"),
                json!({"properties": {"autoRenew": "Off"}}),
            ),
            (Arm, "DELETE", format!("{billed}/{one}"), none.clone()),
            (
                Arm,
                "DELETE",
                resource.trim_start_matches('/').to_owned(),
                none.clone(),
            ),
            (
                Partner,
                "PATCH",
                format!("v1/customers/{id}/subscriptions/{one}"),
                json!({"status": "deleted"}),
            ),
        ];
        for (service, method, path, body) in &writes {
            let (at, scope) = place(*service);
            let token = readers_token(&trial, scope).await;
            let version = if *service == Arm {
                "?api-version=2024-04-01"
            } else {
                ""
            };
            let (status, said) = portal
                .with_token(&token, method, &format!("{at}/{path}{version}"), body)
                .await
                .unwrap();
            // Nobody else's application sees a partner's customers at all.
            let refused = if *service == Partner { 404 } else { 403 };
            assert_eq!(status, refused, "{method} {path}: {said}");
            let call = find_call(*service, method, &format!("/{path}")).unwrap();
            tried.insert((at, call.method, call.path));
        }
        let token = readers_token(&trial, place(Graph).1).await;
        let delete = json!({"id": "1", "method": "DELETE", "url": format!("/users/{user}")});
        let batch = json!({"requests": [delete]});
        let (status, said) = portal
            .with_token(&token, "POST", "graph/v1.0/$batch", &batch)
            .await
            .unwrap();
        assert_eq!(
            (status, &said["responses"][0]["status"]),
            (200, &json!(403))
        );
        assert_eq!(trial.effects().await, Vec::<Value>::new());
    }
    // A question may be a POST; what a batch carries was tried by itself, and once in one.
    let asks = [
        "/v1.0/$batch",
        "/beta/$batch",
        "/v1.0/directoryObjects/getByIds",
    ];
    let asks = |path: &str| asks.contains(&path) || path.ends_with("/checkAccess");
    let writes = CALLS.iter().filter(|call| call.method != "GET");
    let writes = writes.filter(|call| call.service != Service::Login && !asks(call.path));
    let all: BTreeSet<_> = writes
        .map(|call| (place(call.service).0, call.method, call.path))
        .collect();
    assert_eq!(tried, all, "each call that writes is tried");
}
