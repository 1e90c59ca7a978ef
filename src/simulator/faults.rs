//! Scripted bad luck: which request is struck, and by what.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::exchange::{Content, Reply, Request, Service};
use super::tenant::Tenant;
use super::token;

/// One fault as it is posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(rename = "match", default)]
    pub(crate) matching: Matching,
    #[serde(rename = "do")]
    pub(crate) deed: Deed,
    /// How often it strikes; absent: always.
    #[serde(default)]
    pub(crate) times: Option<u64>,
    #[serde(default)]
    pub(crate) seen: u64,
    #[serde(default)]
    pub(crate) struck: u64,
}

/// Which requests it concerns; absent fields match all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Matching {
    /// The tenant of the token or, where there is none, a tenant that the URL names.
    pub(crate) tenant: Option<Uuid>,
    pub(crate) method: Option<String>,
    pub(crate) host_contains: Option<String>,
    pub(crate) path_contains: Option<String>,
    pub(crate) path_ends: Option<String>,
    /// Only a batch that holds an item with this method.
    pub(crate) batch_of: Option<String>,
    /// Only the n-th that matches, from 1.
    pub(crate) nth: Option<u64>,
    /// Every n-th that matches.
    pub(crate) every: Option<u64>,
    /// Strikes items of a batch instead of requests.
    pub(crate) item: bool,
}

/// What may be struck: a request, or an item of a batch.
struct Subject<'a> {
    item: bool,
    tenant: Option<Uuid>,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    /// Methods of the items that a batch holds.
    methods: Vec<&'a str>,
}

impl Matching {
    fn concerns(&self, subject: &Subject<'_>) -> bool {
        let lower = |text: &str| text.to_ascii_lowercase();
        let has = |wanted: &Option<String>, text: &str| {
            let held = |wanted: &String| lower(text).contains(&lower(wanted));
            wanted.as_ref().is_none_or(held)
        };
        let same = |wanted: &Option<String>, text: &str| {
            let equal = |wanted: &String| wanted.eq_ignore_ascii_case(text);
            wanted.as_ref().is_none_or(equal)
        };
        let ends = |wanted: &String| lower(subject.path).ends_with(&lower(wanted));
        self.item == subject.item
            && (self.tenant.is_none() || self.tenant == subject.tenant)
            && same(&self.method, subject.method)
            && (subject.item || has(&self.host_contains, subject.host))
            && has(&self.path_contains, subject.path)
            && self.path_ends.as_ref().is_none_or(ends)
            && (self.batch_of.is_none() || subject.methods.iter().any(|m| same(&self.batch_of, m)))
    }
}

/// What it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Deed {
    /// Answers instead of the service; with `apply` the effect happens all the same.
    Status {
        code: u16,
        #[serde(default)]
        headers: Map<String, Value>,
        #[serde(default)]
        body: Value,
        #[serde(default)]
        apply: bool,
    },
    /// Closes the connection; nothing happens.
    DropBefore,
    /// Lets it happen, then closes the connection.
    DropAfter,
    /// Lets it happen so many milliseconds later, whether or not somebody still waits for the answer.
    Delay(u64),
    /// Answers a page instead of JSON.
    Html,
    /// Answers without end.
    Endless,
    /// Puts another host into the link to the next page.
    LyingNextLink,
    /// Puts this link to the next page into a listing.
    NextLink(String),
    /// Answers as a reader would that has not heard of any deletion in so many milliseconds.
    Stale(u64),
    /// Leaves every second item out of a batch's answers.
    OmitBatchItems,
    /// Turns the order of a batch's answers round.
    Reorder,
    /// Cuts the answer short.
    Truncate,
}

/// What an item of a batch is answered instead.
#[derive(Debug)]
pub(crate) struct ItemFault {
    pub(crate) reply: Reply,
    pub(crate) apply: bool,
}

