//! Effects: never sent twice where a repeat could hurt, and what became of each is read, never inferred.

use crate::garbage::garbage;
use crate::readings::error;
use crate::row::{But, Row, Run};
use crate::rows::id;
use crate::server::Told;
use crate::stage::{Hit, Ran};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::time::Duration;
use tenant_closure::closure::observation::Fact;
use tenant_closure::microsoft::{LiveTenant, Service};

const UNANSWERED: &str = "no answer; unanswered";

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if !row.writes() || row.is(But::Follows) {
        return Vec::new();
    }
    let mut trials = vec![
        trial(row, "accepted, but not done yet", move |stage| async move {
            is(&stage.undone().await, "accepted; still shown", 1);
        }),
        trial(row, "a reply that is lost", move |stage| async move {
            is(
                &stage.twisted(|_| (Told::Broken, true)).await,
                "no answer; done",
                1,
            );
            is(&stage.run(|_| Told::Broken).await, UNANSWERED, 1);
        }),
        trial(
            row,
            "a trouble of Microsoft's own is no reason to send it again",
            move |stage| async move {
                for (status, code) in [
                    (500, "UnknownError"),
                    (503, "serviceNotAvailable"),
                    (409, "Directory_ConcurrencyViolation"),
                    (412, ""),
                    (424, ""),
                ] {
                    let ran = stage.run(move |_| Told::Json(status, error(code))).await;
                    is(&ran, UNANSWERED, 1);
                    let ran = stage.twisted(move |_| (Told::Html(status), true)).await;
                    is(&ran, "no answer; done", 1);
                }
            },
        ),
        refused_token(row),
        trial(
            row,
            "garbage in the place of the reply is settled by reading",
            move |stage| async move {
                // A success is enough of an answer for a change; but a batch must say what became of each.
                let words = if row.is(But::Whole) {
                    UNANSWERED
                } else {
                    "accepted; still shown"
                };
                for body in garbage() {
                    let ran = stage
                        .run(move |_| Told::Raw(200, vec![], body.clone()))
                        .await;
                    is(&ran, words, 1);
                }
            },
        ),
        trial(
            row,
            "garbage where it is settled proves nothing",
            move |stage| async move {
                let settled = row.settled.as_ref().map_or("", |settled| settled.call);
                // Whoever may not ask for many at once reads each by itself.
                let refused = if settled.ends_with("/getByIds") {
                    "still shown"
                } else {
                    "not read: Forbidden"
                };
                for (told, made) in [
                    ((|| Told::Html(200)) as fn() -> Told, "not read: Malformed"),
                    (|| Told::Json(200, json!({})), "not read: Malformed"),
                    (|| Told::Html(404), "not read: Malformed"),
                    (
                        || Told::Json(403, error("Authorization_RequestDenied")),
                        refused,
                    ),
                ] {
                    stage.settle_with(told);
                    let ran = stage.good().await;
                    is(&ran, &format!("accepted; {made}"), 1);
                }
            },
        ),
    ];
    trials.extend(refused(row));
    trials.extend(throttled(row));
    trials.push(busy(row));
    if row.is(But::Swept) {
        trials.push(partial(row));
    }
    if row.service == Service::Arm {
        trials.push(lies(row));
    }
    trials
}

/// What repeating does not mend, and what is not there.
fn refused(row: &'static Row) -> [Trial; 2] {
    [
        trial(row, "refused", move |stage| async move {
            for (status, code) in [(403, "Authorization_RequestDenied"), (400, "NeverHeardOf")] {
                let ran = stage.run(move |_| Told::Json(status, error(code))).await;
                is(&ran, &format!("refused with {code}; refused"), 1);
            }
        }),
        trial(row, "no such thing", move |stage| async move {
            let absent = || Told::Json(404, error("Request_ResourceNotFound"));
            let gone = row.call.starts_with("DELETE");
            let said = if gone { "accepted" } else { "no answer" };
            let shown = if gone { "still shown" } else { "unanswered" };
            is(
                &stage.twisted(move |_| (absent(), true)).await,
                &format!("{said}; done"),
                1,
            );
            is(
                &stage.run(move |_| absent()).await,
                &format!("{said}; {shown}"),
                1,
            );
            is(&stage.run(|_| Told::Html(404)).await, UNANSWERED, 1);
        }),
    ]
}

