//! What the identity holds beyond what is needed, and what of it ends before the closure can: told, and nothing waits for it.

use crate::trial::Trial;
use jiff::Timestamp;
use serde_json::json;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::access::warnings::Finding::{self, EndUnknown};
use tenant_closure::closure::report::Phase;

crate::rows![registered_in_another_tenant];

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
