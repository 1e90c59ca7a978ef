//! Rights on the API server: what roles grant, and what its own record of requests says of what the operator did.

use crate::stack::OPERATOR;
use serde_json::Value;
use std::collections::BTreeSet;

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
