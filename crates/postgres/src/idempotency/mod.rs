//! Idempotency records.

pub(crate) mod store;
