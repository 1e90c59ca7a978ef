//! Mail that still arrives: nothing is taken away while DNS leads it to the tenant, or nobody can tell.

use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

crate::rows![
    mail_that_still_arrives_blocks_until_dns_is_changed,
    mail_that_arrives_again_after_the_approval_blocks_before_the_first_user,
    mail_that_still_arrives_is_accepted_by_name,
    dns_that_cannot_be_read_is_not_no_mail
];

/// A tenant with this one domain and these records.
fn tenant(domain: &str, mut dns: Value) -> Value {
    dns["domain"] = json!(domain);
    json!({"domains": [domain], "dns": [dns]})
}

fn microsofts(domain: &str) -> Value {
    let mx = format!("{}.mail.protection.outlook.com", domain.replace('.', "-"));
    json!({"mx": [mx], "autodiscover": ["autodiscover.outlook.com"],
        "texts": ["v=spf1 include:spf.protection.outlook.com -all"]})
}

impl Trial {
    /// Whoever keeps the zone changes it.
    async fn change_dns(&self, domain: &str, dns: Value) {
        let body = json!({"action": "changeDns", "id": domain, "dns": dns});
        self.case.portal.press_with(&body).await.unwrap();
    }

    /// Names that the name server was asked about.
    async fn asked(&self) -> Vec<String> {
        let asked = self.case.portal.get("dns").await.unwrap();
        let rows = asked.as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn row(status: &TenantClosureStatus, domain: &str) -> (String, String) {
    let check = format!("Mail {domain}");
    let found = status.blockers.iter().find(|one| one.check == check);
    let found = found.unwrap_or_else(|| panic!("{:#?}", status.blockers));
    assert!(found.link.ends_with("/Domains"), "{}", found.link);
    assert_eq!(found.who, "person");
    (found.state.clone(), found.remedy.clone())
}

async fn mail_that_still_arrives_blocks_until_dns_is_changed() {
    let domain = "arrives.example";
    let trial = Trial::new("mail", tenant(domain, microsofts(domain))).await;
    trial.apply().await;
    let blocked = trial.blocked("MailStillArrives").await;
    assert!(!blocked.message.contains(domain), "{}", blocked.message);
    let status = trial.phase(Phase::Stalled).await;
    let (state, remedy) = row(&status, domain);
    assert_eq!(state, "failed");
    assert!(
        remedy.starts_with("MX, autodiscover, SPF still lead to Microsoft"),
        "{remedy}"
    );
    trial.assert_untouched().await;
    let asked = trial.asked().await;
    assert!(asked.contains(&format!("autodiscover.{domain}")));
    assert!(!asked.iter().any(|name| name.contains("onmicrosoft")));
    trial
        .change_dns(domain, json!({"mx": ["mx.elsewhere.example"]}))
        .await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

async fn mail_that_arrives_again_after_the_approval_blocks_before_the_first_user() {
    let domain = "again.example";
    let trial = Trial::new("mail-again", tenant(domain, json!({}))).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let spf = json!({"texts": ["v=spf1 include:spf.protection.outlook.com ~all"]});
    trial.change_dns(domain, spf).await;
    let told = trial.with_approver(trial.blocked("MailStillArrives")).await;
    assert!(told.remedy.contains("spec.accept"), "{}", told.remedy);
    trial.assert_untouched().await;
    let status = trial.phase(Phase::Stalled).await;
    assert!(row(&status, domain).1.starts_with("SPF still leads"));
    trial.change_dns(domain, json!({})).await;
    let gone = |status: &TenantClosureStatus| condition(status, "UsersDeleted").0 == "True";
    trial.with_approver(trial.until("users go", gone)).await;
    // From then on it is nobody's mail any more.
    trial.change_dns(domain, microsofts(domain)).await;
    trial.assert_closes().await;
}

async fn mail_that_still_arrives_is_accepted_by_name() {
    let domain = "accepted.example";
    let trial = Trial::new("mail-accepted", tenant(domain, microsofts(domain))).await;
    trial.apply().await;
    trial.blocked("MailStillArrives").await;
    let accept = ["AzureResources", "CustomDomains", "MailStillArrives"];
    let accept = accept.map(|kind| json!({"kind": kind, "reference": "CAB-118"}));
    trial.change(json!({"accept": accept})).await;
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

async fn dns_that_cannot_be_read_is_not_no_mail() {
    let domain = "unreadable.example";
    let fails = json!({"answers": "ServerFailure"});
    let trial = Trial::new("mail-unknown", tenant(domain, fails)).await;
    trial.apply().await;
    let says = "Nobody can tell whether mail still arrives in this tenant";
    trial.blocked_with("MailStillArrives", says).await;
    let status = trial.phase(Phase::Stalled).await;
    let (state, remedy) = row(&status, domain);
    assert_eq!(state, "unknown");
    assert!(remedy.starts_with("MX, autodiscover, SPF could not be read"));
    trial.assert_untouched().await;
    trial.change_dns(domain, json!({})).await;
    trial.phase(Phase::AwaitingApproval).await;
}
