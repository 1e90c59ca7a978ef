//! Bad luck that lasts: what a user is told of it, and that everything goes on by itself once it is over.

use crate::answers::{batches, deletions, listing, readings, status, tenant};
use crate::trial::{Trial, condition};
use serde_json::{Value, json};
use std::net::TcpListener;
use tenant_closure::api::TenantClosureStatus;
use tenant_closure::closure::report::Phase;

/// What the operator says of an effect without an answer.
const NO_ANSWER: &str = "Microsoft gave no answer that counts; the effect is looked at again";

crate::rows![
    lasting_trouble_at_the_first_look_is_told,
    links_to_another_host_are_not_followed,
    lasting_trouble_in_the_middle_is_told,
    one_who_stays_listed_is_told
];

fn organization() -> Value {
    json!({"item": true, "pathContains": "/organization"})
}

/// What is told of bad luck that lasts.
struct Told {
    phase: Phase,
    reason: &'static str,
    message: &'static str,
    /// Where a person must act.
    remedy: Option<&'static str>,
    /// Reason and message where the trouble met a reading or a listing that was due just then instead.
    or: Option<(&'static str, &'static str)>,
}

impl Told {
    const fn or(mut self, reason: &'static str, message: &'static str) -> Self {
        self.or = Some((reason, message));
        self
    }

    fn is(&self, reason: &str, message: &str) -> bool {
        let mut ways = [Some((self.reason, self.message)), self.or]
            .into_iter()
            .flatten();
        ways.any(|(word, begin)| reason == word && message.starts_with(begin))
    }
}

fn waiting(reason: &'static str, message: &'static str) -> Told {
    Told {
        phase: Phase::Waiting,
        reason,
        message,
        remedy: None,
        or: None,
    }
}

fn stalled(reason: &'static str, message: &'static str, remedy: &'static str) -> Told {
    Told {
        phase: Phase::Stalled,
        reason,
        message,
        remedy: Some(remedy),
        or: None,
    }
}

fn unavailable(message: &'static str) -> Told {
    waiting("MicrosoftUnavailable", message)
}

fn unexpected(message: &'static str) -> Told {
    waiting("UnexpectedAnswer", message)
}

/// Waits until it is told: phase, the three conditions that tools look at, the summary, and what a person finds among
/// the blockers.
async fn assert_tells(trial: &Trial, name: &str, told: &Told) -> TenantClosureStatus {
    let status = trial
        .until(name, |status| {
            let (_, reason, message) = condition(status, "Ready");
            status.phase == Some(told.phase) && told.is(&reason, &message)
        })
        .await;
    let (ready, _, message) = condition(&status, "Ready");
    assert_eq!(ready, "False");
    assert_eq!(status.summary.as_deref(), Some(message.as_str()));
    let stuck = told.phase == Phase::Stalled;
    let word = |yes: bool| if yes { "True" } else { "False" };
    assert_eq!(condition(&status, "Stalled").0, word(stuck), "{name}");
    assert_eq!(condition(&status, "Reconciling").0, word(!stuck), "{name}");
    if let Some(remedy) = told.remedy {
        assert!(message.contains(remedy), "{name}: {message}");
        let first = &status.blockers[0];
        let first = (first.check.as_str(), first.state.as_str(), &first.remedy);
        assert_eq!((first.0, first.1), (told.reason, "blocked"));
        assert!(first.2.contains(remedy), "{name}: {}", first.2);
    }
    status
}

