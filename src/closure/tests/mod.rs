//! Table tests of the core, one file a subject, and whole runs against a tenant that is a value.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod runs;

use crate::closure::terms::Mode;
