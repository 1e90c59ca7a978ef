//! The safety table names tests: each is there, and is run.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // tests say what failed by panicking

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `path::name` in backticks.
fn named(line: &str) -> Vec<(&str, &str)> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once(".rs::")).collect()
}

/// Whether a file has a test of this name that runs: a function under the attribute, or one that its list of rows names.
fn has(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let listed = text
        .split_once("rows![")
        .and_then(|(_, rest)| rest.split_once(']'));
    let mut listed = listed.into_iter().flat_map(|(rows, _)| rows.split(','));
    let row = listed.any(|one| one.trim() == name);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let found = lines.iter().enumerate();
    found
        .filter(|(_, line)| line.contains(&function))
        .any(|(at, _)| {
            let above = lines[..at].iter().rev();
            let attributes: Vec<&&str> = above.take_while(|one| one.starts_with("#[")).collect();
            let is = |start: &str| attributes.iter().any(|one| one.starts_with(start));
            let marked = is("#[test]") || is("#[tokio::test");
            (marked || row) && !is("#[ignore") && !is("#[cfg")
        })
}

/// Whether a part of a program does this by itself, and ends the program where it fails: a function that it calls in what its
/// first file calls, and whose error is passed on.
fn does(text: &str, name: &str, module: &str, first: &str) -> bool {
    let called = format!("{name}(");
    let entries = text.split("\npub(crate) async fn ").skip(1);
    let mut bodies = entries.filter_map(|one| one.split("\n}\n").next());
    text.contains(&format!("\nasync fn {called}"))
        && bodies.any(|body| {
            let entry = body.split('(').next().unwrap_or_default();
            let mut lines = body.lines().map(str::trim);
            lines.any(|line| line.starts_with(&called) && line.ends_with(").await?;"))
                && first.contains(&format!("{module}::{entry}("))
        })
}

