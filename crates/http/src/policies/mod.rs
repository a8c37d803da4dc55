//! Policies of stock.

pub(crate) mod body;
pub(crate) mod routes;
