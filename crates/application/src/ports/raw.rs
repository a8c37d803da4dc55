//! The port for raw rows: stock and ledgers as stored, right or wrong.

use async_trait::async_trait;
use stockroom_domain::{
    OrganizationId, ProductId, RawEntry, RawStock, StockId, TransferId, UnreadableRow,
};
use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;

/// A place in the order of all rows, by the ids of stock and the numbers of entries: after the stock and
/// the entry that it names. The default is the place before all rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The stock's id, as stored.
    pub stock: Vec<u8>,
    /// The entry's number.
    pub sequence: i64,
}

impl Cursor {
    /// The place before a stock's ledger.
    #[must_use]
    pub fn before(stock: StockId) -> Self {
        Self {
            stock: stock.uuid().into_bytes().to_vec(),
            sequence: i64::MIN,
        }
    }

    /// The place after this entry.
    #[must_use]
    pub fn at(stock: StockId, sequence: i64) -> Self {
        Self {
            sequence,
            ..Self::before(stock)
        }
    }

    /// The id of the stock that it names; at the place before all rows, the lowest id.
    #[must_use]
    pub fn stock_id(&self) -> StockId {
        StockId::new(Uuid::from_slice(&self.stock).unwrap_or_default())
    }

    /// The place after the whole ledger of the stock that it names.
    #[must_use]
    pub fn behind(self) -> Self {
        Self {
            sequence: i64::MAX,
            ..self
        }
    }
}

/// A range of all ledgers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRange {
    /// The place after which the range begins.
    pub after: Cursor,
    /// The range ends with the ledger of the stock that this names; `None` for the end of all ledgers.
    pub until: Option<Cursor>,
}

impl LedgerRange {
    /// The range of one stock's ledger.
    #[must_use]
    pub fn of(stock: StockId) -> Self {
        Self {
            after: Cursor::before(stock),
            until: Some(Cursor::before(stock)),
        }
    }
}

/// A part of the raw rows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<T> {
    /// The rows, in order. There may be none although more follow.
    pub rows: Vec<T>,
    /// Rows of this part whose stock can't be determined.
    pub unreadable: Vec<UnreadableRow>,
    /// The place after which the next part begins, unless this is the last.
    pub next: Option<Cursor>,
}

/// A part of the transfers, read for verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedTransfers {
    /// What is wrong with some of them.
    pub wrong: Vec<UnreadableRow>,
    /// The last one that was read, unless this part is the last.
    pub next: Option<TransferId>,
}

impl CheckedTransfers {
    /// The part of which each transfer was read with this result.
    ///
    /// # Errors
    /// The first error other than [`StoreError::Corrupt`].
    pub fn of<T>(
        read: impl IntoIterator<Item = Result<T, StoreError>>,
    ) -> Result<Self, StoreError> {
        let mut wrong = Vec::new();
        for transfer in read {
            match transfer {
                Ok(_) => {}
                Err(StoreError::Corrupt { table, column, row }) => {
                    wrong.push(UnreadableRow { table, column, row });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { wrong, next: None })
    }
}

/// Reads raw rows of stock and its ledgers, for verification. Rows are decoded leniently: a wrong row is
/// not an error.
#[async_trait]
pub trait RawReader: Send + Sync {
    /// Stock, current and deleted, in the order of ids, beginning after `after`: at most `limit` of each
    /// kind. Each is read with its positions and the open lines of reservations, all as of the same
    /// time.
    async fn raw_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<RawStock>, StoreError>;

    /// The stock with these ids, current or deleted, in any order; each read as by
    /// [`raw_stocks`](Self::raw_stocks).
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

    /// Reads at most `limit` transfers whose ids come after this one, in their order, with their lines and receipts.
    /// Those that hold an impossible value, or don't add up, are told.
    async fn check_transfers(
        &self,
        organization: OrganizationId,
        after: TransferId,
        limit: u32,
    ) -> Result<CheckedTransfers, StoreError>;

    /// The approximate number of entries, according to the rows of stock.
    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Replaces the current stock `found` by its repaired form, with its positions and held quantities,
    /// unless it has changed since it was read. Lines of reservations stay as they are. Returns whether
    /// the stock was replaced.
    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &RawStock,
        repaired: &RawStock,
    ) -> Result<bool, StoreError>;
}
