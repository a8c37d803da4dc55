//! Application keys and access tokens.

pub(crate) mod body;
pub(crate) mod routes;
pub(crate) mod token;
