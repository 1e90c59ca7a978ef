//! What came out of a verification, in words and as JSON.

use crate::closure::words::thousands;
use crate::evidence::figures::Figures;
use crate::evidence::verify::{Verdict, Verified};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// So many faults and doubts are told; the rest is counted.
const MOST: usize = 20;

/// For people; each line ends with a line feed.
pub fn plain(verified: &Verified) -> String {
    let verdict = verified.verdict();
    let mut text = format!("{}: {}\n", verdict.word(), about(verified));
    let faults = verified.faults.iter().map(ToString::to_string);
    told(&mut text, "fault", &faults.collect::<Vec<_>>());
    let doubts = verified.doubts.iter().map(ToString::to_string);
    told(&mut text, "doubt", &doubts.collect::<Vec<_>>());
    told(&mut text, "note", &verified.notes);
    let figures = &verified.figures;
    line(&mut text, "records", &records(figures));
    line(&mut text, "objects", &objects(figures));
    line(&mut text, "approvals", &approvals(figures));
    if let (Some(first), Some(last)) = (figures.first, figures.last) {
        line(&mut text, "from, to", &format!("{first:.0}, {last:.0}"));
    }
    if let Some(sequence) = verified.in_doubt {
        let what =
            format!("record {sequence} has no outcome yet; the operator settles it by reading");
        line(&mut text, "in doubt", &what);
    }
    if let Some(head) = &verified.head {
        line(&mut text, "head", &head.to_string());
    }
    text
}

/// For programs.
pub fn json(verified: &Verified) -> Value {
    json!({
        "verdict": match verified.verdict() {
            Verdict::Whole => "Whole",
            Verdict::Broken => "Broken",
            Verdict::Unjudged => "CannotBeJudged",
        },
        "closure": verified.closure.as_ref().map(|(namespace, name)| json!({
            "namespace": namespace, "name": name, "uid": verified.uid,
        })),
        "tenantID": verified.tenant,
        "faults": verified.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "doubts": verified.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": verified.notes,
        "figures": verified.figures,
        "anchorsCompared": verified.anchors,
        "inDoubt": verified.in_doubt,
        "head": verified.head.as_ref().map(|head| json!({
            "sequence": head.sequence, "hash": head.hash,
        })),
    })
}

fn about(verified: &Verified) -> String {
    let (Some((namespace, name)), Some(tenant)) = (&verified.closure, verified.tenant) else {
        return "no journal".to_owned();
    };
    let uid = &verified.uid;
    format!("journal of closure {namespace}/{name} (UID {uid}), tenant {tenant}")
}

fn told(text: &mut String, what: &str, all: &[String]) {
    for one in all.iter().take(MOST) {
        line(text, what, one);
    }
    if all.len() > MOST {
        line(text, what, &format!("and {} more", all.len() - MOST));
    }
}

/// `14: 1 plan, 9 effects, 4 verifications; 1 part of plans beside them`.
pub fn records(figures: &Figures) -> String {
    let mut text = format!(
        "{}: {}, {}, {}",
        number(figures.records),
        counted(figures.plans, "plan"),
        counted(figures.effects, "effect"),
        counted(figures.verifications, "verification"),
    );
    if figures.chunks > 0 {
        let _ = write!(
            text,
            "; beside them {} of plans",
            counted(figures.chunks, "part")
        );
    }
    if figures.settled_in_doubt > 0 {
        let _ = write!(
            text,
            "; {} settled by another process than the one that claimed it",
            number(figures.settled_in_doubt)
        );
    }
    text
}

/// `128 named by effects, 127 seen gone or changed`.
pub fn objects(figures: &Figures) -> String {
    format!(
        "{} named by effects, {} seen gone or changed as intended",
        number(figures.objects),
        number(figures.gone)
    )
}

/// By UID; who gave them stands in the `ClosureApproval`s and in the report.
fn approvals(figures: &Figures) -> String {
    let uids: Vec<&str> = figures.approvals.iter().map(String::as_str).collect();
    let mut text = if uids.is_empty() {
        "none".to_owned()
    } else {
        format!("{}: {}", uids.len(), uids.join(", "))
    };
    if figures.unapproved_effects > 0 {
        let _ = write!(
            text,
            "; {} for which none was asked",
            counted(figures.unapproved_effects, "effect")
        );
    }
    text
}

fn counted(n: u64, one: &str) -> String {
    crate::closure::words::count(u32::try_from(n).unwrap_or(u32::MAX), one)
}

fn number(n: u64) -> String {
    thousands(u32::try_from(n).unwrap_or(u32::MAX))
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {key:<10} {value}");
}
