//! The clouds: what one of them does not have is not asked for there, and what the list of calls says it has is.

use super::*;
use std::collections::BTreeSet;
use tenant_closure::closure::terms::Cloud;
use tenant_closure::microsoft::{CALLS, Credentials, Known, Proof, find_call};

const PARTNER: ObjectId = ObjectId(uuid::Uuid::from_u128(0x9a));

/// Every question that reads the tenant.
const QUESTIONS: [Question; 10] = [
    Question::Organization,
    Question::Identity,
    Question::Administrators,
    Question::Users,
    Question::Subscriptions,
    Question::SecurityDefaults,
    Question::Applications,
    Question::Losses,
    Question::Domains,
    Question::External,
];

fn script(seen: &Seen, _: usize) -> Told {
    match seen.path.strip_suffix("/oauth2/v2.0/token") {
        Some(tenant) => {
            let tenant = ObjectId::parse(tenant.trim_start_matches('/')).unwrap();
            let token = token(tenant, 1);
            Told::Json(
                200,
                json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}),
            )
        }
        None if seen.path.ends_with("/subscriptions") => Told::Json(
            200,
            json!({"value": [], "totalCount": 0, "items": [], "links": {}}),
        ),
        None if seen.query.contains("tenantType") => {
            Told::Json(200, json!({"value": [{"tenantType": "CIAM"}]}))
        }
        None if seen.path.starts_with("/v1.0/identity/") => Told::Json(200, json!({"value": []})),
        None => usual(seen),
    }
}

/// What is asked for in a cloud by whoever asks everything, a partner's account among it.
async fn asked_in(cloud: Cloud) -> Vec<&'static Known> {
    let (fake, mut settings) = start_raw(script).await;
    settings.cloud = cloud;
    settings.billing = vec![Billing {
        kind: BillingKind::Partner,
        credentials: Some(Credentials {
            tenant_id: PARTNER,
            app_id: id(0xab),
            proof: Proof::Secret("hunter3".to_owned().into()),
        }),
    }];
    let tenant = LiveTenant::new(settings);
    for question in QUESTIONS {
        ask(&tenant, question).await;
    }
    let all = fake.seen().into_iter().chain(fake.read());
    let known = all.filter_map(|seen| find_call(seen.service(), &seen.method, &seen.path));
    known.collect()
}

#[tokio::test]
async fn a_cloud_is_asked_for_what_it_has() {
    // Of the calls that only some clouds have, those that a reading makes.
    let partial: BTreeSet<&str> = CALLS
        .iter()
        .filter(|known| Cloud::ALL.iter().any(|cloud| !known.is_in(*cloud)))
        .filter(|known| known.method == "GET" && !known.path.ends_with("/subscriptions/{}"))
        .map(|known| known.path)
        .collect();
    assert!(partial.len() >= 10, "{partial:?}");
    for cloud in Cloud::ALL {
        let asked = asked_in(cloud).await;
        for known in &asked {
            assert!(known.is_in(cloud), "{cloud:?} was asked for {known:?}");
        }
        let asked: BTreeSet<&str> = asked.iter().map(|known| known.path).collect();
        for path in &partial {
            let known = CALLS.iter().find(|known| known.path == *path).unwrap();
            assert_eq!(
                asked.contains(path),
                known.is_in(cloud),
                "{path} in {cloud:?}"
            );
        }
    }
}
