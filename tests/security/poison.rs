//! Microsoft's answers, poisoned: texts of errors, their codes, headers, ids and names that break what takes them for its own
//! words. A closure outlives all of it, and nothing of it acts anywhere.

use crate::case::Case;
use crate::course::{NASTY, left, printed};
use crate::names::{LONGEST, assert_harmless, unprintable};
use crate::person::Person;
use crate::stack::Stack;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{Api, DynamicObject};
use kube::api::{ApiResource, WatchEvent, WatchParams};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tenant_closure::api::TenantClosure;
use tenant_closure::closure::report::Phase;

const NAMESPACE: &str = "poisoned";
/// Stands in every poisoned text of an error, which nobody may repeat.
const TATTLE: &str = "tattletale";
const PATIENCE: Duration = Duration::from_secs(400);

/// What it left.
pub(crate) struct Poisoned {
    /// Each status that there was, in order.
    statuses: Vec<Value>,
    /// What people were shown meanwhile, by name.
    pages: Vec<(String, String)>,
    /// How many answers were poisoned.
    struck: u64,
    /// How many were to be.
    wanted: u64,
    /// Rules that the simulator saw broken.
    violations: Value,
}

/// Texts for errors: each nasty name, and one of a mebibyte.
fn texts() -> Vec<String> {
    let mut all: Vec<String> = NASTY.map(|name| format!("{TATTLE} {name}")).into();
    all.push(TATTLE.repeat((1 << 20) / TATTLE.len()));
    all
}

/// Error envelopes of Graph and ARM, of Partner Center and of the token endpoint around a text, in turn.
fn envelope(turn: usize, text: &str) -> Value {
    match turn % 4 {
        0 => {
            json!({"error": {"code": text, "message": text, "innerError": {"code": text, "request-id": text, "date": text}}})
        }
        1 => json!({"code": text, "description": text, "error": text}),
        2 => {
            json!({"error": text, "error_description": text, "error_codes": [text], "claims": text, "error_uri": text})
        }
        _ => {
            json!({"error": {"code": "Forbidden", "message": text, "details": [{"code": text, "message": text, "target": text}]}})
        }
    }
}

/// What a header can carry of a text.
fn headers(text: &str) -> Value {
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(8_000)
        .collect();
    let names = [
        "request-id",
        "x-ms-request-id",
        "client-request-id",
        "WWW-Authenticate",
        "Location",
        "Azure-AsyncOperation",
        "x-ms-resource-unit",
        "x-ms-throttle-scope",
        "x-ms-throttle-information",
        "x-ms-ratelimit-remaining-tenant-reads",
        "x-ms-ags-diagnostic",
        "ETag",
        "Date-Served",
    ];
    let mut all: Value = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(text)))
        .collect();
    all["Retry-After"] = json!("1");
    all
}

/// One poisoned answer in the place of every second one that matches.
fn fault(mut matching: Value, code: u16, headers: &Value, body: &Value) -> (Value, Value) {
    matching["every"] = json!(2);
    let deed = json!({"status": {"code": code, "headers": headers, "body": body}});
    (matching, deed)
}

