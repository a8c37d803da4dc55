//! The port for the past.

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::PageRequest;

use async_trait::async_trait;
use stockroom_domain::Batch;
use stockroom_domain::BatchEntry;
use stockroom_domain::BatchId;
use stockroom_domain::EntryAction;
use stockroom_domain::OrganizationId;
use stockroom_domain::ProductId;
use stockroom_domain::Reason;
use stockroom_domain::Recorded;
use stockroom_domain::Reference;
use stockroom_domain::Slug;
use stockroom_domain::Stock;
use stockroom_domain::StockId;
use stockroom_domain::StockPeriod;
use stockroom_domain::Timestamp;
use stockroom_domain::TransactionId;

/// A condition on ledger entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionCondition {
    /// The slug that its location has now; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// Its action is one of these.
    Action(Vec<EntryAction>),
    /// Its quantity.
    Quantity(Comparison<i64>),
    /// When it was made.
    CreatedAt(Comparison<Timestamp>),
    /// Why it was made, as its client said.
    Reason(TextCondition),
    /// What it belongs to, as its client said.
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

/// Reads the past: stock as it stood, and ledgers to any depth. What has happened doesn't change,
/// so that what is read in several steps still fits together.
#[async_trait]
pub trait HistoryReader: Send + Sync {
    /// The current and former stock of these products that `scope` sees, or has seen, in the order
    /// of creation.
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError>;

    /// The stocks that `scope` saw at a time, in the order of creation.
    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError>;

    /// How many stocks `scope` saw at a time.
    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError>;

    /// These stocks as they stood at a time, as far as they were there, in any order.
    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError>;

    /// At most `limit` entries of a stock's ledger that come after the one with the number
    /// `after`, as far as they fulfil every condition.
    async fn ledger(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// The place of an entry in a stock's ledger, if it is there.
    async fn sequence_of(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError>;

    /// A batch, if there is such a one.
    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError>;

    /// These entries, as far as they are there, in any order.
    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError>;
}
