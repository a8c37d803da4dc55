//! The port for stock together with what is under way to it.

use async_trait::async_trait;
use stockroom_domain::{Expected, ProductId, Promise, Stock, Timestamp};

use super::error::StoreError;
use super::scope::Scope;

/// A stock, and the pieces that are under way to it at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStock {
    /// The stock.
    pub stock: Stock,
    /// The pieces under way to it, in the order of creation of the transfers.
    pub expected: Vec<Expected>,
}

impl PlannedStock {
    /// What can be promised of it now, and later.
    #[must_use]
    pub fn promise(&self, now: Timestamp) -> Promise<'_> {
        Promise {
            stock: &self.stock,
            expected: &self.expected,
            now,
        }
    }
}

/// Reads current stock together with what is under way to it.
#[async_trait]
pub trait PlanningReader: Send + Sync {
    /// The stock of those of these products that are managed, in any order, with what is under way to it: all as
    /// of the same time, so that no piece is in both.
    async fn planned_stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError>;
}
