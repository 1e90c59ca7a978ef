//! Each switch of a scenario's behaviour is turned to another value here, and what it says is seen in an answer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::exchange::{Content, Reply, Service};
use super::scenario::Behaviour;
use super::testing;
use super::world::World;

const V: &str = "api-version=2024-04-01";
const HOUR: f64 = 3600.0;

/// A world in which everything is there that a switch is about.
fn world(behaviour: &Value) -> World {
    let id = Uuid::from_u128(0x11);
    World::test(&format!(
        "{{tenants: [{{id: {id}, users: 60, guestsPercent: 0, firstPartyServicePrincipals: 1, conditionalAccessPolicies: 1,
           closer: {{directoryRoles: [Global Administrator], appRoles: [Organization.Read.All, User.ReadWrite.All, User.Read.All,
             Application.ReadWrite.All, Policy.Read.All, Policy.ReadWrite.ConditionalAccess]}},
           reader: {{appRoles: [User.Read.All]}},
           subscriptions: [{{kind: Direct}}, {{kind: CustomerAgreement, cancellable: false}}, {{kind: Azure}},
             {{kind: Partner, partnerTenantId: {id}}}, {{kind: Direct, status: Deleted}}, {{kind: CustomerAgreement}}]}},
           {{users: 1, tenantType: CIAM, directoryResource: {{ownerTenantId: {id}}}}}], behaviour: {behaviour}}}"
    ))
}

fn graph(world: &mut World, method: &str, target: &str, body: &Value) -> Reply {
    let token = testing::token(world, 0, false);
    testing::send(world, &token, method, target, body)
}

fn user(world: &World, position: u32) -> String {
    let id = world.tenants[0].user_id(position).unwrap();
    format!("/v1.0/users/{id}")
}

fn delete(world: &mut World, position: u32) -> Reply {
    let target = user(world, position);
    graph(world, "DELETE", &target, &Value::Null)
}

/// How many users each of some readings shows.
fn shown(world: &mut World) -> Vec<usize> {
    let read = |world: &mut World| {
        let reply = graph(
            world,
            "GET",
            "/v1.0/users?$select=id&$top=999",
            &Value::Null,
        );
        reply.value()["value"].as_array().unwrap().len()
    };
    (0..12).map(|_| read(world)).collect()
}

/// What the readings show so long after ten users were deleted.
fn after_deletions(world: &mut World, milliseconds: i64) -> Vec<usize> {
    for position in 0..10 {
        assert_eq!(delete(world, position).status, 204);
    }
    world.clock.pass(milliseconds);
    shown(world)
}

/// Writes until one is refused: how many there were, and the refusal; three hundred at most.
fn hurry(world: &mut World) -> (usize, Reply) {
    let token = testing::token(world, 0, false);
    let write = |world: &mut World| {
        testing::send(world, &token, "DELETE", "/v1.0/users/nobody", &Value::Null)
    };
    let mut last = write(world);
    let mut count = 1;
    while last.status != 429 && count < 300 {
        last = write(world);
        count += 1;
    }
    (count, last)
}

fn header(reply: &Reply, name: &str) -> bool {
    let mut all = reply.headers.iter();
    all.any(|(known, _)| known.eq_ignore_ascii_case(name))
}

fn press(world: &mut World, body: &Value) {
    let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
    let reply = testing::control(world, "POST", &path, body);
    assert!(reply.status < 300, "{reply:?}");
}

/// Cancels what stands at a place, and asks a while later.
fn canceled(world: &mut World, at: usize) -> Uuid {
    let now = world.clock.virtual_now();
    let one = &mut world.tenants[0].subscriptions[at];
    assert!(one.cancel(now));
    let id = one.id;
    world.clock.advance(3.0 * HOUR);
    id
}

fn arm(world: &mut World, method: &str, path: &str) -> Reply {
    let token = testing::token_for(world, 0, false, "https://management.azure.com/.default");
    testing::arm(world, &token, method, path, &Value::Null)
}

/// ARM's address of what was bought under a Customer Agreement.
fn agreed(world: &World, at: usize) -> String {
    let tenant = &world.tenants[0];
    let (account, id) = (
        &tenant.billing_account,
        tenant.subscriptions[at].commerce_id,
    );
    format!("/providers/Microsoft.Billing/billingAccounts/{account}/billingSubscriptions/{id}?{V}")
}

fn page(world: &mut World) -> String {
    let path = format!("/tenants/{}/subscriptions", world.tenants[0].id);
    let reply = testing::raw(world, Service::Console, "GET", &path, None, b"");
    match reply.content {
        Content::Text(text, _) => text,
        other => panic!("no page: {other:?}"),
    }
}

/// A new user, and whether he is found at once.
fn found_at_once(world: &mut World) -> Reply {
    let body = json!({ "accountEnabled": true, "displayName": "New", "mailNickname": "new",
        "userPrincipalName": "new@contoso.onmicrosoft.com", "passwordProfile": { "password": "not a real one" } });
    let made = graph(world, "POST", "/v1.0/users", &body);
    let id = made.value()["id"].as_str().unwrap().to_owned();
    graph(world, "GET", &format!("/v1.0/users/{id}"), &Value::Null)
}

