//! Room operations.
