//! What is generated and checked in is what the types say. `UPDATE=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

use serde_json::Value;
use std::path::Path;
use tenant_closure::api::crd;

fn current(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(stored == text, "{path} is not current: run `make crds`");
}

#[test]
fn crds_and_the_charts_copies_are_current() {
    for plural in ["tenantclosures", "closureapprovals", "closurerecords"] {
        let text = crd::yaml(Some(plural)).unwrap();
        current(&format!("crds/{plural}.yaml"), &text);
        current(
            &format!("charts/tenant-closure/files/crds/{plural}.yaml"),
            &text,
        );
    }
}

#[test]
fn the_charts_policies_are_the_compiled_in_ones() {
    current(
        "charts/tenant-closure/files/policies.yaml",
        include_str!("../src/api/policies.yaml"),
    );
}

#[test]
fn each_crd_stays_under_64_kib() {
    for plural in ["tenantclosures", "closureapprovals", "closurerecords"] {
        let size = crd::yaml(Some(plural)).unwrap().len();
        assert!(size < 64 * 1024, "{plural} has {size} bytes");
    }
}

#[test]
fn every_field_is_described() {
    for crd in crd::all() {
        let name = crd.spec.names.kind.clone();
        let value = serde_json::to_value(&crd).unwrap();
        let schema = &value["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            let mut missing = Vec::new();
            undescribed(&schema[part], part, &mut missing);
            // Conditions are Kubernetes' own type.
            missing.retain(|path| !path.contains("conditions"));
            assert!(
                missing.is_empty(),
                "{name} has fields without a description: {missing:?}"
            );
        }
    }
}

fn undescribed(schema: &Value, path: &str, missing: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, field) in properties {
            let path = format!("{path}.{key}");
            if field["description"].as_str().is_none_or(str::is_empty) {
                missing.push(path.clone());
            }
            undescribed(field, &path, missing);
        }
    }
    if schema["items"].is_object() {
        undescribed(&schema["items"], &format!("{path}[]"), missing);
    }
}