/// Errors in the place of anything, errors of single deletions, and successes whose ids and names are none.
fn faults(tenant: &str) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    let codes = [400, 401, 403, 404, 409, 429, 500, 503];
    for (turn, text) in texts().iter().enumerate() {
        let code = |shift: usize| codes[(turn + shift) % codes.len()];
        let headers = headers(text);
        let body = envelope(turn, text);
        // What something is called may be told, as long as it does nothing.
        let name = text.replace(TATTLE, "called");
        let get = json!({"method": "GET"});
        let login = json!({"pathContains": "/oauth2/v2.0/token"});
        let batch = json!({"pathEnds": "/$batch"});
        let item = json!({"item": true, "method": "GET"});
        let deletion = json!({"item": true, "method": "DELETE"});
        all.push(fault(get, code(0), &headers, &body));
        all.push(fault(login, code(1), &headers, &envelope(turn + 1, text)));
        all.push(fault(batch, code(2), &headers, &body));
        all.push(fault(item, code(3), &headers, &body));
        all.push(fault(deletion, code(4), &headers, &body));
        // A page that is no JSON at all.
        all.push(fault(
            json!({"method": "GET"}),
            code(5),
            &headers,
            &json!(text),
        ));
        let users = json!({"value": [{"id": text, "userPrincipalName": text, "displayName": text}], "@odata.nextLink": text, "@odata.deltaLink": text});
        all.push(fault(
            json!({"method": "GET", "pathContains": "/users"}),
            200,
            &headers,
            &users,
        ));
        let bought = json!({"value": [{
            "id": text, "commerceSubscriptionId": text, "skuPartNumber": text, "status": text, "ownerTenantId": text,
            "nextLifecycleDateTime": text}]});
        all.push(fault(
            json!({"pathEnds": "/directory/subscriptions"}),
            200,
            &headers,
            &bought,
        ));
        let token =
            json!({"access_token": format!("a.{text}.c"), "token_type": text, "expires_in": text});
        all.push(fault(
            json!({"pathContains": "/oauth2/v2.0/token"}),
            200,
            &headers,
            &token,
        ));
        let tenant = json!({"value": [{
            "id": tenant, "displayName": text, "onPremisesSyncEnabled": null, "partnerTenantType": null,
            "verifiedDomains": [{"name": name, "isInitial": true, "type": text}, {"name": name, "isInitial": false, "type": text}]}]});
        all.push(fault(
            json!({"item": true, "pathContains": "/organization"}),
            200,
            &headers,
            &tenant,
        ));
        let role = json!({"value": [{"id": text, "principalId": text, "roleDefinitionId": text, "directoryScopeId": text}]});
        all.push(fault(
            json!({"item": true, "pathContains": "/roleManagement"}),
            200,
            &headers,
            &role,
        ));
        let bill = json!({"value": [{"id": text, "name": text, "type": text, "properties": {"displayName": text, "status": text}}], "nextLink": text});
        all.push(fault(
            json!({"method": "GET", "pathContains": "/billingSubscriptions"}),
            200,
            &headers,
            &bill,
        ));
    }
    all
}

/// A tenant with something of everything, in which every name is nasty.
fn tenant() -> Value {
    let mut names: Vec<String> = NASTY.map(str::to_owned).into();
    names.push("C".repeat(1 << 20));
    json!({
        "users": 60, "initialDomain": "poisoned.onmicrosoft.com", "displayName": NASTY[4], "displayNames": names,
        "subscriptions": [
            {"kind": "Direct", "sku": NASTY[2], "termEndDays": 4, "termDays": 4},
            {"kind": "CustomerAgreement", "sku": NASTY[3], "termEndDays": 4, "termDays": 4},
            {"kind": "Azure", "sku": NASTY[5], "disabledDays": 4}],
        "applications": 2, "servicePrincipals": 2,
    })
}

/// Closes it while every kind of answer is poisoned, each kind for some time.
pub(crate) async fn close(stack: &Stack) -> Poisoned {
    let tenant = stack.simulator.add(&tenant()).await.unwrap();
    let id = tenant.id.clone();
    let case = stack.case(NAMESPACE, tenant).await.unwrap();
    let faults = faults(&id);
    let wanted = faults.len() as u64;
    for (matching, deed) in faults {
        case.portal.fault(matching, deed, Some(1)).await.unwrap();
    }
    case.apply().await.unwrap();
    let mut person = Person::new(&case, true, Some(stack.dir.join("poisoned.log")));
    let (mut statuses, mut pages) = (Vec::new(), Vec::new());
    let watching = tokio::select! {
        () = watched(stack, &case, &mut statuses, &mut pages) => true,
        trouble = person.live() => panic!("the persons: {trouble:?}"),
    };
    assert!(watching);
    Poisoned {
        statuses,
        pages,
        struck: case.portal.struck().await.unwrap(),
        wanted,
        violations: case.portal.get("violations").await.unwrap(),
    }
}

