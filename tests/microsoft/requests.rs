//! What names a request: a fresh id on each, in the log, and in the outcome of what went wrong.

use super::*;
use std::collections::BTreeSet;
use std::io::Write;
use tenant_closure::closure::request_ids::{self, RequestIds, effect_id};
use tenant_closure::closure::tenant::Leash;
use tracing_subscriber::fmt::MakeWriter;

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn request_id(seen: &Seen) -> uuid::Uuid {
    let text = seen.headers["client-request-id"].to_str().unwrap();
    text.parse().unwrap()
}

#[tokio::test]
async fn an_outcome_names_the_first_requests_that_went_wrong_and_no_others() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        // One good batch, then eight of which something is refused, one that is not understood.
        "/v1.0/$batch" if before == 0 => Told::Json(200, each(seen, 204)),
        "/v1.0/$batch" if before == 9 => Told::Html(200),
        "/v1.0/$batch" => Told::Json(200, each(seen, 403)),
        "/v1.0/directoryObjects/getByIds" => {
            let all = seen.body["ids"].as_array().unwrap().iter();
            let shown: Vec<Value> = all
                .map(|id| json!({"id": id, "@odata.type": "#microsoft.graph.user"}))
                .collect();
            Told::Json(200, json!({ "value": shown }))
        }
        _ => usual(seen),
    })
    .await;
    let attempt = delete(&tenant, 200).await;
    let sent = fake.seen();
    let ids: BTreeSet<_> = sent.iter().map(request_id).collect();
    assert_eq!((sent.len(), ids.len()), (10, 10), "an id twice");
    let about = intent(Action::DeleteUsers, ids_of(200));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert_eq!(outcome.request_ids.len(), Outcome::MOST_REQUEST_IDS);
    let named: BTreeSet<_> = outcome.request_ids.iter().copied().collect();
    assert_eq!(named.len(), Outcome::MOST_REQUEST_IDS);
    assert!(named.is_subset(&ids) && !named.contains(&request_id(&sent[0])));
    // In the journal under this name.
    let stored = serde_json::to_value(&outcome).unwrap();
    assert_eq!(stored["requestIds"][0], json!(outcome.request_ids[0]));
}

/// A leash that numbers the requests of its effect.
struct Numbered(RequestIds);

impl Leash for Numbered {
    fn holds(&self) -> bool {
        true
    }

    fn next_request_id(&self) -> Option<uuid::Uuid> {
        Some(self.0.next())
    }
}

#[tokio::test]
async fn every_request_of_an_effect_has_an_id_that_its_record_tells() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        // A token that is refused once is one request more, with a number of its own.
        "/v1.0/$batch" if before == 1 => Told::Json(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        ),
        "/v1.0/$batch" => Told::Json(200, each(seen, 204)),
        "/v1.0/directoryObjects/getByIds" => Told::Json(200, json!({"value": []})),
        _ => usual(seen),
    })
    .await;
    let effect = effect_id("6f0d4d0e-0000-4000-8000-000000000001-0000000007");
    let leash = Numbered(RequestIds::of(effect));
    let about = intent(Action::DeleteUsers, ids_of(60));
    let attempt = tenant.perform(&about, &leash).await;
    let sent: BTreeSet<_> = fake.seen().iter().map(request_id).collect();
    let told: BTreeSet<_> = (0..leash.0.told())
        .map(|n| request_ids::request_id(effect, n))
        .collect();
    assert_eq!(
        (sent.len(), &sent),
        (4, &told),
        "three batches, and one of them again"
    );
    let before = fake.seen().len();
    settle(&tenant, &about, Some(&attempt)).await;
    let after: Vec<_> = fake.seen()[before..].iter().map(request_id).collect();
    assert!(!after.is_empty() && after.iter().all(|id| !told.contains(id)));
}

fn ids_of(count: usize) -> Vec<ObjectId> {
    ids(0..count)
}

#[tokio::test]
async fn what_went_well_names_no_request() {
    let (_, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => Told::Json(200, each(seen, 204)),
        "/v1.0/directoryObjects/getByIds" => Told::Json(200, json!({"value": []})),
        _ => usual(seen),
    })
    .await;
    let attempt = delete(&tenant, 40).await;
    let about = intent(Action::DeleteUsers, ids_of(40));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert_eq!((outcome.gone, outcome.request_ids.len()), (40, 0));
    assert!(
        serde_json::to_value(&outcome)
            .unwrap()
            .get("requestIds")
            .is_none()
    );
}

#[tokio::test]
async fn each_call_has_one_line_of_log_with_both_ids_and_no_name() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/domains" => Told::With(
            200,
            vec![("request-id", "3f2c-theirs".to_owned())],
            json!({"value": [{"id": "contoso.nl"}]}),
        ),
        "/v1.0/domains/contoso.nl/domainNameReferences" => Told::With(
            403,
            vec![("request-id", "anna@contoso.nl".to_owned())],
            json!({"error": {"code": "Authorization_RequestDenied", "message": "anna@contoso.nl"}}),
        ),
        _ => usual(seen),
    })
    .await;
    // A place in the code that another test's thread came to first may count as one to which nobody listens.
    tracing::callsite::rebuild_interest_cache();
    let scope = Scope {
        domains: vec!["contoso.nl".into()],
        ..Scope::default()
    };
    let mut seen = Observation::default();
    tenant
        .observe(&scope, &[Question::Domains], &mut seen)
        .await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| {
            line["target"]
                .as_str()
                .unwrap()
                .starts_with("tenant_closure")
        })
        .collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let fields = &line["fields"];
            assert!(fields["milliseconds"].is_u64(), "{line}");
            let word = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
            (
                line["level"].as_str().unwrap(),
                word("method"),
                word("path"),
                fields["status"].as_u64().unwrap(),
                word("code"),
                word("request_id"),
            )
        })
        .collect();
    let word = str::to_owned;
    let references = "/v1.0/domains/{}/domainNameReferences";
    assert_eq!(
        told,
        [
            (
                "DEBUG",
                word("POST"),
                word("/{}/oauth2/v2.0/token"),
                200,
                word(""),
                word("")
            ),
            (
                "DEBUG",
                word("GET"),
                word("/v1.0/domains"),
                200,
                word(""),
                word("3f2c-theirs")
            ),
            (
                "INFO",
                word("GET"),
                word(references),
                403,
                word("Authorization_RequestDenied"),
                word("")
            ),
        ]
    );
    for (line, seen) in lines[1..].iter().zip(fake.seen()) {
        assert_eq!(
            line["fields"]["client_request_id"],
            json!(request_id(&seen))
        );
    }
    let lines = serde_json::to_string(&lines).unwrap();
    for name in ["contoso", "anna", "hunter2", &TENANT.to_string()] {
        assert!(!lines.contains(name), "{name} in {lines}");
    }
}