/// All faults, the first that matches strikes.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// What strikes a request.
    pub(crate) fn request(&mut self, tenants: &[Tenant], request: &Request) -> Option<Deed> {
        if self.0.is_empty() {
            return None;
        }
        let body = if request.path.ends_with("/$batch") {
            request.json()
        } else {
            Value::Null
        };
        let items = body["requests"].as_array().into_iter().flatten();
        self.strike(&Subject {
            item: false,
            tenant: tenant_of(tenants, request),
            method: &request.method,
            host: &request.base,
            path: &request.path,
            methods: items.filter_map(|item| item["method"].as_str()).collect(),
        })
    }

    /// What strikes an item of a batch that comes with a token of `tenant`.
    pub(crate) fn item(&mut self, tenant: Uuid, method: &str, path: &str) -> Option<ItemFault> {
        let subject = Subject {
            item: true,
            tenant: Some(tenant),
            method,
            host: "",
            path,
            methods: Vec::new(),
        };
        match self.strike(&subject)? {
            Deed::Status {
                code,
                headers,
                body,
                apply,
            } => Some(ItemFault {
                reply: scripted(code, &headers, body),
                apply,
            }),
            _ => None,
        }
    }

    /// Removes the faults of one tenant, or all.
    pub(crate) fn clear(&mut self, tenant: Option<Uuid>) {
        self.0
            .retain(|fault| tenant.is_some() && fault.matching.tenant != tenant);
    }

    fn strike(&mut self, subject: &Subject<'_>) -> Option<Deed> {
        for fault in &mut self.0 {
            let rule = &fault.matching;
            let concerns = rule.concerns(subject);
            if !concerns || fault.times.is_some_and(|times| fault.struck >= times) {
                continue;
            }
            fault.seen += 1;
            let due = rule.nth.is_none_or(|nth| fault.seen == nth)
                && rule
                    .every
                    .is_none_or(|every| every > 0 && fault.seen % every == 0);
            if due {
                fault.struck += 1;
                return Some(fault.deed.clone());
            }
        }
        None
    }
}

/// Whose request this is: its token says it, or its URL names a tenant by id or by a domain.
pub(crate) fn tenant_of(tenants: &[Tenant], request: &Request) -> Option<Uuid> {
    let signed = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|_| request.service != Service::Login)
        .and_then(token::payload)
        .and_then(|claims| Uuid::parse_str(claims["tid"].as_str()?).ok());
    let named = || {
        let mut words = request.segments();
        words.extend(request.query.get("login").map(str::to_owned));
        let names = |tenant: &Tenant, word: &str| {
            let word = word.rsplit('@').next().unwrap_or(word);
            Uuid::parse_str(word) == Ok(tenant.id)
                || tenant
                    .domains
                    .iter()
                    .any(|domain| domain.name.eq_ignore_ascii_case(word))
        };
        tenants
            .iter()
            .find(|tenant| words.iter().any(|word| names(tenant, word)))
            .map(|tenant| tenant.id)
    };
    signed.or_else(named)
}

pub(crate) fn scripted(code: u16, headers: &Map<String, Value>, body: Value) -> Reply {
    let mut reply = match body {
        Value::Null if code == 204 => Reply::empty(code),
        Value::Null => Reply::json(
            code,
            json!({ "error": { "code": "Scripted", "message": "A scripted fault.", "innerError": {} } }),
        ),
        Value::String(text) => Reply::text(code, text),
        body => Reply::json(code, body),
    };
    for (name, value) in headers {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        reply = reply.with(name, text);
    }
    reply
}

