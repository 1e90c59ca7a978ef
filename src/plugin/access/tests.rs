use super::{check, script, terms};
use crate::api::TenantClosure;
use crate::plugin::arguments::{AccessFor, AccessScript, AppKind};
use crate::plugin::{Ended, Trouble};
use serde_json::{Value, json};

pub(super) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const PAYER: &str = "7a3b0c1d-2e3f-4a5b-8c6d-7e8f90a1b2c3";
const PRIVILEGED: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";

/// What tells of a second factor, counts what dies with the tenant, and finds users in restricted units.
const COUNTING: [&str; 6] = [
    "UserAuthenticationMethod.Read.All",
    "Reports.Read.All",
    "Group.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.Read.All",
    "AdministrativeUnit.Read.All",
];

fn spec(more: &Value) -> Value {
    let mut spec = json!({
        "tenant": {"id": TENANT, "initialDomain": "contoso.onmicrosoft.com"},
        "credentials": {"secretName": "contoso-closer", "readerSecretName": "contoso-reader"},
        "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"},
    });
    let more = more.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(more);
    spec
}

pub(super) fn closure(more: &Value, status: &Value) -> TenantClosure {
    serde_json::from_value(json!({
        "apiVersion": "tenantclosure.dev/v1alpha1",
        "kind": "TenantClosure",
        "metadata": {"name": "contoso", "namespace": "closures", "uid": "u-1", "generation": 1},
        "spec": spec(more),
        "status": status,
    }))
    .unwrap()
}

pub(super) fn asked(purpose: AccessFor) -> AccessScript {
    AccessScript {
        name: "contoso".into(),
        purpose,
        app: AppKind::Own,
        client_id: None,
        redirect_uri: None,
        operator_namespace: "tenant-closure".into(),
        operator_service_account: "tenant-closure".into(),
    }
}

/// The script without the functions that are the same in each.
pub(super) fn body(closure: &TenantClosure, purpose: AccessFor) -> String {
    body_of(closure, &asked(purpose)).unwrap()
}

pub(super) fn body_of(closure: &TenantClosure, asked: &AccessScript) -> Result<String, Trouble> {
    let text = script(closure, asked)?;
    assert!(text.contains(super::FUNCTIONS));
    Ok(text.replace(super::FUNCTIONS, ""))
}

/// The permissions that a script asks for, those in comments left out.
fn permissions(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| {
        line.starts_with('\'') && line.contains(".All'")
            || line.starts_with("'RoleM")
            || line.starts_with("'Policy")
    });
    lines.map(|line| line.split('\'').nth(1).unwrap()).collect()
}

#[test]
fn what_only_reads_is_given_nothing_to_write() {
    let everything = json!({
        "retain": {"globalAdministrator": "a@contoso.onmicrosoft.com", "spareAdministrator": "b@contoso.onmicrosoft.com"},
        "domains": {"release": ["contoso.nl"]}, "directory": {"removeApplications": true},
        "billing": {"stopRenewalFirst": true, "accounts": [{"kind": "CustomerAgreement"}, {"kind": "AzureSubscription"}]},
    });
    let text = body(&closure(&everything, &Value::Null), AccessFor::Plan);
    let wanted = [
        "Organization.Read.All",
        "User.Read.All",
        "Application.Read.All",
        "RoleManagement.Read.Directory",
        COUNTING[0],
        COUNTING[1],
        COUNTING[2],
        COUNTING[3],
        COUNTING[4],
        COUNTING[5],
        "Domain.Read.All",
    ];
    assert_eq!(permissions(&text), wanted);
    for no in ["ReadWrite", "Set-Role", "'Owner'", "contributor"] {
        assert!(!text.contains(no), "{no} in {text}");
    }
    for yes in [
        "Set-BillingRole $identity '11111111-2222-3333-4444-555555555555' 'Billing account reader'",
        "Set-AzureRole $identity 'Reader' $scope",
        "-ClientId (Get-ClientId 'closures' 'contoso-reader') -Name 'TenantClosure closures contoso reader'",
        "Set-Certificate $identity '11111111-2222-3333-4444-555555555555' 'closures' 'contoso-reader'",
        "'Domain.Read.All'  # step 0: reads the domains and what still uses them",
        "'Group.Read.All'  # step 0: counts the groups, and reads who administers through one; without it they are Unknown, and accepted by name, and a tenant where a group is Global Administrator is not closed",
    ] {
        assert!(text.contains(yes), "{yes} not in {text}");
    }
}

