//! Imports.

mod chunks;
mod forget;
mod lease;
pub(crate) mod load;
mod port;
mod read;
pub(crate) mod rows;
pub(crate) mod store;
