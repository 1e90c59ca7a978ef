//! Pauses that concern a part of what is asked: a slow lane of Graph, Azure Resource Manager, Partner Center.

use super::*;
use jiff::Timestamp;
use tenant_closure::microsoft::Gates;

/// The tenant with gates that can be looked at, and four seconds for an effect.
async fn watched(
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, LiveTenant, Arc<Gates>) {
    watched_for(Duration::from_secs(4), script).await
}

/// Likewise with so long for an effect.
async fn watched_for(
    effect: Duration,
    script: impl Fn(&Seen, usize) -> Told + Send + Sync + 'static,
) -> (Arc<Fake>, LiveTenant, Arc<Gates>) {
    let (fake, mut settings) = start_raw(script).await;
    settings.limits.effect = effect;
    settings.billing = vec![Billing {
        kind: BillingKind::AzureSubscription,
        credentials: None,
    }];
    let gates = Arc::clone(&settings.gates);
    (fake, LiveTenant::new(settings), gates)
}

/// Less than any pause here: an effect that may last so long waits neither for its end nor for one of them.
const LONG: Duration = Duration::from_secs(40);

/// Three applications by id; personal accounts may use the second one.
fn shown() -> Value {
    let audiences = [
        "AzureADMyOrg",
        "AzureADandPersonalMicrosoftAccount",
        "AzureADMultipleOrgs",
    ];
    let all = audiences.iter().enumerate().map(|(n, audience)| {
        json!({"@odata.type": "#microsoft.graph.application", "id": id(n), "signInAudience": audience})
    });
    json!({"value": all.collect::<Vec<_>>()})
}

#[tokio::test]
async fn one_429_to_what_personal_accounts_may_use_holds_nothing_else_up() {
    let slow = format!("/applications/{}", id(1));
    let (fake, tenant, gates) = watched_for(LONG, move |seen, _| match seen.path.as_str() {
        "/v1.0/directoryObjects/getByIds" => Told::Json(200, shown()),
        "/v1.0/$batch" => {
            let answers = seen.items().into_iter().map(|(place, url)| {
                if url == slow {
                    json!({"id": place, "status": 429, "headers": {"Retry-After": "60"},
                        "body": {"error": {"code": "TooManyRequests"}}})
                } else {
                    json!({"id": place, "status": 204})
                }
            });
            Told::Json(200, json!({"responses": answers.collect::<Vec<_>>()}))
        }
        _ => usual(seen),
    })
    .await;
    let about = intent(Action::RemoveApplications, ids(0..3));
    let begun = Instant::now();
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!(attempt.accepted, [id(0), id(2)]);
    assert_eq!(attempt.throttled, 1);
    assert!(attempt.refused.is_empty());
    assert!(
        begun.elapsed() < LONG,
        "nobody waits for a minute, nor for the end of the effect"
    );
    let gate = gates.states()[0];
    assert_eq!(
        gate.closed_for, None,
        "the gate of all other writes is open"
    );
    // Asked again while the lane is closed, the slow one is not sent.
    let sent = |fake: &Fake| {
        let all = deletes(fake).into_iter();
        let all = all.filter(|one| one.0.starts_with("/applications/"));
        all.map(|one| one.1).sum::<usize>()
    };
    let before = sent(&fake);
    tenant.perform(&about, &Held::new()).await;
    let again = deletes(&fake);
    assert_eq!(sent(&fake), before + 2);
    let slow = again
        .iter()
        .find(|one| one.0.ends_with(&id(1).to_string()))
        .unwrap();
    assert_eq!(slow.1, 1);
}

/// Azure's pause after a change that it did not take holds the next one back, for everybody who uses the same application.
#[tokio::test]
async fn azure_is_asked_no_sooner_than_it_says() {
    let subscription = format!("/subscriptions/{}", id(7));
    let (fake, tenant, _) = watched(|seen, before| match seen.path.as_str() {
        path if path.ends_with("/Microsoft.Subscription/cancel") && before == 0 => {
            let pause = vec![("retry-after", "2".to_owned())];
            Told::With(429, pause, json!({"error": {"code": "TooManyRequests"}}))
        }
        path if path.ends_with("/Microsoft.Subscription/cancel") => {
            Told::Json(200, json!({"subscriptionId": id(7)}))
        }
        _ => usual(seen),
    })
    .await;
    let about = Intent {
        resource: Some(subscription),
        ..intent(Action::CancelSubscription, vec![id(7)])
    };
    let begun = Instant::now();
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!((attempt.accepted.len(), attempt.throttled), (0, 1));
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!(attempt.accepted, [id(7)]);
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(fake.seen().len(), 2);
}

