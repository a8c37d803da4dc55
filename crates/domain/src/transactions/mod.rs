//! Changes to the quantity of a position: transactions, counts and undoing.

pub(crate) mod count;
mod lines;
pub(crate) mod preview;
pub(crate) mod transact;
pub(crate) mod undo;

pub use count::{Count, CountMany, CountStock, Counted};
pub use preview::{PreviewCounts, PreviewTransactions};
pub use transact::{Expectation, Transact, TransactMany};
pub use undo::{Undo, UndoBatch};
