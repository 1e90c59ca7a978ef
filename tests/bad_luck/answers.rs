//! What Microsoft answers in place of what it should, for a while: it is outlived.

use crate::trial::Trial;
use serde_json::{Value, json};
use tenant_closure::closure::intent::Outcome;

crate::rows![
    bad_luck_of_every_kind_is_outlived,
    bad_luck_of_single_items_and_readings_is_outlived
];

/// A tenant that a call deletes, so that nobody has to press anything.
pub(crate) fn tenant(users: u32) -> Value {
    json!({"tenantType": "CIAM", "users": users})
}

pub(crate) fn status(code: u16) -> Value {
    json!({"status": {"code": code}})
}

fn throttled(pause: &str) -> Value {
    json!({"status": {"code": 429, "headers": {"Retry-After": pause}}})
}

/// Requests that delete users, 20 in each.
pub(crate) fn batches() -> Value {
    json!({"pathEnds": "/$batch", "batchOf": "DELETE"})
}

/// Deletions of single users inside of them.
pub(crate) fn deletions() -> Value {
    json!({"method": "DELETE", "pathContains": "/users/", "item": true})
}

/// What the guards ask, and the look back at what was deleted.
pub(crate) fn readings() -> Value {
    json!({"pathEnds": "/$batch", "batchOf": "GET"})
}

/// The listing of users.
pub(crate) fn listing() -> Value {
    json!({"method": "GET", "pathEnds": "/v1.0/users"})
}

/// Lets it through.
fn nothing() -> Value {
    json!({"delay": 0})
}

/// Users of a slice that are gone, shown though accepted, refused, without an answer.
fn counts(seen: &Outcome) -> [usize; 4] {
    let refused = seen.refused.iter().map(|refusal| refusal.objects.len());
    [
        seen.gone as usize,
        seen.visible.len(),
        refused.sum(),
        seen.unanswered.len(),
    ]
}

/// Each slice of one closure meets another kind of bad luck. What is said of it is what was read afterwards, whatever was
/// answered; what was lost is repeated, and the closure ends as if nothing had been.
async fn bad_luck_of_every_kind_is_outlived() {
    const GONE: [usize; 4] = [20, 0, 0, 0];
    const LOST: [usize; 4] = [0, 0, 0, 20];
    let table = [
        ("a page in place of JSON", vec![json!("html")], LOST),
        ("half an answer", vec![json!("truncate")], GONE),
        ("an answer without end", vec![json!("endless")], LOST),
        ("items missing", vec![json!("omitBatchItems")], GONE),
        ("items in another order", vec![json!("reorder")], GONE),
        ("500", vec![status(500)], LOST),
        (
            "500 after the effect",
            vec![json!({"status": {"code": 500, "apply": true}})],
            GONE,
        ),
        ("503", vec![status(503)], LOST),
        ("409", vec![status(409)], LOST),
        (
            "no connection before the effect",
            vec![json!("dropBefore")],
            LOST,
        ),
        (
            "no connection after the effect",
            vec![json!("dropAfter")],
            GONE,
        ),
        // The token is got anew once, and the same effect goes on.
        ("401", vec![status(401), nothing()], GONE),
        ("429 without a pause", vec![status(429), nothing()], GONE),
        (
            "429 with a fraction",
            vec![throttled("0.128"), nothing()],
            GONE,
        ),
        ("404", vec![status(404)], LOST),
        ("403", vec![status(403)], [0, 0, 20, 0]),
        (
            "an answer that comes too late",
            vec![json!({"delay": 6000})],
            LOST,
        ),
    ];
    let users = u32::try_from(table.len() * 20 + 1).unwrap();
    let trial = Trial::new("bad-luck", tenant(users)).await;
    let portal = &trial.case.portal;
    for deed in table.iter().flat_map(|(_, deeds, _)| deeds) {
        portal
            .fault(batches(), deed.clone(), Some(1))
            .await
            .unwrap();
    }
    trial.apply().await;
    let audit = trial.assert_closes().await;
    // On a busy machine the time of an effect can be over before it sends anything: such a slice met no bad luck.
    let met = audit.slices.iter().filter(|seen| seen.numbered > 0);
    for ((name, _, wanted), seen) in table.iter().zip(met) {
        assert_eq!(counts(seen), *wanted, "{name}: {seen:?}");
    }
    let deeds: usize = table.iter().map(|(_, deeds, _)| deeds.len()).sum();
    assert_eq!(trial.struck().await, deeds as u64);
}

/// The same for single deletions inside the batches, and for what is read.
async fn bad_luck_of_single_items_and_readings_is_outlived() {
    let trial = Trial::new("bad-items", tenant(60)).await;
    let portal = &trial.case.portal;
    let every = |n: u32| {
        let mut matching = deletions();
        matching["every"] = json!(n);
        matching
    };
    let fault = async |matching: Value, deed: Value, times: u64| {
        portal.fault(matching, deed, Some(times)).await.unwrap();
    };
    for deed in [
        status(404),
        status(409),
        status(429),
        throttled("0.4"),
        status(500),
        status(503),
        status(504),
        status(403),
        json!({"status": {"code": 500, "apply": true}}),
    ] {
        fault(every(3), deed, 2).await;
    }
    for matching in [readings(), listing()] {
        for deed in [
            json!("html"),
            json!("truncate"),
            json!("endless"),
            json!("dropBefore"),
            status(401),
            status(429),
            throttled("0.25"),
            status(500),
            status(503),
        ] {
            let mut matching = matching.clone();
            matching["every"] = json!(2);
            fault(matching, deed, 1).await;
        }
    }
    trial.apply().await;
    trial.assert_closes().await;
    assert!(trial.struck().await >= 30);
}
