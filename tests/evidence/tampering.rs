//! Ways to tamper with a journal. Each is done to the exported journal of a real closure, and each is found.

use crate::closed::{Left, left, tenant_closure, verify};
use serde_json::{Value, json};
use tenant_closure::api::hash;

/// What `verify` says of a changed journal: it must be broken, and each of these stand in what it says.
fn finds(name: &str, change: impl FnOnce(&Left, &mut Vec<Value>), words: &[&str]) -> String {
    let left = left();
    let mut records = left.journal.clone();
    change(left, &mut records);
    let (code, said) = verify(&left.file(name, &records), &left.head);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("broken: journal of closure closures/contoso"),
        "{said}"
    );
    for word in words {
        assert!(said.contains(word), "{word} is not in\n{said}");
    }
    said
}

pub(crate) fn name(record: &Value) -> String {
    record["metadata"]["name"].as_str().unwrap().to_owned()
}

/// Writes the links anew from a place on, as a careful forger would.
fn relink(records: &mut [Value], first: usize) {
    for at in first.max(1)..records.len() {
        let before = &records[at - 1];
        if before["spec"]["type"] != "PlanChunk" {
            let hash = hash::record(
                &name(before),
                before["metadata"]["uid"].as_str(),
                &before["spec"],
                &before["status"],
            );
            records[at]["spec"]["previous"] = json!(hash);
        }
    }
}

/// Gives a record another number, and the name that goes with it.
pub(crate) fn renumber(record: &mut Value, sequence: u64) {
    let uid = record["spec"]["closureUID"].as_str().unwrap();
    record["metadata"]["name"] = json!(format!("{uid}-{sequence:010}"));
    record["spec"]["sequence"] = json!(sequence);
}

#[test]
fn an_untouched_journal_is_whole_in_the_cluster_and_in_a_file() {
    let left = left();
    let (code, said) = &left.in_cluster;
    assert_eq!(*code, Some(0), "{said}");
    let all = [&left.approvals[..], &left.journal].concat();
    let (code, of_file) = verify(&left.file("untouched.jsonl", &all), &left.head);
    assert_eq!(code, Some(0), "{of_file}");
    assert_eq!(*said, of_file, "cluster and file tell the same");
    let uid = left.journal[0]["spec"]["closureUID"].as_str().unwrap();
    let first = format!("whole: journal of closure closures/contoso (UID {uid}), tenant ");
    assert!(said.starts_with(&first), "{said}");
    assert!(
        said.contains("approvals  2: ") && said.contains(&left.head),
        "{said}"
    );
    println!("{said}");
}

#[test]
fn finds_an_edit() {
    let second = |left: &Left| left.first() + 1;
    let edited = name(&left().journal[second(left())]);
    let next = name(&left().journal[second(left()) + 1]);
    let said = finds(
        "edit.jsonl",
        |left, all| all[second(left)]["status"]["outcome"]["seen"]["requests"] = json!(99),
        &[
            "does not continue record 2",
            &next,
            "one of the two was changed or exchanged",
        ],
    );
    assert!(!said.contains("continue record 3"), "{said}");
    // Somebody who wrote all later links anew is found by the head.
    finds(
        "edit-relinked.jsonl",
        |left, all| {
            all[second(left)]["status"]["outcome"]["seen"]["requests"] = json!(99);
            relink(all, second(left) + 1);
        },
        &[
            &name(left().journal.last().unwrap()),
            "the head that was given says",
            "was written anew",
        ],
    );
    // Who was deleted cannot be exchanged either, not even for one whom the plan names.
    finds(
        "edit-object.jsonl",
        |left, all| {
            let users = all[0]["spec"]["users"].clone();
            let objects = &mut all[second(left)]["spec"]["intent"]["objects"];
            let at = objects.as_array().unwrap().len() - 1;
            objects[at] = users[users.as_array().unwrap().len() - 1].clone();
        },
        &["does not continue record 2"],
    );
    // The plan's parts hang on its digest.
    finds(
        "edit-plan.jsonl",
        |_, all| {
            let users = all[0]["spec"]["users"].as_array_mut().unwrap();
            users.pop();
        },
        &[
            "seals has digest",
            &name(&left().journal[0]),
            "was changed or exchanged",
        ],
    );
    assert!(edited.ends_with("-0000000002"));
}

#[test]
fn finds_a_deletion_in_the_middle() {
    let left = left();
    let third = name(&left.journal[left.first() + 2]);
    finds(
        "deletion.jsonl",
        |left, all| drop(all.remove(left.first() + 2)),
        &[&format!("record {third} is missing"), "it was deleted"],
    );
    // With the later ones moved up and linked anew, the end is another.
    finds(
        "deletion-closed.jsonl",
        |left, all| {
            all.remove(left.first() + 2);
            for (record, sequence) in all[left.first()..].iter_mut().zip(1..) {
                renumber(record, sequence);
            }
            relink(all, left.first() + 1);
        },
        &["its tail was cut off"],
    );
    // A part of the plan cannot be missing either.
    finds(
        "deletion-part.jsonl",
        |_, all| drop(all.remove(0)),
        &["lacks its part", &name(&left.journal[0])],
    );
}

