//! Stockroom's database on a server: the ports of `stockroom-application` on PostgreSQL.
//!
//! # How it works
//! - Any number of servers share one database. At its start, a batch of commands locks everything that
//!   it may change, in one fixed order: the state that it was decided on is still current when the
//!   outcome is stored. `commit` documents the order, and why batches never wait in a circle.
//! - A batch takes the same few statements whether it has one command or ten thousand: rows are passed
//!   as arrays, one for each column, which `unnest` puts together again.
//! - Data that has to be consistent is read in one statement, or in one transaction that sees a single
//!   state of the database.
//! - Every statement concerns one organization and names it (`organization_id = $1`), so that databases
//!   that are distributed over several machines by organization run it on one of them.
//! - Lists are read in two steps. The first finds the keys of the page, with conditions put together at
//!   run time. The second reads the rows of those keys, with a statement that is checked at compile
//!   time, the same for lists, single items and the needs of a batch. The statement is in `rows` of
//!   each folder; the decoding, which trusts no row, is in `stockroom-sql`.
//! - Such a statement gets the wanted keys as arrays, and looks up each key in a `LATERAL (… OFFSET 0)`.
//!   This is a fence for the planner, which can then only look up one key after the other. Without it,
//!   the planner may prefer to go through all rows of an organization as long as it believes a table to
//!   be small: it plans each statement once, and knows nothing of new tables.
//! - Verification reads whole ledgers (`verify`), and takes rows as they are, because it looks for
//!   wrong rows.
//! - A commit returns after PostgreSQL has confirmed that it is durable.
//!
//! # Changing a statement or the schema
//! The statements in `query!` macros are checked against the data in `.sqlx`, which
//! `cargo xtask sqlx` writes.

pub(crate) mod columns;
mod commit;
mod connection;
pub(crate) mod counts;
mod events;
mod filter;
mod hash;
mod idempotency;
#[cfg(test)]
mod import_plans;
mod imports;
mod integrations;
mod key_cache;
mod keys;
mod ledger;
mod list;
mod locations;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod product_plans;
mod products;
mod reservation_cache;
mod reservations;
mod revision;
#[cfg(test)]
mod round_trips;
mod stock;
mod stock_cache;
mod tenancy;
#[cfg(test)]
mod transfer_plans;
mod transfers;
mod verify;

pub use connection::*;
