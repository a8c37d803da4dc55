//! The feed of events.

mod body;
mod delivery;
mod filter;
pub(crate) mod routes;
mod stream;

pub use delivery::DeliveryBodies;