#[test]
fn each_wish_of_a_spec_asks_for_its_own_right_and_no_other() {
    let base = ["RoleManagement.Read.Directory", "User.ReadWrite.All"];
    let reads = ["Organization.Read.All", "Application.Read.All"];
    let text = body(&closure(&json!({}), &Value::Null), AccessFor::Execute);
    let least = [&reads[..], &base[..1], &COUNTING, &base[1..]].concat();
    assert_eq!(permissions(&text), least);
    let spare = json!({"retain": {"globalAdministrator": "a@contoso.onmicrosoft.com", "spareAdministrator": "b@contoso.onmicrosoft.com"}});
    let account = |kind: &str| json!({"billing": {"accounts": [{"kind": kind}]}});
    let resource = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g/providers/Microsoft.AzureActiveDirectory/ciamDirectories/c";
    for (wish, right) in [
        (
            json!({"domains": {"release": ["contoso.nl"]}}),
            "'Domain.ReadWrite.All'  # step 2".to_owned(),
        ),
        (
            json!({"directory": {"removeApplications": true}}),
            "'Application.ReadWrite.All'  # step 5".to_owned(),
        ),
        (
            spare.clone(),
            "'Policy.ReadWrite.AuthenticationMethod'  # step 4".to_owned(),
        ),
        (
            spare,
            format!(
                "\nSet-Role $identity '{PRIVILEGED}'  # Privileged Authentication Administrator; step 5"
            ),
        ),
        (
            account("CustomerAgreement"),
            format!("Set-BillingRole $identity '{TENANT}' 'Billing account contributor'  # step 2"),
        ),
        (
            account("AzureSubscription"),
            format!(
                "foreach ($scope in Get-AzureScope '{TENANT}') {{ Set-AzureRole $identity 'Owner' $scope }}  # step 2"
            ),
        ),
        (
            json!({"directory": {"resource": resource}}),
            format!("Set-AzureRole $identity 'Contributor' '{resource}'  # step 5"),
        ),
    ] {
        let with = body(&closure(&wish, &Value::Null), AccessFor::Execute);
        assert!(with.contains(&right), "{right} not in {with}");
        assert!(!text.contains(&right), "{right} in {text}");
    }
}

#[test]
fn what_only_the_tenant_tells_is_left_out_until_it_is_told() {
    let role = format!("Set-Role $identity '{PRIVILEGED}'");
    let text = body(&closure(&json!({}), &Value::Null), AccessFor::Execute);
    let only = format!("# only where other administrators are to be deleted: {role}");
    assert!(text.contains(&only), "{text}");
    assert!(
        text.contains(
            "  # 'Organization.ReadWrite.All'  # only where the directory is synchronized"
        )
    );
    let plan = json!({"digest": "d", "madeAt": "2026-10-02T09:14:07Z", "users": 1, "subscriptions": 0, "applications": 0});
    let needs = |rows: Value| json!({"plan": plan, "steps": [{"name": "Users", "done": 0, "total": 0, "access": rows}], "blockers": [], "handOffs": [], "conditions": []});
    let users = json!({"who": "Identity", "needs": "User.ReadWrite.All", "held": true});
    let told = needs(json!([users]));
    let text = body(&closure(&json!({}), &told), AccessFor::Execute);
    assert!(
        !text.contains("Set-Role") && !text.contains("Organization.ReadWrite.All"),
        "{text}"
    );
    let over = json!({"who": "Identity", "needs": "the role Privileged Authentication Administrator", "held": false});
    let told = needs(json!([users, over]));
    let text = body(&closure(&json!({}), &told), AccessFor::Execute);
    assert!(text.contains(&format!("\n{role}  # Privileged")), "{text}");
}

#[test]
fn each_cloud_and_each_tenant_has_its_own() {
    for (cloud, login, environment, audience) in [
        (
            "Global",
            "https://login.microsoftonline.com/",
            "'Global'",
            "api://AzureADTokenExchange'",
        ),
        (
            "USGov",
            "https://login.microsoftonline.us/",
            "'USGov'",
            "api://AzureADTokenExchangeUSGov'",
        ),
        (
            "USGovDoD",
            "https://login.microsoftonline.us/",
            "'USGovDoD'",
            "api://AzureADTokenExchangeUSGov'",
        ),
        (
            "China",
            "https://login.partner.microsoftonline.cn/",
            "'China'",
            "api://AzureADTokenExchangeChina'",
        ),
    ] {
        let client = "aaaaaaaa-2222-3333-4444-555555555555";
        let more = json!({
            "tenant": {"id": TENANT, "initialDomain": "contoso.onmicrosoft.com", "cloud": cloud},
            "credentials": {"workloadIdentity": {"clientId": client}},
        });
        let text = body(&closure(&more, &Value::Null), AccessFor::Execute);
        let link = format!("{login}{TENANT}/adminconsent?client_id={client}");
        let federated =
            format!("'system:serviceaccount:tenant-closure:tenant-closure' '{audience}");
        for yes in [&link, environment, &federated] {
            assert!(text.contains(yes), "{yes} not in {text}");
        }
        assert!(!text.contains("Set-Certificate"));
    }
    let payer = json!({"billing": {"accounts": [{"kind": "CustomerAgreement", "tenantId": PAYER, "credentials": {"secretName": "payer-closer"}}]}});
    let text = body(&closure(&payer, &Value::Null), AccessFor::Execute);
    let (own, others) = text
        .split_once(&format!("Connect-Tenant '{PAYER}'"))
        .unwrap();
    assert!(
        !own.contains("BillingRole") && !others.contains("Set-Permissions"),
        "{text}"
    );
    assert!(others.contains(&format!(
        "Set-BillingRole $identity '{PAYER}' 'Billing account contributor'"
    )));
}