fn granted(world: &mut World) -> usize {
    let id = world.tenants[0].clients[0].app_id;
    let what = json!({ "action": "changeApplication", "id": id, "permission": "Domain.Read.All" });
    press(world, &what);
    let token = testing::token(world, 0, false);
    let claims = super::token::payload(&token).unwrap();
    claims["roles"].as_array().unwrap().len()
}

/// The directory for customers, empty but for its administrator, two hours after its deletion was asked for.
fn deleted_directory(world: &mut World) -> bool {
    for one in &mut world.tenants[1].applications {
        one.deleted_at = 1;
    }
    let target = world.tenants[1].resource.as_ref().unwrap().id.clone();
    let reply = arm(
        world,
        "DELETE",
        &format!("{target}?api-version=2023-05-17-preview"),
    );
    assert_eq!(reply.status, 202, "{reply:?}");
    world.clock.advance(2.0 * HOUR);
    world.settle();
    world.tenants[1].exists()
}

fn gone_code(world: &mut World) -> Value {
    let id = world.tenants[0].id;
    world.tenants[0].deleted_at = Some(1);
    let path = format!("/{id}/v2.0/.well-known/openid-configuration");
    let reply = testing::raw(world, Service::Login, "GET", &path, None, b"");
    reply.value()["error_codes"][0].clone()
}

fn batched(world: &mut World) -> bool {
    let url = user(world, 0).replace("/v1.0", "");
    let body = json!({ "requests": [{ "id": "1", "method": "DELETE", "url": url }] });
    let reply = graph(world, "POST", "/v1.0/$batch", &body);
    reply.value()["responses"][0].get("body").is_some()
}

fn by_ids(world: &mut World) -> u16 {
    let token = testing::token(world, 0, true);
    let body = json!({ "ids": [world.tenants[0].user_id(0)], "types": ["user"] });
    let target = "/v1.0/directoryObjects/getByIds";
    testing::send(world, &token, "POST", target, &body).status
}

fn sold(world: &mut World) -> Value {
    let id = world.tenants[0].id;
    canceled(world, 3);
    let scope = "https://api.partnercenter.microsoft.com/.default";
    let token = testing::token_for(world, 0, false, scope);
    let path = format!("/v1/customers/{id}/subscriptions");
    let reply = testing::raw(world, Service::Partner, "GET", &path, Some(&token), b"");
    reply.value()["items"][0]["status"].clone()
}

/// How long the answer to a request of the tenant takes.
fn slowness(world: &mut World) -> u32 {
    let token = testing::token(world, 0, false);
    let request = testing::request(Service::Graph, "GET", "/v1.0/users", Some(&token), b"");
    super::server::latency(world, &request)
}

type Seen = fn(&mut World) -> String;

fn told(what: impl std::fmt::Debug) -> String {
    format!("{what:?}")
}

