//! The feed of events.

pub(crate) mod read;
pub(crate) mod store;
