//! Stock.

pub(crate) mod body;
pub(crate) mod filter;
pub(crate) mod routes;
pub(crate) mod several;
