//! Rights on the API server: what roles grant, and what its own record of requests says of what the operator did.

use super::OPERATOR;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// One right: scope, API group, resource with subresource, verb, and the name where it is granted by name.
pub(crate) type Right = (String, String, String, String, String);

/// A list of words.
pub(crate) fn words(value: &Value) -> Vec<&str> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

/// Every right that these roles grant, one by one.
pub(crate) fn granted(roles: &[Value]) -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for role in roles {
        let scope = role["metadata"]["namespace"].as_str().unwrap_or_default();
        for rule in role["rules"].as_array().into_iter().flatten() {
            let names = match words(&rule["resourceNames"]) {
                names if names.is_empty() => vec![""],
                names => names,
            };
            for group in words(&rule["apiGroups"]) {
                for resource in words(&rule["resources"]) {
                    for verb in words(&rule["verbs"]) {
                        assert!(![group, resource, verb].contains(&"*"), "a star: {rule}");
                        for name in &names {
                            let right = [scope, group, resource, verb, name].map(str::to_owned);
                            all.insert(right.into());
                        }
                    }
                }
            }
        }
    }
    all
}

/// Whether a right allows what an entry of the record did.
pub(crate) fn allows((scope, group, resource, verb, name): &Right, entry: &Value) -> bool {
    let object = &entry["objectRef"];
    let of = |key: &str| object[key].as_str().unwrap_or_default();
    let whole = match of("subresource") {
        "" => of("resource").to_owned(),
        sub => format!("{}/{sub}", of("resource")),
    };
    (scope.is_empty() || *scope == of("namespace"))
        && *group == of("apiGroup")
        && *resource == whole
        && *verb == entry["verb"]
        && (name.is_empty() || *name == of("name"))
}

/// Resources that whoever writes a closure grants by name, in its namespace.
const BY_HAND: [&str; 2] = ["secrets", "jobs"];

/// What was asked of the API server, each kind of request once.
pub(crate) fn record(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let entries = text.lines().filter(|line| line.contains("\"objectRef\""));
    entries
        .map(short)
        .filter(|entry| seen.insert(entry.to_string()))
        .collect()
}

/// What is wrong with it: what was refused and not meant to be (namespace, resource), and what nobody granted.
pub(crate) fn amiss(
    record: &[Value],
    granted: &BTreeSet<Right>,
    meant: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let wrong = record.iter().filter_map(|entry| {
        let object = &entry["objectRef"];
        let of = |key: &str| object[key].as_str().unwrap_or_default();
        if entry["code"] == 403 {
            let meant = meant(of("namespace"), of("resource"));
            return (!meant).then(|| format!("refused, and not meant to be: {entry}"));
        }
        let by_hand =
            entry["verb"] == "get" && BY_HAND.contains(&of("resource")) && !of("name").is_empty();
        let allowed = by_hand || granted.iter().any(|right| allows(right, entry));
        (!allowed).then(|| format!("by whose grace? {entry}"))
    });
    wrong.collect()
}

/// What matters of an entry, without parsing all of it: bodies are long, and there are many. The name matters where rights
/// name objects.
fn short(line: &str) -> Value {
    let after = |text: &str, key: &str| -> String {
        let found = text.split_once(&format!("\"{key}\":"));
        let rest = found.map_or("", |(_, rest)| rest);
        let end = |c: char| matches!(c, ',' | '}');
        rest.split(end)
            .next()
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned()
    };
    // What the operator sends may say the same words: objectRef comes first, and responseStatus last.
    let head = line.split("\"requestObject\":").next().unwrap_or(line);
    let (_, object) = head.split_once("\"objectRef\":{").unwrap_or_default();
    let object = object.split('}').next().unwrap_or_default();
    let status = head
        .split_once("\"responseStatus\":")
        .map_or("", |(_, rest)| rest);
    let named = ["secrets", "jobs", "configmaps", "leases"];
    let admission = "admissionregistration.k8s.io";
    let (resource, group) = (after(object, "resource"), after(object, "apiGroup"));
    let name = if named.contains(&resource.as_str()) || group == admission {
        after(object, "name")
    } else {
        String::new()
    };
    json!({
        "verb": after(head, "verb"), "code": after(status, "code").parse::<u16>().unwrap_or(0),
        "objectRef": {"resource": resource, "apiGroup": group, "name": name,
            "namespace": after(object, "namespace"), "subresource": after(object, "subresource")},
    })
}

/// The chart's roles, of a namespace and of the cluster.
pub(crate) fn roles(chart: &str) -> Vec<Value> {
    let documents = chart
        .split("\n---")
        .filter_map(|text| serde_saphyr::from_str::<Value>(text).ok());
    documents
        .filter(|object| matches!(object["kind"].as_str(), Some("Role" | "ClusterRole")))
        .collect()
}

/// The user that the operator is to the API server.
pub(crate) fn operator() -> String {
    format!("system:serviceaccount:{OPERATOR}:{OPERATOR}")
}
