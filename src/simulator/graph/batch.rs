//! `$batch`: at most twenty items, each judged, charged and answered by itself, in an order of Microsoft's choosing.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::super::errors::Refusal;
use super::super::exchange::{Content, Query, Reply, segments};
use super::super::faults::ItemFault;
use super::super::world::World;
use super::{Call, single};

const PRIORITY: &str = "x-ms-throttle-priority";
const MOST: usize = 20;

pub(super) fn serve(world: &mut World, call: &Call) -> Reply {
    let items = match check(call) {
        Ok(items) => items,
        Err(refusal) => {
            return refusal.graph(&call.request_id, &call.request_id, world.clock.real());
        }
    };
    let mut statuses: HashMap<String, u16> = HashMap::new();
    let mut responses = Vec::with_capacity(items.len());
    for item in items {
        let reply = one(world, call, &item, &statuses);
        statuses.insert(item.id.to_ascii_lowercase(), reply.status);
        world.stats.item(&item.method, &item.segments, reply.status);
        let bare = world.behaviour_of(call.caller.tenant).batch_omits_body;
        responses.push(render(&item.id, reply, bare));
    }
    world.random.shuffle(&mut responses);
    Reply::json(200, json!({ "responses": responses }))
}

struct Item {
    id: String,
    method: String,
    segments: Vec<String>,
    query: Query,
    headers: BTreeMap<String, String>,
    body: Value,
    depends_on: Vec<String>,
}