/// A field: what else must be so for it to matter, another value, and what is seen of it.
type Row = (&'static str, Value, Value, Seen);

/// What the sign-in service and Graph answer, and how.
fn of_graph() -> Vec<Row> {
    let lag = || json!({ "replicaLagMs": 10_000 });
    let short = || json!({ "quotaWindow": 0.01 });
    let none = || json!({});
    vec![
        ("replicas", lag(), json!(1), |w| {
            let mut all = after_deletions(w, 5_000);
            all.sort_unstable();
            all.dedup();
            told(all.len() > 1)
        }),
        ("replicaLagMs", none(), json!(10_000), |w| {
            told(after_deletions(w, 0))
        }),
        ("longLagPermille", lag(), json!(1000), |w| {
            told(after_deletions(w, 11_000))
        }),
        ("creationLagMs", none(), json!(600_000), |w| {
            told(found_at_once(w).status)
        }),
        ("lateGrantsMs", none(), json!(5_000), |w| told(granted(w))),
        ("retryAfter", short(), json!(false), |w| {
            told(header(&hurry(w).1, "Retry-After"))
        }),
        ("fixedWindow", short(), json!(true), |w| {
            hurry(w);
            w.clock.pass(700);
            told(hurry(w).0 > 1)
        }),
        ("quotaWindow", none(), json!(0.01), |w| {
            told(hurry(w).1.status)
        }),
        ("latencyMs", none(), json!(7), |w| told(slowness(w))),
        ("goneTenantCode", none(), json!(5_000_224), |w| {
            told(gone_code(w))
        }),
        ("conflictPermille", none(), json!(1000), |w| {
            told(delete(w, 0).status)
        }),
        ("parallelWriteMs", none(), json!(1000), |w| {
            let target = user(w, 0);
            let body = json!({ "jobTitle": "Clerk" });
            let change = |w: &mut World| graph(w, "PATCH", &target, &body).status;
            told((change(w), change(w)))
        }),
        ("batchOmitsBody", none(), json!(true), |w| told(batched(w))),
        ("protectedActions", none(), json!(true), |w| {
            let id = w.tenants[0].policies[0].id;
            let target = format!("/v1.0/identity/conditionalAccess/policies/{id}");
            told(graph(w, "PATCH", &target, &json!({ "state": "disabled" })).status)
        }),
        ("perUserMfa", none(), json!(false), |w| {
            let target = user(w, 0).replace("v1.0", "beta") + "/authentication/requirements";
            told(graph(w, "GET", &target, &Value::Null).status)
        }),
        ("perUserMfaOnV1", none(), json!(true), |w| {
            let target = user(w, 0) + "?$select=perUserMfaState";
            told(graph(w, "GET", &target, &Value::Null).status)
        }),
        ("strictGetByIds", none(), json!(true), |w| told(by_ids(w))),
        ("missingPermille", none(), json!(1000), |w| {
            let target = user(w, 0);
            told(graph(w, "GET", &target, &Value::Null).status)
        }),
        ("firstPartyRefusal", none(), json!(404), |w| {
            let first = w.tenants[0].cloud.first_party();
            let mut all = w.tenants[0].principals.iter();
            let id = all.find(|one| one.owner == first).unwrap().id;
            told(
                graph(
                    w,
                    "DELETE",
                    &format!("/v1.0/servicePrincipals/{id}"),
                    &Value::Null,
                )
                .status,
            )
        }),
    ]
}

/// What is told and done of subscriptions and directories.
fn of_what_was_bought() -> Vec<Row> {
    let none = || json!({});
    vec![
        ("keepDeletedSubscriptions", none(), json!(false), |w| {
            let reply = graph(w, "GET", "/v1.0/directory/subscriptions", &Value::Null);
            told(reply.value()["value"].as_array().unwrap().len())
        }),
        ("cancellationRefusal", none(), json!(409), |w| {
            let target = agreed(w, 1);
            told(arm(w, "DELETE", &target).status)
        }),
        ("graphLagHours", none(), json!(6), |w| {
            let id = canceled(w, 0);
            let target = format!("/v1.0/directory/subscriptions/{id}");
            told(graph(w, "GET", &target, &Value::Null).value()["status"].clone())
        }),
        ("armLagHours", none(), json!(6), |w| {
            let id = canceled(w, 2);
            let reply = arm(
                w,
                "GET",
                &format!("/subscriptions/{id}?api-version=2022-12-01"),
            );
            told(reply.value()["state"].clone())
        }),
        ("adminLagHours", none(), json!(6), |w| {
            let before = page(w).matches("Cancel…").count();
            canceled(w, 0);
            told(before - page(w).matches("Cancel…").count())
        }),
        ("partnerLagHours", none(), json!(6), |w| told(sold(w))),
        ("operationMs", none(), json!(0), |w| {
            let target = agreed(w, 5);
            let begun = arm(w, "DELETE", &target);
            let place = begun.headers.iter().find(|(name, _)| name == "Location");
            let place = place.unwrap().1.replace("https://graph.microsoft.com", "");
            told(arm(w, "GET", &place).status)
        }),
        ("tenantDeletionHours", none(), json!(6), |w| {
            told(deleted_directory(w))
        }),
    ]
}

#[test]
fn each_switch_changes_what_is_answered() {
    let mut rows = of_graph();
    rows.extend(of_what_was_bought());
    let fields = serde_json::to_value(Behaviour::default()).unwrap();
    let mut fields: Vec<&String> = fields.as_object().unwrap().keys().collect();
    let mut named: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    fields.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, fields, "each field has a row");
    for (name, context, value, seen) in rows {
        let usual = seen(&mut world(&context));
        let mut other = context;
        other[name] = value;
        assert_ne!(usual, seen(&mut world(&other)), "{name} changes nothing");
    }
}

#[test]
fn users_are_converted_one_by_one_once_synchronization_is_off() {
    let scenario = |hours: f64| {
        format!(
            "tenants: [{{users: 60, sync: {{enabled: true, percent: 100, hours: 72, conversionHours: {hours}}}}}]"
        )
    };
    let left = |hours: f64| {
        let mut world = World::test(&scenario(hours));
        let token = testing::token(&mut world, 0, false);
        let target = format!("/v1.0/organization/{}", world.tenants[0].id);
        let off = json!({ "onPremisesSyncEnabled": false });
        let reply = testing::send(&mut world, &token, "PATCH", &target, &off);
        assert_eq!(reply.status, 204, "{reply:?}");
        let synced = "/v1.0/users?$filter=onPremisesSyncEnabled eq true&$select=id&$top=999";
        [73.0, 12.0, 12.0].map(|more| {
            world.clock.advance(more * HOUR);
            let token = testing::token(&mut world, 0, false);
            let reply = testing::get(&mut world, &token, synced);
            reply.value()["value"].as_array().unwrap().len()
        })
    };
    assert_eq!(left(0.0), [0, 0, 0]);
    let [early, late, end] = left(24.0);
    assert!(
        early > late && late > 0 && end == 0,
        "{early}, {late}, {end}"
    );
}
