//! Journals from files: what `tenant-closure export` wrote, a folder into which records were copied, or an evidence store.

use crate::evidence::Anchor;
use crate::evidence::entry::{Found, Place, Unreadable};
use crate::store::{Address, Store, open};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What may hold records.
const ENDINGS: [&str; 3] = ["jsonl", "ndjson", "json"];
/// Folders in folders are followed so far.
const DEEPEST: u32 = 4;
/// The file of an evidence store that names the newest record.
const HEAD: &str = "head.json";
/// The folder of an evidence store that holds the records, each in a file that is named by its number.
const RECORDS: &str = "records";
/// The folders of an evidence store that hold records, or what they rest on, one a file and nothing else.
const OF_RECORDS: [&str; 3] = [RECORDS, "plans", "approvals"];
/// Digits of such a number.
const DIGITS: usize = 10;

/// What lies in a place.
enum Lying {
    File(PathBuf),
    Object(Store, object_store::path::Path),
}

/// What was found, and what evidence stores say of its end.
#[derive(Debug, Default)]
pub struct Read {
    /// The records.
    pub found: Found,
    /// What the heads beside the records say.
    pub anchors: Vec<Anchor>,
}

/// Reads files, and of folders and stores the files that hold records. Where these hold several journals, `uid` chooses.
///
/// # Errors
/// Which place could not be read, or that a choice is missing.
pub async fn read(places: &[String], uid: &mut Option<String>) -> Result<Read, String> {
    let mut all = Found::default();
    let mut lying = Vec::new();
    for place in places {
        if place.contains("://") {
            listed(place, &mut lying).await?;
        } else if Path::new(place).is_dir() {
            // From the root on: a store is told by the names of the folders, also by who stands in one of them.
            let whole = std::path::absolute(place);
            let whole = whole.map_err(|why| format!("read the folder {place}: {why}"))?;
            walk(&whole, DEEPEST, &mut lying)?;
        } else {
            let text = std::fs::read_to_string(place);
            all.add_text(place, &text.map_err(|why| format!("read {place}: {why}"))?);
        }
    }
    // Beside records a folder may hold other things, and other journals, each in files of its own.
    let (mut journals, mut heads) = (Vec::new(), Vec::new());
    for one in lying {
        let (name, bytes) = (one.name(), one.bytes().await?);
        let text = String::from_utf8_lossy(&bytes);
        if one.is(HEAD) {
            heads.extend(head(&name, &text));
            continue;
        }
        let mut found = Found::default();
        found.add_text(&name, &text);
        let empty = found.entries.is_empty() && found.approvals.is_empty();
        if empty && one.should_hold_a_record() {
            found.unreadable = vec![one.unreadable(found.unreadable)];
        } else if empty {
            continue;
        }
        journals.push(Journal {
            owner: one.owner(),
            head: one.head_of_store(),
            found,
        });
    }
    let uids: BTreeSet<&str> = journals
        .iter()
        .flat_map(|one| &one.found.entries)
        .map(|entry| entry.spec.closure_uid.as_str())
        .collect();
    if uid.is_none() && all.entries.is_empty() && uids.len() > 1 {
        let uids: Vec<&str> = uids.into_iter().collect();
        return Err(format!(
            "these hold the journals of {} closures; choose one with --uid: {}",
            uids.len(),
            uids.join(", ")
        ));
    }
    let of_journal = uid
        .clone()
        .or_else(|| uids.first().map(|one| (*one).to_owned()));
    journals.retain(|one| uid.as_ref().is_none_or(|uid| one.is_of(uid)));
    let ours = heads
        .into_iter()
        .filter(|(owner, _)| Some(owner) == of_journal.as_ref());
    let anchors: Vec<Anchor> = ours.map(|(_, anchor)| anchor).collect();
    // It is a store whatever was taken away from it: the records that are left lie as only a store has them.
    let head = journals.iter().find_map(|one| one.head.clone());
    all.is_store = head.is_some() || !anchors.is_empty();
    all.head_missing = head.filter(|_| anchors.is_empty());
    for one in journals {
        all.entries.extend(one.found.entries);
        all.approvals.extend(one.found.approvals);
        all.unreadable.extend(one.found.unreadable);
    }
    Ok(Read {
        found: all,
        anchors,
    })
}

/// What a file holds.
struct Journal {
    /// The closure in whose folder it lies, if it lies in a store.
    owner: Option<String>,
    /// Where the head would be, where it lies as in a store.
    head: Option<String>,
    found: Found,
}