fn check(call: &Call) -> Result<Vec<Item>, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::new(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ));
    }
    let list = call
        .body
        .get("requests")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::new(400, "BadRequest", "Invalid batch payload format."))?;
    if list.len() > MOST {
        let text = format!("Number of batch request steps exceeds the maximum value of {MOST}.");
        return Err(Refusal::new(400, "BadRequest", text));
    }
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for raw in list {
        let text = |name: &str| {
            raw.get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let (Some(id), Some(method), Some(url)) = (text("id"), text("method"), text("url")) else {
            return Err(Refusal::new(
                400,
                "BadRequest",
                "Each batch request needs an id, a method and a url.",
            ));
        };
        if !seen.insert(id.to_ascii_lowercase()) {
            return Err(Refusal::new(
                400,
                "BadRequest",
                format!("Request id {id} has to be unique in a batch."),
            ));
        }
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let headers = raw
            .get("headers")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let headers: BTreeMap<_, _> = headers
            .into_iter()
            .map(|(name, value)| {
                (
                    name.to_ascii_lowercase(),
                    value.as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let body = raw.get("body").cloned().unwrap_or_default();
        if !body.is_null() && !headers.contains_key("content-type") {
            return Err(Refusal::new(
                400,
                "BadRequest",
                format!("Write request id : {id} does not contain Content-Type header or body."),
            ));
        }
        let depends_on: Vec<String> = raw
            .get("dependsOn")
            .and_then(Value::as_array)
            .map(|list| {
                list.iter()
                    .filter_map(Value::as_str)
                    .map(str::to_ascii_lowercase)
                    .collect()
            })
            .unwrap_or_default();
        if depends_on.iter().any(|other| !seen.contains(other)) {
            return Err(Refusal::new(
                400,
                "BadRequest",
                format!("Request {id} depends on a request that does not come before it."),
            ));
        }
        items.push(Item {
            id,
            method: method.to_ascii_uppercase(),
            segments: segments(path),
            query: Query::parse(query),
            headers,
            body,
            depends_on,
        });
    }
    Ok(items)
}

fn one(world: &mut World, call: &Call, item: &Item, statuses: &HashMap<String, u16>) -> Reply {
    let request_id = world.random.uuid().to_string();
    let now = world.clock.real();
    if item
        .depends_on
        .iter()
        .any(|other| statuses.get(other).is_none_or(|status| *status >= 400))
    {
        let text = "Failed dependency: a request that this one depends on has failed.";
        return Refusal::new(424, "FailedDependency", text).graph(&request_id, &request_id, now);
    }
    let path = format!("/{}", item.segments.join("/"));
    let mut headers = item.headers.clone();
    if let Some(priority) = call.headers.get(PRIORITY) {
        // An item that says nothing of its own goes with the batch.
        let told = headers.entry(PRIORITY.to_owned());
        told.or_insert_with(|| priority.clone());
    }
    let inner = Call {
        method: item.method.clone(),
        segments: super::names::canonical(item.segments.clone()),
        query: item.query.clone(),
        headers,
        body: item.body.clone(),
        request_id,
        ..call.clone()
    };
    let tenant = world.tenants[call.caller.tenant].id;
    match world.faults.item(tenant, &item.method, &path) {
        Some(ItemFault { reply, apply }) => {
            if apply {
                single(world, &inner);
            }
            reply
        }
        None => single(world, &inner),
    }
}

/// `bare`: what has no body has no field for it either.
fn render(id: &str, reply: Reply, bare: bool) -> Value {
    let mut headers: Map<String, Value> = reply
        .headers
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    headers.insert("Cache-Control".to_owned(), json!("no-cache"));
    let body = match reply.content {
        Content::Empty => Value::Null,
        Content::Json(value) => {
            headers.insert("Content-Type".to_owned(), json!("application/json"));
            value
        }
        Content::Text(text, kind) => {
            headers.insert("Content-Type".to_owned(), json!(kind));
            Value::String(text)
        }
    };
    let mut out = json!({ "id": id, "status": reply.status, "headers": headers });
    if !(bare && body.is_null()) {
        out["body"] = body;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    fn requests(list: &[Value]) -> Value {
        json!({ "requests": list })
    }

    fn status(reply: &Reply, id: &str) -> u64 {
        let list = reply.value()["responses"].as_array().unwrap();
        list.iter().find(|one| one["id"] == id).unwrap()["status"]
            .as_u64()
            .unwrap()
    }

    #[test]
    fn the_rules_of_a_batch() {
        let mut world = World::test("tenants: [{users: 60}]");
        let token = testing::token(&mut world, 0, false);
        let read = |id: String| json!({ "id": id, "method": "GET", "url": "/organization" });
        let many = |count: usize| {
            requests(
                &(0..count)
                    .map(|number| read(number.to_string()))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            testing::send(&mut world, &token, "POST", "/v1.0/$batch", &many(20)).status,
            200
        );
        assert_eq!(
            testing::send(&mut world, &token, "POST", "/v1.0/$batch", &many(21)).status,
            400
        );
        let twins = requests(&[read("a".to_owned()), read("A".to_owned())]);
        assert_eq!(
            testing::send(&mut world, &token, "POST", "/v1.0/$batch", &twins).status,
            400
        );
        assert_eq!(
            testing::send(&mut world, &token, "POST", "/v1.0/$batch", &json!({})).status,
            400
        );
    }

    #[test]
    fn items_succeed_and_fail_by_themselves() {
        let mut world = World::test(
            "tenants: [{users: 60, privilegedAdmins: 1, closer: {directoryRoles: []}}]",
        );
        let token = testing::token(&mut world, 0, false);
        let admin = world.tenants[0]
            .users
            .all
            .iter()
            .find(|user| user.role > 1)
            .unwrap()
            .id;
        let plain = world.tenants[0]
            .users
            .all
            .iter()
            .find(|user| user.role == 0)
            .unwrap()
            .id;
        let delete = |id: &str, user: String| json!({ "id": id, "method": "DELETE", "url": format!("/users/{user}") });
        let mut after = delete("d", plain.to_string());
        after["dependsOn"] = json!(["b"]);
        let body = requests(&[
            delete("a", plain.to_string()),
            delete("b", admin.to_string()),
            delete("c", plain.to_string()),
            after,
        ]);
        let reply = testing::send(&mut world, &token, "POST", "/v1.0/$batch", &body);
        assert_eq!(
            ["a", "b", "c", "d"].map(|id| status(&reply, id)),
            [204, 403, 404, 424]
        );
        assert_eq!(world.tenants[0].users.alive(), 59);
    }

    #[test]
    fn what_has_no_body_says_null_or_nothing() {
        for bare in [false, true] {
            let mut world = World::test(&format!(
                "tenants: [{{users: 60, behaviour: {{batchOmitsBody: {bare}}}}}]"
            ));
            let token = testing::token(&mut world, 0, false);
            let plain = world.tenants[0].user_id(0).unwrap();
            let delete = json!({ "id": "1", "method": "DELETE", "url": format!("/users/{plain}") });
            let read = json!({ "id": "2", "method": "GET", "url": "/organization" });
            let body = requests(&[delete, read]);
            let reply = testing::send(&mut world, &token, "POST", "/v1.0/$batch", &body);
            for one in reply.value()["responses"].as_array().unwrap() {
                let told = one.get("body");
                match one["status"].as_u64() {
                    Some(204) => assert_eq!(told, (!bare).then_some(&Value::Null)),
                    _ => assert!(told.is_some_and(Value::is_object)),
                }
            }
        }
    }

    #[test]
    fn an_item_goes_with_the_priority_of_its_batch() {
        let mut world = World::test("tenants: [{users: 60}]");
        world.throttle = super::super::super::throttle::Throttle::new(0.02);
        let token = testing::token(&mut world, 0, false);
        let nobody = uuid::Uuid::nil();
        // Sixty writes are allowed at once; somebody has asked for forty with the usual priority.
        for _ in 0..40 {
            let target = format!("/v1.0/users/{nobody}");
            let reply = testing::send(&mut world, &token, "DELETE", &target, &Value::Null);
            assert_eq!(reply.status, 404);
        }
        let mut served = |priority: Option<&str>, of_item: Option<&str>| {
            let item = |number: usize| {
                let headers = of_item.map_or_else(|| json!({}), |word| json!({ PRIORITY: word }));
                json!({ "id": number.to_string(), "method": "DELETE", "url": format!("/users/{nobody}"), "headers": headers })
            };
            let body = requests(&(0..5).map(item).collect::<Vec<_>>());
            let told: Vec<_> = priority.map(|word| (PRIORITY, word)).into_iter().collect();
            let reply = testing::with_headers(&mut world, &token, "/v1.0/$batch", &told, &body);
            let list = reply.value()["responses"].as_array().unwrap();
            list.iter().filter(|one| one["status"] == 404).count()
        };
        assert_eq!(served(Some("low"), None), 0, "what is left is for others");
        assert_eq!(served(Some("low"), Some("normal")), 5);
        assert_eq!(served(None, None), 5);
        assert_eq!(served(None, Some("low")), 0);
    }

    #[test]
    fn an_item_over_the_quota_is_answered_429_by_itself() {
        let mut world = World::test("tenants: [{users: 60}]");
        world.throttle = super::super::super::throttle::Throttle::new(0.001);
        let token = testing::token(&mut world, 0, false);
        let ids: Vec<_> = (0..5)
            .map(|position| world.tenants[0].user_id(position).unwrap())
            .collect();
        let body = requests(
            &ids.iter()
                .map(|id| json!({ "id": id, "method": "DELETE", "url": format!("/users/{id}") }))
                .collect::<Vec<_>>(),
        );
        let reply = testing::send(&mut world, &token, "POST", "/v1.0/$batch", &body);
        let list = reply.value()["responses"].as_array().unwrap();
        let refused: Vec<_> = list.iter().filter(|one| one["status"] == 429).collect();
        assert_eq!((reply.status, refused.len()), (200, 2));
        assert!(
            refused[0]["headers"]["Retry-After"]
                .as_str()
                .unwrap()
                .contains('.')
        );
        assert_eq!(refused[0]["body"]["error"]["code"], "TooManyRequests");
    }
}
