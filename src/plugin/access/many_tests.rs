//! One application for many tenants: what its scripts say.

use super::tests::{TENANT, asked, body_of, closure};
use crate::plugin::Trouble;
use crate::plugin::arguments::{AccessFor, AccessScript, AppKind};
use serde_json::{Value, json};

const CLIENT: &str = "aaaaaaaa-2222-3333-4444-555555555555";

fn many(purpose: AccessFor) -> AccessScript {
    AccessScript {
        app: AppKind::MultiTenant,
        ..asked(purpose)
    }
}

/// Without comments that every script has at its head.
fn commands(more: &Value, script: &AccessScript) -> String {
    let text = body_of(&closure(more, &Value::Null), script).unwrap();
    let (_, commands) = text.split_once("\nConnect-Tenant").unwrap();
    format!("Connect-Tenant{commands}")
}

#[test]
fn it_is_granted_what_its_steps_need_and_nothing_is_done_to_its_registration() {
    let more = json!({"domains": {"release": ["contoso.nl"]}});
    let script = AccessScript {
        client_id: Some(CLIENT.into()),
        redirect_uri: Some("https://msp.example/after consent?a=b&c=d".into()),
        ..many(AccessFor::Execute)
    };
    let back = "https%3A%2F%2Fmsp.example%2Fafter%2520consent%3Fa%3Db%26c%3Dd";
    let link = format!("https://login.microsoftonline.com/{TENANT}/adminconsent");
    let wanted = format!(
        "\
Connect-Tenant '{TENANT}' 'Global' 'contoso.onmicrosoft.com'
$identity = Get-Identity -ClientId ((Get-ClientId 'closures' 'contoso-closer') ?? '{CLIENT}') -Name 'TenantClosure closures contoso closer' -MultiTenant
# Consent by link, with -ByLink: {link}?client_id={CLIENT}&redirect_uri={back}
Set-Permissions $identity 'https://login.microsoftonline.com' '{TENANT}' -ByLink:$ByLink -RedirectUri '{back}' -Names @(
  'Organization.Read.All'  # step 0: reads the tenant's id and initial domain, directory sync and the subscriptions
"
    );
    let text = commands(&more, &script);
    assert!(text.starts_with(&wanted), "{text}");
    let last = format!(
        "\
  # 'Organization.ReadWrite.All'  # only where the directory is synchronized: step 1: switches directory sync off; without it a person does
) -Optional @('UserAuthenticationMethod.Read.All', 'Reports.Read.All', 'Group.Read.All', 'DeviceManagementManagedDevices.Read.All', 'DeviceManagementServiceConfig.Read.All', 'AdministrativeUnit.Read.All', 'Member.Read.Hidden', 'Organization.ReadWrite.All')
# only where other administrators are to be deleted: Set-Role $identity '7be44c8a-adaf-4e2a-84d6-ab2649e08a13'  # Privileged Authentication Administrator; step 1: deletes users who hold a directory role
Test-Administrator 'closer@contoso.onmicrosoft.com'  # he finishes what no application can
Test-Secret '{TENANT}' 'closures' 'contoso-closer'
"
    );
    assert!(text.ends_with(&last), "{text}");
    for no in ["Set-Certificate", "Set-Federation", "MgApplication"] {
        assert!(!text.contains(no), "{no} in {text}");
    }
}

#[test]
fn each_cloud_has_its_own_consent_page() {
    for (cloud, login) in [
        ("Global", "https://login.microsoftonline.com/"),
        ("USGov", "https://login.microsoftonline.us/"),
        ("USGovDoD", "https://login.microsoftonline.us/"),
        ("China", "https://login.partner.microsoftonline.cn/"),
    ] {
        let more = json!({
            "tenant": {"id": TENANT, "initialDomain": "contoso.onmicrosoft.com", "cloud": cloud},
            "credentials": {"workloadIdentity": {"clientId": CLIENT}},
        });
        let script = AccessScript {
            redirect_uri: Some("https://msp.example/".into()),
            ..many(AccessFor::Execute)
        };
        let text = commands(&more, &script);
        let link = format!(
            "{login}{TENANT}/adminconsent?client_id={CLIENT}&redirect_uri=https%3A%2F%2Fmsp.example%2F\n"
        );
        let found = format!(
            "Get-Identity -ClientId '{CLIENT}' -Name 'TenantClosure closures contoso closer' -MultiTenant\n"
        );
        for yes in [
            link.as_str(),
            &found,
            "its federated credential names the\n# subject system:serviceaccount:tenant-closure:tenant-closure and the\n# audience api://AzureADTokenExchange",
        ] {
            assert!(text.contains(yes), "{yes} not in {text}");
        }
        // What is never asked for there needs no right.
        assert_eq!(text.contains("'Reports.Read.All'"), cloud == "Global");
        let methods = text.contains("'UserAuthenticationMethod.Read.All'");
        assert_eq!(methods, cloud != "China");
    }
}

#[test]
fn cleanup_takes_the_service_principal_and_its_grants_and_nothing_else() {
    let text = commands(&json!({}), &many(AccessFor::Cleanup));
    let wanted = format!(
        "\
Connect-Tenant '{TENANT}' 'Global' 'contoso.onmicrosoft.com'
$identity = Get-Identity -ClientId (Get-ClientId 'closures' 'contoso-reader') -Name 'TenantClosure closures contoso reader' -MultiTenant -Existing
if ($identity -and $identity.Principal) {{
  Remove-Permissions $identity @(
"
    );
    assert!(text.starts_with(&wanted), "{text}");
    assert_eq!(text.matches("  Remove-Guest $identity\n}\n").count(), 2);
    let role = "  Remove-Role $identity '7be44c8a-adaf-4e2a-84d6-ab2649e08a13'\n";
    assert_eq!(text.matches(role).count(), 1, "{text}");
    assert!(!text.contains("MgApplication"), "{text}");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let id = || Some(CLIENT.to_owned());
    let with = |script: AccessScript| body_of(&closure(&json!({}), &Value::Null), &script);
    for (script, says) in [
        (
            AccessScript {
                client_id: id(),
                ..asked(AccessFor::Plan)
            },
            "--client-id and --redirect-uri go with --app multi-tenant",
        ),
        (
            AccessScript {
                client_id: id(),
                ..many(AccessFor::Cleanup)
            },
            "leave --client-id out",
        ),
        (
            AccessScript {
                client_id: Some("a'; EVIL; '".into()),
                ..many(AccessFor::Plan)
            },
            "no script is printed",
        ),
        (
            AccessScript {
                redirect_uri: Some("http://msp.example/".into()),
                ..many(AccessFor::Plan)
            },
            "--redirect-uri is no address that begins with https://",
        ),
    ] {
        match with(script) {
            Err(Trouble::Usage(why)) => assert!(why.contains(says), "{why}"),
            other => unreachable!("{other:?}"),
        }
    }
    // Nothing of an address ends the literal that it stands in.
    let script = AccessScript {
        redirect_uri: Some("https://msp.example/'+EVIL+'\u{2019}".into()),
        ..many(AccessFor::Plan)
    };
    let text = commands(&json!({}), &script);
    assert!(
        text.contains("-RedirectUri 'https%3A%2F%2Fmsp.example%2F%27%2BEVIL%2B%27%25E2%2580%2599'"),
        "{text}"
    );
}
