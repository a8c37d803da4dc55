//! The rules of stock: its types, and every change that is allowed.
//!
//! The domain uses no database, no HTTP, no clock and no randomness: the time and fresh ids are passed
//! in. Every change goes through one function, [`decide`](Command::decide), which reads the [`State`]
//! that the command [needs](Command::needs) and returns either the changes or the reason for a refusal.

#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod catalogue;
mod decision;
mod events;
mod imports;
mod integrations;
mod keys;
mod ledger;
mod locations;
mod policies;
mod products;
mod reservations;
mod stock;
mod tenancy;
mod transactions;
mod transfers;
mod values;
mod verification;

pub use catalogue::*;
pub use decision::*;
pub use events::*;
pub use imports::*;
pub use integrations::*;
pub use keys::*;
pub use ledger::*;
pub use locations::*;
pub use policies::*;
pub use products::*;
pub use reservations::*;
pub use stock::*;
pub use tenancy::*;
pub use transactions::*;
pub use transfers::*;
pub use values::*;
pub use verification::*;
