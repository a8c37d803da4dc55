//! Registered products.

pub(crate) mod body;
pub(crate) mod routes;
