//! Graph's `$batch`: up to 20 requests in one. Source: learn.microsoft.com `graph/json-batching`.

use super::calls;
use super::clouds::Service;
use super::failure::{Failure, Told, is_challenge, retry_after};
use super::heard::Heard;
use crate::closure::id::ObjectId;
use serde_json::{Value, json};
use url::{Position, Url};

/// Most requests in one `$batch`.
pub(super) const SIZE: usize = 20;

/// One request inside a `$batch`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// The method, as Graph wants it.
    pub(super) method: &'static str,
    /// Relative, without the version.
    pub(super) url: String,
    /// The body.
    pub(super) body: Option<Value>,
}

impl Item {
    /// `DELETE /{collection}/{id}`.
    pub(super) fn delete(collection: &str, id: ObjectId) -> Self {
        Self {
            method: "DELETE",
            url: format!("/{collection}/{id}"),
            body: None,
        }
    }

    /// `GET` of a URL of Graph, whose first segment is the version.
    pub(super) fn get(url: &Url) -> Self {
        Self {
            method: "GET",
            url: relative(url),
            body: None,
        }
    }

    /// `POST` to one.
    pub(super) fn post(url: &Url, body: Value) -> Self {
        Self {
            method: "POST",
            url: relative(url),
            body: Some(body),
        }
    }
}

/// Path and query without the version, as an item of a `$batch` names it.
fn relative(url: &Url) -> String {
    let whole = &url[Position::BeforePath..Position::AfterQuery];
    let after_version = whole.get(1..).and_then(|rest| rest.find('/'));
    after_version.map_or_else(String::new, |slash| whole[slash + 1..].to_owned())
}

/// What one request inside a `$batch` was answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// Its own HTTP status.
    pub(super) status: u16,
    /// What its own headers tell of a failure.
    pub(super) told: Told,
    /// What they tell of the quotas.
    pub(super) heard: Heard,
    /// Its body; `Null` where it has none.
    pub(super) body: Value,
}

impl Answer {
    /// What it tells of; `None` for a success.
    pub(super) fn failure(&self) -> Option<Failure> {
        let failed = !(200..300).contains(&self.status);
        failed.then(|| Failure::from_value(self.status, &self.body, self.told))
    }
}

/// The body of a `$batch` of the API version given; ids are the places of the items. An error where one of them
/// writes and is not on the list of calls.
pub(super) fn envelope(version: &str, items: &[Item]) -> Result<Value, Failure> {
    let listed = |item: &Item| {
        if item.method == "GET" {
            return true;
        }
        let path = item.url.split('?').next().unwrap_or_default();
        calls::find(Service::Graph, item.method, &format!("/{version}{path}")).is_some()
    };
    if !items.iter().all(listed) {
        return Err(Failure::unsendable("UnlistedCall"));
    }
    let requests: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let mut request = json!({
                "id": place.to_string(),
                "method": item.method,
                "url": item.url,
            });
            if let Some(body) = &item.body {
                request["headers"] = json!({"Content-Type": "application/json"});
                request["body"] = body.clone();
            }
            request
        })
        .collect();
    Ok(json!({ "requests": requests }))
}

/// The answers in the order of the items, whatever order they came in. `None`: that item got none, or the same id was
/// answered twice in different ways. Answers to ids that were never asked are left aside.
pub(super) fn merge(asked: usize, reply: &Value) -> Option<Vec<Option<Answer>>> {
    let responses = reply.get("responses")?.as_array()?;
    let mut answers: Vec<Option<Answer>> = vec![None; asked];
    let mut torn = vec![false; asked];
    for response in responses {
        let Some((place, answer)) = read(response) else {
            continue;
        };
        let (Some(slot), Some(torn)) = (answers.get_mut(place), torn.get_mut(place)) else {
            continue;
        };
        if slot.as_ref().is_some_and(|known| *known != answer) {
            *torn = true;
        }
        *slot = if *torn { None } else { Some(answer) };
    }
    Some(answers)
}

fn read(response: &Value) -> Option<(usize, Answer)> {
    let place = match response.get("id")? {
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let status = response.get("status")?.as_u64()?;
    let answer = Answer {
        status: u16::try_from(status).ok()?,
        told: Told {
            retry_after: header(response, "retry-after").and_then(|text| retry_after(&text)),
            challenged: header(response, "www-authenticate")
                .is_some_and(|text| is_challenge(&text)),
        },
        heard: Heard::of(|name| header(response, name)),
        body: response.get("body").cloned().unwrap_or(Value::Null),
    };
    Some((place, answer))
}

/// A header of an item, in any case; some services write numbers.
fn header(response: &Value, name: &str) -> Option<String> {
    let headers = response.get("headers")?.as_object()?;
    let (_, value) = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use std::time::Duration;

    fn statuses(asked: usize, reply: &Value) -> Vec<Option<u16>> {
        let answers = merge(asked, reply).unwrap();
        answers
            .iter()
            .map(|a| a.as_ref().map(|a| a.status))
            .collect()
    }

    #[test]
    fn reordered_missing_doubled_and_foreign_answers() {
        let reply = json!({"responses": [
            {"id": "3", "status": 429, "headers": {"retry-after": "2.1"}, "body": {"error": {"code": "TooManyRequests"}}},
            {"id": "0", "status": 204, "body": null},
            {"id": "2", "status": 204},
            {"id": "2", "status": 403},
            {"id": "2", "status": 204},
            {"id": "99", "status": 204},
            {"id": "x", "status": 204},
            {"status": 204},
            "nonsense",
        ]});
        assert_eq!(statuses(4, &reply), [Some(204), None, None, Some(429)]);
        let answers = merge(4, &reply).unwrap();
        assert_eq!(
            answers[3].as_ref().unwrap().told.retry_after,
            Some(Duration::from_secs(3))
        );
        assert_eq!(merge(4, &json!({"value": []})), None);
    }

    #[test]
    fn ids_are_unique_and_a_body_brings_its_type() {
        let mut items = vec![Item::delete("users", ObjectId(uuid::Uuid::nil())); 2];
        items[1].body = Some(json!({"a": 1}));
        assert!(envelope("beta", &items).is_err());
        let body = envelope("v1.0", &items).unwrap();
        assert_eq!(body["requests"][0]["id"], "0");
        assert_eq!(body["requests"][1]["id"], "1");
        assert_eq!(
            body["requests"][0]["url"],
            "/users/00000000-0000-0000-0000-000000000000"
        );
        assert!(body["requests"][0].get("headers").is_none());
        assert_eq!(
            body["requests"][1]["headers"]["Content-Type"],
            "application/json"
        );
    }
}
