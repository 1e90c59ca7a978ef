//! The exact request of each call, with every header, and what the client makes of the good reply.

use crate::assertion;
use crate::row::{But, By, Row, decoded, line};
use crate::rows;
use crate::server::{Seen, TENANT};
use crate::stage::{PARTNER, Ran, token};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::Value;
use tenant_closure::closure::observation::Fact;
use tenant_closure::microsoft::Service;

/// What every request carries.
const USUAL: [&str; 5] = [
    "accept: application/json",
    "client-request-id: {a new id}",
    "host: {of the line}",
    concat!("user-agent: tenant-closure/", env!("CARGO_PKG_VERSION")),
    "x-ms-throttle-priority: low",
];

/// What one to Partner Center carries besides.
const PARTNERS: [&str; 2] = [
    "ms-correlationid: {the same id}",
    "ms-requestid: {the same id}",
];

pub fn trials(row: &'static Row) -> Vec<Trial> {
    vec![trial(
        row,
        "the exact request, and a good reply",
        move |stage| async move {
            let ran = stage.good().await;
            let is = |one: &&Seen| row.is_asked_by(one);
            for one in ran.asked.iter().filter(is) {
                assert_eq!(written(row, one), wanted(row), "{}", ran.told());
            }
            assert_eq!(ran.hits.len(), 1, "asked once\n{}", ran.told());
            let makes = Fact::Known(row.makes.to_owned());
            assert_eq!(ran.made, makes, "{}", ran.told());
            nothing_else(&ran);
        },
    )]
}

/// Whatever else goes out in the run is what another row spells out, or follows a link.
fn nothing_else(ran: &Ran) {
    for seen in &ran.asked {
        let batch = seen.path.ends_with("/$batch");
        let spelled = rows::all().iter().any(|row| line(seen) == row.line());
        assert!(batch || spelled, "no row spells it out: {}", line(seen));
    }
}

/// The request as the row writes it: headers sorted, then the body.
fn wanted(row: &Row) -> (Vec<String>, Value) {
    let (head, body) = row.head_and_body();
    let mut headers: Vec<String> = head.into_iter().map(str::to_owned).collect();
    if !row.inside() {
        headers.extend(USUAL.map(str::to_owned));
    }
    if row.service == Service::Partner {
        headers.extend(PARTNERS.map(str::to_owned));
    }
    let form = row.service == Service::Login;
    if !form && !row.inside() {
        headers.push("authorization: Bearer {of the service}".to_owned());
    }
    // A POST of Azure Resource Manager has no body.
    if !row.inside() && (!body.is_empty() || row.call.starts_with("POST")) {
        let kind = if form {
            "x-www-form-urlencoded"
        } else {
            "json"
        };
        headers.push(format!("content-type: application/{kind}"));
    }
    headers.sort();
    let body = match (body, form) {
        ("", _) => Value::Null,
        (text, true) => Value::String(text.to_owned()),
        (text, false) => serde_json::from_str(text).unwrap(),
    };
    (headers, body)
}

/// The request as it came.
fn written(row: &Row, seen: &Seen) -> (Vec<String>, Value) {
    let id = seen.headers["client-request-id"].to_str().unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    let shown = |name: &str, value: &str| match name {
        "host" if value == seen.host => "{of the line}".to_owned(),
        "client-request-id" => "{a new id}".to_owned(),
        "ms-requestid" | "ms-correlationid" if value == id => "{the same id}".to_owned(),
        "authorization" if value == bearer(seen.service()) => "Bearer {of the service}".to_owned(),
        _ => value.to_owned(),
    };
    let headers = seen.inside.as_ref().unwrap_or(&seen.headers).iter();
    // It tells the length of the body and nothing else.
    let headers = headers.filter(|(name, _)| *name != "content-length");
    let mut headers: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {}", shown(name.as_str(), value.to_str().unwrap())))
        .collect();
    headers.sort();
    let body = match seen.text.as_str() {
        "" => seen.body.clone(),
        form if row.by == By::Certificate => Value::String(assertion::named(&decoded(form))),
        form => Value::String(decoded(form)),
    };
    (headers, body)
}

/// The token of the tenant whose service it is, asked for with the service's own scope.
fn bearer(service: Service) -> String {
    let (tenant, host) = match service {
        Service::Partner => (PARTNER, "api.partnercenter.microsoft.com"),
        Service::Arm => (TENANT, "management.azure.com"),
        Service::Graph | Service::Login => (TENANT, "graph.microsoft.com"),
    };
    let scope = format!("https://{host}/.default");
    format!("Bearer {}", token(&tenant.to_string(), &scope))
}

/// A row that says so is no listing in pages, and so on: each word fits its kind.
pub fn fits(row: &Row) -> bool {
    let reads = !row.writes();
    let only_reading = [But::Paged, But::AskedOnce, But::ErrorsOfItsOwn];
    let only_writing = [But::Swept];
    row.but.iter().all(|but| {
        (reads || !only_reading.contains(but)) && (!reads || !only_writing.contains(but))
    }) && (reads || row.settled.is_some())
}