/// Bends a reply that a service has given.
pub(crate) fn bend(deed: &Deed, mut reply: Reply) -> Reply {
    let Content::Json(body) = &mut reply.content else {
        return reply;
    };
    match deed {
        Deed::LyingNextLink => {
            let lie = "https://graph.microsoft.example/v1.0/users?$skiptoken=stolen";
            if body.get("value").is_some() {
                body["@odata.nextLink"] = json!(lie);
            }
        }
        Deed::NextLink(link) if body.get("value").is_some() => {
            body["@odata.nextLink"] = json!(link);
        }
        Deed::OmitBatchItems | Deed::Reorder => {
            if let Some(list) = body.get_mut("responses").and_then(Value::as_array_mut) {
                if matches!(deed, Deed::Reorder) {
                    list.reverse();
                } else {
                    let mut number = 0;
                    list.retain(|_| {
                        number += 1;
                        number % 2 == 1
                    });
                }
            }
        }
        _ => {}
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Query;
    use super::super::testing;
    use super::super::world::World;
    use super::*;

    fn got(path: &str) -> Subject<'_> {
        Subject {
            item: false,
            tenant: None,
            method: "GET",
            host: "",
            path,
            methods: Vec::new(),
        }
    }

    #[test]
    fn a_batch_is_known_by_what_it_holds() {
        let matching: Matching =
            serde_json::from_value(json!({ "pathEnds": "/$batch", "batchOf": "delete" })).unwrap();
        let batch = |methods: &[&'static str]| Subject {
            methods: methods.to_vec(),
            ..got("/v1.0/$batch")
        };
        assert!(matching.concerns(&batch(&["GET", "DELETE"])));
        assert!(!matching.concerns(&batch(&["GET"])) && !matching.concerns(&batch(&[])));
        assert!(!matching.concerns(&got("/v1.0/$batch/x")));
    }

    #[test]
    fn a_fault_strikes_where_and_as_often_as_it_says() {
        let list: Vec<Fault> = serde_json::from_value(json!([
            { "match": { "method": "DELETE", "pathContains": "/users/", "item": true, "nth": 2 }, "do": { "status": { "code": 503 } } },
            { "match": { "pathContains": "organization" }, "do": "dropAfter", "times": 1 },
            { "do": { "delay": 5 }, "match": { "every": 2, "pathContains": "domains" } },
        ]))
        .unwrap();
        let mut faults = Faults(list);
        let hits: Vec<_> = (0..4)
            .map(|_| {
                faults
                    .item(Uuid::nil(), "DELETE", "/users/x")
                    .map(|fault| fault.reply.status)
            })
            .collect();
        assert_eq!(hits, [None, Some(503), None, None]);
        let drops: Vec<_> = (0..3)
            .map(|_| faults.strike(&got("/v1.0/organization")).is_some())
            .collect();
        assert_eq!(drops, [true, false, false]);
        let delays: Vec<_> = (0..4)
            .map(|_| faults.strike(&got("/v1.0/domains")).is_some())
            .collect();
        assert_eq!(delays, [false, true, false, true]);
    }
    #[test]
    fn a_fault_of_one_tenant_leaves_the_others_alone() {
        let mut world = World::test("tenants: [{users: 5}, {users: 5}]");
        let (first, second) = (world.tenants[0].id, world.tenants[1].id);
        world.faults.0 = serde_json::from_value(json!([
            { "match": { "tenant": second }, "do": { "status": { "code": 500 } } },
            { "match": { "tenant": second, "item": true }, "do": { "status": { "code": 500 } } },
        ]))
        .unwrap();
        let tokens = [0, 1].map(|tenant| testing::token(&mut world, tenant, false));
        let mut struck = |service, path: &str, query: &str, token: Option<&String>| {
            let request = Request {
                method: "GET".to_owned(),
                service,
                cloud: None,
                base: String::new(),
                path: path.to_owned(),
                query: Query::parse(query),
                headers: token
                    .map(|token| ("authorization".to_owned(), format!("Bearer {token}")))
                    .into_iter()
                    .collect(),
                body: Vec::new(),
                request_id: String::new(),
            };
            world.faults.request(&world.tenants, &request).is_some()
        };
        for (token, wanted) in tokens.iter().zip([false, true]) {
            let hit = struck(Service::Graph, "/v1.0/organization", "", Some(token));
            assert_eq!(hit, wanted);
        }
        // The token decides, whatever the URL names.
        let both = format!("/v1.0/tenants/{second}");
        assert!(!struck(Service::Graph, &both, "", Some(&tokens[0])));
        assert!(!struck(Service::Graph, "/v1.0/organization", "", None));
        let door = "/contoso2.onmicrosoft.com/oauth2/v2.0/token";
        assert!(struck(Service::Login, door, "", None));
        assert!(!struck(Service::Login, &format!("/{first}/x"), "", None));
        let query = "login=x%40contoso2.onmicrosoft.com";
        assert!(struck(Service::Login, "/getuserrealm.srf", query, None));
        assert!(world.faults.item(first, "DELETE", "/users/x").is_none());
        assert!(world.faults.item(second, "DELETE", "/users/x").is_some());
        world.faults.clear(Some(first));
        assert_eq!(world.faults.0.len(), 2);
        world.faults.clear(Some(second));
        assert_eq!(world.faults.0.len(), 0);
    }
}
