//! Where something lies in an evidence store (`<tenant id>/<UID of the closure>/records/0000000007.json`), and whether that is its
//! place: names of files are under no hash, so whoever may write there can exchange two records, or put in one from elsewhere.

use crate::api::ClosureApproval;
use crate::evidence::entry::Entry;
use std::collections::BTreeSet;

/// Digits in the name of a record's file.
const DIGITS: usize = 10;

/// The folders of an evidence store that hold records, or what they rest on, one a file and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Records,
    Plans,
    Approvals,
}

impl Room {
    const ALL: [Self; 3] = [Self::Records, Self::Plans, Self::Approvals];

    const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Plans => "plans",
            Self::Approvals => "approvals",
        }
    }
}

/// The place of a file, seen as that in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shelf {
    /// The folders down to the closure's, outermost first.
    pub(super) folder: Vec<String>,
    /// The folder in it; `None`: the file lies in the closure's folder itself.
    pub(super) room: Option<Room>,
    /// The file.
    pub(super) file: String,
}

impl Shelf {
    /// From the names of all folders, and the file's.
    pub(super) fn of(mut names: Vec<String>) -> Self {
        let file = names.pop().unwrap_or_default();
        let last = names.last();
        let room = last.and_then(|last| Room::ALL.into_iter().find(|room| room.name() == last));
        if room.is_some() {
            names.pop();
        }
        Self {
            folder: names,
            room,
            file,
        }
    }

    /// Only a store has its records in files that are named so.
    pub(super) fn is_numbered(&self) -> bool {
        let number = self.file.strip_suffix(".json").unwrap_or_default();
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        self.room == Some(Room::Records) && digits && number.len() == DIGITS
    }

    /// The closure that the folder is named by; `None`: it has another name, as a copy of it may have.
    pub(super) fn uid(&self) -> Option<&str> {
        self.folder.last().map(String::as_str).filter(is_id)
    }

    /// The tenant, likewise.
    fn tenant(&self) -> Option<&str> {
        self.uid()?;
        let above = self.folder.iter().rev().nth(1);
        above.map(String::as_str).filter(is_id)
    }

    /// Where a record, or a part of a plan, belongs, if that is elsewhere in the folder of its closure.
    pub(super) fn not_of(&self, entry: &Entry) -> Option<String> {
        let (room, file) = if entry.is_chunk() {
            (Room::Plans, format!("{}.json", entry.name))
        } else {
            (
                Room::Records,
                format!("{:0DIGITS$}.json", entry.spec.sequence),
            )
        };
        let tenant = entry.spec.tenant_id.to_string();
        self.unlike(&tenant, &entry.spec.closure_uid, room, &file)
    }

    /// Where an approval belongs, if that is elsewhere. Whose it is where a record names it (`named`, by UID) is not looked at
    /// here: that is held against the record.
    pub(super) fn not_of_approval(
        &self,
        approval: &ClosureApproval,
        named: &BTreeSet<&str>,
    ) -> Option<String> {
        let uid = approval.metadata.uid.as_deref().unwrap_or_default();
        let file = format!("{uid}.json");
        let spec = &approval.spec;
        let (tenant, closure) = if named.contains(uid) {
            (self.tenant(), self.uid())
        } else {
            (None, None)
        };
        let tenant = tenant.unwrap_or(&spec.tenant_id);
        let closure = closure.unwrap_or(&spec.closure_uid);
        self.unlike(tenant, closure, Room::Approvals, &file)
    }

    fn unlike(&self, tenant: &str, uid: &str, room: Room, file: &str) -> Option<String> {
        let same = self.room == Some(room)
            && self.file == file
            && self.uid().is_none_or(|here| here == uid)
            && self
                .tenant()
                .is_none_or(|here| here.eq_ignore_ascii_case(tenant));
        (!same).then(|| format!("{tenant}/{uid}/{}/{file}", room.name()))
    }
}

