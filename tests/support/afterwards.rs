//! After all rows of a program: what the operator did for them together, by the API server's record of requests and its own
//! log. It used no right that nobody granted, was refused only where a row meant it to be, left no right unused, told no
//! secret, and wrote lines of its own.

use crate::stack::Stack;
use crate::stack::rights::{Right, allows, amiss, granted, record, roles};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
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
    rights(stack, whole, &mut wrong);
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

fn rights(stack: &Stack, whole: bool, wrong: &mut Vec<String>) {
    let record = record(&stack.cluster.audit_log());
    let granted = granted(&roles(&stack.chart));
    let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let meant = |namespace: &str, resource: &str| {
        let mut all = refused.iter();
        all.any(|(there, one)| there == namespace && *one == resource)
    };
    wrong.extend(amiss(&record, &granted, meant));
    if record.len() < 10 {
        wrong.push(format!(
            "the record of requests has {} kinds of them",
            record.len()
        ));
    }
    if whole {
        let used = |right: &&Right| record.iter().any(|entry| allows(right, entry));
        let idle = granted.iter().filter(|right| !used(right));
        wrong.extend(idle.map(|right| format!("granted and never used: {right:?}")));
    }
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
