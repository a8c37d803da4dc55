//! The feed of events.

mod body;
mod delivery;
mod filter;
pub(crate) mod routes;

pub use delivery::DeliveryBodies;
