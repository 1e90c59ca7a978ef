//! Room microsoft.
