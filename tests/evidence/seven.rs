//! The seven ways to tamper, each done to what a plan and its supplement hang on: the record that seals the plan, the one that seals
//! the supplement, an effect under it, and a part of each; in an exported file, and in the evidence store.

use crate::closed::{Left, left, tenant_closure};
use crate::tampering::{name, renumber, supplement};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A journal in the order of an export: the file of the store in which an object lies, and the object.
type Journal = Vec<(PathBuf, Value)>;

/// What something is done to.
struct Target {
    what: &'static str,
    at: usize,
    /// It is a part of a plan: these stand beside the chain, in no order.
    part: bool,
}

fn targets(left: &Left) -> [Target; 5] {
    let [part, seal, effect] = supplement(&left.journal);
    let of_plan =
        |one: &Value| one["spec"]["type"] == "PlanChunk" && one["spec"]["plan"].is_object();
    let first = left.journal.iter().position(of_plan).unwrap();
    [
        ("the plan's record", left.first(), false),
        ("the supplement's record", seal, false),
        ("an effect of the supplement", effect, false),
        ("a part of the plan", first, true),
        ("a part of the supplement", part, true),
    ]
    .map(|(what, at, part)| Target { what, at, part })
}

/// A way to tamper: to what it is done, and what must be said of it.
struct Way {
    what: &'static str,
    /// Whether it can be done to parts, in a file and in a store.
    to_parts: [bool; 2],
    does: fn(&Left, &mut Journal, &Target),
    /// For a record and for a part; `NAME` and `BEFORE` stand for its name and number.
    says: [&'static str; 2],
    /// The same in a store, where that says more.
    in_store: Option<&'static str>,
}

const WAYS: [Way; 8] = [
    Way {
        what: "edit",
        to_parts: [true; 2],
        does: |_, all, on| all[on.at].1["spec"]["holder"] = json!("mallory"),
        says: [
            "does not continue record NUMBER",
            "had a part NAME that hashed to",
        ],
        in_store: None,
    },
    Way {
        what: "deletion in the middle",
        to_parts: [true; 2],
        does: |_, all, on| drop(all.remove(on.at)),
        says: ["record NAME is missing", "lacks its part NAME"],
        in_store: None,
    },
    Way {
        what: "cut tail",
        to_parts: [false; 2],
        does: |_, all, on| all.truncate(on.at),
        says: ["its tail was cut off", ""],
        in_store: None,
    },
    Way {
        what: "insertion",
        to_parts: [true; 2],
        does: |_, all, on| {
            let (path, mut forged) = all[on.at].clone();
            forged["spec"]["holder"] = json!("mallory");
            // Before the genuine one, also by the name of its file.
            let first = path.with_file_name("0-first.json");
            all.insert(on.at, (first, forged));
        },
        says: [
            "record NUMBER is there twice",
            "part NAME of a plan is there twice",
        ],
        in_store: Some("0-first.json holds record NAME, whose place in the store is"),
    },
    Way {
        what: "reordering",
        to_parts: [false, true],
        does: |_, all, on| {
            let kept = all[on.at].1.clone();
            all[on.at].1 = all[on.at + 1].1.clone();
            all[on.at + 1].1 = kept;
        },
        says: ["the lines were put in another order", ""],
        in_store: Some("holds record NAME, whose place in the store is"),
    },
    Way {
        what: "replay from another closure",
        to_parts: [true; 2],
        does: |left, all, on| all[on.at].1 = foreign(left, on),
        says: ["belongs to another closure", "belongs to another closure"],
        in_store: None,
    },
    Way {
        what: "replay from another closure under our name",
        to_parts: [true; 2],
        does: |left, all, on| {
            let ours = all[on.at].1.clone();
            let mut theirs = foreign(left, on);
            theirs["spec"]["closureUID"] = ours["spec"]["closureUID"].clone();
            if on.part {
                theirs["metadata"]["name"] = ours["metadata"]["name"].clone();
            } else {
                renumber(&mut theirs, ours["spec"]["sequence"].as_u64().unwrap());
            }
            all[on.at].1 = theirs;
        },
        says: [
            "does not continue record NUMBER",
            "had a part NAME that hashed to",
        ],
        in_store: None,
    },
    Way {
        what: "swap",
        to_parts: [true; 2],
        does: swap,
        says: [
            "does not continue record NUMBER",
            "had a part NAME that hashed to",
        ],
        in_store: None,
    },
];

/// One of the other closure, of the same kind where it has one.
fn foreign(left: &Left, on: &Target) -> Value {
    let kind = if on.part { "PlanChunk" } else { "Plan" };
    let mut theirs = left.other.iter();
    theirs
        .find(|one| one["spec"]["type"] == kind)
        .unwrap()
        .clone()
}

/// Two exchange what they say, and keep their names, numbers and links.
fn swap(left: &Left, all: &mut Journal, on: &Target) {
    let [part, seal, _] = supplement(&left.journal);
    let other = match (on.part, on.at == part, on.at == seal) {
        (true, false, _) => part,
        (true, true, _) => targets(left)[3].at,
        (false, _, true) => left.first(),
        (false, _, false) => seal,
    };
    for field in ["spec", "status"] {
        let [one, two] = [on.at, other].map(|at| all[at].1[field].clone());
        all[on.at].1[field] = two;
        all[other].1[field] = one;
    }
    for at in [on.at, other] {
        for field in ["sequence", "previous", "closureUID"] {
            let whole = left.journal[at]["spec"][field].clone();
            all[at].1["spec"][field] = whole;
        }
    }
}

/// The folder of the closure in the store, below its root.
fn below(left: &Left) -> PathBuf {
    let spec = &left.journal[0]["spec"];
    let text = |field: &str| spec[field].as_str().unwrap();
    Path::new(text("tenantID")).join(text("closureUID"))
}

/// The journal as it lies in the store.
fn stored(left: &Left) -> Journal {
    let file = |one: &Value| match one["spec"]["sequence"].as_u64().unwrap() {
        0 => Path::new("plans").join(format!("{}.json", name(one))),
        number => Path::new("records").join(format!("{number:010}.json")),
    };
    let read = |path: PathBuf| {
        let text = std::fs::read(left.store.join(below(left)).join(&path)).unwrap();
        (path, serde_json::from_slice(&text).unwrap())
    };
    left.journal.iter().map(file).map(read).collect()
}

/// What `verify` says of a store with this journal, and with all else that the closure's has.
fn of_store(left: &Left, journal: &Journal) -> (Option<i32>, String) {
    let store = tempfile::tempdir().unwrap();
    let (from, to) = (left.store.join(below(left)), store.path().join(below(left)));
    for room in ["records", "plans", "approvals"] {
        std::fs::create_dir_all(to.join(room)).unwrap();
    }
    let copied = |inside: &str| {
        for entry in std::fs::read_dir(from.join(inside)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(inside).join(entry.file_name())).unwrap();
            }
        }
    };
    copied("");
    copied("approvals");
    for (path, object) in journal {
        std::fs::write(to.join(path), object.to_string()).unwrap();
    }
    // Its own head is all that is known.
    let (code, said, why) = tenant_closure(&["verify", store.path().to_str().unwrap()]);
    (code, said + &why)
}

