//! Listings in pages, and links that lie: the token goes nowhere else, and half a listing is none.

use crate::readings::{error, words};
use crate::row::But;
use crate::row::Row;
use crate::server::Told;
use crate::stage::{Hit, PAGE};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tenant_closure::closure::observation::{Fact, Why};
use tenant_closure::microsoft::Service;

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if row.writes() || row.service == Service::Login || row.is(But::Whole) {
        return Vec::new();
    }
    if !row.is(But::Paged) {
        return vec![unpaged(row)];
    }
    vec![
        trial(row, "two pages are one listing", move |stage| async move {
            let ran = stage
                .run(|hit| two_pages(hit, |rest| Told::Json(200, rest)))
                .await;
            assert_eq!(
                ran.made,
                Fact::Known(row.makes.to_owned()),
                "{}",
                ran.told()
            );
            assert_eq!(ran.hits.len(), 2, "{}", ran.told());
            let followed = ran
                .asked
                .iter()
                .find(|one| one.query.contains(PAGE))
                .unwrap();
            let seen = followed;
            assert_eq!(
                format!("https://{}{}?{}", seen.host, seen.path, seen.query),
                here(row)
            );
            assert!(seen.headers.contains_key("authorization"));
        }),
        trial(
            row,
            "a page that is empty but has a link is not the end",
            move |stage| async move {
                let ran = stage
                    .run(|mut hit| {
                        if !hit.is_page() {
                            hit.good.body["value"] = json!([]);
                            hit.good.body[link_of(hit.seen.service())] = json!(link(&hit));
                        }
                        hit.good()
                    })
                    .await;
                assert_eq!(
                    ran.made,
                    Fact::Known(row.makes.to_owned()),
                    "{}",
                    ran.told()
                );
            },
        ),
        trial(
            row,
            "a page that fails, and nothing of the listing counts",
            move |stage| async move {
                for (status, body, why) in [
                    (403, error("Authorization_RequestDenied"), Why::Forbidden),
                    (200, json!("x"), Why::Malformed),
                    (400, error("Directory_ExpiredPageToken"), Why::Unavailable),
                ] {
                    let ran = stage
                        .run(move |hit| two_pages(hit, |_| Told::Json(status, body.clone())))
                        .await;
                    let own = row
                        .errors
                        .iter()
                        .find(|(of, _, _)| *of == status && status == 403);
                    let wanted =
                        own.map_or_else(|| format!("{why:?}"), |(_, _, makes)| (*makes).to_owned());
                    assert_eq!(words(&ran.made), wanted, "{status}: {}", ran.told());
                }
            },
        ),
        trial(row, "a link that lies", move |stage| async move {
            for lie in lies(row) {
                let told = lie.clone();
                let ran = stage
                    .run(move |mut hit| {
                        hit.good.body[link_of(hit.seen.service())] = told.clone();
                        hit.good()
                    })
                    .await;
                assert_eq!(
                    ran.made,
                    Fact::Unreadable(Why::Malformed),
                    "{lie}: {}",
                    ran.told()
                );
                let twice = if lie == json!(here(row)) { 2 } else { 1 };
                assert_eq!(ran.hits.len(), twice, "{lie}: {}", ran.told());
            }
        }),
    ]
}

/// A link where none is documented leads nowhere.
fn unpaged(row: &'static Row) -> Trial {
    trial(
        row,
        "a link where there are no pages",
        move |stage| async move {
            let ran = stage
                .run(|mut hit| {
                    let link = json!(link(&hit));
                    // A bare list has no place for one.
                    if hit.good.body.is_object() {
                        for name in ["@odata.nextLink", "nextLink"] {
                            hit.good.body[name] = link.clone();
                        }
                    }
                    hit.good()
                })
                .await;
            let followed = ran.asked.iter().any(|one| one.query.contains(PAGE));
            assert!(!followed, "{}", ran.told());
            let made = words(&ran.made);
            assert!(
                [row.makes, "Malformed"].contains(&made.as_str()),
                "{}",
                ran.told()
            );
        },
    )
}

const fn link_of(service: Service) -> &'static str {
    match service {
        Service::Arm => "nextLink",
        _ => "@odata.nextLink",
    }
}

/// The next page's address.
fn link(hit: &Hit<'_>) -> String {
    format!("https://{}{}?{PAGE}", hit.seen.host, hit.seen.path)
}

/// Likewise, of a row.
fn here(row: &Row) -> String {
    let host = match row.service {
        Service::Arm => "management.azure.com",
        _ => "graph.microsoft.com",
    };
    let place = row.line().split_once(' ').unwrap().1;
    let path = place.split('?').next().unwrap();
    let path = path.split_once(host).map_or(path, |(_, path)| path);
    format!("https://{host}{path}?{PAGE}")
}

/// The good reply in two pages; what the second one is told as.
fn two_pages(mut hit: Hit<'_>, second: impl Fn(Value) -> Told) -> Told {
    let all = hit.good.body["value"].as_array().unwrap().clone();
    assert!(all.len() > 1, "a listing of one has no two pages");
    if hit.is_page() {
        return second(json!({"value": all[1..]}));
    }
    hit.good.body["value"] = json!(all[..1]);
    hit.good.body[link_of(hit.seen.service())] = json!(link(&hit));
    hit.good()
}

/// What leads elsewhere, nowhere, or back.
fn lies(row: &Row) -> Vec<Value> {
    let honest = here(row);
    let (host, other) = match row.service {
        Service::Arm => ("management.azure.com", "graph.microsoft.com"),
        _ => ("graph.microsoft.com", "management.azure.com"),
    };
    let of = |another: &str| json!(honest.replacen(&format!("https://{host}"), another, 1));
    vec![
        of("https://evil.example"),
        of(&format!("https://{host}.evil.example")),
        of(&format!("https://{host}@evil.example")),
        of(&format!("https://anna@{host}")),
        of(&format!("https://{host}:8443")),
        of(&format!("http://{host}")),
        of(&format!("//{host}")),
        of(""),
        of(&format!("https://{other}")),
        json!("javascript:alert(1)"),
        json!(42),
        json!({"uri": honest}),
        // Back to itself, for ever.
        json!(honest),
    ]
}
