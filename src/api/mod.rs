//! Room api.
