//! The admission policies that make an approval trustworthy: whether those in force are the shipped ones, and since when.

use crate::api::policies;
use crate::controller::context::Context;
use crate::controller::error::{ReconcileError, bounded};
use futures::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use std::time::Duration;

/// So long after a policy was written each API server acts by it. One alone takes about a second (it looks once a second at
/// what its watch has brought); where there are several, some hear of it later than others.
pub const ACT_WITHIN: Duration = Duration::from_secs(60);

/// The policies and bindings are there with the shipped text. What came in up to these moments, nobody may have looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Of all of them.
    pub all: Timestamp,
    /// Of the one that vouches for authors.
    pub authors: Timestamp,
}

impl InForce {
    /// Where this is when the last of them, and the one that vouches for authors, was written or changed last, and each API
    /// server acts by it so long after.
    pub fn written(all: Timestamp, authors: Timestamp, act_within: Duration) -> Self {
        let acts = |at: Timestamp| at.checked_add(act_within).unwrap_or(Timestamp::MAX);
        Self {
            all: acts(all),
            authors: acts(authors),
        }
    }

    /// Where nothing rests on them.
    pub const UNASKED: Self = Self {
        all: Timestamp::MIN,
        authors: Timestamp::MIN,
    };
}

/// From which moments on the shipped policies and bindings are acted by; `None` where one is missing or says anything else.
///
/// # Errors
/// Where the API server failed.
pub async fn in_force(ctx: &Context) -> Result<Option<InForce>, ReconcileError> {
    let text = policies::yaml(&ctx.namespace, &ctx.service_account);
    let shipped = text.split("\n---\n").filter_map(Shipped::read);
    let stored = try_join_all(shipped.map(|one| one.in_force(ctx))).await?;
    let (mut all, mut authors) = (Timestamp::MIN, Timestamp::MIN);
    for one in stored {
        let Some((name, since)) = one else {
            return Ok(None);
        };
        all = all.max(since);
        if name == policies::AUTHORS {
            authors = authors.max(since);
        }
    }
    let found = InForce::written(all, authors, ctx.policies_act_within);
    Ok((all > Timestamp::MIN).then_some(found))
}

/// One of the shipped objects that are to be in force.
struct Shipped {
    kind: ApiResource,
    name: String,
    spec: Value,
}

impl Shipped {
    /// `None`: it is nothing that refuses. The stamp of the author is looked at by the guard of authors, after every mutation:
    /// nothing rests on who put it there, and clusters before 1.36 have no such kind.
    fn read(document: &str) -> Option<Self> {
        let shipped: Value = serde_saphyr::from_str(document).ok()?;
        let kind = match shipped.get("kind").and_then(Value::as_str) {
            Some("ValidatingAdmissionPolicy") => {
                ApiResource::erase::<ValidatingAdmissionPolicy>(&())
            }
            Some("ValidatingAdmissionPolicyBinding") => {
                ApiResource::erase::<ValidatingAdmissionPolicyBinding>(&())
            }
            _ => return None,
        };
        Some(Self {
            kind,
            name: shipped.pointer("/metadata/name")?.as_str()?.to_owned(),
            spec: shipped["spec"].clone(),
        })
    }

    /// Its name, and since when it has been in force, read live; `None`: it is missing or says anything else.
    async fn in_force(self, ctx: &Context) -> Result<Option<(String, Timestamp)>, ReconcileError> {
        let api: Api<DynamicObject> = Api::all_with(ctx.client.clone(), &self.kind);
        let stored = bounded(api.get_opt(&self.name)).await?;
        let stored = stored.filter(|stored| same(&stored.data["spec"], &self.spec));
        Ok(stored.map(|stored| (self.name, unchanged_since(&stored))))
    }
}

/// Since when an object has said what it says. The server counts changes of its spec, and writes down when each of its
/// writers last changed something; of one that was changed without a time nobody knows.
fn unchanged_since(stored: &DynamicObject) -> Timestamp {
    let created = stored.creation_timestamp().map_or(Timestamp::MAX, |t| t.0);
    if stored.meta().generation == Some(1) {
        return created;
    }
    let writers = stored.managed_fields().iter();
    let times = writers
        .filter(|writer| writer.subresource.as_deref().unwrap_or_default().is_empty())
        .map(|writer| writer.time.as_ref().map_or(Timestamp::MAX, |t| t.0));
    times.max().unwrap_or(Timestamp::MAX).max(created)
}

