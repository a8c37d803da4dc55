//! Deliveries of events to the receivers of integrations: signatures, back-off, the order of deliveries,
//! and the port to the network. Nothing here reads a clock, a feed or a database.

mod backoff;
mod schedule;
mod sender;
mod signature;

pub use backoff::{RETRY_AFTER_MAX, delay_after};
pub use schedule::*;
pub use sender::*;
pub use signature::*;
