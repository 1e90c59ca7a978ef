//! Breakpoints: a request that is held before it is served, or after, until somebody lets it go or drops it, or its client goes away.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::clock::precise;
use super::exchange::Request;

/// A breakpoint as it is posted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(rename = "match", default)]
    matching: Matching,
    /// The n-th request that matches, from 1, or the next one after it.
    #[serde(default = "first")]
    nth: u64,
    when: When,
}

const fn first() -> u64 {
    1
}

/// Which requests it concerns; absent fields match all. A batch is concerned where one of its items is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Matching {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_contains: Option<String>,
}

impl Matching {
    fn concerns(&self, request: &Request) -> bool {
        if !contains(self.host_contains.as_deref(), &request.base) {
            return false;
        }
        let fits = |method: &str, path: &str| {
            let wanted = self.method.as_deref();
            wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && contains(self.path_contains.as_deref(), path)
        };
        if fits(&request.method, &request.path) {
            return true;
        }
        if !request.path.ends_with("/$batch") {
            return false;
        }
        let body = request.json();
        let items = body["requests"].as_array().into_iter().flatten();
        items
            .filter_map(|item| item["method"].as_str().zip(item["url"].as_str()))
            .any(|(method, url)| fits(method, url))
    }
}

fn contains(wanted: Option<&str>, text: &str) -> bool {
    wanted.is_none_or(|wanted| {
        text.to_ascii_lowercase()
            .contains(&wanted.to_ascii_lowercase())
    })
}

/// On which side of its effect a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum When {
    /// Nothing has happened yet.
    Before,
    /// It has happened, and the client does not know.
    After,
}

/// What becomes of a held request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Then {
    /// It goes on as if nothing had been.
    Go,
    /// Its connection is cut; one that is held before it is served never is.
    Drop,
}

/// What became of a breakpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum State {
    /// No request has reached it.
    Waiting,
    /// A request has reached it and is being served; it will be held after.
    Reached,
    /// A request is held now.
    Held,
    /// It was let go.
    Released,
    /// It was dropped.
    Dropped,
    /// Its client went away while it was held. Held before, it was never served.
    Abandoned,
}

#[derive(Debug)]
struct Breakpoint {
    id: u64,
    wanted: Wanted,
    seen: u64,
    state: State,
    /// The request that reached it.
    request: Value,
    release: Option<oneshot::Sender<Then>>,
}

/// A request's stay at a breakpoint.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) id: u64,
    pub(crate) when: When,
    /// Ends with the verdict, or with an error where the breakpoint was taken away: then it goes on.
    pub(crate) verdict: oneshot::Receiver<Then>,
}

/// All breakpoints of a run.
#[derive(Debug, Default)]
pub(crate) struct Breakpoints {
    all: Vec<Breakpoint>,
    set: u64,
}

impl Breakpoints {
    /// Sets one; its id.
    pub(crate) fn set(&mut self, wanted: Wanted) -> u64 {
        self.set += 1;
        self.all.push(Breakpoint {
            id: self.set,
            wanted,
            seen: 0,
            state: State::Waiting,
            request: Value::Null,
            release: None,
        });
        self.set
    }

    /// Counts a request; where it is due at a breakpoint, its stop there.
    pub(crate) fn meet(&mut self, request: &Request, now: i64) -> Option<Stop> {
        let mut stop = None;
        for one in &mut self.all {
            if one.state != State::Waiting || !one.wanted.matching.concerns(request) {
                continue;
            }
            one.seen += 1;
            if one.seen < one.wanted.nth || stop.is_some() {
                continue;
            }
            let (release, verdict) = oneshot::channel();
            one.state = State::Reached;
            one.request = json!({ "method": request.method, "path": request.path, "requestId": request.request_id, "time": precise(now) });
            one.release = Some(release);
            stop = Some(Stop {
                id: one.id,
                when: one.wanted.when,
                verdict,
            });
        }
        stop
    }

    /// The request that reached it is held from now on.
    pub(crate) fn held(&mut self, id: u64) {
        if let Some(one) = self.find(id).filter(|one| one.state == State::Reached) {
            one.state = State::Held;
        }
    }

    /// The client of the request went away before there was a verdict.
    pub(crate) fn abandoned(&mut self, id: u64) {
        if let Some(one) = self.find(id).filter(|one| one.release.is_some()) {
            one.state = State::Abandoned;
            one.release = None;
        }
    }

