//! After all rows of a program: what the operator did for them together, by the API server's record of requests and its own
//! log. It used no right that nobody granted, was refused only where a row meant it to be, left no right unused, told no
//! secret, and wrote lines of its own.

use crate::rights::{Right, allows, granted, roles};
use crate::stack::Stack;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The longest line that anybody wants to read.
const LONGEST: usize = 8 * 1024;

/// Where rows mean the operator to be refused: namespace and resource.
static REFUSED: Mutex<BTreeSet<(String, &str)>> = Mutex::new(BTreeSet::new());

/// A row has seen this reason, which tells that the operator may not read something in its namespace.
pub(crate) fn refused(namespace: &str, reason: &str) {
    let resource = match reason {
        "CredentialsForbidden" => "secrets",
        "BackupJobForbidden" => "jobs",
        _ => return,
    };
    let mut all = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    all.insert((namespace.to_owned(), resource));
}

/// Whatever is wrong; `whole`: every row was run, so that every right should have been of use.
pub(crate) async fn look(stack: &Stack, whole: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    rights(stack, whole, &mut wrong).await;
    log(stack, &mut wrong).await;
    wrong.truncate(20);
    wrong
}

async fn listed(stack: &Stack, what: &[&str]) -> Vec<Value> {
    let args = [&["get"][..], what, &["-o", "json"]].concat();
    let (ok, out, why) = stack.cluster.kubectl("admin", &args, None).await.unwrap();
    assert!(ok, "{why}");
    let list: Value = serde_json::from_str(&out).unwrap();
    list["items"].as_array().unwrap().clone()
}

async fn rights(stack: &Stack, whole: bool, wrong: &mut Vec<String>) {
    let text = std::fs::read_to_string(stack.cluster.audit_log()).unwrap();
    let of_the_chart = granted(&roles(&stack.chart));
    // Rows grant Secrets and Jobs by name, in namespaces of their own. What they take back again was granted meanwhile.
    let by_hand = granted(&listed(stack, &["roles", "-A"]).await);
    let by_hand: BTreeSet<&str> = by_hand
        .iter()
        .filter(|(.., name)| !name.is_empty())
        .map(|(_, _, resource, ..)| resource.as_str())
        .collect();
    let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut used: BTreeSet<&Right> = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| line.contains("\"objectRef\"")) {
        let entry = short(line);
        if !seen.insert(entry.to_string()) {
            continue;
        }
        let object = &entry["objectRef"];
        let of = |key: &str| object[key].as_str().unwrap_or_default();
        let meant = || {
            let mut all = refused.iter();
            all.any(|(namespace, resource)| {
                namespace == of("namespace") && *resource == of("resource")
            })
        };
        let allowed: Vec<&Right> = of_the_chart
            .iter()
            .filter(|right| allows(right, &entry))
            .collect();
        if entry["code"] == 403 {
            if !meant() {
                wrong.push(format!("refused, and no row meant it to be: {entry}"));
            }
        } else if allowed.is_empty()
            && !(entry["verb"] == "get"
                && by_hand.contains(of("resource"))
                && !of("name").is_empty())
        {
            wrong.push(format!("by whose grace? {entry}"));
        }
        used.extend(allowed);
    }
    if seen.len() < 10 {
        wrong.push(format!(
            "the record of requests has {} kinds of them",
            seen.len()
        ));
    }
    if whole {
        let idle = of_the_chart.iter().filter(|right| !used.contains(right));
        wrong.extend(idle.map(|right| format!("granted and never used: {right:?}")));
    }
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

async fn log(stack: &Stack, wrong: &mut Vec<String>) {
    let log = std::fs::read_to_string(stack.dir.join("operator.log")).unwrap();
    let acts = |c: char| c.is_control() && c != '\t';
    for line in log.lines() {
        let time = line.split_whitespace().next().unwrap_or_default();
        if time.parse::<jiff::Timestamp>().is_err() || line.contains(acts) || line.len() > LONGEST {
            let start: String = line.chars().take(300).collect();
            wrong.push(format!("no line of the operator's own: {start:?}"));
        }
    }
    for token in ["eyJ0eXAiOiJKV1Qi", "eyJhbGciOi", "Bearer ey"] {
        if log.contains(token) {
            wrong.push(format!("the log tells a token: {token}…"));
        }
    }
    for secret in listed(stack, &["secrets", "-A"]).await {
        for (key, value) in secret["data"].as_object().into_iter().flatten() {
            let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let text = text.lines().rfind(|line| line.len() > 20);
            if key != "clientId"
                && text.is_some_and(|text| log.contains(text) && !text.contains("----"))
            {
                wrong.push(format!("the log tells a secret: {}", secret["metadata"]));
            }
        }
    }
}
