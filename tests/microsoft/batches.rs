//! Effects in `$batch`es: every item answered for, none lost, none without the leash.

use super::*;

#[tokio::test]
async fn every_item_of_a_batch_is_sorted_and_settled_by_reading() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            // Reordered; item 3 refused, item 4 failed, item 5 missing, item 6 not found.
            let mut responses: Vec<Value> = Vec::new();
            for (place, _) in seen.items().iter().rev() {
                let status = match place.as_str() {
                    "3" => 403,
                    "4" => 500,
                    "5" => continue,
                    "6" => 404,
                    _ => 204,
                };
                let body =
                    json!({"error": {"code": "Authorization_RequestDenied", "message": "Anna"}});
                responses.push(json!({"id": place, "status": status, "body": body}));
            }
            Told::Json(200, json!({ "responses": responses }))
        }
        "/v1.0/directoryObjects/getByIds" => {
            assert_eq!(seen.body["ids"].as_array().unwrap().len(), 20);
            let still =
                [2, 3, 4, 5].map(|n| json!({"@odata.type": "#microsoft.graph.user", "id": id(n)}));
            Told::Json(200, json!({ "value": still }))
        }
        _ => usual(seen),
    })
    .await;
    let attempt = delete(&tenant, 20).await;
    assert_eq!((attempt.accepted.len(), attempt.requests), (17, 1));
    let about = intent(Action::DeleteUsers, ids(0..20));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert_eq!(outcome.gone, 16);
    assert_eq!(outcome.visible, [id(2)]);
    assert_eq!(outcome.refused[0].code, "Authorization_RequestDenied");
    assert_eq!(
        (outcome.refused[0].status, &outcome.refused[0].objects[..]),
        (403, &[id(3)][..])
    );
    assert_eq!(outcome.unanswered, [id(4), id(5)]);
    assert!(outcome.complete && outcome.requests == 2);
    assert_eq!(fake.seen().len(), 2);
    // What the guards ask before the next slice comes with it, in the one request.
    let guards = fake.read();
    for path in [
        "/v1.0/organization",
        "/v1.0/users/closer@contoso.onmicrosoft.com/authentication/methods",
    ] {
        assert!(guards.iter().any(|read| read.path == path), "{path}");
    }
    let blind = settle(&tenant, &about, None).await;
    assert_eq!(blind.unanswered, ids(2..6));
    assert!(!format!("{attempt:?}{outcome:?}").contains("Anna"));
}

#[tokio::test]
async fn throttled_items_are_sent_again_and_none_is_lost() {
    let first = AtomicUsize::new(0);
    let (fake, tenant) = start(move |seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            let mut body = each(seen, 204);
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                for item in body["responses"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .skip(15)
                {
                    item["status"] = json!(429);
                    item["headers"] = json!({"Retry-After": "0.4"});
                }
            }
            Told::Json(200, body)
        }
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    let attempt = delete(&tenant, 90).await;
    assert_eq!(attempt.accepted.len(), 90);
    assert_eq!(attempt.throttled, 5);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let sent = deletes(&fake);
    assert_eq!(sent.len(), 90);
    assert_eq!(sent.iter().filter(|(_, times)| *times == 2).count(), 5);
}

#[tokio::test]
async fn what_several_batches_bring_back_is_sent_in_one() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        "/v1.0/$batch" => {
            let mut body = each(seen, 204);
            let throttled = if before < 4 { 3 } else { 0 };
            let responses = body["responses"].as_array_mut().unwrap();
            for item in responses.iter_mut().take(throttled) {
                item["status"] = json!(429);
                item["headers"] = json!({"Retry-After": "0.4"});
            }
            Told::Json(200, body)
        }
        _ => usual(seen),
    })
    .await;
    let attempt = delete(&tenant, 80).await;
    assert_eq!((attempt.accepted.len(), attempt.throttled), (80, 12));
    // Four batches were full; what was thrown back by all of them, three of each, is one more.
    assert_eq!(fake.seen().len(), 5);
}

#[tokio::test]
async fn a_429_without_a_pause_is_waited_out() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        "/v1.0/$batch" if before == 0 => {
            Told::Json(429, json!({"error": {"code": "TooManyRequests"}}))
        }
        "/v1.0/$batch" => Told::Json(200, each(seen, 204)),
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    let attempt = delete(&tenant, 20).await;
    assert_eq!((attempt.accepted.len(), attempt.throttled), (20, 20));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_leash_let_go_stops_before_the_next_request() {
    let leash = Arc::new(Held::new());
    let theirs = Arc::clone(&leash);
    let (fake, mut settings) = start_raw(move |seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => {
            theirs.0.store(false, Ordering::Relaxed);
            Told::Json(200, each(seen, 204))
        }
        _ => usual(seen),
    })
    .await;
    settings.limits.batches = 1;
    let tenant = LiveTenant::new(settings);
    let about = intent(Action::DeleteUsers, ids(0..400));
    let attempt = tenant.perform(&about, leash.as_ref()).await;
    assert_eq!((attempt.accepted.len(), attempt.requests), (20, 1));
    assert_eq!(fake.seen().len(), 1);
    let again = tenant.perform(&about, leash.as_ref()).await;
    assert_eq!(again, Attempt::default());
}

#[tokio::test]
async fn a_silent_batch_leaves_its_items_unanswered() {
    let (_, mut settings) = start_raw(|seen, _| match seen.path.as_str() {
        "/v1.0/$batch" => Told::Endless,
        "/v1.0/directoryObjects/getByIds" => Told::Html(503),
        _ => usual(seen),
    })
    .await;
    settings.limits.effect = Duration::from_secs(2);
    let http = Arc::clone(&settings.http);
    let tenant = LiveTenant::new(settings);
    let attempt = delete(&tenant, 20).await;
    assert!(attempt.accepted.is_empty() && attempt.refused.is_empty());
    let about = intent(Action::DeleteUsers, ids(0..20));
    let outcome = settle(&tenant, &about, Some(&attempt)).await;
    assert!(!outcome.complete);
    assert_eq!(outcome.unanswered.len(), 20);
    assert!(http.counters().counts().failed >= 1);
}