/// What the server adds where nothing is said.
fn defaults(key: &str) -> Option<Value> {
    match key {
        "matchPolicy" => Some(json!("Equivalent")),
        "namespaceSelector" | "objectSelector" => Some(json!({})),
        "scope" => Some(json!("*")),
        _ => None,
    }
}

/// True where what is stored is what was shipped, but for what the server adds by itself.
fn same(stored: &Value, shipped: &Value) -> bool {
    match (stored, shipped) {
        (Value::Object(stored), Value::Object(shipped)) => {
            let told = shipped.iter().all(|(key, value)| {
                stored
                    .get(key)
                    .map_or_else(|| *value == json!({}), |s| same(s, value))
            });
            let mut added = stored.iter().filter(|(key, _)| !shipped.contains_key(*key));
            told && added.all(|(key, value)| defaults(key).as_ref() == Some(value))
        }
        (Value::Array(stored), Value::Array(shipped)) => {
            stored.len() == shipped.len() && stored.iter().zip(shipped).all(|(a, b)| same(a, b))
        }
        (Value::String(stored), Value::String(shipped)) => stored.trim() == shipped.trim(),
        (stored, shipped) => stored == shipped,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn what_the_server_adds_is_the_same_and_what_anybody_adds_is_not() {
        let shipped = json!({"failurePolicy": "Fail", "paramRef": {"selector": {}},
            "matchConstraints": {"resourceRules": [{"resources": ["a"]}]}, "validations": [{"expression": "x"}]});
        let stored = json!({"failurePolicy": "Fail", "paramRef": {},
            "matchConstraints": {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
                "resourceRules": [{"resources": ["a"], "scope": "*"}]}, "validations": [{"expression": "x\n"}]});
        assert!(same(&stored, &shipped));
        for (place, added) in [
            (
                "",
                json!({"matchConditions": [{"name": "never", "expression": "false"}]}),
            ),
            (
                "",
                json!({"matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}),
            ),
            (
                "/matchConstraints",
                json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}),
            ),
            (
                "/matchConstraints",
                json!({"excludeResourceRules": [{"resources": ["a"]}]}),
            ),
            ("", json!({"failurePolicy": "Ignore"})),
            ("/validations/0", json!({"expression": "true"})),
        ] {
            let mut other = stored.clone();
            let object = other.pointer_mut(place).unwrap().as_object_mut().unwrap();
            object.extend(added.as_object().unwrap().clone());
            assert!(!same(&other, &shipped), "{added}");
        }
    }

    #[test]
    fn nothing_counts_that_came_before_each_server_acts() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (first, last) = (at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
        let found = InForce::written(last, first, ACT_WITHIN);
        assert_eq!(found.all, at("2026-02-01T00:01:00Z"));
        assert_eq!(found.authors, at("2026-01-01T00:01:00Z"));
        let unknown = InForce::written(Timestamp::MAX, first, ACT_WITHIN);
        assert_eq!(unknown.all, Timestamp::MAX);
    }

    #[test]
    fn a_change_counts_from_its_last_moment() {
        let object = |generation: i64, times: &[Option<&str>]| -> DynamicObject {
            let writers: Vec<Value> = times
                .iter()
                .map(|time| json!({"manager": "kubectl", "operation": "Update", "time": time}))
                .collect();
            serde_json::from_value(json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "generation": generation,
                "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": writers}}))
            .unwrap()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (first, later) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        assert_eq!(unchanged_since(&object(1, &[Some(later)])), at(first));
        let twice = object(2, &[Some(first), Some(later)]);
        assert_eq!(unchanged_since(&twice), at(later));
        assert_eq!(unchanged_since(&object(2, &[])), Timestamp::MAX);
        assert_eq!(unchanged_since(&object(2, &[None])), Timestamp::MAX);
    }
}
