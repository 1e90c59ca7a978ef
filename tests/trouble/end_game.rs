//! The end game: our own application last within the person's visit, what is told where the portal refuses all the same,
//! and what the loss of the credential means before and after.

use crate::case::NAME;
use crate::person::Person;
use crate::stack::OPERATOR;
use crate::supplements::{plugin, plugin_as};
use crate::trial::{Trial, condition};
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenant_closure::api::{ClosureRecord, TenantClosureStatus};
use tenant_closure::closure::intent::Action;
use tenant_closure::closure::report::Phase;

crate::rows![
    our_own_goes_within_the_visit,
    a_portal_that_refuses_though_all_is_green,
    our_own_that_may_not_remove_itself,
    a_credential_that_is_lost_too_early,
    applications_of_personal_accounts_go_in_their_own_lane,
    more_applications_than_one_plan_holds,
    what_refuses_to_be_deleted_is_disabled
];

/// Bob says what he saw.
async fn attest(trial: &Trial, check: &str, result: &str) {
    let mut bob = Person::new(&trial.case, false, None);
    bob.attest(check, result).await.unwrap();
}

/// The operator's token counts no more, and the tenant gives no other one.
async fn the_token_ends(trial: &Trial) {
    let denied = json!({"error": {"code": "InvalidAuthenticationToken", "message": "No."}});
    let denied = json!({"status": {"code": 401, "body": denied}});
    let graph = json!({"pathContains": "/v1.0/"});
    trial.case.portal.fault(graph, denied, None).await.unwrap();
}

/// Bob takes it back.
async fn revoke(trial: &Trial, check: &str) {
    let namespace = &trial.case.namespace;
    let path = "jsonpath={range .items[*]}{.metadata.name} {.spec.check}{\"\\n\"}{end}";
    let args = ["get", "closureapprovals", "-n", namespace, "-o", path];
    let cluster = &trial.case.cluster;
    let (_, found, _) = cluster.kubectl("admin", &args, None).await.unwrap();
    let line = found.lines().find(|line| line.ends_with(check));
    let name = line.unwrap_or_else(|| panic!("no {check} in {found}"));
    let name = name.split_whitespace().next().unwrap();
    let revoked = r#"{"spec":{"revoked":true}}"#;
    let args = ["patch", "closureapproval", name, "-n", namespace];
    let args = [&args[..], &["--type=merge", "-p", revoked]].concat();
    let (done, _, why) = cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(done, "{why}");
}

fn keys(status: &TenantClosureStatus) -> Vec<&str> {
    status
        .hand_offs
        .iter()
        .map(|one| one.key.as_str())
        .collect()
}

/// What each check of the status says.
fn state<'a>(status: &'a TenantClosureStatus, id: &str) -> &'a str {
    let mut all = status.checks.iter();
    let found = all.find(|one| one.check.starts_with(&format!("{id} ")));
    found.map_or("not told", |one| one.state.as_str())
}

async fn records(trial: &Trial) -> Vec<ClosureRecord> {
    let api: Api<ClosureRecord> = Api::namespaced(trial.case.cluster.client("admin"), OPERATOR);
    let uid = trial.case.closures().get(NAME).await.unwrap();
    let uid = uid.metadata.uid.unwrap();
    let all = api.list(&ListParams::default()).await.unwrap().items;
    all.into_iter()
        .filter(|one| one.spec.closure_uid == uid)
        .collect()
}

