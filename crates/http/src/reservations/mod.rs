//! Reservations.

pub(crate) mod availability;
pub(crate) mod body;
mod filter;
pub(crate) mod holds;
mod items;
pub(crate) mod routes;
