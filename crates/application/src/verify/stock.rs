//! Verifying the stock of one product, for who may see it.

use stockroom_domain::{Difference, EntryHash, OrganizationId, ProductId, StockId, VerifiedLedger};

use super::{Verifier, VerifyObserver};
use crate::access::Administrator;
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

/// How many entries are read at once where others want to be served meanwhile.
const ENTRIES_MAX: u32 = 1_000;

/// What came of verifying the stock of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockVerification {
    /// The product.
    pub product: ProductId,
    /// Its stock.
    pub stock: StockId,
    /// How many entries its ledger has.
    pub entries: u64,
    /// The hash of the last one, if it has one: who keeps it somewhere else can show later that
    /// nothing up to that entry was rewritten.
    pub last_hash: Option<EntryHash>,
    /// What isn't as it should be; of very many, the first.
    pub differences: Vec<Difference>,
    /// How many there are.
    pub differences_total: u64,
}

/// A ledger of at most so many entries is verified at once, whatever others are.
const SHORT_LEDGER: i64 = 1_000;

impl StockVerification {
    /// How many differences are told at most.
    pub const DIFFERENCES_MAX: usize = 1_000;

    /// Whether everything is as it should be.
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