/// Identity removed within the visit, the portal accepts.
async fn our_own_goes_within_the_visit() {
    let fields = json!({"users": 12, "servicePrincipals": 2, "firstPartyServicePrincipals": 3, "corporateServicePrincipals": 2});
    let trial = Trial::new("own-last", fields).await;
    trial.apply().await;
    let (status, _) = trial.handed_over("DeleteDirectory").await;
    assert_eq!(status.checks.len(), 18, "{:#?}", status.checks);
    for (check, wanted) in [
        ("C1", "passed"),
        ("C2", "passed"),
        ("C3", "passed"),
        ("C5", "unknown"),
        ("C6", "passed"),
        // No Azure subscription was ever shown: that is not none.
        ("C7", "unknown"),
        ("C12", "unknown"),
        ("C13", "passed"),
        ("C14", "passed"),
        ("C16", "passed"),
        ("C18", "passed"),
    ] {
        assert_eq!(state(&status, check), wanted, "{check}");
    }
    let unknown = status.checks.iter().filter(|one| one.state != "passed");
    let unknown: Vec<&str> = unknown.map(|one| one.check.as_str()).collect();
    let blockers: Vec<&str> = status
        .blockers
        .iter()
        .map(|one| one.check.as_str())
        .collect();
    assert_eq!(unknown, blockers);
    for blocker in &status.blockers {
        assert!(
            blocker.link.starts_with("https://")
                && !blocker.remedy.is_empty()
                && !blocker.who.is_empty(),
            "{blocker:?}"
        );
    }
    let audit = trial.assert_closes().await;
    let tail: Vec<&str> = audit
        .claimed
        .iter()
        .map(|(a, _)| a.name())
        .rev()
        .take(2)
        .collect();
    assert_eq!(tail, ["VerifyDirectoryGone", "RemoveOwnIdentity"]);
    let kinds: Vec<Value> = trial
        .effects()
        .await
        .iter()
        .map(|e| e["kind"].clone())
        .collect();
    assert_eq!(kinds.last(), Some(&json!("tenantDeleted")));
    let status = trial.phase(Phase::Closed).await;
    assert!(status.checks.len() == 18 && status.checks.iter().all(|one| one.state == "passed"));
    // What stayed behind is in the journal: nobody could look afterwards.
    let last = records(&trial).await;
    let mut intents = last.iter().filter_map(|one| one.spec.intent.as_ref());
    let own = intents
        .find(|one| one.action == Action::RemoveOwnIdentity)
        .unwrap();
    let left: Vec<(bool, u32)> = own
        .residue
        .iter()
        .map(|one| (one.kept, one.count))
        .collect();
    assert_eq!(left, [(true, 2), (true, 3)]);
}