/// The same of a file, with the head that the status names.
fn of_file(left: &Left, journal: &Journal) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let lines: Vec<String> = journal.iter().map(|(_, one)| one.to_string()).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let words = ["verify", path.to_str().unwrap(), "--head", &left.head];
    let (code, said, why) = tenant_closure(&words);
    (code, said + &why)
}

/// Each way to each target; `place` is 0 in a file and 1 in a store.
fn all_are_found(place: usize, judged: fn(&Left, &Journal) -> (Option<i32>, String)) {
    let left = left();
    let whole = stored(left);
    let (code, said) = judged(left, &whole);
    assert_eq!(code, Some(0), "{said}");
    let mut done = 0;
    for way in WAYS {
        for on in targets(left) {
            if on.part && !way.to_parts[place] {
                continue;
            }
            let record = &whole[on.at].1;
            let (name, number) = (name(record), record["spec"]["sequence"].to_string());
            let mut journal = whole.clone();
            (way.does)(left, &mut journal, &on);
            let (code, said) = judged(left, &journal);
            let told = format!("{} of {}: {said}", way.what, on.what);
            assert_eq!(code, Some(1), "{told}");
            let says = way.in_store.filter(|_| place == 1);
            let says = says.unwrap_or(way.says[usize::from(on.part)]);
            let says = says.replace("NAME", &name).replace("NUMBER", &number);
            assert!(said.contains(&says), "{says} is not in {told}");
            done += 1;
        }
    }
    assert_eq!(done, [36, 38][place]);
}