#[test]
fn cleanup_takes_away_all_that_was_granted() {
    let more = json!({"billing": {"accounts": [{"kind": "CustomerAgreement"}, {"kind": "AzureSubscription"}]}});
    let text = body(&closure(&more, &Value::Null), AccessFor::Cleanup);
    let (reader, closer) = text.split_once("contoso closer' -Existing").unwrap();
    assert!(
        reader.contains("contoso reader' -Existing") && !reader.contains("ReadWrite"),
        "{text}"
    );
    assert!(
        reader.contains("Remove-BillingRole $identity 'Billing account reader'"),
        "{text}"
    );
    for away in [
        "Remove-BillingRole $identity 'Billing account contributor'",
        "Remove-AzureRole $identity 'Owner' $scope",
        "Remove-Role $identity '7be44c8a",
        "'Organization.ReadWrite.All'",
        "'Policy.ReadWrite.AuthenticationMethod'",
        "Remove-MgApplication",
        "kubectl --namespace 'closures' delete secret 'contoso-closer'",
        "kubectl --namespace 'closures' delete secret 'contoso-reader'",
    ] {
        assert!(closer.contains(away), "{away} not in {closer}");
    }
    let gone =
        json!({"phase": "Closed", "steps": [], "blockers": [], "handOffs": [], "conditions": []});
    let text = body(&closure(&more, &gone), AccessFor::Cleanup);
    assert!(
        !text.contains("Get-Identity") && text.contains("delete secret"),
        "{text}"
    );
}

/// The script with what is in literals and comments taken out, as PowerShell reads it.
fn code(script: &str) -> String {
    let quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
    let mut code = String::new();
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        if quote(c) {
            while let Some(c) = chars.next() {
                if quote(c) && chars.next_if(|next| quote(*next)).is_none() {
                    break;
                }
            }
        } else if c == '#' {
            while chars.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {}
        } else {
            code.push(c);
        }
    }
    code
}

#[test]
fn nothing_of_a_closure_breaks_out_of_its_quotes() {
    let evils = [
        "a'; EVIL; '@x.y",
        "a\"; EVIL; \"@x.y",
        "$(EVIL)@x.y",
        "`EVIL`@x.y",
        "a\u{2019}; EVIL; \u{2018}@x.y",
        "a\u{201a}; EVIL #@x.y",
        "#>EVIL@x.y",
        "a\nEVIL\n@x.y",
        "a\r\nEVIL@x.y",
        "a\u{2028}EVIL@x.y",
        "a\u{1b}[2JEVIL@x.y",
        "a'+(EVIL)+'@x.y",
        "a''; EVIL; ''@x.y",
        "@'\nEVIL\n'@",
        "& EVIL | EVIL@x.y",
        "%EVIL%@x.y",
    ];
    for evil in evils {
        let resource = format!("/subscriptions/s/resourceGroups/{evil}/providers/x");
        for (field, more) in [
            (
                "domain",
                json!({"tenant": {"id": TENANT, "initialDomain": evil}}),
            ),
            ("retained", json!({"retain": {"globalAdministrator": evil}})),
            ("secret", json!({"credentials": {"secretName": evil}})),
            (
                "workload",
                json!({"credentials": {"workloadIdentity": {"clientId": evil}}}),
            ),
            ("resource", json!({"directory": {"resource": resource}})),
            ("release", json!({"domains": {"release": [evil]}})),
        ] {
            for purpose in [AccessFor::Plan, AccessFor::Execute, AccessFor::Cleanup] {
                match script(&closure(&more, &Value::Null), &asked(purpose)) {
                    Ok(text) => {
                        let code = code(&text.replace(super::FUNCTIONS, ""));
                        assert!(!code.contains("EVIL"), "{field} {evil:?}: {text}");
                        let shown = |c: char| !c.is_control() || c == '\n';
                        assert!(text.chars().all(shown), "{field} {evil:?}");
                    }
                    Err(Trouble::Usage(why)) => {
                        assert!(
                            why.contains("no script is printed") && !why.contains('\n'),
                            "{why}"
                        );
                    }
                    Err(other) => unreachable!("{other}"),
                }
            }
        }
    }
    // A name that is only unusual is kept as it is.
    let more = json!({"retain": {"globalAdministrator": "o'brien@contoso.onmicrosoft.com"}});
    let text = body(&closure(&more, &Value::Null), AccessFor::Execute);
    assert!(
        text.contains("Test-Administrator 'o''brien@contoso.onmicrosoft.com'"),
        "{text}"
    );
}

