//! Billing accounts of several tenants: each is spoken to with its own credential, and a token for another is not used.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tenant_closure::microsoft::{Credentials, Proof};

const ACCOUNTS: &str = "/providers/Microsoft.Billing/billingAccounts";

fn payer(n: usize) -> ObjectId {
    id(0xc0 + n)
}

/// The tenant that a request's token is for.
fn bearer_tenant(seen: &Seen) -> ObjectId {
    let payload = seen.bearer().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    ObjectId::parse(claims["tid"].as_str().unwrap()).unwrap()
}

/// Two payers, each with one subscription of our tenant; a payer is refused what is the other's. Tokens asked for by
/// the payer `lying` are for another tenant.
fn script(lying: Option<ObjectId>) -> impl Fn(&Seen, usize) -> Told {
    move |seen, _| {
        if seen.path.ends_with("/oauth2/v2.0/token")
            && seen.path != format!("/{TENANT}/oauth2/v2.0/token")
        {
            let tenant = ObjectId::parse(seen.path.split('/').nth(1).unwrap()).unwrap();
            let told = if Some(tenant) == lying {
                id(0xdead)
            } else {
                tenant
            };
            return Told::Json(
                200,
                json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token(told, 1)}),
            );
        }
        if seen.path == "/v1.0/directory/subscriptions" {
            return Told::Json(200, json!({"value": []}));
        }
        if !seen.path.starts_with(ACCOUNTS) {
            return usual(seen);
        }
        let Some(number) = (1..=2).find(|n| payer(*n) == bearer_tenant(seen)) else {
            return Told::Json(403, json!({"error": {"code": "AuthorizationFailed"}}));
        };
        let account = format!("{ACCOUNTS}/acc{number}");
        let one = json!({"id": format!("{account}/billingSubscriptions/{}", id(number)), "name": id(number),
            "properties": {"status": "Active", "autoRenew": "On", "beneficiaryTenantId": TENANT,
                "systemOverrides": {"cancellation": "Allowed"}}});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", ACCOUNTS) => Told::Json(
                200,
                json!({"value": [{"id": account, "properties": {"agreementType": "MicrosoftCustomerAgreement"}}]}),
            ),
            ("GET", path) if path == format!("{account}/billingSubscriptions") => {
                Told::Json(200, json!({"value": [one]}))
            }
            ("GET" | "DELETE" | "PATCH", path) if path.starts_with(&account) => {
                Told::Json(200, one)
            }
            _ => Told::Json(403, json!({"error": {"code": "AuthorizationFailed"}})),
        }
    }
}

async fn two_payers(lying: Option<ObjectId>) -> (Arc<Fake>, LiveTenant) {
    let (fake, mut settings) = start_raw(script(lying)).await;
    settings.billing = (1..=2)
        .map(|n| Billing {
            kind: BillingKind::CustomerAgreement,
            credentials: Some(Credentials {
                tenant_id: payer(n),
                app_id: id(0xe0 + n),
                proof: Proof::Secret(format!("secret of {n}").into()),
            }),
        })
        .collect();
    (fake, LiveTenant::new(settings))
}

#[tokio::test]
async fn each_account_is_spoken_to_with_its_own_credential() {
    let (fake, tenant) = two_payers(None).await;
    let seen = ask(&tenant, Question::Subscriptions).await;
    let all = seen.subscriptions.known().unwrap();
    let found: Vec<ObjectId> = all.iter().map(|one| one.id).collect();
    assert_eq!(found, [id(1), id(2)]);
    for (one, action, method) in [
        (&all[0], Action::CancelSubscription, "DELETE"),
        (&all[1], Action::CancelSubscription, "DELETE"),
        (&all[1], Action::StopRenewal, "PATCH"),
    ] {
        let about = Intent {
            step: Step::CancelSubscriptions,
            action,
            objects: vec![one.id],
            supplement: None,
            resource: one.resource.clone(),
            domain: None,
            residue: Vec::new(),
        };
        let attempt = tenant.perform(&about, &Held::new()).await;
        assert_eq!(attempt.accepted, [one.id]);
        let sent = fake.seen();
        let last = sent.iter().rfind(|s| s.method == method).unwrap();
        let owner = if one.id == id(1) { payer(1) } else { payer(2) };
        assert_eq!(bearer_tenant(last), owner);
        assert!(last.path.ends_with(&one.id.to_string()), "{}", last.path);
        let outcome = settle(&tenant, &about, Some(&attempt)).await;
        assert!(
            outcome.complete && outcome.visible == [one.id],
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_account_whose_token_is_for_another_tenant_is_never_spoken_to() {
    let (fake, tenant) = two_payers(Some(payer(2))).await;
    let seen = ask(&tenant, Question::Subscriptions).await;
    // One account that cannot be read, and nothing counts.
    let why = Why::CredentialRefused(Refused::OtherTenant);
    assert_eq!(seen.subscriptions, Fact::Unreadable(why));
    let seen = fake.seen();
    let mut to_arm = seen.iter().filter(|s| s.host == "management.azure.com");
    assert!(to_arm.all(|s| bearer_tenant(s) == payer(1)));
}
