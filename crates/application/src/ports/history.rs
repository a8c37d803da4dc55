//! The port for the past.

use async_trait::async_trait;
use stockroom_domain::{
    Batch, BatchEntry, BatchId, EntryAction, OrganizationId, ProductId, Reason, Recorded,
    Reference, Slug, Stock, StockId, StockPeriod, Timestamp, TransactionId,
};

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::PageRequest;

/// A condition on ledger entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionCondition {
    /// The current slug of its location; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// Its action is one of these.
    Action(Vec<EntryAction>),
    /// Its quantity.
    Quantity(Comparison<i64>),
    /// Time of the entry.
    CreatedAt(Comparison<Timestamp>),
    /// The reason given by its client.
    Reason(TextCondition),
    /// The reference given by its client.
    Reference(TextCondition),
}

impl TransactionCondition {
    /// Whether `recorded` fulfils the condition.
    #[must_use]
    pub fn matches(&self, recorded: &Recorded) -> bool {
        let slug = recorded.slug.as_ref().map(Slug::as_str);
        match self {
            Self::Location(condition) => condition.matches(slug),
            Self::Action(actions) => actions.contains(&recorded.entry.action),
            Self::Quantity(comparison) => comparison.matches(&recorded.entry.quantity.into()),
            Self::CreatedAt(comparison) => comparison.matches(&recorded.entry.created_at),
            Self::Reason(condition) => {
                let reason = recorded.entry.annotation.reason.as_ref();
                condition.matches(reason.map(Reason::as_str))
            }
            Self::Reference(condition) => {
                let reference = recorded.entry.annotation.reference.as_ref();
                condition.matches(reference.map(Reference::as_str))
            }
        }
    }
}

/// Reads the past: stock as it stood at a time, and ledgers to any depth. The past doesn't change, so
/// results of several reads are consistent.
#[async_trait]
pub trait HistoryReader: Send + Sync {
    /// The periods of stock of these products that `scope` sees, or saw before their deletion, in the
    /// order of creation.
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError>;

    /// The periods of the stocks that `scope` saw at a time, in the order of creation.
    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError>;

    /// The number of stocks that `scope` saw at a time.
    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError>;

    /// Those of these stocks that existed at a time, as they stood then, in any order.
    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError>;

    /// At most `limit` entries of a stock's ledger that come after the one with the number `after` and
    /// fulfil every condition.
    async fn ledger(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// The number of an entry in a stock's ledger, if it is there.
    async fn sequence_of(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError>;

    /// A batch, if it exists.
    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError>;

    /// Those of these entries that exist, in any order.
    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError>;
}