/// All is green, our own application is gone, and the portal refuses: a ticket that can be sent as it is.
async fn a_portal_that_refuses_though_all_is_green() {
    let fields = json!({"users": 12, "firstPartyServicePrincipals": 30, "corporateServicePrincipals": 1, "hiddenServicePrincipals": 2});
    let trial = Trial::new("portal-refuses", fields).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let (status, _) = trial.handed_over("DeleteDirectory").await;
    // They are in no list that a person sees, and Graph refuses to delete them: disabling them is all that can be done.
    assert_eq!(state(&status, "C3"), "passed");
    let handed = keys(&status);
    assert!(!handed.contains(&"RemoveApplications"), "{handed:?}");
    portal.press("settleCheck", Some("all")).await.unwrap();
    attest(&trial, "OnlyOurs", "passed").await;
    let gone = |status: &TenantClosureStatus| keys(status) == ["DeleteDirectory"];
    trial.until("our own is gone", gone).await;
    let seen = portal.look().await.unwrap();
    assert_eq!(seen["openChecks"], json!([]), "all is green");
    let refused = portal
        .press("deleteTenant", None)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("Contact support"), "{refused}");
    attest(&trial, "Refused", "failed").await;
    let told = trial.blocked("PortalRefused").await;
    let says = "Residue: 31 applications that Microsoft keeps, 2 others";
    assert!(told.message.contains(says), "{}", told.message);
    let status = trial.phase(Phase::Stalled).await;
    assert_eq!(condition(&status, "DirectoryDeleted").0, "False");
    let ticket = status.support_ticket.clone().unwrap();
    let tenant = &portal.tenant;
    for says in [
        format!("Tenant id: {}", tenant.id),
        format!("Initial domain: {}", tenant.initial_domain),
        format!("Global Administrator who pressed Delete under Manage tenants: {}", tenant.retained().unwrap()),
        "The application of the program that closes this tenant: removed".to_owned(),
        "- 1 application, owned by Microsoft's tenant or an Azure resource (72f988bf-86f1-41af-91ab-2d7cd011db47): ".to_owned(),
        "- 30 applications, owned by Microsoft's tenant or an Azure resource (f8cdef31-a31e-4b4a-93e4-5f571e91255a): ".to_owned(),
        " and 20 more".to_owned(),
        "Errors of Microsoft Graph when they were deleted: Authorization_RequestDenied (403)".to_owned(),
    ] {
        assert!(ticket.contains(&says), "{says} is not in\n{ticket}");
    }
    // Each of the hidden ones by its id, with the tenant that owns it; each refused request by its id.
    let all = records(&trial).await;
    let outcomes = all
        .iter()
        .filter_map(|one| one.status.as_ref()?.outcome.as_ref())
        .map(|settled| &settled.seen);
    let refused: Vec<_> = outcomes.filter(|one| !one.refused.is_empty()).collect();
    let hidden: BTreeSet<String> = refused
        .iter()
        .flat_map(|one| &one.refused)
        .flat_map(|one| one.objects.iter().map(ToString::to_string))
        .collect();
    assert_eq!(hidden.len(), 2);
    let requests: Vec<String> = refused
        .iter()
        .flat_map(|one| one.request_ids.iter().map(ToString::to_string))
        .collect();
    assert!(!requests.is_empty());
    for id in hidden.iter().chain(&requests) {
        assert!(ticket.contains(id), "{id} is not in\n{ticket}");
    }
    assert_eq!(
        ticket
            .matches("- 1 application (1 disabled), owned by tenant ")
            .count(),
        2,
        "{ticket}"
    );
    // Support mends it; the person takes the word back and presses once more.
    portal
        .press("supportRemovesApplications", None)
        .await
        .unwrap();
    revoke(&trial, "Refused").await;
    let status = trial.phase(Phase::AwaitingHandOff).await;
    assert_eq!(keys(&status), ["DeleteDirectory"]);
    assert_eq!(status.support_ticket, None);
    portal.press("deleteTenant", None).await.unwrap();
    trial.phase(Phase::Closed).await;
    trial.assert_no_rule_broken().await;
}

