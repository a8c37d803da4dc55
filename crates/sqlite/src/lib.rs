//! Stockroom's database in a file: the ports of `stockroom-application` on SQLite.
//!
//! # How it works
//! - All changes are made in transactions that take the write lock at their start. The state that a
//!   batch was decided on is therefore still current when the outcome is stored, even if another
//!   process (the command line) has the same file open. SQLite has one writer at a time anyway; the
//!   writers of this process queue for their turn.
//! - Batches of nothing but transactions on stock, which most batches are, are handed to a thread that
//!   has a connection of its own (`connection::writer`), and run prepared statements row by row.
//! - Everything else uses the asynchronous driver that reads use.
//! - Reads have connections of their own. In WAL mode they see the last commit, and neither wait for
//!   the writer nor block it. Data that has to be consistent is read in one transaction, or in one
//!   statement.
//! - Verification reads whole ledgers, on one more connection (`verify`), and takes rows as they are,
//!   because it looks for wrong rows.
//! - A commit returns after the write-ahead log is on the disk (`synchronous=FULL`).
//! - On the asynchronous driver, a batch takes the same few statements whether it has one command or
//!   ten thousand: rows are passed as one JSON parameter, which `json_each` takes apart. It contains
//!   ids as hexadecimal digits.
//! - Lists are read in two steps. The first finds the keys of the page, with conditions put together at
//!   run time. The second reads the rows of those keys, with a statement that is checked at compile
//!   time, the same for lists, single items and the needs of a batch. The statement is in `rows` of
//!   each folder, with the decoding, which trusts no row.
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
