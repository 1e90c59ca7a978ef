//! What the identity holds beyond what is needed, and what of it ends before the closure can: told, and nothing waits for it.

use crate::trial::{PATIENCE, Trial, condition};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::{Duration, Instant};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::access::warnings::Finding::{
    self, Dangerous, EndUnknown, EndsBeforeEstimate, MoreThanNeeded,
};
use tenant_closure::closure::report::Phase;

crate::rows![
    more_than_needed_and_ending_too_early,
    registered_in_another_tenant
];

const READS: [&str; 5] = [
    "Organization.Read.All",
    "User.Read.All",
    "Application.Read.All",
    "RoleManagement.Read.Directory",
    "UserAuthenticationMethod.Read.All",
];

fn warned(status: &TenantClosureStatus) -> Vec<(Finding, &str, Option<Timestamp>)> {
    let all = status.access_warnings.iter();
    all.map(|one| (one.finding, one.what.as_str(), one.until))
        .collect()
}

fn days(n: i64) -> Timestamp {
    let at = Timestamp::now() + SignedDuration::from_hours(24 * n);
    Timestamp::from_second(at.as_second()).unwrap()
}

/// Three days is the earliest end: 72 hours after a directly bought subscription was deleted.
async fn more_than_needed_and_ending_too_early() {
    let (secret, role) = (days(1), days(2));
    let besides = [
        "User.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "Mail.Read",
    ];
    let held = [&READS[..], &besides].concat();
    let tenant = json!({
        "closer": {
            "appRoles": held,
            "directoryRoles": ["Privileged Authentication Administrator", "Global Reader"],
            "credentialsEndAt": secret, "directoryRolesEndAt": role,
        },
        "privilegedAdmins": 1, "subscriptions": [{"kind": "Direct"}],
    });
    let mut trial = Trial::new("excess", tenant).await;
    trial.spec()["directory"] = json!(null);
    // Only a billing account shows that it was bought directly.
    trial.spec()["billing"] = json!({"accounts": [{"kind": "CustomerAgreement"}]});
    trial.apply().await;
    let wanted = [
        (Dangerous, "RoleManagement.ReadWrite.Directory", None),
        (EndsBeforeEstimate, "the client secret", Some(secret)),
        (
            EndsBeforeEstimate,
            "the role Privileged Authentication Administrator",
            Some(role),
        ),
        (MoreThanNeeded, "Mail.Read", None),
        (MoreThanNeeded, "the role Global Reader", None),
    ];
    let waits = |status: &TenantClosureStatus| {
        status.phase == Some(Phase::AwaitingApproval) && warned(status).len() == wanted.len()
    };
    let status = trial.until("warned, and waiting for approval", waits).await;
    assert_eq!(warned(&status), wanted);
    let (met, _, message) = condition(&status, "PreconditionsMet");
    let says = "; ends before the estimate: the client secret, the role Privileged Authentication Administrator; more than \
                needed: RoleManagement.ReadWrite.Directory, Mail.Read, the role Global Reader";
    assert!(met == "True" && message.ends_with(says), "{message}");
    // It is the same however often it is looked at.
    let version = || async {
        let closure = trial.case.closures().get("contoso").await.unwrap();
        closure.metadata.resource_version
    };
    let deadline = Instant::now() + PATIENCE;
    let mut before = version().await;
    loop {
        tokio::time::sleep(Duration::from_secs(6)).await;
        let now = version().await;
        if now == before {
            break;
        }
        assert!(Instant::now() < deadline, "the status never rests");
        before = now;
    }
    trial.assert_untouched().await;
}

/// Its registration is not here: nobody tells when its secret ends. It is closed all the same, and its service principal
/// goes last.
async fn registered_in_another_tenant() {
    let besides = ["User.ReadWrite.All", "Application.ReadWrite.All"];
    let held = [&READS[..], &besides].concat();
    let tenant = json!({
        "closer": {
            "appRoles": held, "directoryRoles": [], "registeredElsewhere": true,
        },
        "applications": 1,
    });
    let trial = Trial::new("excess-elsewhere", tenant).await;
    trial.apply().await;
    let status = trial.phase(Phase::AwaitingApproval).await;
    let wanted = [(EndUnknown, "the client secret", None)];
    assert_eq!(warned(&status), wanted);
    trial.assert_closes().await;
}