/// With our identity left: Microsoft does not let it remove itself, so a person is asked to, and the portal refuses before
/// that.
async fn our_own_that_may_not_remove_itself() {
    let permissions = [
        "Organization.ReadWrite.All",
        "User.ReadWrite.All",
        "UserAuthenticationMethod.Read.All",
        "Application.Read.All",
        "RoleManagement.Read.Directory",
        "Group.Read.All",
        "Reports.Read.All",
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementServiceConfig.Read.All",
        "AdministrativeUnit.Read.All",
    ];
    let fields =
        json!({"users": 12, "firstPartyServicePrincipals": 3, "closer": {"appRoles": permissions}});
    let mut trial = Trial::new("own-stays", fields).await;
    trial.spec()["directory"]["removeApplications"] = json!(false);
    let portal = &trial.case.portal;
    trial.apply().await;
    trial.handed_over("DeleteDirectory").await;
    // The reader's application is no longer needed; a person removes it.
    let reader = portal.tenant.reader_app_id.clone().unwrap();
    portal
        .press("deleteApplication", Some(&reader))
        .await
        .unwrap();
    portal.press("settleCheck", Some("all")).await.unwrap();
    attest(&trial, "OnlyOurs", "passed").await;
    let (_, own) = trial.handed_over("RemoveOwnApplication").await;
    let says = "it could not do so itself (Authorization_RequestDenied)";
    assert!(own.what.contains(says), "{}", own.what);
    portal.press("deleteTenant", None).await.unwrap_err();
    attest(&trial, "Refused", "failed").await;
    let told = trial.blocked("PortalRefused").await;
    let says = "this operator's own application is still there";
    assert!(told.message.contains(says), "{}", told.message);
    let status = trial.phase(Phase::Stalled).await;
    let ticket = status.support_ticket.unwrap();
    for says in [
        "Checks that fail: none",
        "The application of the program that closes this tenant: still there (",
        "- 3 applications, owned by Microsoft's tenant or an Azure resource (f8cdef31-a31e-4b4a-93e4-5f571e91255a): ",
        "Errors of Microsoft Graph when they were deleted: Authorization_RequestDenied (403)",
    ] {
        assert!(ticket.contains(says), "{says} is not in\n{ticket}");
    }
    assert!(!ticket.contains("refused requests: none"), "{ticket}");
    // A person removes it after all: the way in is lost, as was meant, and that is no trouble.
    let own = portal.tenant.app_id.clone();
    portal.press("deleteApplication", Some(&own)).await.unwrap();
    the_token_ends(&trial).await;
    revoke(&trial, "Refused").await;
    let status = trial.phase(Phase::AwaitingHandOff).await;
    assert!(
        keys(&status).contains(&"DeleteDirectory"),
        "{:?}",
        keys(&status)
    );
    portal.press("deleteTenant", None).await.unwrap();
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(condition(&status, "Closed").1, "TenantGone");
    trial.assert_no_rule_broken().await;
}

/// Somebody deletes the operator's application before anybody was asked to: that is Stalled, until the tenant is gone;
/// then it is what the end looks like.
async fn a_credential_that_is_lost_too_early() {
    let trial = Trial::new("lost-early", json!({"users": 12})).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    trial.handed_over("DeleteDirectory").await;
    let own = portal.tenant.app_id.clone();
    portal.press("deleteApplication", Some(&own)).await.unwrap();
    the_token_ends(&trial).await;
    let told = trial.blocked("CredentialRefused").await;
    assert!(
        told.message
            .contains("the tenant does not know the application"),
        "{}",
        told.message
    );
    portal.press("settleCheck", Some("all")).await.unwrap();
    portal.press("deleteTenant", None).await.unwrap();
    let status = trial.phase(Phase::Closed).await;
    assert_eq!(condition(&status, "Closed").1, "TenantGone");
    trial.assert_no_rule_broken().await;
}

/// Microsoft lets 60 of them go in a minute; the others do not wait, and none is refused for being asked too often.
async fn applications_of_personal_accounts_go_in_their_own_lane() {
    let fields = json!({"users": 3, "personalAccountApplications": 66, "servicePrincipals": 25});
    let mut trial = Trial::new("personal-accounts", fields).await;
    trial.spec()["directory"] = json!({"removeApplications": true});
    trial.apply().await;
    let audit = trial.assert_closes().await;
    assert!(audit.objects(&[Action::RemoveApplications]).len() >= 66 + 25);
    let status = trial.phase(Phase::Closed).await;
    let step = status
        .steps
        .iter()
        .find(|one| one.name == "DeleteDirectory")
        .unwrap();
    assert_eq!(step.totals.as_ref().unwrap().throttled, 0, "{step:?}");
}

