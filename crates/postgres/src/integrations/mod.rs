//! Integrations.

mod deliver;
pub(crate) mod load;
mod read;
pub(crate) mod rows;
pub(crate) mod store;
