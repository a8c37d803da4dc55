//! The use cases of Stockroom, and the ports through which they reach the world.
//!
//! [`Stockroom`] is the whole of it for those who call: one method for each thing that a client or
//! an operator can do. It decides nothing about stock itself (that is the domain's) and stores
//! nothing (that is an adapter's, behind the [`ports`]); it knows who may do what, and in which
//! order things happen.
//!
//! # Adding an adapter
//! Implement every trait of [`ports`] for one type, and run the suite of `stockroom-conformance`
//! against it. [`ports::CommandStore::commit`] says what a commit has to hold to.

mod access;
mod environment;
mod error;
pub mod filter;
mod first_start;
mod history;
mod keys;
mod locations;
mod page;
mod pipeline;
pub mod ports;
mod products;
mod reservations;
mod stock;
mod stockroom;
mod tenancy;
mod verify;

pub use access::*;
pub use environment::*;
pub use error::*;
pub use first_start::*;
pub use keys::*;
pub use page::*;
pub use pipeline::*;
pub use ports::{HoldPlace, LocationPlace, ProductPlace};
pub use reservations::*;
pub use stockroom::*;
pub use verify::*;