/// Enterprise applications that are left besides Microsoft's own and the operator's, as Graph lists them.
async fn applications_left(trial: &Trial) -> BTreeSet<String> {
    const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";
    let portal = &trial.case.portal;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", portal.tenant.app_id.as_str()),
        ("client_secret", &portal.tenant.client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let path = format!("login/{}/oauth2/v2.0/token", portal.tenant.id);
    let token = portal.form(&path, &form).await.unwrap()["access_token"].clone();
    let path = "graph/v1.0/servicePrincipals?$top=999";
    let asked = portal.with_token(token.as_str().unwrap(), "GET", path, &Value::Null);
    let (status, listed) = asked.await.unwrap();
    assert_eq!((status, &listed["@odata.nextLink"]), (200, &Value::Null));
    let all = listed["value"].as_array().unwrap().iter();
    let others = all.filter(|one| {
        one["appOwnerOrganizationId"] != MICROSOFT && one["appId"] != json!(portal.tenant.app_id)
    });
    others
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The plan says how many more there are than it holds; nobody removes those unasked, and nobody forgets them.
async fn more_applications_than_one_plan_holds() {
    let fields = json!({"users": 5, "servicePrincipals": 1_003, "firstPartyServicePrincipals": 2,
        "reader": {"registeredElsewhere": true}});
    let mut trial = Trial::new("many-applications", fields).await;
    trial.spec()["directory"] = json!({"removeApplications": true});
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let plan = status.plan.unwrap();
    // The reader's is one of them.
    assert_eq!((plan.applications, plan.applications_beyond), (1_000, 4));
    let shown = plugin(&trial, &["plan", NAME]).await;
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "applications 1,000 applications and service principals, removed",
        "applications 4 more than one plan holds: a person removes them in step 5",
    ] {
        assert!(words.contains(says), "{says} is not in\n{shown}");
    }
    trial.assert_untouched().await;
    let (status, handed) = trial.handed_over("RemoveApplications").await;
    assert_eq!(status.step.as_deref(), Some("5/5 DeleteDirectory"));
    let says = ": 4 applications. When the plan was made there were 4 more than one plan holds";
    assert!(handed.what.ends_with(says), "{}", handed.what);
    let left = applications_left(&trial).await;
    assert_eq!(left.len(), 4, "nobody asked for these to be removed");
    trial.assert_stands_still().await;
    trial.assert_no_rule_broken().await;
    for id in &left {
        let portal = &trial.case.portal;
        portal.press("deleteApplication", Some(id)).await.unwrap();
    }
    let audit = trial.assert_closes().await;
    let removed = audit.objects(&[Action::RemoveApplications]);
    assert_eq!(removed.len(), 1_000);
    assert!(removed.is_disjoint(&left), "who was not in the plan");
}

/// Microsoft's check passes once what cannot be deleted is disabled: planned service principals, and no others. Without that
/// nobody could press Delete.
async fn what_refuses_to_be_deleted_is_disabled() {
    let fields = json!({"users": 5, "servicePrincipals": 3, "applications": 1, "undeletableServicePrincipals": 2,
        "firstPartyServicePrincipals": 2, "hiddenServicePrincipals": 1});
    let mut trial = Trial::new("undeletable-apps", fields).await;
    trial.spec()["directory"] = json!({"removeApplications": true});
    trial.apply().await;
    let (status, _) = trial.handed_over("DeleteDirectory").await;
    assert_eq!(state(&status, "C3"), "passed", "{:?}", status.checks);
    let portal = &trial.case.portal;
    let effects = trial.effects().await;
    let disabled = effects
        .iter()
        .filter(|one| one["kind"] == "servicePrincipalDisabled");
    // The one that the portal hides refuses to be deleted as well.
    assert_eq!(disabled.count(), 3, "{effects:?}");
    trial.assert_no_rule_broken().await;
    portal
        .press("supportRemovesApplications", None)
        .await
        .unwrap();
    let audit = trial.assert_closes().await;
    let disabled = audit.objects(&[Action::DisableApplications]);
    assert_eq!(disabled.len(), 3);
    let tried = audit.objects(&[Action::RemoveApplications]);
    assert!(disabled.is_subset(&tried), "each was to be deleted first");
    // Whoever approves may not read the journal.
    let report = plugin_as(&trial, "admin", &["report", NAME]).await;
    let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
    let says = "3 enterprise applications disabled instead of deleted";
    assert!(words.contains(says), "{report}");
}
