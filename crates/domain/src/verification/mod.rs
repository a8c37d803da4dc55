//! Verification of stored data: everything about a stock that can be recomputed is recomputed from its
//! ledger.
//!
//! Nothing stored is trusted here. Rows are taken as the database returns them, right or wrong
//! ([`RawStock`], [`RawEntry`]); a [`LedgerVerifier`] goes through the entries of one stock in order and
//! names every [`Difference`]. Quantities held by reservations are not in the ledger: they are compared
//! with the reservations' lines.

mod difference;
mod ledger;
mod replay;
mod stored;

pub use difference::{Difference, Figures, Problem};
pub use ledger::{LedgerVerifier, VerifiedLedger};
pub use stored::{HeldTotals, RawBalance, RawEntry, RawPolicy, RawStock, UnreadableRow};
