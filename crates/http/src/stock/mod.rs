//! Stock.

pub(crate) mod body;
pub(crate) mod filter;
pub(crate) mod forecast;
mod planning;
pub(crate) mod routes;
pub(crate) mod several;
