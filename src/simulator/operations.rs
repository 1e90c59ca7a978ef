//! ARM's long-running operations.

use std::collections::HashMap;

use uuid::Uuid;

/// Operations that were begun.
#[derive(Debug, Default)]
pub(crate) struct Operations(HashMap<Uuid, Operation>);

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// Real moment at which it is done.
    pub(crate) done_at: i64,
    /// Whether it is done only when this tenant is gone.
    pub(crate) tenant: Option<usize>,
    /// Whose it is.
    pub(crate) owner: Uuid,
}

impl Operations {
    pub(crate) fn begin(&mut self, id: Uuid, operation: Operation) {
        self.0.insert(id, operation);
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Operation> {
        self.0.get(&id)
    }
}
