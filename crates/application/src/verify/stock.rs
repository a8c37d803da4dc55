//! Verification of the stock of one product, for callers that see it.

use stockroom_domain::{Difference, EntryHash, OrganizationId, ProductId, StockId, VerifiedLedger};

use super::{Verifier, VerifyObserver};
use crate::access::Administrator;
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

/// The number of entries read at once, if other requests have to be served meanwhile.
const ENTRIES_MAX: u32 = 1_000;

/// The result of verifying the stock of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockVerification {
    /// The product.
    pub product: ProductId,
    /// Its stock.
    pub stock: StockId,
    /// The number of entries in its ledger.
    pub entries: u64,
    /// The hash of the last entry, if it has one. A copy stored elsewhere can prove later that no entry
    /// up to that one was rewritten.
    pub last_hash: Option<EntryHash>,
    /// The differences, at most [`DIFFERENCES_MAX`](Self::DIFFERENCES_MAX).
    pub differences: Vec<Difference>,
    /// The number of all differences.
    pub differences_total: u64,
}

/// The largest number of entries of a ledger that is verified without waiting for a turn.
const SHORT_LEDGER: i64 = 1_000;

impl StockVerification {
    /// The largest number of differences listed.
    pub const DIFFERENCES_MAX: usize = 1_000;

    /// Whether no difference was found.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.differences_total == 0
    }
}

impl VerifyObserver for StockVerification {
    fn difference(&mut self, difference: Difference) {
        self.differences_total += 1;
        if self.differences.len() < Self::DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }

    fn verified(&mut self, ledger: &VerifiedLedger) {
        self.entries = ledger.entries;
        self.last_hash = ledger.last_hash;
    }
}

impl Stockroom {
    /// Recomputes a product's stock from its ledger; `None` if it isn't managed.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn verify_stock(
        &self,
        administrator: &Administrator,
        product: ProductId,
    ) -> Result<Option<StockVerification>, StoreError> {
        let scope = administrator.scope();
        let raw = self.pipeline.raw();
        let stock = raw.raw_stock(scope, product);
        let Some(stock) = timed("stored_stock", stock).await? else {
            return Ok(None);
        };
        let is_long = stock.sequence > SHORT_LEDGER;
        let _turn = if is_long {
            Some(self.verifications.wait(scope.organization).await)
        } else {
            None
        };
        let mut verification = StockVerification {
            product,
            stock: stock.id,
            entries: 0,
            last_hash: None,
            differences: Vec::new(),
            differences_total: 0,
        };
        let verifier = self.verifier(scope.organization).in_chunks_of(ENTRIES_MAX);
        verifier.verify_stock(stock, &mut verification).await?;
        if let Some(difference) = verification.differences.first() {
            let differences = verification.differences_total;
            tracing::error!(differences, first = %difference, "stock isn't intact");
        }
        Ok(Some(verification))
    }

    /// Verifies, or repairs, all stock of an organization. For the operator.
    #[must_use]
    pub fn verifier(&self, organization: OrganizationId) -> Verifier {
        Verifier::new(self.pipeline.raw(), organization)
    }
}
