//! Readings: asked again where that helps and never without end; what is refused, and what is not there.

use crate::row::{But, Row};
use crate::server::Told;
use crate::stage::{Hit, Ran};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::closure::observation::{Fact, Refused, Why};

/// Times that a reading is asked at most.
const TRIES: usize = 4;

/// What Graph and Azure Resource Manager say.
pub fn error(code: &str) -> Value {
    json!({"error": {"code": code, "message": "Anna Bakker anna@contoso.nl"}})
}

/// The first answer is another one.
fn first(other: impl Fn() -> Told + Send + Sync + 'static) -> impl Fn(Hit<'_>) -> Told {
    move |hit| if hit.before == 0 { other() } else { hit.good() }
}

fn throttled(pause: Option<&'static str>) -> Told {
    let headers = pause.map(|pause| ("retry-after", pause.to_owned()));
    let body = error("TooManyRequests");
    Told::With(429, headers.into_iter().collect(), body)
}

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if row.writes() {
        return Vec::new();
    }
    let mut trials = if row.is(But::Polled) {
        Vec::new()
    } else {
        passing(row)
    };
    if row.is(But::ErrorsOfItsOwn) {
        trials.push(own_errors(row));
    } else {
        trials.extend(refused(row));
    }
    trials
}

/// What passes.
fn passing(row: &'static Row) -> Vec<Trial> {
    let once = row.is(But::AskedOnce);
    let mut trials = Vec::new();
    for (pause, words, least) in [
        (Some("1"), "a whole pause", 1_000),
        (Some("0.4"), "a pause with a fraction, rounded up", 1_000),
        (None, "no pause told", 250),
    ] {
        let name = format!("throttled, {words}");
        trials.push(trial(row, &name, move |stage| async move {
            let ran = stage.run(first(move || throttled(pause))).await;
            if once {
                return unavailable(&ran, 1);
            }
            good(row, &ran);
            let apart = ran.hits[1] - ran.hits[0];
            assert!(apart >= Duration::from_millis(least), "{apart:?}");
        }));
    }
    trials.push(trial(row, "throttled for ever", move |stage| async move {
        let ran = stage.run(|_| throttled(None)).await;
        unavailable(&ran, if once { 1 } else { TRIES });
    }));
    trials.push(trial(
        row,
        "a reply that is lost",
        move |stage| async move {
            let ran = stage.run(first(|| Told::Broken)).await;
            if once {
                return unavailable(&ran, 1);
            }
            good(row, &ran);
            assert_eq!(ran.hits.len(), 2, "{}", ran.told());
            let ran = stage.run(|_| Told::Broken).await;
            unavailable(&ran, TRIES);
        },
    ));
    trials.push(trial(
        row,
        "a trouble of Microsoft's own",
        move |stage| async move {
            let ran = stage.run(first(|| Told::Html(503))).await;
            if once {
                return unavailable(&ran, 1);
            }
            good(row, &ran);
            let ran = stage.run(|_| Told::Json(500, error("UnknownError"))).await;
            unavailable(&ran, TRIES);
        },
    ));
    trials
}

/// What does not pass by itself.
fn refused(row: &'static Row) -> Vec<Trial> {
    vec![
        trial(row, "a token that is refused", move |stage| async move {
            let denied = || Told::Json(401, error("InvalidAuthenticationToken"));
            // An item of a batch is not sent again with another token: the batch as a whole was accepted.
            if !row.inside() {
                let ran = stage.run(first(denied)).await;
                good(row, &ran);
                assert_eq!(ran.hits.len(), 2, "{}", ran.told());
            }
            let ran = stage.run(move |_| denied()).await;
            let why = Why::CredentialRefused(Refused::Otherwise);
            errs(row, &ran, 401, why);
            let most = if row.inside() { 1 } else { 2 };
            assert!(ran.hits.len() <= most, "{}", ran.told());
        }),
        trial(row, "a right that is lacking", move |stage| async move {
            let ran = stage
                .run(|_| Told::Json(403, error("Authorization_RequestDenied")))
                .await;
            errs(row, &ran, 403, Why::Forbidden);
            assert_eq!(ran.hits.len(), 1, "{}", ran.told());
        }),
        trial(row, "no such thing", move |stage| async move {
            let ran = stage
                .run(|_| Told::Json(404, error("Request_ResourceNotFound")))
                .await;
            errs(row, &ran, 404, Why::Unsupported);
            assert_eq!(ran.hits.len(), 1, "{}", ran.told());
        }),
        trial(
            row,
            "a page that says 404 is not believed",
            move |stage| async move {
                for page in [&b"<html><body>404</body></html>"[..], b"", b"{}"] {
                    let raw = move |_: Hit<'_>| Told::Raw(404, vec![], page.to_vec());
                    let ran = stage.run(raw).await;
                    assert_eq!(ran.made, Fact::Unreadable(Why::Malformed), "{}", ran.told());
                }
            },
        ),
        trial(
            row,
            "anything else that is refused",
            move |stage| async move {
                for status in [302, 400, 405] {
                    let ran = stage
                        .run(move |_| Told::Json(status, error("NeverHeardOf")))
                        .await;
                    errs(row, &ran, status, Why::Unsupported);
                    assert_eq!(ran.hits.len(), 1, "{}", ran.told());
                }
            },
        ),
    ]
}

/// The sign-in service's errors, each with what it leads to.
fn own_errors(row: &'static Row) -> Trial {
    trial(row, "errors of its own", move |stage| async move {
        assert!(!row.errors.is_empty());
        for (status, body, makes) in &row.errors {
            let told = (*status, body.clone());
            let ran = stage.run(move |_| Told::Json(told.0, told.1.clone())).await;
            assert_eq!(words(&ran.made), *makes, "{status}\n{}", ran.told());
        }
    })
}

/// What was understood, or why nothing was.
pub fn words(made: &Fact<String>) -> String {
    match made {
        Fact::Known(words) => words.clone(),
        Fact::Unreadable(why) => format!("{why:?}"),
        Fact::NotRead => "not read".to_owned(),
    }
}

fn good(row: &Row, ran: &Ran) {
    assert_eq!(
        ran.made,
        Fact::Known(row.makes.to_owned()),
        "{}",
        ran.told()
    );
}

fn unavailable(ran: &Ran, most: usize) {
    assert_eq!(
        ran.made,
        Fact::Unreadable(Why::Unavailable),
        "{}",
        ran.told()
    );
    assert!(ran.hits.len() <= most, "{}", ran.told());
}

/// What the row says of this status, else what is usual.
fn errs(row: &Row, ran: &Ran, status: u16, usual: Why) {
    let own = row.errors.iter().find(|(of, _, _)| *of == status);
    let wanted = own.map_or_else(|| format!("{usual:?}"), |(_, _, makes)| (*makes).to_owned());
    assert_eq!(words(&ran.made), wanted, "{}", ran.told());
}
