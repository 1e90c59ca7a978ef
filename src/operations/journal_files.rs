//! Journals from files: what `tenant-closure export` wrote, a folder into which records were copied, or an evidence store.

use crate::evidence::Anchor;
use crate::evidence::entry::{Entry, Found, Misplaced, Place, Unreadable};
use crate::evidence::report;
use crate::operations::shelf::{Room, Shelf};
use crate::store::{Address, Store, open};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What may hold records.
const ENDINGS: [&str; 3] = ["jsonl", "ndjson", "json"];
/// Folders in folders are followed so far.
const DEEPEST: u32 = 4;
/// The file of an evidence store that names the newest record.
const HEAD: &str = "head.json";
/// The file of an evidence store that tells of the closure, and names the record that was the newest then.
const REPORT: &str = "report.json";

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

/// Reads files, and of folders and stores the files that hold records. Where these hold several journals, `uid` chooses; where they
/// hold one, it is told.
///
/// # Errors
/// Which place could not be read, or that a choice is missing.
pub async fn read(places: &[String], uid: &mut Option<String>) -> Result<Read, String> {
    let mut all = Found::default();
    let (mut lying, mut lists) = (Vec::new(), Vec::new());
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
            let text = text.map_err(|why| format!("read {place}: {why}"))?;
            let mut found = Found::default();
            if found.add_text(place, &text) {
                lists.extend(Journal::each_of_a_list(place, &mut found));
            }
            all.entries.extend(found.entries);
            all.approvals.extend(found.approvals);
            all.unreadable.extend(found.unreadable);
        }
    }
    let mut files = Files::read(lying).await?;
    files.journals.extend(lists);
    let owners = files.owners();
    let uids = files.uids(&owners);
    let alone = all.entries.is_empty();
    if uid.is_none() && alone && uids.len() > 1 {
        let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
        return Err(format!(
            "these hold the journals of {} closures; choose one with --uid: {}",
            uids.len(),
            uids.join(", ")
        ));
    }
    let chosen = uid.clone().or_else(|| most(&all.entries));
    let chosen = chosen.or_else(|| uids.first().cloned());
    files.keep(chosen.as_deref(), uid.is_some(), &owners);
    if alone {
        uid.clone_from(&chosen);
    }
    let anchors = files.anchors(chosen.as_deref(), &mut all);
    for one in files.journals {
        all.entries.extend(one.found.entries);
        all.approvals.extend(one.found.approvals);
        all.unreadable.extend(one.found.unreadable);
    }
    Ok(Read {
        found: all,
        anchors,
    })
}

/// By the folder of a closure in a store: its UID.
type Owners = BTreeMap<Vec<String>, String>;

/// The files that hold something of a journal. Beside records a folder may hold other things, and other journals, each in files of
/// its own.
#[derive(Default)]
struct Files {
    journals: Vec<Journal>,
    ends: Vec<End>,
}

/// What a file holds.
struct Journal {
    place: String,
    shelf: Shelf,
    /// Where the head would be, if it lies in a store.
    head: String,
    found: Found,
}

/// What `head.json`, or a report, says of a journal's end.
struct End {
    shelf: Shelf,
    owner: String,
    anchor: Anchor,
}

impl Files {
    async fn read(lying: Vec<Lying>) -> Result<Self, String> {
        let mut all = Self::default();
        for one in lying {
            let (place, bytes) = (one.name(), one.bytes().await?);
            let text = String::from_utf8_lossy(&bytes);
            let shelf = Shelf::of(one.names());
            if shelf.room.is_none() && [HEAD, REPORT].contains(&shelf.file.as_str()) {
                let end = End::read(&shelf, &place, &text);
                let is_head = shelf.file == HEAD;
                let told = end.is_some();
                all.ends.extend(end);
                if is_head || told {
                    continue;
                }
            }
            let mut found = Found::default();
            found.add_text(&place, &text);
            if found.entries.is_empty() && found.approvals.is_empty() {
                if shelf.room.is_none() {
                    continue;
                }
                found.unreadable = vec![shelf.unreadable(&place, found.unreadable)];
            }
            all.journals.push(Journal {
                head: one.beside(&shelf, HEAD),
                place,
                shelf,
                found,
            });
        }
        Ok(all)
    }

