//! Registered products.

pub(crate) mod body;
pub(crate) mod filter;
pub(crate) mod routes;