#[test]
fn finds_each_of_the_seven_in_a_file() {
    all_are_found(0, of_file);
}

#[test]
fn finds_each_of_the_seven_in_the_evidence_store() {
    all_are_found(1, of_store);
}

/// What belongs to another closure is found where it lies, and the choice of a closure does not hide it.
#[test]
fn finds_what_was_put_into_the_folder_of_a_closure() {
    let left = left();
    let whole = stored(left);
    let approval = || {
        let mut copy = left.approvals[0].clone();
        copy["metadata"]["uid"] = json!("99999999-9999-4999-8999-999999999999");
        copy["spec"]["closureUID"] = left.other[0]["spec"]["closureUID"].clone();
        copy
    };
    let last = left.other.last().unwrap().clone();
    for (file, object, says) in [
        (
            "records/0000009999.json",
            last.clone(),
            "belongs to another closure",
        ),
        (
            "plans/another.json",
            left.other[0].clone(),
            "belongs to another closure",
        ),
        (
            "0000000001.json",
            whole[left.first()].1.clone(),
            "whose place in the store is",
        ),
        (
            "approvals/99999999-9999-4999-8999-999999999999.json",
            approval(),
            "holds approval 99999999",
        ),
        (
            "approvals/another.json",
            left.approvals[0].clone(),
            "holds approval ",
        ),
        (
            "head.json",
            json!({"closureUID": last["spec"]["closureUID"], "sequence": 1, "hash": "ab".repeat(32)}),
            "what is told of closure",
        ),
    ] {
        let mut journal = whole.clone();
        journal.push((file.into(), object));
        let (code, said) = of_store(left, &journal);
        assert_eq!(code, Some(1), "{file}: {said}");
        assert!(said.contains(says), "{file}: {said}");
    }
}

/// Whoever cuts the tail in a store writes its head anew; the report beside it knows better.
#[test]
fn finds_a_cut_tail_by_the_report_beside_it() {
    let left = left();
    let mut journal = stored(left);
    journal.pop();
    let newest = &left.journal[journal.len()];
    let head = json!({
        "closureUID": newest["spec"]["closureUID"],
        "sequence": newest["spec"]["sequence"].as_u64().unwrap() - 1,
        "hash": newest["spec"]["previous"],
    });
    journal.push(("head.json".into(), head));
    let (code, said) = of_store(left, &journal);
    assert_eq!(code, Some(1), "{said}");
    let says = "report.json names record";
    assert!(
        said.contains(says) && said.contains("its tail was cut off"),
        "{said}"
    );
}

/// As kubectl prints the records of a namespace: of one closure, or of all of which there are journals.
#[test]
fn what_kubectl_prints_is_whole() {
    let left = left();
    let file = |name: &str, list: &Value| {
        let path = left.file(name, &[]);
        std::fs::write(&path, format!("{list:#}")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let listed = file("listed.json", &left.listed);
    let uid = left.journal[0]["spec"]["closureUID"].as_str().unwrap();
    let (code, _, why) = tenant_closure(&["verify", &listed, "--head", &left.head]);
    assert_eq!(code, Some(2));
    assert!(why.contains("choose one with --uid"), "{why}");
    let chosen = ["--head", &left.head, "--uid", uid];
    let of = |path: &str| tenant_closure(&[&["verify", path], &chosen[..]].concat());
    let (code, said, why) = of(&listed);
    assert_eq!(code, Some(0), "{said}{why}");
    let mut cut = left.listed.clone();
    let items = cut["items"].as_array_mut().unwrap();
    let gone = name(&left.journal[left.first() + 1]);
    items.retain(|one| name(one) != gone);
    let (code, said, _) = of(&file("listed-cut.json", &cut));
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("record {gone} is missing")),
        "{said}"
    );
}
