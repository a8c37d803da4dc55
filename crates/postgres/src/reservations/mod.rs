//! Reservations.

pub(crate) mod columns;
pub(crate) mod load;
pub(crate) mod orders;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
