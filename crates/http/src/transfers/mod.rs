//! Transfers between locations, and deliveries.

pub(crate) mod body;
mod fields;
mod filter;
mod items;
pub(crate) mod receipts;
pub(crate) mod routes;
pub(crate) mod steps;
