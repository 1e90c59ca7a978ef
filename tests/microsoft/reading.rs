//! Questions: what counts as an answer, and what never does.

use super::*;

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/organization" if seen.bearer() == token(TENANT, 2) => {
            Told::Json(200, organization())
        }
        "/v1.0/organization" => Told::Json(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        ),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    let said = seen.organization.known().unwrap();
    assert_eq!(said.id, TENANT);
    assert_eq!(said.initial_domain, "contoso.onmicrosoft.com");
    assert!(said.sync_enabled && !said.partner);
    assert_eq!((fake.tokens(), fake.seen().len()), (2, 2));
    let first = &fake.seen()[0];
    assert_eq!(first.host, GRAPH);
    assert_eq!(first.headers["x-ms-throttle-priority"], "low");
    assert!(first.headers.contains_key("client-request-id"));
}

#[tokio::test]
async fn a_token_that_stays_refused_speaks_of_the_credential() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/organization" => Told::Html(401),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    let why = Why::CredentialRefused(Refused::Otherwise);
    assert_eq!(seen.organization, Fact::Unreadable(why));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_token_for_another_tenant_is_never_used() {
    let (fake, tenant) = start(|seen, _| {
        let foreign = token(id(1), 1);
        if seen.path.ends_with("/token") {
            return Told::Json(200, json!({"expires_in": 3599, "access_token": foreign}));
        }
        Told::Json(200, organization())
    })
    .await;
    let seen = ask(&tenant, Question::Organization).await;
    let why = Why::CredentialRefused(Refused::OtherTenant);
    assert_eq!(seen.organization, Fact::Unreadable(why));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_pause_that_the_token_endpoint_asks_for_is_kept() {
    for pause in [Some("60"), None] {
        let (fake, settings) = start_raw(move |seen, _| {
            if seen.path.ends_with("/token") {
                let pause = pause.map(|pause| ("retry-after", pause.to_owned()));
                return Told::With(429, pause.into_iter().collect(), Value::Null);
            }
            usual(seen)
        })
        .await;
        // As the next cycles of the same process: they share what is kept.
        for _ in 0..3 {
            let tenant = LiveTenant::new(same(&settings));
            let seen = ask(&tenant, Question::Organization).await;
            assert_eq!(seen.organization, Fact::Unreadable(Why::Unavailable));
        }
        assert_eq!(fake.tokens() == 1, pause.is_some(), "{}", fake.tokens());
    }
}

/// A sign-in service that gives no answer takes no token away that still counts; it is left alone for a while, and once the
/// token has ended nothing is sent any more.
#[tokio::test]
async fn a_token_that_cannot_be_renewed_serves_until_it_ends() {
    // A slow machine needs one that lives longer.
    for life in [5, 20] {
        if token_serves_until_it_ends(life).await {
            return;
        }
    }
    assert!(token_serves_until_it_ends(90).await, "too slow");
}

/// The same with a token of so many seconds; false where its end came before the questions had been asked.
async fn token_serves_until_it_ends(life: u64) -> bool {
    let (fake, tenant) = start(move |seen, before| match seen.path.as_str() {
        path if path.ends_with("/token") && before == 0 => {
            // Renewed a fifth before its end.
            let body = json!({"token_type": "Bearer", "expires_in": life, "access_token": token(TENANT, 1)});
            Told::Json(200, body)
        }
        path if path.ends_with("/token") => Told::Html(503),
        "/v1.0/organization" => Told::Json(200, organization()),
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    let readable = async || {
        ask(&tenant, Question::Organization)
            .await
            .organization
            .known()
            .is_some()
    };
    assert!(readable().await);
    // It was issued since, and has all of its life before it.
    let issued = Instant::now();
    let life = Duration::from_secs(life);
    tokio::time::sleep_until((issued + life * 43 / 50).into()).await;
    for _ in 0..3 {
        let counts = readable().await;
        if begun.elapsed() >= life {
            return false;
        }
        assert!(counts, "the token counts");
    }
    assert_eq!(fake.tokens(), 2, "asked once more, not each time");
    tokio::time::sleep_until((issued + life + Duration::from_millis(200)).into()).await;
    let sent = fake.seen().len();
    assert!(!readable().await);
    assert_eq!(fake.seen().len(), sent, "the token has ended");
    true
}

/// A refusal is another thing: the credential no longer counts, and with it what was got by it.
#[tokio::test]
async fn a_token_is_given_up_where_the_credential_is_refused() {
    let (_, tenant) = start(|seen, before| match seen.path.as_str() {
        path if path.ends_with("/token") && before == 0 => {
            let body =
                json!({"token_type": "Bearer", "expires_in": 5, "access_token": token(TENANT, 1)});
            Told::Json(200, body)
        }
        path if path.ends_with("/token") => Told::Json(
            401,
            json!({"error": "invalid_client", "error_codes": [7_000_215]}),
        ),
        "/v1.0/organization" => Told::Json(200, organization()),
        _ => usual(seen),
    })
    .await;
    let begun = Instant::now();
    assert!(
        ask(&tenant, Question::Organization)
            .await
            .organization
            .known()
            .is_some()
    );
    tokio::time::sleep_until((begun + Duration::from_millis(4_100)).into()).await;
    let why = Why::CredentialRefused(Refused::SecretWrong);
    let seen = ask(&tenant, Question::Organization).await.organization;
    assert_eq!(seen, Fact::Unreadable(why));
}

#[tokio::test]
async fn the_next_cycle_finds_the_token_of_the_last() {
    let (fake, settings) = start_raw(|seen, _| match seen.path.as_str() {
        "/v1.0/organization" => Told::Json(200, organization()),
        _ => usual(seen),
    })
    .await;
    for settings in [same(&settings), settings] {
        let tenant = LiveTenant::new(settings);
        let seen = ask(&tenant, Question::Organization).await;
        assert!(seen.organization.known().is_some());
    }
    assert_eq!((fake.tokens(), fake.seen().len()), (1, 2));
}

#[tokio::test]
async fn html_endless_bodies_and_failures_are_no_facts() {
    for (told, why, requests) in [
        (0, Why::Malformed, 1),
        (1, Why::Unavailable, 4),
        (2, Why::Unavailable, 4),
        (3, Why::Forbidden, 1),
    ] {
        let (fake, tenant) = start(move |seen, _| {
            if seen.path.ends_with("/token") {
                return usual(seen);
            }
            match told {
                0 => Told::Html(200),
                1 => Told::Endless,
                2 => Told::Html(503),
                _ => Told::Json(
                    403,
                    json!({"error": {"code": "Authorization_RequestDenied"}}),
                ),
            }
        })
        .await;
        let seen = ask(&tenant, Question::Organization).await;
        assert_eq!(seen.organization, Fact::Unreadable(why));
        assert_eq!(fake.seen().len(), requests);
    }
}

#[tokio::test]
async fn a_lying_next_link_gets_no_token() {
    for link in [
        "https://evil.example/v1.0/users?$skiptoken=x",
        "https://graph.microsoft.com.evil.example/users",
        "https://graph.microsoft.com/v1.0/users?%24select=id&%24top=999",
    ] {
        let (fake, tenant) = start(move |seen, _| match seen.path.as_str() {
            "/v1.0/users" => Told::Json(
                200,
                json!({"value": [{"id": id(1)}], "@odata.nextLink": link}),
            ),
            _ => usual(seen),
        })
        .await;
        let verify = intent(Action::VerifyUsers, vec![]);
        let outcome = look_back(&tenant, &verify, None, Some(&plan(vec![], id(1)))).await;
        assert!(!outcome.complete, "{link}");
        assert!(fake.seen().len() <= 2 && fake.seen().iter().all(|s| s.host == GRAPH));
    }
}

#[tokio::test]
async fn a_listing_counts_only_with_the_one_who_stays() {
    let (_, tenant) = start(
        |seen, _| match (seen.path.as_str(), seen.query.contains("skip")) {
            ("/v1.0/users", false) => Told::Json(
                200,
                json!({"value": [{"id": id(1)}, {"id": id(7)}, {"id": id(8)}],
                "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=2"}),
            ),
            ("/v1.0/users", true) => Told::Json(200, json!({"value": [{"id": id(99)}]})),
            _ => usual(seen),
        },
    )
    .await;
    let verify = intent(Action::VerifyUsers, vec![]);
    let good = look_back(&tenant, &verify, None, Some(&plan(ids(5..9), id(1)))).await;
    assert!(good.complete);
    assert_eq!(good.remaining, [id(7), id(8)]);
    assert_eq!((good.remaining_count, good.strangers, good.gone), (2, 1, 0));
    let blind = look_back(&tenant, &verify, None, Some(&plan(ids(5..9), id(2)))).await;
    assert!(!blind.complete);
}

#[tokio::test]
async fn administrators_are_seen_with_how_they_hold_the_role() {
    let (fake, tenant) = start(|seen, _| match seen.path.as_str() {
        "/v1.0/roleManagement/directory/roleAssignments" => Told::Json(
            200,
            json!({"value": [{"principalId": id(1), "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "directoryScopeId": "/"}]}),
        ),
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" => {
            Told::Json(501, json!({"error": {"code": "NotImplemented"}}))
        }
        "/v1.0/users/closer@contoso.onmicrosoft.com" => Told::Json(
            200,
            json!({"id": id(1), "userPrincipalName": "closer@contoso.onmicrosoft.com", "userType": "Member", "accountEnabled": true, "onPremisesSyncEnabled": null}),
        ),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::Administrators).await;
    let retained = seen.retained.known().unwrap().as_ref().unwrap();
    assert_eq!(retained.global_administrator, Holding::Permanent);
    assert!(retained.enabled && retained.member && !retained.synced);
    assert_eq!(seen.spare, Fact::Known(None));
    assert_eq!(fake.seen().len(), 1); // one batch
    let filters: Vec<_> = fake.read().iter().map(|s| s.query.clone()).collect();
    assert!(
        filters
            .iter()
            .any(|q| q.contains("roleDefinitionId%20eq%20")),
        "{filters:?}"
    );
}

/// Who holds the role now can be read either way; whether more could be told is a fact of its own.
#[tokio::test]
async fn who_may_take_a_role_up_is_told_or_not() {
    let (eligible, scheduled) = (
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
        "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances",
    );
    let unlicensed = "AadPremiumLicenseRequired";
    for (refused, status, code, told) in [
        (None, 0, "", Fact::Known(())),
        (
            Some(eligible),
            400,
            unlicensed,
            Fact::Unreadable(Why::Unsupported),
        ),
        (
            Some(scheduled),
            404,
            "ResourceNotFound",
            Fact::Unreadable(Why::Unsupported),
        ),
        (
            Some(eligible),
            403,
            "PermissionScopeNotGranted",
            Fact::Unreadable(Why::Forbidden),
        ),
        (
            Some(scheduled),
            400,
            "BadRequest",
            Fact::Unreadable(Why::Malformed),
        ),
    ] {
        let (_fake, tenant) = start(move |seen, _| match seen.path.as_str() {
            path if Some(path) == refused => {
                Told::Json(status, json!({"error": {"code": code, "message": "no"}}))
            }
            path if path == eligible || path == scheduled => {
                Told::Json(200, json!({"value": []}))
            }
            "/v1.0/roleManagement/directory/roleAssignments" => Told::Json(
                200,
                json!({"value": [{"principalId": id(1), "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "directoryScopeId": "/"}]}),
            ),
            _ => usual(seen),
        })
        .await;
        let seen = ask(&tenant, Question::Administrators).await;
        assert_eq!(seen.global_administrators, Fact::Known(vec![id(1)]));
        assert_eq!(seen.role_schedules, told, "{code}");
    }
}

/// Where Microsoft says that changes are to be asked for next.
const LATER: &str = "https://graph.microsoft.com/v1.0/users/delta?%24deltatoken=later";

/// Who came, as far as change tracking tells.
async fn newcomers(tenant: &LiveTenant) -> Fact<Newcomers> {
    let mut seen = Observation::default();
    tenant
        .observe(&scope(), &[Question::Newcomers], &mut seen)
        .await;
    seen.newcomers
}

#[tokio::test]
async fn changes_are_told_from_one_look_to_the_next() {
    let (fake, tenant) = start(|seen, before| match (seen.path.as_str(), before) {
        ("/v1.0/users/delta", _) if seen.query.contains("latest") => {
            Told::Json(200, json!({"value": [], "@odata.deltaLink": LATER}))
        }
        ("/v1.0/users/delta", _) if seen.query.contains("later") => Told::Json(
            200,
            json!({"value": [{"id": id(7)}, {"id": id(8)}, {"id": id(8), "@removed": {"reason": "changed"}}],
                "@odata.deltaLink": LATER}),
        ),
        _ => usual(seen),
    })
    .await;
    let nobody = Newcomers::default();
    assert_eq!(newcomers(&tenant).await, Fact::Known(nobody));
    let came = Newcomers {
        ids: vec![id(7)],
        lost: false,
    };
    assert_eq!(newcomers(&tenant).await, Fact::Known(came.clone()));
    // Between two looks nothing is asked.
    let asked = fake.seen().len();
    let scope = Scope {
        newcomers_every: std::time::Duration::from_secs(60),
        ..scope()
    };
    let mut seen = Observation::default();
    tenant
        .observe(&scope, &[Question::Newcomers], &mut seen)
        .await;
    assert_eq!(seen.newcomers, Fact::Known(came));
    assert_eq!(fake.seen().len(), asked);
}

#[tokio::test]
async fn a_lying_link_to_changes_gets_no_token() {
    for link in [
        "https://evil.example/v1.0/users/delta?$deltatoken=x",
        "https://graph.microsoft.com.evil.example/v1.0/users/delta",
        "http://graph.microsoft.com/v1.0/users/delta",
    ] {
        for name in ["@odata.deltaLink", "@odata.nextLink"] {
            let (fake, tenant) = start(move |seen, _| match seen.path.as_str() {
                "/v1.0/users/delta" => Told::Json(200, json!({"value": [], name: link})),
                _ => usual(seen),
            })
            .await;
            for _ in 0..2 {
                let told = newcomers(&tenant).await;
                assert_eq!(told, Fact::Unreadable(Why::Malformed), "{link}");
            }
            assert!(fake.seen().iter().all(|s| s.host == GRAPH));
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_known_any_more_is_never_nobody() {
    for (status, code) in [
        (410, "syncStateNotFound"),
        (400, "Directory_ResyncRequired"),
    ] {
        let (_, tenant) = start(move |seen, _| match seen.path.as_str() {
            "/v1.0/users/delta" if seen.query.contains("latest") => {
                Told::Json(200, json!({"value": [], "@odata.deltaLink": LATER}))
            }
            "/v1.0/users/delta" => {
                Told::Json(status, json!({"error": {"code": code, "message": "m"}}))
            }
            "/v1.0/users" => Told::Json(200, json!({"value": [{"id": id(1)}]})),
            _ => usual(seen),
        })
        .await;
        newcomers(&tenant).await;
        let lost = |told: Fact<Newcomers>| told.known().map(|told| told.lost);
        // Until a complete listing was made it stays so.
        for _ in 0..3 {
            assert_eq!(lost(newcomers(&tenant).await), Some(true), "{code}");
        }
    }
}
