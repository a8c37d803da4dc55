//! Answers that are kept.

pub(crate) mod store;
