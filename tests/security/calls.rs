//! What a whole closure asked Microsoft for, by the simulator's own count: nothing that the list of calls does not have.

use crate::course::left;
use std::collections::BTreeSet;
use tenant_closure::microsoft::{CALLS, Known, Service};

/// Where the simulator's replies say that an operation is to be followed: the list has it as a link.
const OPERATIONS: [&str; 2] = [
    "GET arm/providers/Microsoft.Billing/operationStatus/{id}",
    "GET arm/subscriptions/{id}/providers/Microsoft.AzureActiveDirectory/operationStatuses/{id}",
];

/// A line of the list in the simulator's words: `{id}` for what is named.
fn route(known: &Known) -> String {
    let service = match known.service {
        Service::Login => "login",
        Service::Graph => "graph",
        Service::Arm => "arm",
        Service::Partner => "partner",
    };
    let path = known.path.replace("(appId='{}')", "/{id}");
    let path = path.replace("(period='{}')", "/{id}");
    let path = path.replace("{}", "{id}");
    without_version(&format!("{} {service}{path}", known.method))
}

/// The items of a `$batch` are counted without it.
fn without_version(route: &str) -> String {
    route
        .replace(" graph/v1.0/", " graph/")
        .replace(" graph/beta/", " graph/")
}

#[test]
fn nothing_is_asked_that_is_not_on_the_list_of_calls() {
    let listed: BTreeSet<String> = CALLS.iter().map(route).collect();
    let stats = &left().stats;
    let routes = ["byRoute", "itemsByRoute"].map(|kind| stats[kind].as_object().unwrap());
    let asked: BTreeSet<String> = routes
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter(|route| !route.contains(" _sim") && !route.contains(" console"))
        .map(|route| without_version(route))
        .collect();
    // Reading, deleting, waiting, looking from outside: a closure is many calls.
    assert!(asked.len() >= 15, "{asked:#?}");
    let strange: Vec<_> = asked
        .into_iter()
        .filter(|route| !listed.contains(route) && !OPERATIONS.contains(&route.as_str()))
        .collect();
    assert!(strange.is_empty(), "not on the list: {strange:#?}");
}

#[test]
fn every_call_is_logged_with_its_ids_and_without_names() {
    let lines: Vec<&str> = left()
        .log
        .lines()
        .filter(|line| line.contains("client_request_id"))
        .collect();
    assert!(lines.len() > 50, "{} lines", lines.len());
    for line in lines {
        let domain = line.contains("onmicrosoft.com");
        assert!(!domain && !line.contains('@'), "{line}");
    }
}