    /// The folders of stores. One is told by how its records lie, or by its head, whatever else is left of it. Whose it is its name
    /// says; that of a copy, which has another name, its head, or most of what lies in it.
    fn owners(&self) -> Owners {
        let numbered = self.journals.iter().map(|one| &one.shelf);
        let numbered = numbered.filter(|shelf| shelf.is_numbered());
        let heads = self.ends.iter().filter(|end| end.is_head());
        let shelves = numbered.chain(heads.clone().map(|end| &end.shelf));
        let mut owners = Owners::new();
        for shelf in shelves {
            if owners.contains_key(&shelf.folder) {
                continue;
            }
            let head = heads.clone().find(|end| end.shelf.folder == shelf.folder);
            let owner = shelf.uid().map(str::to_owned);
            let owner = owner.or_else(|| head.map(|end| end.owner.clone()));
            let inside = self.journals.iter();
            let inside = inside.filter(|one| one.shelf.folder == shelf.folder);
            let owner = owner.or_else(|| most(inside.flat_map(|one| &one.found.entries)));
            owners.insert(shelf.folder.clone(), owner.unwrap_or_default());
        }
        owners
    }

    /// The closures whose journals these are.
    fn uids(&self, owners: &Owners) -> BTreeSet<String> {
        let stored = owners.values().filter(|owner| !owner.is_empty());
        let loose = self.journals.iter();
        let loose = loose.filter(|one| !owners.contains_key(&one.shelf.folder));
        let loose = loose.flat_map(|one| &one.found.entries);
        let loose = loose.map(|entry| &entry.spec.closure_uid);
        stored.chain(loose).cloned().collect()
    }

    /// Leaves out what is another closure's: in a store that is what lies in another folder, whatever it says.
    fn keep(&mut self, chosen: Option<&str>, asked: bool, owners: &Owners) {
        let owned = |shelf: &Shelf| owners.get(&shelf.folder).map(String::as_str);
        self.journals
            .retain(|one| match (owned(&one.shelf), chosen) {
                (Some(uid), Some(chosen)) => uid == chosen,
                (None, Some(chosen)) if asked => one.is_of(chosen),
                _ => true,
            });
        self.ends
            .retain(|end| chosen.is_some() && owned(&end.shelf) == chosen);
    }

    /// What the store says of the journal's end; what does not lie in its place, and that the head is missing, is put down in `all`.
    fn anchors(&self, chosen: Option<&str>, all: &mut Found) -> Vec<Anchor> {
        let head = self.journals.iter().find(|one| one.shelf.is_numbered());
        let (ours, theirs): (Vec<&End>, Vec<&End>) = self
            .ends
            .iter()
            .partition(|end| Some(end.owner.as_str()) == chosen);
        let told = ours.iter().any(|end| end.is_head());
        // It is a store whatever was taken away from it: the records that are left lie as only a store has them.
        all.is_store = head.is_some() || told;
        if !all.is_store {
            return Vec::new();
        }
        all.head_missing = head.map(|one| one.head.clone()).filter(|_| !told);
        all.misplaced.extend(theirs.iter().map(|end| Misplaced {
            place: end.anchor.source.clone(),
            what: format!("what is told of closure {}", end.owner),
            belongs: format!("{}/{}", end.owner, end.shelf.file),
        }));
        let entries = self.journals.iter().flat_map(|one| &one.found.entries);
        let named: BTreeSet<&str> = entries.flat_map(|entry| entry.spec.rests_on()).collect();
        let misplaced = self.journals.iter();
        all.misplaced
            .extend(misplaced.flat_map(|one| one.misplaced(chosen, &named)));
        ours.into_iter().map(|end| end.anchor.clone()).collect()
    }
}

/// The closure that most of them name.
fn most<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *count.entry(&entry.spec.closure_uid).or_default() += 1;
    }
    let most = count.into_iter().max_by_key(|(_, number)| *number);
    most.map(|(uid, _)| uid.to_owned())
}

