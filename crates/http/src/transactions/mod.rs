//! Transactions, counts and their history.

pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod body;
pub(crate) mod counts;
pub(crate) mod filter;
pub(crate) mod routes;