/// What a text between two others is.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The features of a list such as `"operator", "object-stores"`.
fn features(list: &str) -> BTreeSet<&str> {
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether `cargo test` runs the tests of this target, as the manifest and its first file say.
fn is_built(manifest: &str, target: &str, code: &str) -> bool {
    let default = between(manifest, "\ndefault = [", "]").map_or_else(BTreeSet::new, features);
    let mut sections = manifest.split("\n[[test]]\n").skip(1);
    let name = format!("name = \"{target}\"");
    let section = sections.find(|one| one.lines().next() == Some(&*name));
    let section = section.map_or("", |one| one.split("\n\n").next().unwrap_or_default());
    let mut needed =
        between(section, "required-features = [", "]").map_or_else(BTreeSet::new, features);
    needed.extend(
        code.lines()
            .filter_map(|line| between(line, "#![cfg(feature = \"", "\")]")),
    );
    needed.is_subset(&default) && !section.contains("test = false")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// The first file of the demo, which is a program and no test.
const DEMO: &str = "tests/demo/demo.rs";

/// The module of a file of the demo.
fn of_demo(path: &str) -> Option<&str> {
    path.strip_prefix("tests/demo/")
}

/// Why `.ci/run` does not run the demo with this module.
fn no_demo(module: &str) -> Option<String> {
    let makefile = read("Makefile");
    let recipe = between(&makefile, "\ndemo:", "\n\n").unwrap_or_default();
    let run = read(".ci/run");
    let run = run
        .lines()
        .any(|line| line.starts_with("run ") && line.ends_with(" make demo"));
    let built = read("Cargo.toml").contains(&format!("name = \"demo\"\npath = \"{DEMO}\""));
    let inside = read(DEMO).contains(&format!("\nmod {module};\n"));
    let whole = run && built && inside && recipe.ends_with("cargo run --quiet --example demo");
    (!whole).then(|| format!("tests/demo/{module}.rs is in no demo that .ci/run runs"))
}

/// Why the tests of a file are not run by `.ci/run`; `None`: they are.
fn not_run(path: &str) -> Option<String> {
    if let Some(module) = of_demo(path) {
        return no_demo(module);
    }
    let (folder, name) = path.rsplit_once('/')?;
    if folder == "src" || folder.starts_with("src/") {
        let (inside, module) = match folder.rsplit_once('/') {
            Some((above, last)) if name == "mod" => (above, last),
            _ => (folder, name),
        };
        let parents = [
            format!("{inside}.rs"),
            format!("{inside}/mod.rs"),
            format!("{inside}/lib.rs"),
        ];
        let line = format!("mod {module};");
        let named = parents.iter().any(|parent| read(parent).contains(&line));
        return (!named).then(|| format!("{path}.rs is in no module"));
    }
    let below = path.strip_prefix("tests/")?;
    let target = below.split('/').next()?;
    let code = read(&format!("tests/{target}.rs"));
    if below != target && !code.contains(&format!("#[path = \"{below}.rs\"]")) {
        return Some(format!("{path}.rs is no part of tests/{target}.rs"));
    }
    if is_built(&read("Cargo.toml"), target, &code) {
        return None;
    }
    let own = format!("{target}-test");
    let makefile = read("Makefile");
    let recipe = between(&makefile, &format!("\n{own}:"), "\n\n").unwrap_or_default();
    let run = recipe.contains(&format!("--test {target} "))
        && read(".ci/run")
            .lines()
            .any(|line| line.ends_with(&format!("make {own}")));
    (!run).then(|| {
        format!("tests/{target}.rs is not built by itself, and .ci/run runs no make {own}")
    })
}

#[test]
fn each_feature_names_tests_that_are_there() {
    let text = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| Feature")
        })
        .collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let tests = named(row);
        if tests.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        for (path, name) in tests {
            wrong.extend(not_run(path));
            match fs::read_to_string(root().join(format!("{path}.rs"))) {
                Ok(code) if has(&code, name) => {}
                Ok(code)
                    if of_demo(path).is_some_and(|one| does(&code, name, one, &read(DEMO))) => {}
                Ok(_) => wrong.push(format!("{path}.rs has no test {name}")),
                Err(why) => wrong.push(format!("{path}.rs: {why}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Features that were promised: each has a row, in these words.
const PROMISED: [&str; 51] = [
    "Tenant id and initial domain are compared",
    "Tenants can be protected",
    "Mode Plan is the default",
    "Whoever comes later is never deleted",
    "A new or restored Global administrator",
    "A changed initial domain",
    "accepted by name",
    "Azure subscriptions are canceled only if listed by id",
    "What its author accepts after the approval",
    "What is irreversible",
    "Only another person, with the right to it, approves",
    "The author's stamp can be neither changed nor dropped",
    "Policies that are missing, weakened, narrowed",
    "is seen before the effect",
    "The end of an approval is said a week ahead",
    "At most the call in flight finishes",
    "Slices that fail twice",
    "The retained administrator is fit",
    "Tampering is found",
    "No record names a person",
    "A plan for 200,000 users",
    "no older than `maxAge`",
    "An approval can only be revoked",
    "An approval of another closure (UID), tenant, domain or plan, one that has expired",
    "Who approves twice is one person",
    "Where a service account, or another machine",
    "Suspend, legal hold and deletion",
    "the date in `notBefore`",
    "within the grace period",
    "Kill switch",
    "closures begun within 30 days",
    "No more closures act at once",
    "before he has signed in with MFA",
    "What an effect rests on (approvals",
    "Where an inventory is required",
    "What opens an evidence store",
    "five words of Microsoft's procedure",
    "asks the network for nothing",
    "Secrets are read by name",
    "Journal and effects agree one to one",
    "A signed approval counts only by a key",
    "Through GitOps the author cannot approve",
    "A machine that the configuration names does not approve",
    "What is granted is what is used",
    "no reply's text",
    "The other Global administrators go last",
    "Who comes while the plan is carried out is seen early",
    "The report tells on whose approvals",
    "An evidence store from which something was taken away",
    "What the first line of an inventory says of its retention",
    "The demo fails to go on with one approval",
];

#[test]
fn each_feature_that_was_promised_has_a_row() {
    let text = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let told = |words: &str| {
        let first = |row: &&str| row.split('|').nth(1).is_some_and(|one| one.contains(words));
        rows.iter().any(first)
    };
    let missing: Vec<&str> = PROMISED.into_iter().filter(|words| !told(words)).collect();
    assert!(missing.is_empty(), "no row: {missing:?}");
}

/// Every test of the binary that tampers stands in the table.
#[test]
fn no_way_to_tamper_is_left_out() {
    let table = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    for (file, number) in [("tampering", 9), ("seven", 4)] {
        let code = read(&format!("tests/evidence/{file}.rs"));
        let found: BTreeSet<&str> = code
            .lines()
            .filter_map(|line| line.strip_prefix("fn finds_")?.split_once('('))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(found.len(), number, "{found:?}");
        for name in found {
            assert!(
                table.contains(&format!("{file}.rs::finds_{name}`")),
                "{name}"
            );
        }
    }
}

#[test]
fn the_reader_of_tests_can_fail() {
    let row = "| x | `tests/a.rs::one`, `tests/a.rs::two` |";
    assert_eq!(named(row), [("tests/a", "one"), ("tests/a", "two")]);
    let code = "#[test]\nfn one() {}\nfn two() {}\n";
    assert!(has(code, "one") && !has(code, "two") && !has(code, "three"));
    let code = "crate::rows![one, two];\n\nasync fn two() {}\nasync fn three() {}\n";
    assert!(!has(code, "one") && has(code, "two") && !has(code, "three"));
    for idle in ["#[ignore = \"slow\"]", "#[cfg(feature = \"other\")]"] {
        for code in [
            format!("{idle}\n#[test]\nfn one() {{}}"),
            format!("#[test]\n{idle}\nfn one() {{}}"),
        ] {
            assert!(!has(&code, "one"), "{code}");
        }
    }
}

#[test]
fn the_reader_of_the_demo_can_fail() {
    let code = "\nasync fn one() -> Result<()> {\n}\n\nasync fn two() {\n}\n\npub(crate) async fn all() {\n    one().await?;\n    two().await;\n}\n";
    let first = "    parts::all().await?;\n";
    assert!(does(code, "one", "parts", first));
    assert!(!does(code, "two", "parts", first), "its error is dropped");
    assert!(!does(code, "three", "parts", first));
    assert!(!does(code, "one", "others", first) && !does(code, "one", "parts", "parts::some();"));
    assert_eq!(not_run("tests/demo/approvals"), None);
    assert!(not_run("tests/demo/nobody").is_some());
}

#[test]
fn the_reader_of_targets_can_fail() {
    let manifest = "[features]\ndefault = [\"operator\"]\n\n[[test]]\nname = \"plain\"\nharness = false\n\n\
                    [[test]]\nname = \"clouds\"\nrequired-features = [\"operator\", \"object-stores\"]\n\n";
    let operator = "#![cfg(feature = \"operator\")]\n";
    assert!(is_built(manifest, "plain", operator) && is_built(manifest, "unnamed", ""));
    assert!(!is_built(manifest, "clouds", operator));
    assert!(!is_built(
        manifest,
        "plain",
        "#![cfg(feature = \"object-stores\")]\n"
    ));
    assert_eq!(not_run("tests/safety"), None);
    assert_eq!(not_run("src/closure/tests/guards"), None);
    for nowhere in [
        "tests/safety/more",
        "tests/store/nobody",
        "src/closure/nobody",
    ] {
        assert!(not_run(nowhere).is_some(), "{nowhere}");
    }
}