#[test]
fn finds_a_cut_tail() {
    let left = left();
    let newest = left.journal.last().unwrap()["spec"]["sequence"]
        .as_u64()
        .unwrap();
    let words = format!(
        "the journal ends with record {}, but the head that was given names record {newest}: its tail was cut off",
        newest - 2
    );
    finds(
        "tail.jsonl",
        |_, all| all.truncate(all.len() - 2),
        &[&words],
    );
}

#[test]
fn finds_an_insertion() {
    let left = left();
    let words = format!(
        "record 3 is there twice ({}, line {}",
        left_path("insertion.jsonl"),
        left.first() + 3
    );
    finds(
        "insertion.jsonl",
        |left, all| {
            let copy = all[left.first() + 2].clone();
            all.insert(left.first() + 3, copy);
        },
        &[&words, "one was put in"],
    );
    // One more, with all later ones moved down and linked anew.
    finds(
        "insertion-moved.jsonl",
        |left, all| {
            let copy = all[left.first() + 2].clone();
            all.insert(left.first() + 3, copy);
            for (record, sequence) in all[left.first()..].iter_mut().zip(1..) {
                renumber(record, sequence);
            }
            relink(all, left.first() + 1);
        },
        &["the head that was given says", "was written anew"],
    );
}

fn left_path(name: &str) -> String {
    left().file(name, &[]).display().to_string()
}

#[test]
fn finds_a_reordering() {
    let left = left();
    let (third, line) = (name(&left.journal[left.first() + 2]), left.first() + 4);
    let words = format!(
        "line {line}: record {third} comes after record 4: the lines were put in another order"
    );
    finds(
        "reordering.jsonl",
        |left, all| all.swap(left.first() + 2, left.first() + 3),
        &[&words],
    );
    // With new numbers the order looks right, and the links do not.
    finds(
        "reordering-renumbered.jsonl",
        |left, all| {
            let at = left.first() + 2;
            all.swap(at, at + 1);
            renumber(&mut all[at], 3);
            renumber(&mut all[at + 1], 4);
        },
        &["does not continue record 2", "does not continue record 3"],
    );
}

#[test]
fn finds_a_replay_from_another_closure() {
    let left = left();
    let foreign = left.other.last().unwrap().clone();
    let (theirs, ours) = (
        foreign["spec"]["closureUID"].clone(),
        left.journal[0]["spec"]["closureUID"].clone(),
    );
    assert_ne!(theirs, ours);
    let words = format!(
        "record {} belongs to another closure (UID {}, this journal's is {}): it was put in from elsewhere",
        name(&foreign),
        theirs.as_str().unwrap(),
        ours.as_str().unwrap()
    );
    finds(
        "replay.jsonl",
        |left, all| all[left.first()] = foreign.clone(),
        &[&words],
    );
    // Under our name it does not fit what follows.
    let mut relabeled = foreign.clone();
    relabeled["spec"]["closureUID"] = ours;
    renumber(&mut relabeled, 1);
    finds(
        "replay-relabeled.jsonl",
        |left, all| all[left.first()] = relabeled,
        &[
            "does not continue record 1",
            &name(&left.journal[left.first() + 1]),
        ],
    );
    // All of another journal: its own head vouches for nothing of ours.
    let (code, said) = verify(&left.file("replay-whole.jsonl", &left.other), &left.head);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("its tail was cut off"), "{said}");
}

#[test]
fn finds_a_swap() {
    // Two records exchange what they say, and keep their names, numbers and links.
    finds(
        "swap.jsonl",
        |left, all| {
            let (one, other) = (left.first() + 2, left.first() + 4);
            for part in ["/spec/intent", "/status"] {
                let kept = all[one].pointer(part).unwrap().clone();
                *all[one].pointer_mut(part).unwrap() = all[other].pointer(part).unwrap().clone();
                *all[other].pointer_mut(part).unwrap() = kept;
            }
        },
        &["does not continue record 3", "does not continue record 5"],
    );
    // The same record under the identity of another object.
    finds(
        "swap-uid.jsonl",
        |left, all| {
            all[left.first()]["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000001");
        },
        &["does not continue record 1"],
    );
}

/// The places of a supplement's part, of the record that seals it, and of the first effect under it.
pub(crate) fn supplement(all: &[Value]) -> [usize; 3] {
    let place = |what: &dyn Fn(&Value) -> bool| all.iter().position(what).unwrap();
    let of = |kind: &'static str| {
        move |one: &Value| one["spec"]["type"] == kind && one["spec"]["supplement"].is_object()
    };
    let effect = |one: &Value| one.pointer("/spec/intent/supplement").is_some();
    [place(&of("PlanChunk")), place(&of("Plan")), place(&effect)]
}

