//! What is asked until there is an answer: politely, and not beyond its time.

use crate::readings::words;
use crate::row::{But, Row};
use crate::server::Told;
use crate::stage::{Hit, Ran, Stage, token_of};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::time::Duration;

/// What is answered while nobody has signed in.
fn told(error: &str) -> Told {
    Told::Json(
        400,
        json!({"error": error, "error_description": "Anna Bakker"}),
    )
}

/// A behaviour, the first answer, and the pause in milliseconds that follows from it.
type Case = (&'static str, fn() -> Told, u64);

/// The first answer is another one.
fn first(other: impl Fn() -> Told + Send + Sync + 'static) -> impl Fn(Hit<'_>) -> Told {
    move |hit| if hit.before == 0 { other() } else { hit.good() }
}

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if !row.is(But::Polled) {
        return Vec::new();
    }
    let mut trials = Vec::new();
    let throttled = || Told::With(429, vec![("retry-after", "3".to_owned())], Value::Null);
    let unavailable = || Told::Json(503, json!({"error": "temporarily_unavailable"}));
    let cases: [Case; 6] = [
        (
            "while nobody has signed in it is asked again",
            || told("authorization_pending"),
            1_000,
        ),
        (
            "asked to slow down, five seconds slower",
            || told("slow_down"),
            6_000,
        ),
        (
            "throttled, it waits as long as it is told",
            throttled,
            3_000,
        ),
        ("a trouble of Microsoft's own passes", unavailable, 1_000),
        (
            "a page of somebody's in between passes",
            || Told::Html(502),
            1_000,
        ),
        (
            "a reply that is lost, and it is asked less often",
            || Told::Broken,
            2_000,
        ),
    ];
    for (behaviour, other, least) in cases {
        trials.push(trial(row, behaviour, move |stage| async move {
            let ran = stage.run(first(other)).await;
            assert_eq!(words(&ran.made), row.makes, "{}", ran.told());
            let apart = ran.hits[1] - ran.hits[0];
            let (least, most) = (
                Duration::from_millis(least),
                Duration::from_millis(least + 900),
            );
            assert!(apart >= least && apart < most, "{apart:?}");
        }));
    }
    trials.push(trial(
        row,
        "nobody signs in within the time of the code",
        move |stage| async move {
            let ran = stage.run(|_| told("authorization_pending")).await;
            let over = "nobody signed in within the time of the code; run it again";
            assert_eq!(words(&ran.made), over, "{}", ran.told());
            assert!((2..10).contains(&ran.hits.len()), "{}", ran.told());
        },
    ));
    trials.push(trial(
        row,
        "a token that is not one of a user of this tenant does not count",
        move |stage| async move { foreign(row, &stage).await },
    ));
    trials
}

async fn foreign(row: &Row, stage: &Stage) {
    let (tenant, user) = (crate::server::TENANT.to_string(), crate::rows::id(0xa1));
    let nobodys = "the sign-in does not say that it is one of a user of this tenant";
    let other = crate::rows::id(0xdead);
    let cases = [
        (json!({"tid": other, "oid": user, "amr": ["mfa"]}), nobodys),
        (json!({"tid": tenant, "amr": ["mfa"]}), nobodys),
        (
            json!({"tid": tenant, "oid": user, "amr": ["mfa"], "idtyp": "app"}),
            nobodys,
        ),
        (
            json!({"tid": tenant, "oid": user, "amr": ["pwd"]}),
            "00000000-0000-0000-0000-0000000000a1 signed in without MFA",
        ),
        (
            json!({"tid": tenant, "oid": user, "amr": ["mfa"]}),
            row.makes,
        ),
    ];
    let runs = cases.map(|(claims, wanted)| async move {
        let body = json!({"access_token": token_of(&claims)});
        let ran: Ran = Stage::new(stage.row)
            .await
            .run(move |_| Told::Json(200, body.clone()))
            .await;
        assert_eq!(words(&ran.made), wanted, "{claims}: {}", ran.told());
    });
    futures::future::join_all(runs).await;
}