/// 429: an item of a `$batch` is sent again, for it was not carried out; anything else is looked at first, and asked again no
/// sooner than Microsoft says, whichever service it is.
fn throttled(row: &'static Row) -> Vec<Trial> {
    let again = row.is(But::Swept) || row.is(But::Whole);
    let cases = [
        (Some("1"), "a whole pause"),
        (Some("0.4"), "a pause with a fraction, rounded up"),
        (None, "no pause told"),
    ];
    let trials = cases.map(|(pause, words)| {
        trial(
            row,
            &format!("throttled, {words}"),
            move |stage| async move {
                let throttled = move || {
                    let headers = pause.map(|pause| ("retry-after", pause.to_owned()));
                    Told::With(429, headers.into_iter().collect(), error("TooManyRequests"))
                };
                if !again {
                    let tenant = LiveTenant::new(stage.settings());
                    let first = stage.twisted_on(&tenant, move |_| (throttled(), false));
                    let first = first.await;
                    is(&first, UNANSWERED, 1);
                    let second = stage.twisted_on(&tenant, |hit| (hit.good(), true)).await;
                    is(&second, "accepted; done", 1);
                    let apart = second.hits[0] - first.hits[0];
                    assert!(apart >= Duration::from_secs(1), "{apart:?}");
                    return;
                }
                let ran = stage
                    .twisted(move |hit| match hit.before {
                        0 => (throttled(), false),
                        _ => (hit.good(), true),
                    })
                    .await;
                is(&ran, "accepted; done", 2);
                let apart = ran.hits[1] - ran.hits[0];
                assert!(apart >= Duration::from_secs(1), "{apart:?}");
            },
        )
    });
    trials.into()
}

/// A service that is too busy may have carried it out all the same: it is looked at, and nothing more is sent before the pause that it
/// names is over.
fn busy(row: &'static Row) -> Trial {
    trial(
        row,
        "too busy, with a pause: nothing is sent before it is over",
        move |stage| async move {
            for status in [503, 504] {
                let tenant = LiveTenant::new(stage.settings());
                let told = move || {
                    let pause = vec![("retry-after", "1".to_owned())];
                    Told::With(status, pause, error("serviceNotAvailable"))
                };
                let first = stage.twisted_on(&tenant, move |_| (told(), false)).await;
                is(&first, UNANSWERED, 1);
                let second = stage.twisted_on(&tenant, |hit| (hit.good(), true)).await;
                is(&second, "accepted; done", 1);
                let apart = second.hits[0] - first.hits[0];
                assert!(apart >= Duration::from_secs(1), "{status}: {apart:?}");
            }
        },
    )
}

/// A request that is answered 401 was not carried out: it is sent once more, with a fresh token.
fn refused_token(row: &'static Row) -> Trial {
    trial(row, "a token that is refused", move |stage| async move {
        let denied = || Told::Json(401, error("InvalidAuthenticationToken"));
        if row.inside() {
            return is(&stage.run(move |_| denied()).await, UNANSWERED, 1);
        }
        let ran = stage
            .twisted(move |hit| match hit.before {
                0 => (denied(), false),
                _ => (hit.good(), true),
            })
            .await;
        is(&ran, "accepted; done", 2);
        is(&stage.run(move |_| denied()).await, UNANSWERED, 2);
    })
}

/// Of several objects each has an answer of its own.
fn partial(row: &'static Row) -> Trial {
    trial(row, "some of many fail", move |stage| async move {
        let Run::Perform(intent) = &row.run else {
            panic!("no effect")
        };
        let one = intent.objects[0];
        let others = vec![id(0xc), id(0xd)];
        let all = vec![others[0], one, others[1]];
        for (status, code, refused) in [
            (403, "Authorization_RequestDenied", true),
            (400, "Request_BadRequest", true),
            (424, "", false),
            (500, "UnknownError", false),
            (0, "", false),
        ] {
            let told = move |_: Hit<'_>| match status {
                0 => Told::Broken,
                _ => Told::Json(status, error(code)),
            };
            let attempt = stage.attempt(all.clone(), told).await;
            assert_eq!(attempt.accepted, others, "{status}");
            let told: Vec<_> = attempt.refused.iter().flat_map(|r| &r.objects).collect();
            assert_eq!(told, if refused { vec![&one] } else { vec![] }, "{status}");
        }
    })
}

/// An operation that is said to be elsewhere is not followed: what became of it is read.
fn lies(row: &'static Row) -> Trial {
    trial(
        row,
        "an operation elsewhere is not followed",
        move |stage| async move {
            let places = [
                "https://evil.example/operations/1",
                "https://management.azure.com.evil.example/operations/1",
                "https://management.azure.com@evil.example/operations/1",
                "https://management.azure.com:8443/operations/1",
                "http://management.azure.com/operations/1",
                "https://graph.microsoft.com/operations/1",
                "/operations/1",
                "",
            ];
            for header in ["location", "azure-asyncoperation"] {
                for place in places {
                    let told = move |_: Hit<'_>| {
                        Told::With(202, vec![(header, place.to_owned())], Value::Null)
                    };
                    let ran = stage.run(told).await;
                    is(&ran, "accepted; still shown", 1);
                    let elsewhere = ran.asked.iter().any(|one| one.path == "/operations/1");
                    assert!(!elsewhere, "{}", ran.told());
                }
            }
        },
    )
}

fn is(ran: &Ran, words: &str, times: usize) {
    assert_eq!(ran.made, Fact::Known(words.to_owned()), "{}", ran.told());
    assert_eq!(ran.hits.len(), times, "sent so often: {}", ran.told());
}
