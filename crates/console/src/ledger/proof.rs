//! What came of verifying a stock.

use stockroom_application::StockVerification;
use stockroom_domain::Timestamp;

use crate::page::{Number, TimeTag};

/// The most differences that are shown.
const SHOWN_MAX: usize = 20;

/// The proof, or what speaks against it.
pub(super) struct Proof {
    pub(super) entries: Number,
    /// The hash of the last entry.
    pub(super) hash: Option<String>,
    pub(super) at: TimeTag,
    pub(super) is_intact: bool,
    pub(super) differences: Vec<String>,
    pub(super) differences_total: Number,
}

impl Proof {
    pub(super) fn new(verification: StockVerification, at: Timestamp) -> Self {
        let is_intact = verification.is_intact();
        let differences = verification.differences.into_iter().take(SHOWN_MAX);
        let differences = differences.map(|difference| match difference.sequence {
            Some(number) => format!("Entry {number}: {}.", difference.problem),
            None => format!("{}.", difference.problem),
        });
        Self {
            entries: verification.entries.into(),
            hash: verification.last_hash.map(|hash| hash.to_string()),
            at: TimeTag(at),
            is_intact,
            differences: differences.collect(),
            differences_total: verification.differences_total.into(),
        }
    }
}
