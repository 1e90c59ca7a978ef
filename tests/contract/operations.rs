//! Operations that Azure Resource Manager carries out later: what is said of one on the way is never proof.

use crate::readings::error;
use crate::row::{But, Row};
use crate::server::{Seen, Told};
use crate::stage::{Hit, Ran};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tenant_closure::closure::observation::Fact;

type Bad = fn() -> Told;

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if !row.is(But::Follows) {
        return Vec::new();
    }
    let mut all = vec![
        trial(row, "still running", move |stage| async move {
            let ran = stage
                .twisted(|hit| match hit.before {
                    0 => (
                        Told::With(202, vec![("retry-after", "0".into())], Value::Null),
                        false,
                    ),
                    1 => (Told::Json(200, json!({"status": "InProgress"})), false),
                    _ => (hit.good(), true),
                })
                .await;
            is(&ran, "accepted; done");
            assert_eq!(ran.hits.len(), 3, "{}", ran.told());
        }),
        trial(row, "said to have failed", move |stage| async move {
            for word in ["Failed", "Canceled"] {
                let failed = move |_: Hit<'_>| {
                    let mut body = error("SubscriptionNotCancelable");
                    body["status"] = json!(word);
                    Told::Json(200, body)
                };
                let words = "refused with SubscriptionNotCancelable";
                is(&stage.run(failed).await, &format!("{words}; refused"));
                // What is read stands over what was said.
                let done = stage.twisted(move |hit| (failed(hit), true)).await;
                is(&done, &format!("{words}; done"));
            }
        }),
        trial(
            row,
            "refused where its result is looked for",
            move |stage| async move {
                for status in [400, 409, 422] {
                    let refused =
                        move |_: Hit<'_>| Told::Json(status, error("SubscriptionNotCancelable"));
                    let words = "refused with SubscriptionNotCancelable; refused";
                    is(&stage.run(refused).await, words);
                }
            },
        ),
        trial(
            row,
            "said to have succeeded, but not done",
            move |stage| async move {
                is(&stage.undone().await, "accepted; still shown");
            },
        ),
    ];
    all.extend(on_the_way(row));
    all
}

/// What is answered in place of how it goes on.
fn on_the_way(row: &'static Row) -> Vec<Trial> {
    vec![
        trial(
            row,
            "a pause that Azure asks for is kept, by the look back too",
            move |stage| async move {
                let told = || {
                    let pause = vec![("retry-after", "30".to_owned())];
                    Told::With(429, pause, error("TooManyRequests"))
                };
                let ran = stage.run(move |_| told()).await;
                is(&ran, "accepted; not read: Unavailable");
                let asked = ran.asked.iter().filter(|one| one.path == "/operations/1");
                assert_eq!(asked.count(), 1, "{}", ran.told());
            },
        ),
        trial(
            row,
            "anything else proves nothing",
            move |stage| async move {
                let told: [Bad; 8] = [
                    || Told::Html(200),
                    || Told::Html(404),
                    || Told::Json(200, json!({})),
                    || Told::Json(200, json!({"status": 42})),
                    || Told::Json(200, json!({"status": "Dancing"})),
                    || Told::Json(403, error("AuthorizationFailed")),
                    || Told::Html(503),
                    || Told::Broken,
                ];
                for told in told {
                    is(&stage.run(move |_| told()).await, "accepted; still shown");
                    is(
                        &stage.twisted(move |_| (told(), true)).await,
                        "accepted; done",
                    );
                }
            },
        ),
        trial(
            row,
            "a link from one operation to another that lies",
            move |stage| async move {
                for place in [
                    "https://evil.example/operations/2",
                    "http://management.azure.com/operations/2",
                ] {
                    let ran = stage
                        .run(move |hit| match hit.before {
                            0 => Told::With(202, vec![("location", place.to_owned())], Value::Null),
                            _ => hit.good(),
                        })
                        .await;
                    is(&ran, "accepted; still shown");
                    let elsewhere = ran.asked.iter().any(|one| one.path == "/operations/2");
                    assert!(!elsewhere, "{}", ran.told());
                }
            },
        ),
    ]
}

fn is(ran: &Ran, words: &str) {
    assert_eq!(ran.made, Fact::Known(words.to_owned()), "{}", ran.told());
    let writes = |one: &&Seen| one.method == "DELETE";
    assert_eq!(ran.asked.iter().filter(writes).count(), 1, "{}", ran.told());
}
