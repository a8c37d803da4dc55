//! The feed of events.

mod body;
mod filter;
pub(crate) mod routes;
mod stream;