impl Journal {
    fn is_of(&self, uid: &str) -> bool {
        let Found {
            entries, approvals, ..
        } = &self.found;
        entries.iter().any(|one| one.spec.closure_uid == uid)
            || approvals.iter().any(|one| one.spec.closure_uid == uid)
            || (entries.is_empty() && self.owner.as_deref() == Some(uid))
    }
}

/// Whose head it is, and what it says.
fn head(name: &str, text: &str) -> Option<(String, Anchor)> {
    let head: Value = serde_json::from_str(text).ok()?;
    let owner = head["closureUID"].as_str()?.to_owned();
    let said = format!("{}:{}", head["sequence"].as_u64()?, head["hash"].as_str()?);
    let anchor = said.parse().ok()?;
    let source = name.to_owned();
    Some((owner, Anchor { source, ..anchor }))
}

impl Lying {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Object(_, path) => path.to_string(),
        }
    }

    async fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                std::fs::read(path).map_err(|why| format!("read {}: {why}", path.display()))
            }
            Self::Object(store, path) => {
                let found = store.read(path).await;
                let found = found.map_err(|why| format!("read {path}: {}", why.detail()))?;
                Ok(found.unwrap_or_default())
            }
        }
    }

    /// The names of folders and file, the file's last.
    fn names(&self) -> Vec<String> {
        match self {
            Self::File(path) => path
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect(),
            Self::Object(_, path) => path.parts().map(|one| one.as_ref().to_owned()).collect(),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.names().last().is_some_and(|last| last == name)
    }

    fn should_hold_a_record(&self) -> bool {
        let names = self.names();
        let folder = names.iter().rev().nth(1);
        folder.is_some_and(|folder| OF_RECORDS.contains(&folder.as_str()))
    }

    /// A file of a store that holds no record that can be read is there all the same: it is not missing.
    fn unreadable(&self, found: Vec<Unreadable>) -> Unreadable {
        let names = self.names();
        let [uid, folder, file] = [2, 1, 0].map(|at| names.iter().rev().nth(at).cloned());
        let file = file.unwrap_or_default();
        let stem = file.trim_end_matches(".json").to_owned();
        let name = match (uid, folder.as_deref()) {
            (Some(uid), Some("records")) => format!("{uid}-{stem}"),
            _ => stem,
        };
        Unreadable {
            place: Place {
                source: self.name(),
                line: None,
            },
            name: Some(name),
            why: found
                .into_iter()
                .next()
                .map_or_else(|| "it is empty".to_owned(), |one| one.why),
        }
    }

    /// Where the head of its journal would be, where it lies as the records of an evidence store do.
    fn head_of_store(&self) -> Option<String> {
        let mut names = self.names();
        let number = names.pop()?;
        let number = number.strip_suffix(".json")?;
        let numbered = number.len() == DIGITS && number.bytes().all(|b| b.is_ascii_digit());
        if !numbered || names.pop()? != RECORDS {
            return None;
        }
        Some(match self {
            Self::File(path) => path.ancestors().nth(2)?.join(HEAD).display().to_string(),
            Self::Object(..) => names
                .into_iter()
                .chain([HEAD.to_owned()])
                .collect::<object_store::path::Path>()
                .to_string(),
        })
    }

    /// The closure whose folder it lies in, in a store.
    fn owner(&self) -> Option<String> {
        self.names().into_iter().rev().nth(2)
    }
}

async fn listed(place: &str, lying: &mut Vec<Lying>) -> Result<(), String> {
    let address: Address = place.parse().map_err(|why| format!("{why}"))?;
    let store = open(&address).map_err(|why| format!("open {address}: {why}"))?;
    let names = store.names().await;
    let names = names.map_err(|why| format!("list {address}: {}", why.detail()))?;
    let of_records = names.into_iter().filter(|name| {
        let ending = name.extension().unwrap_or_default();
        ENDINGS.contains(&ending)
    });
    lying.extend(of_records.map(|name| Lying::Object(store.clone(), name)));
    Ok(())
}

fn walk(folder: &Path, deeper: u32, files: &mut Vec<Lying>) -> Result<(), String> {
    let trouble = |why: std::io::Error| format!("read the folder {}: {why}", folder.display());
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(trouble)? {
        inside.push(entry.map_err(trouble)?);
    }
    inside.sort_by_key(std::fs::DirEntry::file_name);
    for entry in inside {
        let (path, kind) = (entry.path(), entry.file_type().map_err(trouble)?);
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if kind.is_dir() && deeper > 0 {
            walk(&path, deeper - 1, files)?;
        } else if kind.is_file() && ENDINGS.contains(&ending) {
            files.push(Lying::File(path));
        }
    }
    Ok(())
}
