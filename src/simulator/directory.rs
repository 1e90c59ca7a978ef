//! What programs have changed in a directory, where nothing else of the simulation remembers it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::users::BIN;

/// Changes to one tenant's directory since it was made.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Properties that were written to users, by object id.
    pub(crate) written: HashMap<Uuid, Map<String, Value>>,
    /// The products of the users whose licenses were changed, by object id.
    pub(crate) licenses: HashMap<Uuid, Vec<Uuid>>,
    /// Deleted groups, by number; in the recycle bin or gone for good.
    pub(crate) groups: BTreeMap<u32, Binned>,
    /// The administrative unit that is in the recycle bin.
    pub(crate) unit: Option<(Uuid, Binned)>,
    /// What was deleted and has no recycle bin: devices, consents, named locations, authentication methods.
    pub(crate) gone: HashSet<Uuid>,
    /// The application that created an application or a service principal, and owns it.
    pub(crate) owners: HashMap<Uuid, Uuid>,
    /// Who was assigned which directory role, besides the one that a user has and those of the clients.
    pub(crate) assignments: Vec<(Uuid, u8)>,
}

/// Since when something is deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binned {
    /// Real milliseconds.
    pub(crate) at: i64,
    /// Virtual milliseconds.
    pub(crate) since: i64,
    /// No longer in the recycle bin either.
    pub(crate) purged: bool,
}

impl Binned {
    pub(crate) fn new(real: i64, virtual_now: i64) -> Self {
        Self {
            at: real,
            since: virtual_now,
            purged: false,
        }
    }
}

impl Directory {
    /// Empties the recycle bin of what has been in it for thirty days.
    pub(crate) fn expire(&mut self, virtual_now: i64) {
        for group in self.groups.values_mut() {
            group.purged |= virtual_now - group.since >= BIN;
        }
        if self
            .unit
            .is_some_and(|(_, unit)| virtual_now - unit.since >= BIN)
        {
            self.unit = None;
        }
    }

    /// What is in the recycle bin is so many virtual milliseconds longer in it.
    pub(crate) fn pass(&mut self, milliseconds: i64) {
        let unit = self.unit.as_mut().map(|(_, unit)| unit);
        for one in self.groups.values_mut().chain(unit) {
            one.since -= milliseconds;
        }
    }

    pub(crate) fn owns(&self, app: Uuid, object: Uuid) -> bool {
        self.owners.get(&object) == Some(&app)
    }
}