/// Every status until it is Closed, and what is printed to people whenever another reason stands there.
async fn watched(
    stack: &Stack,
    case: &Case,
    statuses: &mut Vec<Value>,
    pages: &mut Vec<(String, String)>,
) {
    let resource = ApiResource::erase::<TenantClosure>(&());
    let client = case.cluster.client("admin");
    let stored: Api<DynamicObject> = Api::namespaced_with(client, NAMESPACE, &resource);
    let deadline = Instant::now() + PATIENCE;
    let mut reasons = std::collections::BTreeSet::new();
    let mut version = "0".to_owned();
    loop {
        let watch = stored
            .watch(&WatchParams::default(), &version)
            .await
            .unwrap();
        let mut watch = watch.boxed();
        while let Ok(Some(event)) = watch.try_next().await {
            let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event else {
                break;
            };
            version = object.metadata.resource_version.clone().unwrap_or_default();
            let status = object.data["status"].clone();
            let (phase, message) = (status["phase"].clone(), status["summary"].clone());
            statuses.push(status.clone());
            assert!(
                Instant::now() < deadline,
                "not closed but {phase}: {message}\n{}{}",
                stack.log_end("operator.log"),
                stack.log_end("poisoned.log"),
            );
            let ready = status["conditions"].as_array().into_iter().flatten();
            let ready = ready.filter(|one| one["type"] == "Ready");
            let ready: String = ready.map(|one| one["reason"].to_string()).collect();
            if reasons.insert(ready.clone()) {
                pages.extend(printed(stack, NAMESPACE, &format!("poisoned {ready}")).await);
            }
            if phase == json!(Phase::Closed) {
                return;
            }
        }
    }
}

#[test]
fn a_closure_outlives_answers_that_are_poisoned() {
    let poisoned = &left().poisoned;
    // Some kinds of answers are asked for too seldom at the end.
    assert!(
        poisoned.struck * 4 >= poisoned.wanted * 3,
        "{} of {} answers were poisoned",
        poisoned.struck,
        poisoned.wanted
    );
    assert_eq!(poisoned.violations["count"], 0, "{:#}", poisoned.violations);
}

#[test]
fn no_text_of_an_error_is_repeated_anywhere() {
    assert!(left().poisoned.statuses.len() > 10);
    for status in &left().poisoned.statuses {
        assert!(!status.to_string().contains(TATTLE), "{status:#}");
    }
    for (name, page) in left().poisoned.pages.iter().chain(&left().pages) {
        assert!(!page.contains(TATTLE), "{name}: {page}");
    }
    for (kind, object) in &left().objects {
        assert!(!object.to_string().contains(TATTLE), "{kind}: {object:#}");
    }
    assert!(!left().metrics.contains(TATTLE), "{}", left().metrics);
    for line in left().log.lines() {
        assert!(!line.contains(TATTLE), "{line}");
    }
    for entry in &left().audit {
        assert!(!entry.to_string().contains(TATTLE), "{entry:#}");
    }
}

#[test]
fn every_status_on_the_way_is_printable_and_of_bounded_length() {
    for status in &left().poisoned.statuses {
        assert_harmless("status", status);
        let size = status.to_string().len();
        assert!(size < 32 * 1024, "the status has {size} bytes");
    }
}

#[test]
fn whatever_is_printed_on_the_way_shows_what_would_act() {
    assert!(left().poisoned.pages.len() > 20);
    for (name, page) in &left().poisoned.pages {
        assert_eq!(unprintable(page), None, "{name}: {page}");
        for line in page
            .lines()
            .filter(|_| !name.contains("html") && !name.contains("json"))
        {
            assert!(line.len() < LONGEST, "{name}: {} bytes", line.len());
        }
        if name.ends_with("html") {
            for element in ["<script", "<img", "javascript:alert(1)\""] {
                assert!(!page.contains(element), "{name} has {element}");
            }
        }
    }
}

#[test]
fn metrics_are_lines_of_their_own() {
    for line in left().metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "_{}=\",. -/:".contains(c);
        assert!(name.chars().all(plain) && line.len() < 512, "{line}");
    }
}