impl Journal {
    /// The journals of a list as `kubectl get` prints it: of all closures of which there are records in a namespace.
    fn each_of_a_list(place: &str, list: &mut Found) -> Vec<Self> {
        let mut each: BTreeMap<String, Found> = BTreeMap::new();
        for entry in list.entries.drain(..) {
            let of = each.entry(entry.spec.closure_uid.clone());
            of.or_default().entries.push(entry);
        }
        for approval in list.approvals.drain(..) {
            let of = each.entry(approval.spec.closure_uid.clone());
            of.or_default().approvals.push(approval);
        }
        let journal = |found| Self {
            place: place.to_owned(),
            shelf: Shelf::of(Vec::new()),
            head: String::new(),
            found,
        };
        each.into_values().map(journal).collect()
    }

    fn is_of(&self, uid: &str) -> bool {
        let Found {
            entries, approvals, ..
        } = &self.found;
        entries.iter().any(|one| one.spec.closure_uid == uid)
            || approvals.iter().any(|one| one.spec.closure_uid == uid)
            || (entries.is_empty() && self.shelf.uid() == Some(uid))
    }

    /// What of it lies elsewhere than where it belongs. A record of another closure is told as such.
    fn misplaced(&self, chosen: Option<&str>, named: &BTreeSet<&str>) -> Vec<Misplaced> {
        let misplaced = |what: String, belongs: Option<String>| {
            belongs.map(|belongs| Misplaced {
                place: self.place.clone(),
                what,
                belongs,
            })
        };
        let entries = self.found.entries.iter();
        let ours = entries.filter(|one| Some(one.spec.closure_uid.as_str()) == chosen);
        let records = ours
            .filter_map(|one| misplaced(format!("record {}", one.name), self.shelf.not_of(one)));
        let approvals = self.found.approvals.iter().filter_map(|one| {
            let uid = one.metadata.uid.as_deref().unwrap_or_default();
            let belongs = self.shelf.not_of_approval(one, named);
            misplaced(format!("approval {uid}"), belongs)
        });
        records.chain(approvals).collect()
    }
}

impl End {
    fn read(shelf: &Shelf, place: &str, text: &str) -> Option<Self> {
        let said: Value = serde_json::from_str(text).ok()?;
        let (owner, anchor) = if shelf.file == HEAD {
            let hash = said["hash"].as_str()?;
            let anchor = format!("{}:{hash}", said["sequence"].as_u64()?);
            (said["closureUID"].as_str()?, anchor)
        } else {
            if said["format"] != report::FORMAT {
                return None;
            }
            let anchor = said["journal"]["head"].as_str()?.to_owned();
            (said["closure"]["uid"].as_str()?, anchor)
        };
        let anchor: Anchor = anchor.parse().ok()?;
        Some(Self {
            shelf: shelf.clone(),
            owner: owner.to_owned(),
            anchor: Anchor {
                source: place.to_owned(),
                ..anchor
            },
        })
    }

    fn is_head(&self) -> bool {
        self.shelf.file == HEAD
    }
}

impl Shelf {
    /// A file of a store that holds no record that can be read is there all the same: it is not missing.
    fn unreadable(&self, place: &str, found: Vec<Unreadable>) -> Unreadable {
        let stem = self.file.trim_end_matches(".json").to_owned();
        let name = match (self.folder.last(), self.room) {
            (Some(uid), Some(Room::Records)) => format!("{uid}-{stem}"),
            _ => stem,
        };
        let why = found.into_iter().next();
        Unreadable {
            place: Place {
                source: place.to_owned(),
                line: None,
            },
            name: Some(name),
            why: why.map_or_else(|| "it is empty".to_owned(), |one| one.why),
        }
    }
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

    /// A file of this name in the folder of the closure, where it lies as in a store.
    fn beside(&self, place: &Shelf, name: &str) -> String {
        let names = place.folder.iter().map(String::as_str).chain([name]);
        match self {
            Self::File(_) => names.collect::<PathBuf>().display().to_string(),
            Self::Object(..) => names.collect::<object_store::path::Path>().to_string(),
        }
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
