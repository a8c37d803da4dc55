//! Stock.

pub(crate) mod body;
pub(crate) mod filter;
mod planning;
pub(crate) mod routes;
pub(crate) mod several;