/// At the first look, before anything was approved: nothing is done, and each trouble is over once it is lifted.
#[allow(clippy::too_many_lines, reason = "a table")]
async fn lasting_trouble_at_the_first_look_is_told() {
    const USERS: &str = "Microsoft gave no usable answer about the users";
    const ORGANIZATION: &str = "Microsoft gave no usable answer about the organization";
    let doors = || json!({"pathEnds": "/oauth2/v2.0/token"});
    let table = [
        ("no token", doors(), status(503), unavailable(ORGANIZATION)),
        (
            "a page in place of a token",
            doors(),
            json!("html"),
            unexpected("What was answered about the organization"),
        ),
        (
            "401",
            readings(),
            status(401),
            stalled(
                "CredentialRefused",
                "Microsoft does not accept the credential",
                "check that the application is enabled in the tenant",
            ),
        ),
        (
            "403",
            organization(),
            status(403),
            stalled(
                "PermissionDenied",
                "The identity may not read the organization",
                "Grant the application Organization.Read.All in the tenant, with admin consent",
            ),
        ),
        (
            "403 to the listing",
            listing(),
            status(403),
            stalled(
                "PermissionDenied",
                "The identity may not read the users",
                "Grant the application User.Read.All in the tenant, with admin consent",
            ),
        ),
        (
            "404",
            organization(),
            status(404),
            stalled(
                "NotSupported",
                "This cloud or tenant does not let a program read the organization",
                "Close this tenant by hand",
            ),
        ),
        (
            "409",
            organization(),
            status(409),
            unavailable(ORGANIZATION),
        ),
        (
            "429",
            organization(),
            status(429),
            unavailable(ORGANIZATION),
        ),
        ("500", listing(), status(500), unavailable(USERS)),
        ("503", listing(), status(503), unavailable(USERS)),
        (
            "no connection",
            listing(),
            json!("dropBefore"),
            unavailable(USERS),
        ),
        (
            "an answer without end",
            listing(),
            json!("endless"),
            unavailable(USERS),
        ),
        (
            "an answer that never comes",
            listing(),
            json!({"delay": 6000}),
            unavailable(USERS),
        ),
        (
            "a page in place of JSON",
            listing(),
            json!("html"),
            unexpected("What was answered about the users"),
        ),
        (
            "half an answer",
            listing(),
            json!("truncate"),
            unexpected("What was answered about the users"),
        ),
        (
            "a page to the guards",
            readings(),
            json!("html"),
            unexpected("What was answered about the organization"),
        ),
    ];
    let trial = Trial::new("first-look", tenant(15)).await;
    let portal = &trial.case.portal;
    let (name, matching, deed, told) = &table[0];
    portal
        .fault(matching.clone(), deed.clone(), None)
        .await
        .unwrap();
    trial.apply().await;
    assert_tells(&trial, name, told).await;
    for (name, matching, deed, told) in &table[1..] {
        portal
            .replace_faults(matching.clone(), deed.clone())
            .await
            .unwrap();
        // The second time is in a later cycle: what the first one told is in the status.
        trial.until_struck(2).await;
        assert_tells(&trial, name, told).await;
    }
    trial.assert_untouched().await;
    portal.lift_faults().await.unwrap();
    trial.phase(Phase::AwaitingApproval).await;
    trial.assert_closes().await;
}

/// A link to the next page that leads to another host: nobody is asked there, and no token leaves.
async fn links_to_another_host_are_not_followed() {
    let trap = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let trial = Trial::new("foreign-link", tenant(15)).await;
    let portal = &trial.case.portal;
    let told = unexpected(
        "What was answered about the users is not what Microsoft documents, so it is not believed",
    );
    let mut applied = false;
    for link in [
        format!("https://127.0.0.1:{port}/v1.0/users?$skiptoken=x"),
        format!("http://127.0.0.1:{port}/v1.0/users?$skiptoken=x"),
        format!("https://graph.microsoft.com@127.0.0.1:{port}/v1.0/users?$skiptoken=x"),
        format!("https://graph.microsoft.com:{port}/v1.0/users?$skiptoken=x"),
        "http://graph.microsoft.com/v1.0/users?$skiptoken=x".to_owned(),
        "https://management.azure.com/v1.0/users?$skiptoken=x".to_owned(),
        // Back to where it came from, without end.
        "https://graph.microsoft.com/v1.0/users?$select=id&$top=999".to_owned(),
    ] {
        portal
            .replace_faults(listing(), json!({"nextLink": link}))
            .await
            .unwrap();
        if !applied {
            trial.apply().await;
            applied = true;
        }
        trial.until_struck(2).await;
        assert_tells(&trial, &link, &told).await;
        assert!(trap.accept().is_err(), "somebody followed {link}");
    }
    trial.assert_untouched().await;
    portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
    assert!(trap.accept().is_err());
}

