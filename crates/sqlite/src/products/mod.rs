//! Registered products.

pub(crate) mod load;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod store;
