//! Every error that Microsoft is known to answer: what a reading shows then, and what becomes of an effect's object.

use super::*;
use tenant_closure::closure::decision::Decision;
use tenant_closure::closure::intent::Refusal;
use tenant_closure::closure::observation::Obstacle;
use tenant_closure::closure::steps::{facts, refused};
use tenant_closure::microsoft::{ERRORS, Reaction};

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

/// Status, code, reaction, reason of the condition after a reading, requests that the reading took (two: two or more), and what becomes of an
/// object that was to be deleted, and of one that was to be changed.
type Line = (
    u16,
    &'static str,
    Reaction,
    &'static str,
    usize,
    After,
    After,
);

const UNAVAILABLE: &str = "MicrosoftUnavailable";
const DENIED: &str = "PermissionDenied";
const CREDENTIAL: &str = "CredentialRefused";
const UNSUPPORTED: &str = "NotSupported";
const NO: After = After::Refused;
const ANNA: &str = "Anna Bakker anna@contoso.nl";

#[rustfmt::skip]
const CATALOG: &[Line] = &[
    (400, "Request_BadRequest", HandOff, UNSUPPORTED, 1, NO, NO),
    (400, "Directory_ExpiredPageToken", Retry, UNAVAILABLE, 1, Unanswered, Unanswered),
    (400, "InvalidPageToken", Retry, UNAVAILABLE, 1, Unanswered, Unanswered),
    (400, "Request_UnsupportedQuery", Bug, UNSUPPORTED, 1, NO, NO),
    (400, "Directory_QuotaExceeded", HandOff, UNSUPPORTED, 1, NO, NO),
    (400, "ObjectConflict", HandOff, UNSUPPORTED, 1, NO, NO),
    (400, "NeverHeardOf", Bug, UNSUPPORTED, 1, NO, NO),
    (401, "InvalidAuthenticationToken", Blocked, CREDENTIAL, 2, Unanswered, Unanswered),
    (401, "insufficient_claims", HandOff, CREDENTIAL, 2, NO, NO),
    (403, "insufficient_claims", HandOff, CREDENTIAL, 1, NO, NO),
    (403, "Authorization_RequestDenied", Blocked, DENIED, 1, NO, NO),
    (403, "AuthorizationFailed", Blocked, DENIED, 1, NO, NO),
    (403, "Directory_QuotaExceeded", HandOff, UNSUPPORTED, 1, NO, NO),
    (403, "NeverHeardOf", Blocked, DENIED, 1, NO, NO),
    (404, "Request_ResourceNotFound", Gone, UNSUPPORTED, 1, Done, Unanswered),
    (405, "Request_BadRequest", Bug, UNSUPPORTED, 1, NO, NO),
    (408, "", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (409, "Directory_ConcurrencyViolation", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (409, "Request_MultipleObjectsWithSameKeyValue", HandOff, UNSUPPORTED, 1, NO, NO),
    (409, "ObjectConflict", HandOff, UNSUPPORTED, 1, NO, NO),
    (409, "nameAlreadyExists", HandOff, UNSUPPORTED, 1, NO, NO),
    (409, "NeverHeardOf", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (410, "syncStateNotFound", Retry, UNAVAILABLE, 1, Unanswered, Unanswered),
    (410, "resyncRequired", Retry, UNAVAILABLE, 1, Unanswered, Unanswered),
    (410, "", Gone, UNSUPPORTED, 1, Done, NO),
    (412, "", Retry, UNAVAILABLE, 1, Unanswered, Unanswered),
    (424, "", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (429, "TooManyRequests", Wait, UNAVAILABLE, 2, SentAgain, SentAgain),
    (429, "Request_ThrottledTemporarily", Wait, UNAVAILABLE, 2, SentAgain, SentAgain),
    (429, "Request_ThrottledPermanently", Wait, UNAVAILABLE, 2, SentAgain, SentAgain),
    (500, "Service_InternalServerError", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (500, "generalException", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (501, "NotImplemented", Bug, UNSUPPORTED, 1, NO, NO),
    (503, "serviceNotAvailable", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (504, "UnknownError", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (507, "", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
    (509, "", Retry, UNAVAILABLE, 2, Unanswered, Unanswered),
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

/// What a condition would say after a reading, its reason first.
fn reason(question: Question, why: Why) -> (&'static str, String) {
    match facts::unreadable(question, why) {
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
) -> (Arc<Fake>, LiveTenant) {
    let (fake, mut settings) = start_raw(move |seen, before| {
        if seen.path.ends_with("/token") {
            usual(seen)
        } else {
            script(seen, before)
        }
    })
    .await;
    settings.limits.effect = Duration::from_secs(4);
    (fake, LiveTenant::new(settings))
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

/// One line of the catalog; what it gets wrong.
async fn wrong(form: usize, line: Line) -> Option<String> {
    let (status, code, reaction, expected, requests, deleted, changed) = line;
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
    let (fake, reader) = tenant().await;
    let alone = ask(&reader, Question::Subscriptions).await;
    let asked = fake.seen().len().min(2);
    let batched = ask(&tenant().await.1, Question::Organization).await;
    let one = reason(Question::Subscriptions, why(&alone.subscriptions));
    let other = reason(Question::Organization, why(&batched.organization));
    let delete = delete(&tenant().await.1, 1).await;
    let about = intent(Action::SwitchSyncOff, Vec::new());
    let change = tenant().await.1.perform(&about, &Held::new()).await;
    let told = format!("{alone:?}{batched:?}{delete:?}{change:?}{one:?}{other:?}");
    assert!(
        !told.contains("Anna") && !told.contains("contoso.nl"),
        "{told}"
    );
    let line = ERRORS.iter().find(|row| {
        row.status.iter().any(|range| range.contains(&status))
            && (row.codes.is_empty() || row.codes.contains(&code))
    });
    let is = (
        line.map(|row| row.reaction),
        one.0,
        other.0,
        asked,
        after(&delete, id(0), code),
        after(&change, TENANT, code),
    );
    let should = (
        Some(reaction),
        expected,
        expected,
        requests,
        deleted,
        changed,
    );
    (is != should).then(|| format!("{status} {code}: {is:?} instead of {should:?}"))
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
        let (fake, tenant) = impatient(move |seen, _| {
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
        assert_eq!(why, Why::CredentialRefused(Refused::PolicyAsks));
        let (reason, text) = reason(Question::Organization, why);
        assert_eq!(reason, CREDENTIAL);
        assert_eq!(
            text,
            "Microsoft does not accept the credential: a Conditional Access policy or a protected action of the tenant asks for \
             what only a person can bring. Exclude the application's service principal from that policy, or take the \
             authentication context off the action (Entra admin center, Conditional Access), until the tenant is closed"
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

#[tokio::test]
async fn a_sign_in_that_a_policy_stops_is_no_wrong_secret() {
    for code in [53_003, 50_076] {
        let (_, tenant) = start(move |_, _| {
            Told::Json(
                400,
                json!({"error": "interaction_required", "error_description": ANNA, "error_codes": [code]}),
            )
        })
        .await;
        let seen = ask(&tenant, Question::Organization).await;
        let why = why(&seen.organization);
        assert_eq!(why, Why::CredentialRefused(Refused::PolicyAsks));
    }
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
            let (_, tenant) = impatient(move |_, _| {
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
    let (fake, tenant) = impatient(|seen, _| usual(seen)).await;
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