/// In the middle of the deletions: each trouble is told, and over once it is lifted.
async fn lasting_trouble_in_the_middle_is_told() {
    // The longest pause of these tests is a second, so that the second slice without an answer blows the fuse.
    let no_answer = || {
        stalled(
            "FailureFuse",
            "Whole groups of users got no answer that counts",
            "Look at Microsoft's service health",
        )
    };
    let table = [
        (
            "401",
            readings(),
            status(401),
            stalled(
                "CredentialRefused",
                "Microsoft does not accept the credential",
                "check that the application is enabled in the tenant",
            ),
        ),
        (
            "403",
            batches(),
            status(403),
            stalled(
                "FailureFuse",
                "Whole groups of users were refused, lately with Scripted",
                "Privileged Authentication Administrator",
            ),
        ),
        ("500", batches(), status(500), no_answer()),
        ("503 to each", deletions(), status(503), no_answer()),
        ("409 to each", deletions(), status(409), no_answer()),
        ("429", batches(), status(429), no_answer()),
        (
            "a page in place of JSON",
            batches(),
            json!("html"),
            no_answer(),
        ),
        ("no connection", batches(), json!("dropBefore"), no_answer()),
        (
            "an answer without end",
            batches(),
            json!("endless"),
            no_answer(),
        ),
        (
            "no look back",
            readings(),
            status(503),
            unavailable(NO_ANSWER).or(
                "MicrosoftUnavailable",
                "Microsoft gave no usable answer about the ",
            ),
        ),
        (
            "a page in place of the look back",
            readings(),
            json!("html"),
            unavailable(NO_ANSWER).or("UnexpectedAnswer", "What was answered about the "),
        ),
    ];
    let users = u32::try_from(table.len() * 40 + 21).unwrap();
    let trial = Trial::new("in-the-middle", tenant(users)).await;
    let portal = &trial.case.portal;
    trial.apply().await;
    let mut seen = 0;
    for (name, matching, deed, told) in &table {
        seen = trial.with_persons(trial.until_effects(seen)).await;
        portal
            .fault(matching.clone(), deed.clone(), None)
            .await
            .unwrap();
        let status = assert_tells(&trial, name, told).await;
        assert_eq!(status.step.as_deref(), Some("1/5 Users"));
        portal.lift_faults().await.unwrap();
    }
    trial.assert_closes().await;
}

/// A user who is said not to be there, and is: no reader lags for so long, so a person is told who it is.
async fn one_who_stays_listed_is_told() {
    let trial = Trial::new("stays-listed", tenant(25)).await;
    let portal = &trial.case.portal;
    let left = trial.left().await;
    let who = left.first().unwrap();
    let matching = json!({"item": true, "method": "DELETE", "pathContains": who});
    portal.fault(matching, status(404), None).await.unwrap();
    trial.apply().await;
    let told = stalled(
        "UsersStillListed",
        "Still listed although Microsoft took the deletion several times: 1 user",
        "delete by hand who is there",
    );
    let status = trial.with_persons(assert_tells(&trial, "404", &told)).await;
    let named: Vec<&str> = status
        .blockers
        .iter()
        .map(|one| one.check.as_str())
        .collect();
    assert_eq!(
        named,
        ["UsersStillListed".to_owned(), format!("User {who}")]
    );
    assert_eq!(portal.look().await.unwrap()["usersToDelete"], 1);
    portal.lift_faults().await.unwrap();
    trial.assert_closes().await;
}
