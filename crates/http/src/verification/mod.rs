//! Verification of a product's stock.

pub(crate) mod body;
pub(crate) mod routes;
