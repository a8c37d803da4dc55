//! Reservations.

pub(crate) mod availability;
pub(crate) mod body;
pub(crate) mod edit;
mod filter;
pub(crate) mod holds;
mod items;
pub(crate) mod returns;
pub(crate) mod routes;
mod sourcing;
