//! The port for transfers.

use async_trait::async_trait;
use stockroom_domain::{
    OrganizationId, ProductId, Quantity, Reference, Slug, StockId, Supplier, Timestamp, Transfer,
    TransferId, TransferOrigin, TransferRef, TransferState,
};

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::{Page, PageRequest};

/// A condition on transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferCondition {
    /// Its state is one of these.
    State(Vec<TransferState>),
    /// The slug of the location that its pieces come from; `IsNull` is for the unlocated pool. A delivery never
    /// fulfils this condition.
    From(TextCondition),
    /// The slug of the location that they go to; `IsNull` is for the unlocated pool.
    To(TextCondition),
    /// The supplier; `IsNull` is for transfers that aren't deliveries.
    Supplier(TextCondition),
    /// The thing in another system that it belongs to.
    Reference(TextCondition),
    /// One of its lines is of one of these products.
    Product(Vec<ProductId>),
    /// Time at which it is expected. A transfer without one never fulfils this condition.
    ExpectedAt(Comparison<Timestamp>),
    /// Time of creation.
    CreatedAt(Comparison<Timestamp>),
}

impl TransferCondition {
    /// Whether `transfer` fulfils the condition.
    #[must_use]
    pub fn matches(&self, transfer: &Transfer) -> bool {
        match self {
            Self::State(states) => states.contains(&transfer.progress.state),
            Self::From(condition) => match &transfer.from {
                TransferOrigin::Place(place) => {
                    let slug = place.as_ref().map(|(_, slug)| slug);
                    condition.matches(slug.map(Slug::as_str))
                }
                TransferOrigin::Supplier(_) => false,
            },
            Self::To(condition) => {
                let slug = transfer.to.as_ref().map(|(_, slug)| slug);
                condition.matches(slug.map(Slug::as_str))
            }
            Self::Supplier(condition) => condition.matches(match &transfer.from {
                TransferOrigin::Place(_) => None,
                TransferOrigin::Supplier(supplier) => Some(Supplier::as_str(supplier)),
            }),
            Self::Reference(condition) => {
                condition.matches(transfer.reference.as_ref().map(Reference::as_str))
            }
            Self::Product(products) => {
                let mut lines = transfer.progress.lines.iter();
                lines.any(|line| products.contains(&line.product))
            }
            Self::ExpectedAt(comparison) => {
                let expected_at = transfer.expected_at;
                expected_at.is_some_and(|expected_at| comparison.matches(&expected_at))
            }
            Self::CreatedAt(comparison) => comparison.matches(&transfer.created_at),
        }
    }
}

/// A line of a transfer that holds stock at its origin, for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferHold {
    /// The transfer.
    pub transfer: TransferId,
    /// The number of the line, counted from 0.
    pub line: u32,
    /// The state of the transfer.
    pub state: TransferState,
    /// The slug of the location; `None` for the unlocated pool.
    pub slug: Option<Slug>,
    /// The number of allocated pieces.
    pub quantity: Quantity,
}

/// Reads transfers. A caller sees those of its owner and of the organization.
#[async_trait]
pub trait TransferReader: Send + Sync {
    /// One transfer that the caller sees, if it exists.
    async fn transfer(&self, scope: Scope, id: TransferId) -> Result<Option<Transfer>, StoreError>;

    /// All transfers that the caller sees and that fulfil every condition, in the order of creation.
    async fn list_transfers(
        &self,
        scope: Scope,
        filter: &[TransferCondition],
        page: PageRequest<TransferId>,
    ) -> Result<Page<Transfer, TransferId>, StoreError>;

    /// The lines of transfers that hold a stock, in the order of creation of the transfers. (There are at most
    /// [`Transfer::OPEN_LINES_OF_STOCK_MAX`].)
    async fn transfer_holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
    ) -> Result<Vec<TransferHold>, StoreError>;

    /// At most `limit` transfers that are overdue since before now, which wasn't announced, the oldest dates
    /// first.
    async fn overdue_transfers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TransferRef>, StoreError>;
}