#[test]
fn what_is_missing_is_told_with_its_step() {
    let more = json!({"mode": "Execute", "billing": {"accounts": [{"kind": "CustomerAgreement"}]}});
    let row = |who: &str, needs: &str, held: Value, optional: bool| json!({"who": who, "needs": needs, "held": held, "optional": optional});
    let mut status = json!({
        "steps": [{"name": "Users", "done": 0, "total": 0, "access": [
            row("Identity", "User.ReadWrite.All", json!(false), false),
            row("Identity", "Organization.ReadWrite.All", json!(false), true),
            row("RetainedAdministrator", "the role Global Administrator", json!(true), false)]}],
        "plan": {"digest": "d", "madeAt": "2026-10-02T09:14:07Z", "users": 1, "subscriptions": 0, "applications": 0},
        "blockers": [], "handOffs": [], "conditions": []});
    let told = |status: &Value| {
        let closure = closure(&more, status);
        check::told(&closure, &terms(&closure).unwrap())
    };
    let (text, ended) = told(&status);
    for line in [
        "0 Preconditions\n  held     identity: Organization.Read.All (the plan was made with it, or with what covers it)\n",
        "1 Users\n  missing  identity: User.ReadWrite.All\n  without  identity: Organization.ReadWrite.All (a person does it)\n  held     retained administrator: the role Global Administrator\n",
        "2 Cancel subscriptions\n  unknown  identity: Billing account contributor (step 0 tells it in mode Execute, as far as Azure does)\n",
        "\nMore than needed\n  none\nEnds before the estimate\n  unknown  there is no plan yet\n",
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
    assert_eq!(ended, Ended::Stalled);
    status["estimate"] =
        json!({"earliest": "2026-10-05T10:00:00Z", "dominatedBy": "WriteQuota", "message": "m"});
    let none = "Ends before the estimate of 2026-10-05 10:00Z\n  none\n";
    assert!(told(&status).0.ends_with(none), "{}", told(&status).0);
    let warn = |finding: &str, what: &str, until: Value| json!({"finding": finding, "what": what, "until": until});
    status["accessWarnings"] = json!([
        warn("Dangerous", "Directory.ReadWrite.All", Value::Null),
        warn(
            "EndsBeforeEstimate",
            "the client secret",
            json!("2026-10-04T00:00:00Z")
        ),
        warn("EndUnknown", "the role Global Administrator", Value::Null),
        warn("MoreThanNeeded", "Mail.Read", Value::Null)
    ]);
    let warned = "\nMore than needed\n  danger   identity: Directory.ReadWrite.All (whoever has it can give himself anything, or become \
        anybody: take it away)\n  more     identity: Mail.Read\nEnds before the estimate of 2026-10-05 10:00Z\n  ends     identity: \
        the client secret, 2026-10-04 00:00Z\n  unknown  identity: the role Global Administrator: Microsoft does not let it be \
        read here\n";
    assert!(told(&status).0.ends_with(warned), "{}", told(&status).0);
    status["steps"][0]["access"][0]["held"] = json!(true);
    status["plan"]["losses"] = json!([{"kind": "Groups"}, {"kind": "Mailboxes", "count": 3}]);
    let (text, ended) = told(&status);
    for line in [
        "  unknown  identity: Group.Read.All (what it counts is Unknown in the plan, and is accepted by name)\n",
        "  held     identity: Reports.Read.All (the plan was made",
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
    assert_eq!(ended, Ended::Done, "to lack it bars nothing");
    let (text, ended) = told(&Value::Null);
    assert!(
        text.contains("unknown  identity: User.ReadWrite.All (step 0 has not looked yet)"),
        "{text}"
    );
    assert_eq!(ended, Ended::Done);
}