/// Tenants and closures are named by UUIDs.
fn is_id(name: &&str) -> bool {
    name.len() == 36 && uuid::Uuid::try_parse(name).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::evidence::entry::Place;
    use serde_json::{Value, json};

    const TENANT: &str = "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de";
    const UID: &str = "0c0ffee0-0000-4000-8000-000000000001";
    const OTHER: &str = "0c0ffee0-0000-4000-8000-000000000002";

    fn shelf(path: &str) -> Shelf {
        Shelf::of(path.split('/').map(str::to_owned).collect())
    }

    fn entry(spec: &Value) -> Entry {
        let mut all = json!({"closureUID": UID, "closureNamespace": "n", "closureName": "c", "tenantID": TENANT, "memory": {}});
        for (key, value) in spec.as_object().unwrap() {
            all[key] = value.clone();
        }
        let place = Place {
            source: "here".into(),
            line: None,
        };
        let object = json!({"metadata": {"name": "a-name", "uid": "u"}, "spec": all});
        Entry::read(&object, place).unwrap()
    }

    #[test]
    fn a_record_lies_where_its_content_says() {
        let record = entry(&json!({"type": "Verification", "sequence": 7}));
        let part = entry(&json!({"type": "PlanChunk", "sequence": 0}));
        let here = format!("mnt/{TENANT}/{UID}/records/0000000007.json");
        assert!(shelf(&here).is_numbered());
        assert_eq!(shelf(&here).uid(), Some(UID));
        assert_eq!(shelf(&here).not_of(&record), None);
        assert_eq!(
            shelf(&format!("mnt/{TENANT}/{UID}/plans/a-name.json")).not_of(&part),
            None
        );
        // A copy of the folder under a name of somebody's own.
        assert_eq!(
            shelf("home/of-contoso/records/0000000007.json").not_of(&record),
            None
        );
        let belongs = Some(format!("{TENANT}/{UID}/records/0000000007.json"));
        for elsewhere in [
            here.replace("0007", "0008"),
            here.replace("0000000007", "a-name"),
            here.replace("records", "plans"),
            here.replace("records/", ""),
            here.replace("records/", "records/old/"),
            here.replace(TENANT, OTHER),
            here.replace(UID, OTHER),
        ] {
            assert_eq!(shelf(&elsewhere).not_of(&record), belongs, "{elsewhere}");
        }
        assert_eq!(
            shelf(&here).not_of(&part),
            Some(format!("{TENANT}/{UID}/plans/a-name.json"))
        );
    }

    #[test]
    fn an_approval_lies_under_its_uid_and_in_the_folder_of_its_closure() {
        let approval = |closure: &str| -> ClosureApproval {
            serde_json::from_value(json!({
                "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
                "metadata": {"name": "bobs", "uid": "of-bob"},
                "spec": {"purpose": "Approval", "closureName": "c", "closureUID": closure, "tenantID": TENANT.to_uppercase(),
                    "confirmDomain": "contoso.onmicrosoft.com", "approver": "bob", "expiresAt": "2027-01-15T00:00:00Z"},
            }))
            .unwrap()
        };
        let here = shelf(&format!("mnt/{TENANT}/{UID}/approvals/of-bob.json"));
        let (nobody, bob) = (BTreeSet::new(), BTreeSet::from(["of-bob"]));
        assert_eq!(here.not_of_approval(&approval(UID), &nobody), None);
        assert!(here.not_of_approval(&approval(OTHER), &nobody).is_some());
        // Where a record rests on it, it is held against the record.
        assert_eq!(here.not_of_approval(&approval(OTHER), &bob), None);
        let renamed = shelf(&format!("mnt/{TENANT}/{UID}/approvals/of-carol.json"));
        let belongs = renamed.not_of_approval(&approval(UID), &bob).unwrap();
        assert_eq!(belongs, format!("{TENANT}/{UID}/approvals/of-bob.json"));
    }
}
