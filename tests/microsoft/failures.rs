//! Every error that Microsoft is known to answer: what a reading shows then, and what becomes of an effect's object.

use super::decided::{after_change, after_deletion};
use super::*;
use tenant_closure::closure::decision::Decision;
use tenant_closure::closure::intent::Refusal;
use tenant_closure::closure::observation::Obstacle;
use tenant_closure::closure::steps::{facts, refused};
use tenant_closure::microsoft::{ERRORS, Failure, Gates, Reaction, TOKEN_ERRORS};

/// What becomes of one object of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Done,
    Refused,
    SentAgain,
    Unanswered,
}
use After::{Done, SentAgain, Unanswered};
use Reaction::{Blocked, Bug, Gone, HandOff, Retry, Wait};

/// Status and code; what is done about a reading, the word that tells it, and the requests that it took (two: two or more);
/// what becomes of an object that was to be deleted, and what is done about it; the same of one that was to be changed.
type Line = (
    u16,
    &'static str,
    (Reaction, &'static str, usize),
    (After, Reaction),
    (After, Reaction),
);

const UNAVAILABLE: &str = "MicrosoftUnavailable";
const DENIED: &str = "PermissionDenied";
const CREDENTIAL: &str = "CredentialRefused";
const UNSUPPORTED: &str = "NotSupported";
const POLICY: &str = "LiftPolicy";
const CLEAR: &str = "ClearTheWay";
const NO: After = After::Refused;
const ANNA: &str = "Anna Bakker anna@contoso.nl";

/// It passes, whatever it met.
const PASSES: (Reaction, &str, usize) = (Retry, UNAVAILABLE, 2);
const AGAIN: (After, Reaction) = (Unanswered, Retry);

#[rustfmt::skip]
const CATALOG: &[Line] = &[
    (400, "Request_BadRequest", (Bug, UNSUPPORTED, 1), (NO, HandOff), (NO, HandOff)),
    (400, "Directory_ExpiredPageToken", (Retry, UNAVAILABLE, 1), AGAIN, AGAIN),
    (400, "InvalidPageToken", (Retry, UNAVAILABLE, 1), AGAIN, AGAIN),
    (400, "Request_UnsupportedQuery", (Bug, UNSUPPORTED, 1), (NO, Bug), (NO, HandOff)),
    (400, "Directory_QuotaExceeded", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (400, "ObjectConflict", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (400, "NeverHeardOf", (Bug, UNSUPPORTED, 1), (NO, Bug), (NO, HandOff)),
    (401, "InvalidAuthenticationToken", (Blocked, CREDENTIAL, 2), AGAIN, AGAIN),
    (401, "insufficient_claims", (HandOff, POLICY, 2), (NO, HandOff), (NO, HandOff)),
    (403, "insufficient_claims", (HandOff, POLICY, 1), (NO, HandOff), (NO, HandOff)),
    (403, "Authorization_RequestDenied", (Blocked, DENIED, 1), (NO, Blocked), (NO, HandOff)),
    (403, "AuthorizationFailed", (Blocked, DENIED, 1), (NO, Blocked), (NO, HandOff)),
    (403, "Directory_QuotaExceeded", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (403, "NeverHeardOf", (Blocked, DENIED, 1), (NO, Blocked), (NO, HandOff)),
    (404, "Request_ResourceNotFound", (Gone, UNSUPPORTED, 1), (Done, Gone), AGAIN),
    (405, "Request_BadRequest", (Bug, UNSUPPORTED, 1), (NO, Bug), (NO, HandOff)),
    (408, "", PASSES, AGAIN, AGAIN),
    (409, "Directory_ConcurrencyViolation", PASSES, AGAIN, AGAIN),
    (409, "Request_MultipleObjectsWithSameKeyValue", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (409, "ObjectConflict", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (409, "nameAlreadyExists", (HandOff, CLEAR, 1), (NO, HandOff), (NO, HandOff)),
    (409, "NeverHeardOf", PASSES, AGAIN, AGAIN),
    (410, "syncStateNotFound", (Retry, UNAVAILABLE, 1), AGAIN, AGAIN),
    (410, "resyncRequired", (Retry, UNAVAILABLE, 1), AGAIN, AGAIN),
    (410, "", (Gone, UNSUPPORTED, 1), (Done, Gone), (NO, HandOff)),
    (412, "", (Retry, UNAVAILABLE, 1), AGAIN, AGAIN),
    (424, "", PASSES, AGAIN, AGAIN),
    (429, "TooManyRequests", (Wait, UNAVAILABLE, 2), (SentAgain, Wait), (SentAgain, Wait)),
    (429, "Request_ThrottledTemporarily", (Wait, UNAVAILABLE, 2), (SentAgain, Wait), (SentAgain, Wait)),
    (429, "Request_ThrottledPermanently", (Wait, UNAVAILABLE, 2), (SentAgain, Wait), (SentAgain, Wait)),
    (500, "Service_InternalServerError", PASSES, AGAIN, AGAIN),
    (500, "generalException", PASSES, AGAIN, AGAIN),
    (501, "NotImplemented", (Bug, UNSUPPORTED, 1), (NO, Bug), (NO, HandOff)),
    (503, "serviceNotAvailable", PASSES, AGAIN, AGAIN),
    (504, "UnknownError", PASSES, AGAIN, AGAIN),
    (507, "", PASSES, AGAIN, AGAIN),
    (509, "", PASSES, AGAIN, AGAIN),
];

/// The error in one of the forms that Microsoft's services use; some say nothing specific outside, or nothing at all.
fn envelope(form: usize, code: &str) -> Value {
    let inner =
        json!({"code": code, "message": ANNA, "date": "2026-11-25T08:00:00", "request-id": "r"});
    let error = match form % 4 {
        0 => json!({"code": code, "message": ANNA, "innerError": {"request-id": "r"}}),
        1 => json!({"code": "UnknownOuter", "message": ANNA, "innerError": inner}),
        2 => json!({"code": "", "message": ANNA, "innererror": {"code": "", "innererror": inner}}),
        _ => json!({"code": "UnknownOuter", "message": ANNA, "target": ANNA, "details": [inner]}),
    };
    json!({ "error": error })
}

/// What the core decides after a reading.
fn decided(question: Question, why: Why) -> Decision {
    facts::unreadable(question, why)
}

/// What a user is told after a reading, its reason or key first.
fn reason(question: Question, why: Why) -> (&'static str, String) {
    match decided(question, why) {
        Decision::Blocked(obstacles) => {
            let Obstacle {
                reason,
                message,
                remedy,
            } = obstacles[0].clone();
            assert!(!remedy.is_empty());
            (reason, format!("{message}. {remedy}"))
        }
        Decision::Wait(waiting) => (waiting.reason, waiting.message),
        Decision::HandOff(list) => (list[0].key, list[0].what.clone()),
        other => panic!("{other:?}"),
    }
}

fn why<T>(fact: &Fact<T>) -> Why {
    match fact {
        Fact::Unreadable(why) => *why,
        _ => panic!("something was read"),
    }
}

/// A tenant whose readings and effects are answered by the script, and who gives up after two seconds.
async fn impatient(
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, LiveTenant, Arc<Gates>) {
    let (fake, mut settings) = start_raw(move |seen, before| {
        if seen.path.ends_with("/token") {
            usual(seen)
        } else {
            script(seen, before)
        }
    })
    .await;
    settings.limits.effect = Duration::from_secs(4);
    let gates = Arc::clone(&settings.gates);
    (fake, LiveTenant::new(settings), gates)
}

/// All answers of a `$batch` alike.
fn whole_batch(seen: &Seen, status: u16, body: &Value) -> Told {
    let responses: Vec<Value> = seen
        .items()
        .iter()
        .map(|(id, _)| json!({"id": id, "status": status, "body": body}))
        .collect();
    Told::Json(200, json!({ "responses": responses }))
}

fn after(attempt: &Attempt, id: ObjectId, code: &str) -> After {
    if attempt.accepted.contains(&id) {
        Done
    } else if let Some(refusal) = attempt.refused.iter().find(|r| r.objects == [id]) {
        assert!(code.is_empty() || refusal.code == code, "{refusal:?}");
        NO
    } else if attempt.throttled > 0 {
        SentAgain
    } else {
        Unanswered
    }
}

/// What is done about a reading: what the core decides, and whether the client keeps a pause.
fn done_about(gates: &Gates, why: Why) -> Reaction {
    let closed = gates.states().iter().any(|gate| gate.closed_for.is_some());
    match Reaction::of(&decided(Question::Organization, why)) {
        Retry if closed => Wait,
        reaction => reaction,
    }
}

/// An object that is asked for by its id, and need not be there.
async fn may_be_absent(tenant: &LiveTenant) -> bool {
    let about = Intent {
        domain: Some("contoso.nl".into()),
        ..intent(
            Action::ReleaseDomain,
            vec![ObjectId::of_domain("contoso.nl")],
        )
    };
    settle(tenant, &about, None).await.gone == 1
}

/// One line of the catalog; what it gets wrong.
async fn wrong(form: usize, line: Line) -> Option<String> {
    let (status, code, (reading, expected, requests), deletion, change) = line;
    // A code that nobody knows says most only where it comes first.
    let form = if code == "NeverHeardOf" { 0 } else { form };
    let body = envelope(form, code);
    // Each with gates of its own: a 429 to one closes none of another's.
    let tenant = || {
        let body = body.clone();
        impatient(move |seen, _| match seen.path.as_str() {
            "/v1.0/$batch" => whole_batch(seen, status, &body),
            _ => Told::Json(status, body.clone()),
        })
    };
    let (fake, reader, gates) = tenant().await;
    let alone = ask(&reader, Question::Subscriptions).await;
    let first = done_about(&gates, why(&alone.subscriptions));
    let asked = fake.seen().len().min(2);
    let (_, reader, batched_gates) = tenant().await;
    let batched = ask(&reader, Question::Organization).await;
    let second = done_about(&batched_gates, why(&batched.organization));
    let one = reason(Question::Subscriptions, why(&alone.subscriptions));
    let other = reason(Question::Organization, why(&batched.organization));
    let mut done = [first, second];
    if may_be_absent(&tenant().await.1).await {
        // Where it is not there, that is the answer.
        done = [Gone; 2];
    }
    let deleted = delete(&tenant().await.1, 1).await;
    let about = intent(Action::SwitchSyncOff, Vec::new());
    let changed = tenant().await.1.perform(&about, &Held::new()).await;
    let told = format!("{alone:?}{batched:?}{deleted:?}{changed:?}{one:?}{other:?}");
    assert!(
        !told.contains("Anna") && !told.contains("contoso.nl"),
        "{told}"
    );
    let is = (
        done,
        [one.0, other.0],
        asked,
        (after(&deleted, id(0), code), after_deletion(&deleted)),
        (after(&changed, TENANT, code), after_change(&changed)),
    );
    let should = ([reading; 2], [expected; 2], requests, deletion, change);
    // What the documentation says of it is the same.
    let row = ERRORS.iter().find(|row| {
        row.status.iter().any(|range| range.contains(&status))
            && (row.codes.is_empty() || row.codes.contains(&code))
    });
    let failure = Failure {
        kind: row.unwrap().kind,
        status,
        code: code.to_owned(),
        retry_after: None,
        request_id: None,
    };
    let written = (
        Reaction::to_reading(&failure).0,
        Reaction::to_deletion(&failure).0,
        Reaction::to_change(&failure),
    );
    let wrong = is != should || written != (reading, deletion.1, change.1);
    wrong.then(|| format!("{status} {code}: {is:?}, written {written:?}, instead of {should:?}"))
}

#[tokio::test]
async fn the_whole_catalog_of_errors_means_what_it_should() {
    let lines = CATALOG.iter().enumerate();
    let all = futures::future::join_all(lines.map(|(form, line)| wrong(form, *line))).await;
    let wrong: Vec<String> = all.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_line_of_the_table_is_without_an_example() {
    let idle: Vec<_> = ERRORS
        .iter()
        .enumerate()
        .filter(|(place, row)| {
            let first = |status: u16, code: &str| {
                ERRORS.iter().position(|row| {
                    row.status.iter().any(|range| range.contains(&status))
                        && (row.codes.is_empty() || row.codes.contains(&code))
                })
            };
            let codes = row
                .codes
                .iter()
                .chain(row.usual)
                .all(|code| CATALOG.iter().any(|line| line.1 == *code));
            let shown = CATALOG
                .iter()
                .any(|line| first(line.0, line.1) == Some(*place));
            // A success that says nothing has tests of its own.
            !(row.status.contains(&(200..=299)) || codes && shown)
        })
        .map(|(_, row)| row)
        .collect();
    assert!(idle.is_empty(), "{idle:#?}");
}

#[tokio::test]
async fn a_claims_challenge_is_for_a_person_and_says_so() {
    for status in [401, 403] {
        let challenge = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
        let (fake, tenant, _) = impatient(move |seen, _| {
            let body = envelope(0, "InvalidAuthenticationToken");
            let headers = json!({"WWW-Authenticate": challenge});
            match seen.path.as_str() {
                "/v1.0/$batch" => Told::Json(
                    200,
                    json!({"responses": [{"id": "0", "status": status, "headers": headers, "body": body}]}),
                ),
                _ => Told::With(status, vec![("www-authenticate", challenge.to_owned())], body),
            }
        })
        .await;
        let seen = ask(&tenant, Question::Subscriptions).await;
        // A token may have been revoked: a fresh one is tried once where it was refused.
        assert_eq!(fake.seen().len(), if status == 401 { 2 } else { 1 });
        let why = why(&seen.subscriptions);
        assert_eq!(why, Why::PolicyAsks);
        let (reason, text) = reason(Question::Organization, why);
        assert_eq!(reason, POLICY);
        assert_eq!(
            text,
            "Microsoft does not let the operator read the organization: a Conditional Access policy or a protected action of the \
             tenant asks for what only a person can bring. Exclude the application's service principal from that policy, or take \
             the authentication context off the protected action, until the tenant is closed"
        );
        let attempt = delete(&tenant, 1).await;
        let refusal = Refusal {
            code: "insufficient_claims".into(),
            status,
            objects: vec![id(0)],
        };
        assert_eq!(attempt.refused, std::slice::from_ref(&refusal));
        assert_eq!(
            refused::remedy(&refusal),
            "A Conditional Access policy or a protected action asks for a person: exclude the application's service principal \
             from it, or delete them by hand in the admin center"
        );
    }
}

/// Code of the sign-in service, what is done, the reason or key, and what the words must say.
#[rustfmt::skip]
const SIGN_IN: &[(u64, Reaction, &str, &str)] = &[
    (90_002, Blocked, "TenantNotFound", "Check spec.tenant.id"),
    (900_023, Blocked, "TenantNotFound", "Check spec.tenant.id"),
    (5_000_224, Blocked, "TenantNotFound", "Check spec.tenant.id"),
    (50_196, Retry, UNAVAILABLE, "no usable answer"),
    (90_033, Retry, UNAVAILABLE, "no usable answer"),
    (90_055, Retry, UNAVAILABLE, "no usable answer"),
    (50_074, HandOff, POLICY, "Exclude the application's service principal"),
    (50_076, HandOff, POLICY, "Exclude the application's service principal"),
    (50_079, HandOff, POLICY, "Exclude the application's service principal"),
    (50_097, HandOff, POLICY, "Exclude the application's service principal"),
    (50_158, HandOff, POLICY, "Exclude the application's service principal"),
    (53_000, HandOff, POLICY, "Exclude the application's service principal"),
    (53_001, HandOff, POLICY, "Exclude the application's service principal"),
    (53_002, HandOff, POLICY, "Exclude the application's service principal"),
    (53_003, HandOff, POLICY, "Exclude the application's service principal"),
    (53_004, HandOff, POLICY, "Exclude the application's service principal"),
    (530_032, HandOff, POLICY, "Exclude the application's service principal"),
    (70_011, Bug, UNSUPPORTED, "This cloud or tenant does not let a program read"),
    (65_001, Blocked, CREDENTIAL, "Grant the application admin consent"),
    (65_004, Blocked, CREDENTIAL, "Grant the application admin consent"),
    (90_094, Blocked, CREDENTIAL, "Grant the application admin consent"),
    (500_011, Blocked, CREDENTIAL, "Grant the application admin consent"),
    (650_052, Blocked, CREDENTIAL, "Grant the application admin consent"),
    (50_020, Blocked, CREDENTIAL, "an account of another directory"),
    (50_177, Blocked, CREDENTIAL, "an account of another directory"),
    (700_082, Blocked, CREDENTIAL, "Put a client secret or a certificate"),
    (70_008, Blocked, CREDENTIAL, "Put a client secret or a certificate"),
    (50_173, Blocked, CREDENTIAL, "Put a client secret or a certificate"),
    (7_000_215, Blocked, CREDENTIAL, "its value, not its id"),
    (7_000_222, Blocked, CREDENTIAL, "Make a new client secret"),
    (700_016, Blocked, CREDENTIAL, "the tenant does not know the application"),
    (7_000_112, Blocked, CREDENTIAL, "Let users sign in to the application again"),
    (700_027, Blocked, CREDENTIAL, "Add the certificate to the application"),
    (7_000_274, Blocked, CREDENTIAL, "Add the certificate to the application"),
    (700_024, Blocked, CREDENTIAL, "Set the clock"),
    (70_021, Blocked, CREDENTIAL, "Add a federated credential"),
    (700_211, Blocked, CREDENTIAL, "Add a federated credential"),
    (700_212, Blocked, CREDENTIAL, "Add a federated credential"),
    (700_213, Blocked, CREDENTIAL, "Add a federated credential"),
    // Nobody knows it.
    (7_654_321, Blocked, CREDENTIAL, "Put a valid credential"),
];

#[tokio::test]
async fn every_code_of_the_sign_in_service_has_its_own_words() {
    for (code, reaction, expected, says) in SIGN_IN {
        let (_, tenant) = start(move |_, _| {
            Told::Json(
                400,
                json!({"error": "invalid_grant", "error_description": ANNA, "error_codes": [code]}),
            )
        })
        .await;
        let seen = ask(&tenant, Question::Organization).await;
        let why = why(&seen.organization);
        let is = Reaction::of(&decided(Question::Organization, why));
        assert_eq!(is, *reaction, "{code}");
        let (reason, text) = reason(Question::Organization, why);
        assert_eq!(reason, *expected, "{code}");
        assert!(text.contains(says), "{code}: {text}");
        assert!(!text.contains("Anna"), "{text}");
    }
    let unknown = TOKEN_ERRORS
        .iter()
        .flat_map(|row| row.codes)
        .filter(|code| SIGN_IN.iter().all(|line| line.0 != **code));
    assert_eq!(unknown.count(), 0, "a code of the table has no example");
}

/// What cannot be sent for want of a token is told like a refusal where another day will not change it.
#[tokio::test]
async fn a_policy_before_the_token_is_a_refusal_of_the_effect() {
    let (_, tenant) = start(move |_, _| {
        Told::Json(
            400,
            json!({"error": "interaction_required", "error_codes": [53_003]}),
        )
    })
    .await;
    let about = intent(Action::SwitchSyncOff, Vec::new());
    let attempt = tenant.perform(&about, &Held::new()).await;
    let codes: Vec<_> = attempt
        .refused
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["AADSTS53003"]);
    assert_eq!(after_change(&attempt), HandOff);
}

#[tokio::test]
async fn large_and_foreign_bodies_are_sorted_by_their_status_alone() {
    let page = format!("<html><body>{}</body></html>", "Anna ".repeat(1 << 18));
    let padded = json!({"error": {"code": "Anna ".repeat(1 << 18), "message": ANNA}}).to_string();
    let torn = format!(r#"{{"error":{{"code":"{}"#, "x".repeat(1 << 20));
    let cases = [(&page, 0), (&padded, 1), (&torn, 2)].map(|(body, _)| body.clone());
    let runs = cases.iter().flat_map(|body| {
        [
            (200, "UnexpectedAnswer"),
            (302, UNSUPPORTED),
            (400, UNSUPPORTED),
            (401, CREDENTIAL),
            (403, DENIED),
            // Believed where it has the form of an error.
            (
                404,
                if body.ends_with('}') {
                    UNSUPPORTED
                } else {
                    "UnexpectedAnswer"
                },
            ),
            (409, UNAVAILABLE),
            (503, UNAVAILABLE),
        ]
        .map(|(status, expected)| async move {
            assert!(body.len() >= 1 << 20);
            let body = body.clone();
            let (_, tenant, _) = impatient(move |_, _| {
                let html = vec![("content-type", "text/html".to_owned())];
                Told::Raw(status, html, body.clone().into_bytes())
            })
            .await;
            let seen = ask(&tenant, Question::Subscriptions).await;
            let (reason, text) = reason(Question::Subscriptions, why(&seen.subscriptions));
            assert_eq!(reason, expected, "{status}");
            let attempt = delete(&tenant, 1).await;
            let told = format!("{text}{attempt:?}");
            assert!(!told.contains("Anna") && told.len() < 2_000, "{told}");
            assert!(attempt.accepted.is_empty() || expected == UNSUPPORTED);
        })
    });
    futures::future::join_all(runs).await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_a_word_and_nothing_goes_out() {
    let (fake, tenant, _) = impatient(|seen, _| usual(seen)).await;
    let named = |action, resource: Option<&str>, domain: Option<&str>| Intent {
        resource: resource.map(str::to_owned),
        domain: domain.map(str::to_owned),
        ..intent(action, vec![id(1)])
    };
    for (about, code) in [
        (
            named(Action::CancelSubscription, None, None),
            "NoResourceId",
        ),
        (
            named(Action::StopRenewal, Some("/elsewhere"), None),
            "NoResourceId",
        ),
        (
            named(Action::ReleaseDomain, None, Some("contoso.nl")),
            "OtherDomain",
        ),
        (named(Action::DeleteDirectory, None, None), "NoResourceId"),
    ] {
        let attempt = tenant.perform(&about, &Held::new()).await;
        let told: Vec<_> = attempt.refused.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(told, [code], "{about:?}");
    }
    assert!(fake.seen().is_empty());
}
