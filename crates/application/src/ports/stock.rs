//! The port for current stock.

use std::cmp::Ordering;

use async_trait::async_trait;
use stockroom_domain::{
    Balance, Position, ProductId, Recorded, Stock, StockId, Timestamp, TransactionId,
};

use super::error::StoreError;
use super::history::TransactionCondition;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::{Page, PageRequest};

/// A condition on stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockCondition {
    /// One of its locations has a slug that fulfils this; `IsNull` is for stock without any location.
    Location(TextCondition),
    /// It is stock of one of these products.
    Id(Vec<ProductId>),
    /// Its available figure, over all positions.
    Available(Comparison<i64>),
    /// Its allocated figure, over all positions.
    Allocated(Comparison<i64>),
    /// Its total figure, over all positions.
    Total(Comparison<i64>),
    /// Whether an alert of it, or of a location of it, is on.
    Low(bool),
    /// Time of creation.
    CreatedAt(Comparison<Timestamp>),
    /// Time of the last change.
    UpdatedAt(Comparison<Timestamp>),
}

impl StockCondition {
    /// Whether the expiry of a reservation can change whether stock fulfils the condition.
    #[must_use]
    pub const fn depends_on_expiry(&self) -> bool {
        match self {
            Self::Available(_) | Self::Allocated(_) | Self::Low(_) | Self::UpdatedAt(_) => true,
            Self::Location(_) | Self::Id(_) | Self::Total(_) | Self::CreatedAt(_) => false,
        }
    }

    /// Whether `stock` fulfils the condition.
    #[must_use]
    pub fn matches(&self, stock: &Stock) -> bool {
        let Balance {
            available,
            allocated,
        } = stock.sums();
        match self {
            Self::Location(TextCondition::IsNull) => stock.located.is_empty(),
            Self::Location(condition) => stock
                .located
                .values()
                .any(|Position { slug, .. }| condition.matches(Some(slug.as_str()))),
            Self::Id(products) => products.contains(&stock.product),
            Self::Available(comparison) => comparison.matches(&available.into()),
            Self::Allocated(comparison) => comparison.matches(&allocated.into()),
            Self::Total(comparison) => comparison.matches(&stock.sums().total().into()),
            Self::Low(wanted) => stock.is_low() == *wanted,
            Self::CreatedAt(comparison) => comparison.matches(&stock.created_at),
            Self::UpdatedAt(comparison) => comparison.matches(&stock.updated_at),
        }
    }
}

/// A figure that lists of stock are sorted by, before their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockSort {
    /// What can be sold, over all positions.
    Available,
    /// What is reserved or paid for, over all positions.
    Allocated,
    /// Both together.
    Total,
    /// The time of the last change, in milliseconds since the Unix epoch.
    UpdatedAt,
}

/// The order of a list of stock that is sorted by a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockOrder {
    /// The figure.
    pub by: StockSort,
    /// Whether the largest one comes first.
    pub descending: bool,
}

/// The place of stock in a list that is sorted by a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StockPlace {
    /// The figure.
    pub figure: u64,
    /// The stock.
    pub id: StockId,
}

impl StockOrder {
    /// The largest number of stocks that are sorted by a figure. No index has figures, so that no
    /// movement changes one. (Source: "Kind to people" in the contract.)
    pub const SORTED_MAX: u32 = 100_000;

    /// The place of stock in a list in this order.
    #[must_use]
    pub fn place(self, stock: &Stock) -> StockPlace {
        let sums = stock.sums();
        let figure = match self.by {
            StockSort::Available => sums.available.get(),
            StockSort::Allocated => sums.allocated.get(),
            StockSort::Total => sums.total().get(),
            StockSort::UpdatedAt => u64::try_from(stock.updated_at.as_milliseconds()).unwrap_or(0),
        };
        let id = stock.id;
        StockPlace { figure, id }
    }

    /// Compares two places of a list in this order.
    #[must_use]
    pub fn compare(self, one: &StockPlace, other: &StockPlace) -> Ordering {
        if self.descending {
            other.cmp(one)
        } else {
            one.cmp(other)
        }
    }
}

/// Reads stock and its history. A store that has its own stock of a product sees that; otherwise it sees
/// the organization's.
#[async_trait]
pub trait StockReader: Send + Sync {
    /// The stock of one product, or `None` if it isn't managed.
    async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError>;

    /// The stock of those of these products that are managed, in any order.
    async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError>;

    /// The largest useful number of shared fetches of stock at the same time; 0 if shared fetches gain
    /// nothing, so that each caller fetches alone.
    fn parallel_fetches(&self) -> usize {
        0
    }

    /// The largest number of searches at the same time. Each uses a connection for long, and some
    /// connections must stay free.
    fn parallel_searches(&self) -> usize {
        4
    }

    /// All stock that fulfils every condition, in the order of creation.
    async fn list_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError>;

    /// All stock that fulfils every condition, sorted by a figure; `None` if the scope sees more than
    /// [`StockOrder::SORTED_MAX`] stocks.
    async fn sort_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        order: StockOrder,
        page: PageRequest<StockPlace>,
    ) -> Result<Option<Page<Stock, StockPlace>>, StoreError>;

    /// At most `limit` entries of the ledger of a product's current stock that fulfil every condition,
    /// in order, from the one with this offset on; `None` if the product isn't managed. Entries after a
    /// given one are read by [`HistoryReader::ledger`](crate::ports::HistoryReader::ledger).
    async fn transactions(
        &self,
        scope: Scope,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError>;

    /// One entry of the ledger of a product's current stock, if it exists.
    async fn transaction(
        &self,
        scope: Scope,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError>;
}
