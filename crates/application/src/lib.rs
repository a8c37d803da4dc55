//! The use cases of Stockroom, and the ports through which they reach the world.
//!
//! [`Stockroom`] is the whole of it for those who call: one method for each thing that a client or
//! an operator can do. It decides nothing about stock itself (that is the domain's) and stores
//! nothing (that is an adapter's, behind the [`ports`]); it knows who may do what, and in which
//! order things happen.
//!
//! # Adding an adapter
//! Implement every trait of [`ports`] for one type, and run the suite of `stockroom-conformance`
//! against it. [`ports::Ledger::commit`] says what a commit has to hold to.

mod access;
mod attendance;
mod environment;
mod error;
pub mod filter;
mod first_start;
mod history;
mod inventory;
mod jws;
mod keys;
mod lane;
mod locations;
mod page;
pub mod ports;
mod products;
mod reads;
mod reservations;
mod settle;
mod shared;
mod signing_key;
mod stockroom;
mod tenancy;
mod token;
mod turns;
mod verify;

pub use access::{Administrator, Caller, Grant};
pub use attendance::while_attended;
pub use environment::{Clock, Environment, RandomIds, SystemClock};
pub use error::{AccessError, Error, TokenError};
pub use first_start::FirstStart;
pub use history::HistoryError;
pub use keys::{KeyPage, NewKey, NewKeyRequest};
pub use page::{HoldPlace, LocationPlace, Page, PageRequest, ProductPlace, Start};
pub use reservations::Holds;
pub use signing_key::{Rotation, RotationError, SigningKey, rotate_signing_key};
pub use stockroom::{Limits, Stockroom};
pub use token::{Token, TokenRequest};
pub use turns::{Exhausted, Turn, Turns};
pub use verify::{
    Repair, RepairOutcome, Repairing, StockVerification, Verifier, VerifyObserver, VerifySummary,
};
