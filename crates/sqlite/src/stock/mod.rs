//! Stock and its positions.

pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