/// What was done under a supplement is held against it, also where every link was written anew.
#[test]
fn finds_what_is_done_to_a_supplement() {
    let [part, seal, effect] = supplement(&left().journal);
    let someone = || json!("99999999-9999-4999-8999-999999999999");
    finds(
        "supplement-part.jsonl",
        |_, all| all[part]["spec"]["users"][0] = someone(),
        &[&name(&left().journal[seal]), "seals has digest"],
    );
    finds(
        "supplement-gone.jsonl",
        |_, all| drop(all.remove(part)),
        &["lacks its part", &name(&left().journal[part])],
    );
    finds(
        "supplement-stranger.jsonl",
        |_, all| {
            all[effect]["spec"]["intent"]["objects"][0] = someone();
            relink(all, effect + 1);
        },
        &["(DeleteUsers) names object 99999999", "was written anew"],
    );
    finds(
        "supplement-lent.jsonl",
        |_, all| {
            let intent = all[effect]["spec"]["intent"].as_object_mut().unwrap();
            intent.remove("supplement");
            relink(all, effect + 1);
        },
        &[&name(&left().journal[effect]), "acts under plan"],
    );
    finds(
        "supplement-unapproved.jsonl",
        |_, all| {
            all[effect]["spec"]
                .as_object_mut()
                .unwrap()
                .remove("approvals");
            relink(all, effect + 1);
        },
        &["which nobody had approved"],
    );
}

/// Of the plan itself as well: so many persons were needed, and so many approvals a record names.
#[test]
fn finds_an_effect_with_too_few_approvals() {
    let second = left().first() + 1;
    assert_eq!(left().journal[second]["spec"]["approvalsRequired"], 1);
    finds(
        "approvals-none.jsonl",
        |_, all| {
            all[second]["spec"]
                .as_object_mut()
                .unwrap()
                .remove("approvals");
            relink(all, second + 1);
        },
        &["with 0 of 1 approvals"],
    );
    finds(
        "approvals-more-needed.jsonl",
        |_, all| {
            all[second]["spec"]["approvalsRequired"] = json!(2);
            relink(all, second + 1);
        },
        &["with 1 of 2 approvals"],
    );
}

#[test]
fn without_a_head_or_without_a_journal_nothing_is_judged() {
    let left = left();
    let file = left.file("headless.jsonl", &left.journal);
    let (code, said, _) = tenant_closure(&["verify", file.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.starts_with("cannot be judged: ") && said.contains("give --head SEQUENCE:HASH"),
        "{said}"
    );
    let cut = left.file(
        "headless-cut.jsonl",
        &left.journal[..left.journal.len() - 1],
    );
    let (code, said, _) = tenant_closure(&["verify", cut.to_str().unwrap()]);
    assert_eq!(
        code,
        Some(2),
        "a cut tail is not seen without a head, and not called whole: {said}"
    );
    let (code, _, why) = tenant_closure(&["verify", "/there/is/no/such/file"]);
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("read /there/is/no/such/file"), "{why}");
    let (code, _, why) = tenant_closure(&["verify"]);
    assert_eq!(code, Some(2), "{why}");
    // What is broken is broken without a head too.
    let hole = left.file(
        "headless-hole.jsonl",
        &[
            &left.journal[..=left.first()],
            &left.journal[left.first() + 2..],
        ]
        .concat(),
    );
    assert_eq!(
        tenant_closure(&["verify", hole.to_str().unwrap()]).0,
        Some(1)
    );
}

#[test]
fn a_folder_of_single_records_is_a_journal_too() {
    let left = left();
    let folder = tempfile::tempdir().unwrap();
    for record in left.journal.iter().chain(&left.other) {
        let path = folder.path().join(format!("{}.json", name(record)));
        std::fs::write(path, format!("{record:#}")).unwrap();
    }
    std::fs::write(
        folder.path().join("report.json"),
        "{\"kind\": \"ClosureReport\"}",
    )
    .unwrap();
    let path = folder.path().to_str().unwrap();
    let (code, _, why) = tenant_closure(&["verify", path, "--head", &left.head]);
    assert_eq!(code, Some(2));
    assert!(
        why.contains("hold the journals of 2 closures; choose one with --uid"),
        "{why}"
    );
    let uid = left.journal[0]["spec"]["closureUID"].as_str().unwrap();
    let (code, said, why) = tenant_closure(&[
        "verify", path, "--head", &left.head, "--uid", uid, "-o", "json",
    ]);
    assert_eq!(code, Some(0), "{said}{why}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["verdict"], "Whole");
    assert_eq!(
        said["figures"]["records"].as_u64().unwrap(),
        left.journal.len() as u64 - left.first() as u64
    );
}
