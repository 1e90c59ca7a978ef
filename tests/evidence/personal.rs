//! No record names a person: object ids, and UIDs of approvals.

use crate::closed::left;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every text of a value, in lower case; keys too, but for the names of fields.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.to_lowercase()),
        Value::Array(items) => items.iter().for_each(|one| texts(one, out)),
        Value::Object(map) => {
            for (key, value) in map {
                let field = key.chars().all(char::is_alphabetic);
                // Managed fields hold nothing but names of fields.
                if key != "managedFields" {
                    out.extend((!field).then(|| key.to_lowercase()));
                    texts(value, out);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn no_record_holds_a_name_or_the_local_part_of_an_address() {
    let left = left();
    let mut personal = BTreeSet::new();
    for user in &left.users {
        for key in ["displayName", "givenName", "surname"] {
            personal.extend(user[key].as_str().map(str::to_lowercase));
        }
        for key in ["userPrincipalName", "mail"] {
            let address = user[key].as_str().unwrap_or_default().to_lowercase();
            let local = address.split('@').next().unwrap_or_default();
            // Of a guest the local part holds the address at home.
            let home = local.split("#ext#").next().unwrap_or_default();
            personal.extend([local, home].map(str::to_owned));
            personal.extend(home.split(['.', '_', '-']).map(str::to_owned));
        }
    }
    // Who approved, and the name that somebody gave his Azure subscription.
    personal.extend(["bob", "jan", "jansen", "jan jansen"].map(str::to_owned));
    let report = left.reports[0].to_lowercase();
    for named in ["bob", "jan jansen"] {
        assert!(report.contains(named), "the report names {named}");
    }
    personal.retain(|word| word.chars().count() > 2 && !word.chars().all(|c| c.is_ascii_digit()));
    assert!(left.users.len() > 50 && personal.len() > 50, "{personal:?}");

    let mut all = Vec::new();
    for record in left.journal.iter().chain(&left.other) {
        let mut found = Vec::new();
        texts(record, &mut found);
        let name = record["metadata"]["name"].as_str().unwrap();
        all.extend(found.into_iter().map(|text| (name, text)));
    }
    assert!(
        all.iter()
            .any(|(_, text)| *text == left.users[0]["id"].as_str().unwrap()),
        "not even ids are found"
    );
    for (name, text) in &all {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            assert!(!personal.contains(word), "record {name}: {word} in {text}");
        }
        for name_of in personal
            .iter()
            .filter(|p| !p.chars().all(char::is_alphanumeric))
        {
            assert!(
                !text.contains(name_of.as_str()),
                "record {name}: {name_of} in {text}"
            );
        }
        assert!(!text.contains('@'), "record {name}: an address in {text}");
    }
}
