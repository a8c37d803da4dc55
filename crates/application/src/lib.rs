//! The use cases of Stockroom, and the ports through which they use a database.
//!
//! [`Stockroom`] is the interface for callers: each thing that a client or an operator can do is a
//! method, or a request to [`Stockroom::execute`]. It makes no decisions about stock (the domain does)
//! and stores nothing (an adapter does, behind the [`ports`]). It checks permissions and determines the
//! order of steps.
//!
//! # Adding an adapter
//! Implement every trait of [`ports`] for one type, and run the suite of `stockroom-conformance` against
//! it. The rules of a commit are at [`ports::CommandStore::commit`].

mod access;
mod environment;
mod error;
mod events;
mod exports;
pub mod filter;
mod first_start;
mod history;
mod holds;
mod imports;
mod integrations;
mod keys;
mod location_names;
mod locations;
mod page;
mod pipeline;
mod planning;
pub mod ports;
mod product_names;
mod products;
mod reservations;
mod stock;
mod stockroom;
mod stop;
mod tenancy;
mod tokens;
mod transfers;
mod verify;
pub mod webhooks;

pub use access::*;
pub use environment::*;
pub use error::*;
pub use events::*;
pub use exports::{Export, ExportRequest};
pub use first_start::*;
pub use holds::*;
pub use imports::*;
pub use integrations::*;
pub use keys::*;
pub use page::*;
pub use pipeline::*;
pub use planning::*;
pub use ports::{HoldPlace, LocationOrder, LocationPlace};
pub use products::ProductHits;
pub use reservations::*;
pub use stockroom::*;
pub use transfers::*;
pub use verify::*;
