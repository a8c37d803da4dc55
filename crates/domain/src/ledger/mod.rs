//! Ledgers: entries that are chained by their hashes, one ledger for each stock.

mod balance;
mod batch;
mod correction;
mod entry;
mod hash;

pub use balance::Balance;
pub use batch::{Batch, BatchEntry};
pub use correction::{Correction, Corrections};
pub use entry::{Annotation, Entry, EntryAction, Recorded, TransactionAction};
pub use hash::EntryHash;
