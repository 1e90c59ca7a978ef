//! What a plan tells, whatever the width of its lines.

use super::*;
use serde_json::{Value, json};

const AZURE: &str = "3f0c0000-0000-4000-8000-000000000001";

const ASCII: Look = Look {
    terminal: false,
    colour: false,
    ascii: true,
};

/// What is told, in one line with one space between words.
fn told(spec: &Value, status: &Value) -> String {
    let text = text(&closure(spec, status), ASCII);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn closure(spec: &Value, status: &Value) -> TenantClosure {
    let mut whole = json!({
        "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "TenantClosure",
        "metadata": {"name": "contoso", "namespace": "closures"},
        "spec": {
            "tenant": {"id": "11111111-2222-3333-4444-555555555555", "initialDomain": "contoso.onmicrosoft.com"},
            "credentials": {"secretName": "s"},
            "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com", "spareAdministrator": "spare@contoso.onmicrosoft.com"},
        },
        "status": status,
    });
    let fields = whole["spec"].as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn planned() -> Value {
    let one = |name: &str, agreement: &str, ended_by: &str| json!({"name": name, "seats": 9, "agreement": agreement, "endedBy": ended_by, "renews": true});
    json!({
        "observedGeneration": 1, "phase": "AwaitingApproval", "approval": {"required": 2, "given": 1},
        "plan": {"digest": "9f2c61aa77ab0000", "madeAt": "2026-10-02T09:14:07Z", "users": 1000, "subscriptions": 23, "applications": 12, "domains": 1,
            "customDomains": ["contoso.nl", "contoso.de"],
            "losses": [{"kind": "Mailboxes", "accepted": true}, {"kind": "OneDrive", "count": 7, "bytes": 1_700_000_000, "accepted": true}, {"kind": "SharePoint", "count": 3, "bytes": 512, "accepted": true}, {"kind": "Groups", "count": 41},
                {"kind": "AzureResources", "subscription": AZURE, "count": 14}],
            "bought": [one("SPE_E5", "Direct", "Administrator"), one("BI", "CustomerAgreement", "Operator"), one("FAR", "Partner", "Distributor"), one("PAYG", "Azure", "Operator")]},
        "blockers": [{"check": "Approval", "state": "blocked", "remedy": "approve it", "link": "", "who": "person"}],
        "estimate": {"earliest": "2026-10-05T09:17:00Z", "dominatedBy": "Deprovisioning", "message": "72 hours"},
    })
}

#[test]
fn whose_tenant_it_is_stands_at_the_top() {
    let told = told(&json!({}), &planned());
    let says = "its domains: contoso.nl, contoso.de What goes";
    assert!(told.contains(says), "{told}");
}

#[test]
fn applications_beyond_what_a_plan_holds_are_told() {
    let mut status = planned();
    assert!(!told(&json!({}), &status).contains("more than one plan holds"));
    status["plan"]["applicationsBeyond"] = json!(1_234);
    let told = told(&json!({}), &status);
    assert!(
        told.contains(
            "- applications 1,234 more than one plan holds: a person removes them in step 5"
        ),
        "{told}"
    );
}

#[test]
fn who_is_in_the_recycle_bin_already_is_told() {
    let mut status = planned();
    assert!(!told(&json!({}), &status).contains("deleted before"));
    status["plan"]["recycleBin"] = json!("12 users, the last until 2026-12-29");
    let told = told(&json!({}), &status);
    let line = "< deleted before 12 users, the last until 2026-12-29; restore whom you need";
    assert!(told.contains(line), "{told}");
}

#[test]
fn what_step_4_switches_off_is_told() {
    let spec = json!({"mfa": {"disableSecurityDefaults": true, "disableConditionalAccessPolicies": ["5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de"]}});
    let told = told(&spec, &planned());
    assert!(
        told.contains("- security defaults switched off in step 4"),
        "{told}"
    );
    assert!(
        told.contains("- policies 1 Conditional Access policies"),
        "{told}"
    );
    assert!(
        told.contains("5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de"),
        "{told}"
    );
}

#[test]
fn whether_something_can_still_be_canceled_is_told_before_anybody_approves() {
    let over = "its time to cancel is over: ";
    let he = "whether it can be canceled, or ends with its term, he alone sees";
    for (one, says) in [
        (
            json!({"agreement": "Partner", "endedBy": "Operator", "cancelable": true, "cancelUntil": "2026-10-09T09:00:00Z"}),
            "the operator ends it | cancel until 2026-10-09".to_owned(),
        ),
        (
            json!({"agreement": "Partner", "endedBy": "Operator", "cancelable": true}),
            "the operator ends it | can be canceled at any time".to_owned(),
        ),
        (
            json!({"agreement": "Partner", "endedBy": "Operator", "renews": true}),
            format!("{over}its renewal is switched off, and it ends with its term"),
        ),
        (
            json!({"agreement": "CustomerAgreement", "endedBy": "Operator"}),
            format!("{over}it ends with its term"),
        ),
        (
            json!({"agreement": "Partner", "endedBy": "Partner"}),
            format!("the partner ends it | {he}"),
        ),
        (
            json!({"agreement": "Partner", "endedBy": "Distributor"}),
            format!("the partner's distributor ends it | {he}"),
        ),
        (
            json!({"agreement": "Azure", "endedBy": "Operator", "cancelable": true}),
            "the operator ends it".to_owned(),
        ),
    ] {
        let mut whole = json!({"name": "SPE_E5", "seats": 9, "renews": false});
        let fields = one.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(fields);
        let mut status = planned();
        status["plan"]["subscriptions"] = json!(1);
        status["plan"]["bought"] = json!([whole]);
        let told = told(&json!({}), &status);
        assert!(told.contains(&says), "no {says:?} in\n{told}");
        let azure = one["agreement"] == "Azure";
        assert!(!azure || !told.contains("time to cancel"), "{told}");
    }
}

#[test]
fn it_says_what_goes_what_stays_and_who_has_to_do_what() {
    let spec = json!({"directory": {"removeApplications": true}, "backup": {"acknowledged": true}});
    let told = told(&spec, &planned());
    for line in [
        "PLAN 9f2c61aa77ab | made 2026-10-02T09:14:07Z | tenant contoso.onmicrosoft.com | 11111111-2222-3333-4444-555555555555",
        "- users 1,000 deleted with mailbox",
        "SPE_E5 | 9 seats | Direct | an administrator ends it",
        "and 19 more",
        "< users for 30 days after its user is deleted in step 1; no more once in step 5 the directory is deleted; restore",
        "< mailboxes for 30 days after its user is deleted",
        "< OneDrive content for 30 to 123 days after its user is deleted in step 1; no more once in step 3 deleting a subscription that was bought directly removes the content at once",
        "- SharePoint content irreversible in step 3: deleting a subscription that was bought directly removes the content at once; save what is needed before step 3",
        "< other subscription data for 90 to 180 days after its subscription is canceled in step 2",
        "< Azure resources for 30 to 90 days after its subscription is canceled in step 2; no more once in step 3 a person deletes",
        "- groups, devices, the rest irreversible in step 5: the directory is deleted",
        "more than 36 end with their subscriptions",
        "7 OneDrive accounts (1.5 GiB), 3 SharePoint sites (512 bytes) go with their users",
        "this cannot be undone",
        "- Mailboxes mailboxes (size unknown); nobody could count them; accepted in spec.accept",
        "- OneDrive 7 OneDrive accounts (1.5 GiB); accepted in spec.accept",
        "! AzureResources 14 resources in the Azure subscription 3f0c0000-0000-4000-8000-000000000001; not accepted, so it is not canceled",
        "! Groups 41 groups; not accepted: add this kind with a reference to spec.accept",
        "closer@contoso.onmicrosoft.com, until the directory is deleted",
        "spare@contoso.onmicrosoft.com, through step 4; deleted first in step 5",
        "> ask the distributor 1 through the partner, to cancel it in Partner Center (within seven days of the start of its term), or to switch its renewal off",
        "> delete the directory 1 as the retained administrator",
        "What the portal checks before it deletes the tenant (step 5) C1 Users read by the operator; met by the operator",
        "C3 Enterprise applications read by the operator; met by the operator",
        "> C9 Multifactor authentication providers no program can read it: looked at and attested by a person; met by the person",
        "C18 Soft-deleted objects not asked for; goes with the tenant",
        "! Approval approve it",
        "not before 2026-10-05 09:17Z: 72 hours",
        "1,000 deleted in step 1",
        "To approve (1 of 2 so far; not the author): kubectl tenant-closure approve contoso -n closures --plan 9f2c61aa77ab --confirm contoso.onmicrosoft.com",
    ] {
        assert!(told.contains(line), "no {line:?} in\n{told}");
    }
    for word in [
        "subscriptions",
        "licenses",
        "payment methods",
        "users",
        "user data",
    ] {
        assert!(
            told.contains(&format!(" - {word} ")),
            "no {word} in\n{told}"
        );
    }
}

/// In mode Plan nothing is blocked, and all that would be is told.
#[test]
fn all_that_is_not_met_is_told_once() {
    let row = |check: &str, state: &str, remedy: &str| json!({"check": check, "state": state, "remedy": remedy, "link": "https://entra.microsoft.com/x", "who": "person"});
    let mut status = planned();
    status["phase"] = json!("Planned");
    status["blockers"] = json!([
        row("BackupNotAcknowledged", "failed", "acknowledge one"),
        row("Roles of step 1", "failed", "grant User.ReadWrite.All"),
        row(
            "Restricted units",
            "unknown",
            "grant AdministrativeUnit.Read.All"
        ),
        row("Mail contoso.nl", "failed", "change the MX record"),
        row("AdmissionPolicyMissing", "blocked", "install the policies"),
        row("Loss Groups", "failed", "accept the groups"),
        row(
            &format!("Loss AzureResources {AZURE}"),
            "failed",
            "accept this subscription"
        ),
        row("Loss IntuneDevices", "failed", "accept what came later"),
        row("C1 Users", "passed", "nothing"),
    ]);
    let text = told(&json!({}), &status);
    for line in [
        "What would block in mode Execute ! BackupNotAcknowledged acknowledge one https://entra.microsoft.com/x ! Roles of step 1 grant",
        "? Restricted units grant AdministrativeUnit.Read.All",
        "! Mail contoso.nl change the MX record",
        "! AdmissionPolicyMissing install the policies",
        "! Loss IntuneDevices accept what came later",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    for twice in [
        "accept the groups",
        "accept this subscription",
        "C1 Users nothing",
    ] {
        assert!(!text.contains(twice), "{twice:?} in\n{text}");
    }
    let text = told(&json!({"mode": "Execute"}), &status);
    assert!(
        text.contains("What blocks ! BackupNotAcknowledged"),
        "{text}"
    );
    status["blockers"] = json!([]);
    assert!(!told(&json!({}), &status).contains("What would block"));
}

#[test]
fn how_it_was_bought_decides_what_is_irreversible() {
    let told = |agreement: &str, subscriptions: u32| {
        let mut status = planned();
        let plan = &mut status["plan"];
        plan["subscriptions"] = json!(subscriptions);
        plan["bought"] = json!([{"name": "E5", "seats": 9, "agreement": agreement, "endedBy": "Operator", "renews": false}]);
        told(&json!({}), &status)
    };
    let gone = "SharePoint content irreversible in step 3";
    let kept = "SharePoint content for 90 to 180 days after its subscription is canceled";
    assert!(told("Direct", 1).contains(gone));
    let unknown = told("Unknown", 1);
    assert!(unknown.contains(gone), "nobody knows how it was bought");
    assert!(unknown.contains("E5 | 9 seats | how it was bought no program can read"));
    assert!(unknown.contains("see how it was bought 1 directly, by self-service"));
    assert!(told("CustomerAgreement", 1).contains(kept));
    assert!(
        told("CustomerAgreement", 2).contains(gone),
        "nobody knows how the second was bought"
    );
    assert!(told("CustomerAgreement", 1).contains("licenses 9 end with their subscriptions"));
    let mut nothing = planned();
    nothing["plan"]["losses"] = json!([]);
    let nothing = super::text(&closure(&json!({}), &nothing), ASCII);
    assert!(!nothing.contains("SharePoint content"), "{nothing}");
}

#[test]
fn a_directory_that_azure_deletes_takes_no_person() {
    let spec = json!({"directory": {"resource": "/subscriptions/x"}});
    let told = told(&spec, &planned());
    assert!(
        told.contains("deleted by the operator through Azure"),
        "{told}"
    );
    assert!(!told.contains("settle and attest"), "{told}");
    assert!(
        told.contains("nobody has said that there is a backup"),
        "{told}"
    );
    assert!(told.contains("removeApplications is not set"), "{told}");
}

#[test]
fn without_a_plan_it_says_why() {
    let told = text(
        &closure(
            &json!({}),
            &json!({"observedGeneration": 1, "summary": "The first look is under way"}),
        ),
        ASCII,
    );
    assert_eq!(told, "no plan is made yet: The first look is under way\n");
}
