//! Stock and its positions.

mod policies;
mod positions;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
