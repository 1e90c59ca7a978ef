//! A store that stays open between cycles: a cloud's client keeps its connections and tokens.

use crate::store::address::Address;
use crate::store::open::{OpenError, Store, open};
use std::sync::{Mutex, PoisonError};

/// The store that was opened last.
#[derive(Debug, Default)]
pub struct Opened(Mutex<Option<(Address, Store)>>);

impl Opened {
    /// The store at this address. A folder is looked for each time: a volume can go away.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(&self, address: &Address) -> Result<Store, OpenError> {
        if address.path().is_some() {
            return open(address);
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, store)) = last.as_ref()
            && known == address
        {
            return Ok(store.clone());
        }
        let store = open(address)?;
        *last = Some((address.clone(), store.clone()));
        Ok(store)
    }
}
