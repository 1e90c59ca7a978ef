//! The evidence store: where copies of a closure's journal, its report and the inventory of its tenant are kept, outside
//! the cluster. A folder (any volume), or a bucket of a cloud with the feature `object-stores`.
//!
//! ```text
//! <store>/<tenant id>/<UID of the closure>/records/0000000001.json   written once
//!                                         /plans/<name of the part>.json   written once
//!                                         /approvals/<UID of the approval>.json   written once
//!                                         /head.json   the newest record and its hash
//!                                         /report.json .md .html
//!                                         /inventory-….jsonl   names, which are removed once their time is over
//! ```
//!
//! The room knows nothing of closures: names and bytes.

pub mod address;
pub mod folder;
pub mod open;
pub mod opened;
pub mod unfinished;
pub mod write;

pub use address::{Address, AddressError};
pub use folder::Folder;
pub use open::{OpenError, Store, open};
pub use opened::Opened;
pub use write::{Put, StoreError};
