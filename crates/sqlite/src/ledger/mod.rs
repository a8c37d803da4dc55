//! Ledgers and the past.

pub(crate) mod corrections;
pub(crate) mod load;
pub(crate) mod past;
pub(crate) mod past_rows;
pub(crate) mod periods;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod store;