    /// Gives the verdict on the request that is held there; false where none is.
    pub(crate) fn decide(&mut self, id: u64, then: Then) -> bool {
        let Some(one) = self.find(id) else {
            return false;
        };
        let Some(release) = one.release.take() else {
            return false;
        };
        one.state = match then {
            Then::Go => State::Released,
            Then::Drop => State::Dropped,
        };
        // Where the client has gone in this moment nobody listens, which is as good as dropped.
        let _ = release.send(then);
        true
    }

    /// Takes one away, or all; what is held goes on.
    pub(crate) fn clear(&mut self, id: Option<u64>) {
        self.all.retain(|one| id.is_some_and(|id| one.id != id));
    }

    /// What a harness sees.
    pub(crate) fn report(&self) -> Value {
        self.all.iter().map(report).collect()
    }

    /// One of them.
    pub(crate) fn one(&self, id: u64) -> Option<Value> {
        self.all.iter().find(|one| one.id == id).map(report)
    }

    fn find(&mut self, id: u64) -> Option<&mut Breakpoint> {
        self.all.iter_mut().find(|one| one.id == id)
    }
}

fn report(one: &Breakpoint) -> Value {
    json!({
        "id": one.id, "match": one.wanted.matching, "nth": one.wanted.nth, "when": one.wanted.when,
        "seen": one.seen, "state": one.state, "request": one.request,
    })
}

#[cfg(test)]
mod tests {
    use super::super::exchange::{Query, Service};
    use super::*;

    fn request(method: &str, path: &str, body: &Value) -> Request {
        Request {
            method: method.to_owned(),
            service: Service::Graph,
            cloud: None,
            base: "https://graph.microsoft.com".to_owned(),
            path: path.to_owned(),
            query: Query::default(),
            headers: std::collections::BTreeMap::new(),
            body: body.to_string().into_bytes(),
            request_id: "r".to_owned(),
        }
    }

    fn wanted(value: Value) -> Wanted {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_batch_is_concerned_where_one_of_its_items_is() {
        let mut breakpoints = Breakpoints::default();
        let id = breakpoints.set(wanted(
            json!({ "match": { "method": "DELETE", "pathContains": "/users/" }, "nth": 2, "when": "before" }),
        ));
        let batch = |method: &str| {
            let item = json!({ "id": "1", "method": method, "url": "/users/x" });
            request("POST", "/v1.0/$batch", &json!({ "requests": [item] }))
        };
        for harmless in [
            batch("GET"),
            batch("DELETE"),
            request("GET", "/v1.0/users/x", &Value::Null),
        ] {
            assert!(breakpoints.meet(&harmless, 0).is_none());
        }
        let direct = request("DELETE", "/v1.0/users/x", &Value::Null);
        let stop = breakpoints.meet(&direct, 0).unwrap();
        assert_eq!((stop.id, stop.when), (id, When::Before));
        // Each holds one request.
        assert!(breakpoints.meet(&direct, 0).is_none());
        let seen = breakpoints.one(id).unwrap();
        assert_eq!(
            (&seen["seen"], &seen["state"]),
            (&json!(2), &json!("reached"))
        );
    }

    #[test]
    fn a_held_request_ends_in_one_way_only() {
        let mut breakpoints = Breakpoints::default();
        let ids: Vec<u64> = (0..3)
            .map(|_| breakpoints.set(wanted(json!({ "when": "after" }))))
            .collect();
        let call = request("GET", "/v1.0/organization", &Value::Null);
        let mut stops: Vec<Stop> = (0..3).filter_map(|_| breakpoints.meet(&call, 0)).collect();
        for stop in &stops {
            breakpoints.held(stop.id);
        }
        assert!(breakpoints.decide(ids[0], Then::Drop));
        assert!(!breakpoints.decide(ids[0], Then::Go));
        assert_eq!(stops[0].verdict.try_recv(), Ok(Then::Drop));
        breakpoints.abandoned(ids[0]);
        breakpoints.abandoned(ids[1]);
        let states: Vec<Value> = breakpoints
            .report()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["state"].clone())
            .collect();
        assert_eq!(states, ["dropped", "abandoned", "held"]);
        breakpoints.clear(None);
        // Nobody decided: it goes on.
        assert!(stops[2].verdict.try_recv().is_err());
    }
}
