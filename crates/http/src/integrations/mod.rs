//! Integrations.

pub(crate) mod body;
pub(crate) mod filter;
pub(crate) mod logs;
pub(crate) mod request;
pub(crate) mod routes;
