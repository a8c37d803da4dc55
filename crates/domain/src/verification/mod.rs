//! Proving what is stored: all that can be recomputed of a stock is recomputed from its ledger.
//!
//! Nothing stored is trusted here. What a database gives is taken as it is, right or wrong
//! ([`RawStock`], [`RawEntry`]); a [`LedgerVerifier`] goes through the entries of one stock in
//! order and names every [`Difference`]. What reservations hold of a stock isn't in its ledger: that is
//! held against their lines.

mod difference;
mod ledger;
mod replay;
mod stored;

pub use difference::{Difference, Figures, Problem};
pub use ledger::{LedgerVerifier, VerifiedLedger};
pub use stored::{HeldTotals, RawBalance, RawEntry, RawStock, UnreadableRow};
