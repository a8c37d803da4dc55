//! Imports.

pub(crate) mod chunks;
pub(crate) mod forget;
pub(crate) mod lease;
pub(crate) mod load;
mod port;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
