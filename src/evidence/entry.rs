//! Entries: the records of a journal as they were stored, from the cluster or from a file.

use crate::api::record::Settled;
use crate::api::{ClosureApproval, ClosureRecordSpec, ClosureRecordStatus, RecordType, hash};
use jiff::Timestamp;
use serde_json::Value;

/// Where a record was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A file's name, or what stands for the cluster.
    pub source: String,
    /// Its line, where lines have an order that says something.
    pub line: Option<u64>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it was found.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What it hashes to, as stored.
    pub hash: String,
    /// When the API server created it, as its metadata says: that is not under the hash.
    pub created: Option<Timestamp>,
    /// Its content.
    pub spec: ClosureRecordSpec,
    /// What was seen; `None`: in doubt.
    pub outcome: Option<Settled>,
}

impl Entry {
    /// Reads a record as the API server stores it.
    ///
    /// # Errors
    /// Why it is none that this version can read.
    pub fn read(object: &Value, place: Place) -> Result<Self, String> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        match text("/kind") {
            Some("ClosureRecord") | None => {}
            Some(other) => return Err(format!("a {other} is no ClosureRecord")),
        }
        let name = text("/metadata/name").ok_or("it has no metadata.name")?;
        let none = Value::Null;
        let part = |key: &str| object.get(key).unwrap_or(&none);
        let spec = ClosureRecordSpec::deserialize_from(part("spec"))
            .map_err(|why| format!("its spec is not one that this version knows: {why}"))?;
        let status = Option::<ClosureRecordStatus>::deserialize_from(part("status"))
            .map_err(|why| format!("its status is not one that this version knows: {why}"))?;
        Ok(Self {
            place,
            name: name.to_owned(),
            hash: hash::record(name, text("/metadata/uid"), part("spec"), part("status")),
            created: text("/metadata/creationTimestamp").and_then(|t| t.parse().ok()),
            spec,
            outcome: status.and_then(|status| status.outcome),
        })
    }

    /// It comes right after this one, by its number.
    pub fn follows(&self, before: &Self) -> bool {
        before.spec.sequence.checked_add(1) == Some(self.spec.sequence)
    }

    /// A part of a plan has no place in the chain.
    pub fn is_chunk(&self) -> bool {
        self.spec.kind == RecordType::PlanChunk
    }
}

/// Reading from a reference, without a copy of it.
trait FromValue: Sized {
    fn deserialize_from(value: &Value) -> Result<Self, serde_json::Error>;
}

impl<T: for<'de> serde::Deserialize<'de>> FromValue for T {
    fn deserialize_from(value: &Value) -> Result<Self, serde_json::Error> {
        T::deserialize(value)
    }
}

/// What was found in a text, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Records, in the order in which they were found.
    pub entries: Vec<Entry>,
    /// What is none, or not one that this version knows.
    pub unreadable: Vec<Unreadable>,
    /// Approvals and attestations, or copies of them.
    pub approvals: Vec<ClosureApproval>,
    /// It is an evidence store: what a record rests on is to be there.
    pub is_store: bool,
    /// Where the store's `head.json` would be, where none can be read.
    pub head_missing: Option<String>,
    /// What lies elsewhere in the store than where it belongs.
    pub misplaced: Vec<Misplaced>,
}

/// Something in an evidence store that does not lie where its content says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// Where.
    pub place: String,
    /// What it is, for people.
    pub what: String,
    /// Where it would lie.
    pub belongs: String,
}

/// Something that is no record that this version can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub place: Place,
    /// The name that it has; `None`: not even that could be read.
    pub name: Option<String>,
    /// Why.
    pub why: String,
}

impl Found {
    /// Adds what a text holds: a record a line, or one document (a record, or a list as `kubectl get -o json` prints it). True
    /// where it is a list.
    pub fn add_text(&mut self, source: &str, text: &str) -> bool {
        let whole = |line| Place {
            source: source.to_owned(),
            line,
        };
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            match document.get("items").and_then(Value::as_array) {
                Some(items) => {
                    for (object, number) in items.iter().zip(1..) {
                        self.add(object, whole(Some(number)));
                    }
                    return true;
                }
                None => self.add(&document, whole(None)),
            }
            return false;
        }
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(line) {
                Ok(object) => self.add(&object, whole(Some(number))),
                Err(why) => {
                    self.unreadable.push(Unreadable {
                        place: whole(Some(number)),
                        name: None,
                        why: format!("it is no JSON: {why}"),
                    });
                }
            }
        }
        false
    }

    /// Adds an object.
    pub fn add(&mut self, object: &Value, place: Place) {
        if object.get("kind").and_then(Value::as_str) == Some("ClosureApproval") {
            return self.add_approval(object, place);
        }
        match Entry::read(object, place.clone()) {
            Ok(entry) => self.entries.push(entry),
            Err(why) => {
                let name = object.pointer("/metadata/name").and_then(Value::as_str);
                self.unreadable.push(Unreadable {
                    place,
                    name: name.map(str::to_owned),
                    why,
                });
            }
        }
    }
    fn add_approval(&mut self, object: &Value, place: Place) {
        match ClosureApproval::deserialize_from(object) {
            Ok(approval) => self.approvals.push(approval),
            Err(why) => {
                let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
                self.unreadable.push(Unreadable {
                    place,
                    name: uid.map(str::to_owned),
                    why: format!("it is no approval that this version knows: {why}"),
                });
            }
        }
    }
}
