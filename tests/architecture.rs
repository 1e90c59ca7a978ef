//! The rooms of the house, and who may import whom: held by reading the sources, so no import slips in unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tenant_closure::closure::hand_offs::KINDS;
use tenant_closure::closure::step::Step;

/// Each room, and the rooms whose words it may use besides its own; `plugin` of `microsoft` the sign-in of a person alone.
const ROOMS: [(&str, &[&str]); 9] = [
    ("closure", &[]),
    ("api", &["closure"]),
    ("controller", &["api", "closure", "evidence", "store"]),
    ("microsoft", &["closure"]),
    ("evidence", &["api", "closure"]),
    ("plugin", &["api", "closure", "evidence", "microsoft"]),
    ("simulator", &[]),
    ("store", &[]),
    (
        "operations",
        &[
            "api",
            "closure",
            "controller",
            "evidence",
            "microsoft",
            "plugin",
            "simulator",
            "store",
        ],
    ),
];

/// A file stays readable in one sitting.
const MOST_LINES: usize = 450;

/// What the pure core never touches: clocks, runtimes, wires, loggers, the process around it.
const IMPURE: [&str; 14] = [
    "Timestamp::now",
    "Zoned::now",
    "SystemTime",
    "Instant::now",
    "tokio",
    "kube::",
    "k8s_openapi",
    "reqwest",
    "tracing",
    "println!",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| match line.find("//") {
        Some(at) if !line[..at].contains('"') => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every room that a source names after `crate::` (also in a group of imports).
fn imported(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut found = BTreeSet::new();
    for (at, word) in code.match_indices("crate::") {
        let joined = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if joined {
            continue;
        }
        let rest = &code[at + word.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split(';').next().unwrap_or_default();
            let mut depth = 0usize;
            let mut start = true;
            for (at, c) in group.char_indices() {
                if start && depth == 0 && c.is_alphabetic() {
                    found.insert(name(&group[at..]));
                    start = false;
                }
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    _ => {}
                }
            }
        } else {
            found.insert(name(rest));
        }
    }
    found
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for path in files(&source().join(room)) {
            for name in imported(&code(&path)) {
                let is_room = ROOMS.iter().any(|(other, _)| *other == name);
                let of_the_sign_in = path.ends_with("plugin/prove.rs");
                let too_far = room == "plugin" && name == "microsoft" && !of_the_sign_in;
                if is_room && name != room && (too_far || !allowed.contains(&name.as_str())) {
                    wrong.push(format!("{} imports {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_known() {
    let rooms: BTreeSet<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("bin"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, known, "a new room needs its rule here");
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = files(&source())
        .into_iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let reads = |path: &PathBuf| path.ends_with("evidence/cluster.rs");
    let closure = files(&source().join("closure"));
    let evidence = files(&source().join("evidence"));
    for path in closure
        .into_iter()
        .chain(evidence.into_iter().filter(|path| !reads(path)))
    {
        let code = code(&path);
        for word in IMPURE {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn each_step_has_a_file_of_its_name() {
    for step in Step::ORDER {
        let mut file = String::new();
        let name = step.name().replace("MFA", "Mfa");
        for (at, c) in name.char_indices() {
            if at > 0 && c.is_uppercase() {
                file.push('_');
            }
            file.push(c.to_ascii_lowercase());
        }
        let path = source().join("closure/steps").join(format!("{file}.rs"));
        assert!(path.exists(), "{}", path.display());
    }
}

#[test]
fn the_reader_of_imports_can_fail() {
    let text = "use crate::{api::{A, B}, closure::decide};\nfn f() { crate::microsoft::g(); mycrate::plugin(); }";
    let found: Vec<String> = imported(text).into_iter().collect();
    assert_eq!(found, ["api", "closure", "microsoft"]);
}

/// A step that hands off something new says who must act; what is handed off no more does not stay in the list.
#[test]
fn every_hand_off_that_a_step_names_says_who_must_act() {
    let steps = files(&source().join("closure/steps"));
    let code: String = steps
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for kind in KINDS {
        let named = format!("\"{}\"", kind.key);
        assert!(code.contains(&named), "no step names {named}");
    }
    let named = code.split("key: \"").skip(1);
    let named: Vec<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 5, "{named:?}");
    for key in named {
        let known = KINDS.iter().any(|kind| kind.key == key);
        assert!(known, "who is to do {key}?");
    }
}
