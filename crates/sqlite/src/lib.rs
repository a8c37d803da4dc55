//! Stockroom's database in a file: the ports of `stockroom-application` on SQLite.
//!
//! # How it works
//! - SQLite has one writer at a time. So has the program: a thread with a connection of its own
//!   (`connection::writer`), to which a whole transaction is handed over, and on which it runs prepared
//!   statements, row by row.
//! - A transaction takes the write lock at its start. The state that a batch was decided on is
//!   therefore still current when the outcome is stored, even if another process (the command line)
//!   has the same file open.
//! - Reads have connections of their own. In WAL mode they see the last commit, and neither wait for
//!   the writer nor block it. A read is one transaction: all its statements see the same state.
//! - Verification reads whole ledgers, on one more connection (`verify`), and takes rows as they are,
//!   because it looks for wrong rows.
//! - A commit returns after the write-ahead log is on the disk (`synchronous=FULL`).
//! - Lists are read in two steps. The first finds the keys of the page, with conditions put together at
//!   run time. The second reads the rows of those keys one by one, with the statement that single
//!   items and the needs of a batch are read with, too. It is in `rows` of each folder; the decoding,
//!   which trusts no row, is in `stockroom-sql`.
//!
//! # Changing a statement or the schema
//! `statements!` declares statements. A test prepares each of them, and looks at its plan.

mod commit;
mod connection;
pub(crate) mod counts;
mod events;
mod filter;
mod idempotency;
mod imports;
mod integrations;
mod keys;
mod ledger;
mod list;
mod locations;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod product_plans;
mod products;
mod reservations;
mod stock;
mod tenancy;
mod transfers;
mod verify;

pub use connection::*;
