//! The files that are generated are those that the code generates. `UPDATE=1` writes them anew.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tenant_closure::api::{crd, policies};
use tenant_closure::closure::access::table::{Kind, Purpose, TABLE};
use tenant_closure::closure::restore::{Bought, Data};
use tenant_closure::closure::terms::Cloud;
use tenant_closure::microsoft::{Hosts, Service};

const KINDS: [&str; 3] = ["tenantclosures", "closureapprovals", "closurerecords"];
const CHART: &str = "charts/tenant-closure/files";

#[test]
fn checked_in_crds_and_policies_are_current() {
    for kind in KINDS {
        let text = crd::yaml(Some(kind)).unwrap();
        current(&format!("crds/{kind}.yaml"), &text);
        current(&format!("{CHART}/crds/{kind}.yaml"), &text);
    }
    // The chart fills the two names in itself.
    let policies = policies::yaml("OPERATOR_NAMESPACE", "OPERATOR_SERVICE_ACCOUNT");
    current(&format!("{CHART}/policies.yaml"), &policies);
}

/// What stands before and after the table in the documentation.
const MARKS: [&str; 2] = ["<!-- table -->\n", "<!-- end -->"];

#[test]
fn the_documentation_has_the_table_of_access() {
    let mut table = String::from("| Step | Right | Needed | For |\n| --- | --- | --- | --- |\n");
    for right in &TABLE {
        let step = match right.purpose {
            Purpose::Read => "0: reading".to_owned(),
            Purpose::Act => format!("{} {}", right.step.number(), right.step.name()),
        };
        let on = match right.kind {
            Kind::Permission => "",
            Kind::DirectoryRole => " (directory role)",
            Kind::BillingRole => ", on the billing account",
            Kind::SubscriptionRole => ", on each Azure subscription",
            Kind::ResourceRole => ", on the directory's resource",
            Kind::PartnerCenter => ", registered in Partner Center",
        };
        let lacking: Vec<String> = right
            .not_in
            .iter()
            .map(|cloud| format!("{cloud:?}"))
            .collect();
        let clouds = match lacking.join(", ") {
            none if none.is_empty() => none,
            some => format!(", not in {some}"),
        };
        let (name, when, why) = (right.name(), right.when.words(), right.why);
        writeln!(table, "| {step} | {name}{on} | {when}{clouds} | {why} |").unwrap();
    }
    has_table("docs/access.md", &table);
}

#[test]
fn the_documentation_has_the_table_of_what_can_be_brought_back() {
    let mut table = String::from(
        "| Data | Bought directly | Under an agreement | By what means | Microsoft's page |\n| --- | --- | --- | --- | --- |\n",
    );
    for data in Data::ALL {
        let [direct, agreed] = [true, false].map(|directly| {
            data.restore(Bought {
                directly,
                under_agreement: true,
            })
        });
        let mut means = direct.means.to_owned();
        if agreed.means != direct.means {
            write!(means, "; under an agreement {}", agreed.means).unwrap();
        }
        let mut pages = format!("<{}>", direct.source);
        if agreed.source != direct.source {
            write!(pages, " <{}>", agreed.source).unwrap();
        }
        let told = [direct, agreed].map(|one| one.time());
        let same = if told[0] == told[1] {
            "likewise"
        } else {
            &told[1]
        };
        let (data, told) = (data.words(), &told[0]);
        writeln!(table, "| {data} | {told} | {same} | {means} | {pages} |").unwrap();
    }
    has_table("docs/backup.md", &table);
}

fn has_table(path: &str, table: &str) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (_, after) = rest.split_once(MARKS[1]).unwrap();
    current(path, &[before, MARKS[0], table, MARKS[1], after].concat());
}

#[test]
fn the_documentation_has_the_hosts_of_each_cloud() {
    let services = [
        ("sign-in", Service::Login),
        ("Microsoft Graph", Service::Graph),
        ("Azure Resource Manager", Service::Arm),
        ("Partner Center", Service::Partner),
    ];
    let mut table = String::from("| Cloud |");
    for (name, _) in services {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n| --- | --- | --- | --- | --- |\n");
    for cloud in Cloud::ALL {
        write!(table, "| {} |", cloud.name()).unwrap();
        for (_, service) in services {
            write!(table, " `{}` |", Hosts::of(cloud).host(service)).unwrap();
        }
        table.push('\n');
    }
    has_table("docs/network.md", &table);
}

#[test]
fn the_documentation_has_the_table_of_errors() {
    let text = tenant_closure::microsoft::errors_document();
    current("docs/reference/microsoft-errors.md", &text);
}

#[test]
fn the_documentation_has_the_table_of_checks() {
    let text = tenant_closure::closure::checks::document();
    current("docs/reference/checks.md", &text);
}

#[test]
fn the_documentation_has_the_list_of_calls() {
    let text = tenant_closure::microsoft::calls_document();
    current("docs/reference/microsoft-calls.md", &text);
}

#[test]
fn every_crd_is_small() {
    for kind in KINDS {
        let size = crd::yaml(Some(kind)).unwrap().len();
        assert!(size < 64 * 1024, "{kind} has {size} bytes");
    }
}

#[test]
fn every_field_has_a_description() {
    let mut silent = Vec::new();
    for crd in crd::all() {
        let value = serde_json::to_value(&crd).unwrap();
        let schema = &value["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        undescribed(&crd.spec.names.kind, schema, &mut silent);
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

#[test]
fn every_array_and_every_text_of_a_spec_has_a_limit() {
    let mut endless = Vec::new();
    for crd in crd::all() {
        let value = serde_json::to_value(&crd).unwrap();
        let schema = &value["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        unlimited(
            &format!("{}.spec", crd.spec.names.kind),
            &schema["properties"]["spec"],
            &mut endless,
        );
    }
    assert!(endless.is_empty(), "without a limit: {endless:#?}");
}

fn current(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == text,
        "{path} is not what the code generates; write it anew with: make crds"
    );
}

fn properties(schema: &serde_json::Value) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn undescribed(path: &str, schema: &serde_json::Value, silent: &mut Vec<String>) {
    for (name, field) in properties(schema) {
        let path = format!("{path}.{name}");
        if field["description"].as_str().is_none_or(str::is_empty) {
            silent.push(path.clone());
        }
        undescribed(&path, field, silent);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            undescribed(&format!("{path}[]"), &schema[inner], silent);
        }
    }
}

fn unlimited(path: &str, schema: &serde_json::Value, endless: &mut Vec<String>) {
    let limited = match schema["type"].as_str() {
        Some("array") => schema["maxItems"].is_number(),
        Some("string") => {
            schema["maxLength"].is_number()
                || schema["enum"].is_array()
                || schema["format"].is_string()
        }
        _ => true,
    };
    if !limited {
        endless.push(path.to_owned());
    }
    for (name, field) in properties(schema) {
        unlimited(&format!("{path}.{name}"), field, endless);
    }
    if schema["items"].is_object() {
        unlimited(&format!("{path}[]"), &schema["items"], endless);
    }
}
