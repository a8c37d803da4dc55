//! Stockroom's database in a file: the ports of `stockroom-application` on SQLite.
//!
//! # How it works
//! - All changes are made in transactions that take the write lock at their start. So what a batch
//!   was decided on is still true when the outcome is stored, also when another process (the
//!   command line) has the same file open. SQLite has one writer anyway; those of this process
//!   stand in line for it.
//! - Batches of nothing but transactions on stock, which is most of them, are handed to a thread
//!   that has a connection of its own (`writer_thread`), and go through prepared statements row by row.
//! - All else goes through the same asynchronous driver as reads do.
//! - Reads have connections of their own. In the WAL mode they see the last commit and neither
//!   wait for the writer nor hinder it. What has to fit together is read in one transaction, or in
//!   one statement.
//! - Whole ledgers are read by those who verify them, on one more connection (`verify`), and taken as
//!   they are: a wrong row is what they look for.
//! - A commit returns after the write-ahead log is on the disk (`synchronous=FULL`).
//! - There, a batch takes the same few statements whether it is of one command or of ten thousand:
//!   the rows travel as one JSON parameter, which `json_each` takes apart. Ids are in it as
//!   hexadecimal digits.
//! - Lists are read in two steps. The first finds the keys of the page, with conditions put
//!   together at run time; the second reads the rows of those keys, with a statement that is
//!   checked at compile time, the same for lists, single things and what a batch needs. It is in
//!   `rows` of each folder, and with it the decoding, which trusts no row.
//!
//! # Changing a statement or the schema
//! The statements in `query!` macros are checked against the data in `.sqlx`, which
//! `cargo xtask sqlx` writes.

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
mod tenancy;
mod verify;

pub use connection::*;
