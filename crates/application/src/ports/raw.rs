//! What a database holds of stock and ledgers, as it holds it.

use async_trait::async_trait;
use stockroom_domain::{OrganizationId, ProductId, RawEntry, RawStock, StockId, UnreadableRow};
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;

/// A place in the order in which everything is gone through, by the ids of stock and the numbers of
/// entries: behind those that it names. The default is the place in front of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The stock's id, as the database holds it.
    pub stock: Vec<u8>,
    /// The entry's number.
    pub sequence: i64,
}

impl Cursor {
    /// In front of a stock's ledger.
    #[must_use]
    pub fn before(stock: StockId) -> Self {
        Self {
            stock: stock.uuid().into_bytes().to_vec(),
            sequence: i64::MIN,
        }
    }

    /// Behind this entry.
    #[must_use]
    pub fn at(stock: StockId, sequence: i64) -> Self {
        Self {
            sequence,
            ..Self::before(stock)
        }
    }

    /// The id of the stock that it names; in front of all, the one that comes before all others.
    #[must_use]
    pub fn stock_id(&self) -> StockId {
        StockId::new(Uuid::from_slice(&self.stock).unwrap_or_default())
    }

    /// Behind the ledger of the stock that it names, however long.
    #[must_use]
    pub fn behind(self) -> Self {
        Self {
            sequence: i64::MAX,
            ..self
        }
    }
}

/// A part of all ledgers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRange {
    /// Begins behind this.
    pub after: Cursor,
    /// Ends with the ledger of the stock that this names; goes to the end if there is none.
    pub until: Option<Cursor>,
}

impl LedgerRange {
    /// The ledger of one stock.
    #[must_use]
    pub fn of(stock: StockId) -> Self {
        Self {
            after: Cursor::before(stock),
            until: Some(Cursor::before(stock)),
        }
    }
}

/// Some of what a database holds, as it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<T> {
    /// In order. There may be none, and still more to come.
    pub rows: Vec<T>,
    /// Rows among them of which it can't be told what they belong to.
    pub unreadable: Vec<UnreadableRow>,
    /// Where the next one begins, unless this is the last.
    pub next: Option<Cursor>,
}

/// Reads what is stored of stock and its ledgers as it is, right or wrong: none of it is decoded so
/// strictly that a wrong row would be an error. For those who hold the one against the other.
#[async_trait]
pub trait RawReader: Send + Sync {
    /// Stock, current and deleted, in the order of ids, beginning behind `after`: at most `limit` of
    /// each kind. Each is read together with its positions and the lines of reservations that are open
    /// for it, as of one moment.
    async fn raw_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<RawStock>, StoreError>;

    /// The stock of these ids, current or deleted, in any order; each read as above.
    async fn raw_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<RawStock>, StoreError>;

    /// The current stock of a product that `scope` sees.
    async fn raw_stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<RawStock>, StoreError>;

    /// At most `limit` entries of the ledgers in `range`, in the order of stock and number.
    async fn raw_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<RawEntry>, StoreError>;

    /// About how many entries there are, by what is kept of stock.
    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Makes the current stock `found` what it should be, its positions and what is held of them with
    /// it, unless it is no longer as it was found. Lines of reservations stay as they are. Gives
    /// whether it was done.
    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &RawStock,
        repaired: &RawStock,
    ) -> Result<bool, StoreError>;
}
