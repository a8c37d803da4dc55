//! Transfers, their lines and their receipts.

pub(crate) mod expected;
pub(crate) mod load;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
