//! Room controller.