/// Too busy, as a whole or for one item of a `$batch`, is no throttling: what follows waits for the pause that is named, and no more.
#[tokio::test]
async fn a_service_that_is_too_busy_is_left_alone_for_as_long_as_it_says() {
    for (status, inside) in [(503, false), (504, false), (503, true), (504, true)] {
        let (fake, tenant, gates) = watched(move |seen, before| {
            let error = json!({"error": {"code": "serviceNotAvailable"}});
            if seen.path != "/v1.0/$batch" {
                return usual(seen);
            }
            if before == 0 && !inside {
                return Told::With(status, vec![("retry-after", "2".into())], error);
            }
            let answers = seen.items().into_iter().map(|(place, _)| {
                if before == 0 && place == "3" {
                    json!({"id": place, "status": status, "headers": {"Retry-After": "2"}, "body": error})
                } else {
                    json!({"id": place, "status": 204})
                }
            });
            Told::Json(200, json!({"responses": answers.collect::<Vec<_>>()}))
        })
        .await;
        let users = intent(Action::DeleteUsers, ids(0..20));
        let begun = Instant::now();
        let attempt = tenant.perform(&users, &Held::new()).await;
        let accepted = if inside { 19 } else { 0 };
        assert_eq!((attempt.accepted.len(), attempt.throttled), (accepted, 0));
        let gate = gates.states()[0];
        assert!(gate.closed_for.is_some(), "{status} {inside}");
        assert!(
            gate.tokens_left > 2_000.0,
            "the quota is as it was: {gate:?}"
        );
        let attempt = tenant.perform(&users, &Held::new()).await;
        assert_eq!(attempt.accepted.len(), 20);
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_secs(2) && took < Duration::from_secs(4),
            "{took:?}"
        );
        let batches = fake.seen();
        let batches = batches.iter().filter(|seen| seen.path == "/v1.0/$batch");
        assert_eq!(batches.count(), 2, "{status} {inside}");
    }
}

/// Hours, not minutes: it is kept in full, and told with its date. Nothing that needs the closed gate is begun meanwhile.
#[tokio::test]
async fn a_pause_of_hours_is_kept_in_full_and_told() {
    const HOURS: i64 = 5 * 3_600;
    let subscription = format!("/subscriptions/{}", id(7));
    let pause = || vec![("retry-after", HOURS.to_string())];
    let error = json!({"error": {"code": "TooManyRequests"}});
    let (fake, tenant, _) = watched(move |seen, _| match seen.path.as_str() {
        "/v1.0/organization" | "/v1.0/$batch" => Told::With(429, pause(), error.clone()),
        path if path.ends_with("/Microsoft.Subscription/cancel") => {
            Told::With(429, pause(), error.clone())
        }
        _ => usual(seen),
    })
    .await;
    let in_hours = |until: Option<Timestamp>| {
        let late = until.unwrap().as_second() - Timestamp::now().as_second();
        (HOURS - 5..=HOURS + 61).contains(&late)
    };
    let cancel = Intent {
        resource: Some(subscription),
        ..intent(Action::CancelSubscription, vec![id(7)])
    };
    let users = intent(Action::DeleteUsers, ids(0..3));
    assert_eq!(
        (tenant.paused(&cancel), tenant.paused(&users)),
        (None, None)
    );
    tenant.perform(&cancel, &Held::new()).await;
    assert!(in_hours(tenant.paused(&cancel)));
    assert_eq!(tenant.paused(&users), None, "Graph asked for nothing");
    tenant.perform(&users, &Held::new()).await;
    assert!(in_hours(tenant.paused(&users)));
    let verify = intent(Action::VerifyUsers, Vec::new());
    assert_eq!(tenant.paused(&verify), None, "reading goes on");
    for _ in 0..2 {
        let seen = ask(&tenant, Question::Organization).await.organization;
        let Fact::Unreadable(Why::Paused(until)) = seen else {
            panic!("{seen:?}");
        };
        assert!(in_hours(Some(until)));
    }
    assert!(in_hours(tenant.paused(&verify)));
    let batches = fake.seen();
    let batches = batches.iter().filter(|seen| seen.path == "/v1.0/$batch");
    assert_eq!(batches.count(), 2, "the deletion, and one reading");
}

#[tokio::test]
async fn a_pause_that_is_longer_than_an_effect_is_not_sat_out() {
    let subscription = format!("/subscriptions/{}", id(7));
    let (fake, tenant, _) = watched_for(LONG, |seen, _| match seen.path.as_str() {
        path if path.ends_with("/Microsoft.Subscription/cancel") => {
            let pause = vec![("retry-after", "120".to_owned())];
            Told::With(429, pause, json!({"error": {"code": "TooManyRequests"}}))
        }
        _ => usual(seen),
    })
    .await;
    let about = Intent {
        resource: Some(subscription),
        ..intent(Action::CancelSubscription, vec![id(7)])
    };
    tenant.perform(&about, &Held::new()).await;
    let begun = Instant::now();
    let attempt = tenant.perform(&about, &Held::new()).await;
    assert_eq!(attempt, Attempt::default(), "nothing was sent");
    assert!(begun.elapsed() < LONG, "nor is the effect's own time");
    assert_eq!(fake.seen().len(), 1);
}

/// With few requests left the next one rests, so that others of the tenant find some.
#[tokio::test]
async fn few_requests_left_in_azure_are_a_rest() {
    let resource = format!("/subscriptions/{}", id(7));
    for (left, rests) in [("11999", false), ("3", true)] {
        let (_, tenant, _) = watched(move |seen, _| match seen.path.as_str() {
            path if path.ends_with("/Microsoft.Subscription/cancel") => {
                let headers = vec![(
                    "x-ms-ratelimit-remaining-subscription-writes",
                    left.to_owned(),
                )];
                Told::With(200, headers, json!({"subscriptionId": id(7)}))
            }
            _ => usual(seen),
        })
        .await;
        let about = Intent {
            resource: Some(resource.clone()),
            ..intent(Action::CancelSubscription, vec![id(7)])
        };
        tenant.perform(&about, &Held::new()).await;
        // Whoever rests does each time; a slow machine takes its time now and then.
        let mut soonest = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            tenant.perform(&about, &Held::new()).await;
            soonest = soonest.min(begun.elapsed());
        }
        let rest = Duration::from_millis(900);
        assert_eq!(soonest >= rest, rests, "{left}: {soonest:?}");
    }
}
