//! Stockroom's database on a server: the ports of `stockroom-application` on PostgreSQL.
//!
//! # How it works
//! - Any number of servers share one database. A batch of commands locks what it may change in one
//!   fixed order, at its start: what it was decided on is still true when the outcome is stored.
//!   The order, and why nobody waits in a circle, is in `commit`.
//! - A batch takes the same few statements whether it is of one command or of ten thousand: rows
//!   travel as arrays, one for each column, which `unnest` puts together again.
//! - What has to fit together is read in one statement, or in one transaction that sees a single
//!   state of the database.
//! - Every statement is about one organization and says so (`organization_id = $1`): databases
//!   that are spread over several machines by organization carry it out on one of them.
//! - Lists are read in two steps. The first finds the keys of the page, with conditions put
//!   together at run time; the second reads the rows of those keys, with a statement that is
//!   checked at compile time, the same for lists, single things and what a batch needs. It is in
//!   `rows` of each folder, and with it the decoding, which trusts no row.
//! - Whole ledgers are read by those who verify them (`verify`), and taken as they are: a wrong row is
//!   what they look for.
//! - A commit returns after PostgreSQL has said that it is durable.
//!
//! # Changing a statement or the schema
//! The statements in `query!` macros are checked against the data in `.sqlx`, which
//! `cargo xtask sqlx` writes.

pub(crate) mod columns;
mod commit;
mod connection;
pub(crate) mod counts;
mod filter;
mod idempotency;
mod keys;
mod ledger;
mod list;
mod locations;
#[cfg(test)]
mod plans;
mod products;
mod reservations;
mod row;
mod stock;
mod stock_cache;
mod tenancy;
mod verify;

pub use connection::*;
