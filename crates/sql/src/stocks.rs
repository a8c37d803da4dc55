//! Stock.

use std::collections::BTreeMap;

use stockroom_application::ports::{StockSort, StoreError};
use stockroom_domain::{
    Balance, DeletedStock, LocationId, OrganizationId, Owner, Position, ProductId, Stock,
    StockChange, StockId, StockKey, Timestamp,
};
use uuid::Uuid;

use crate::columns::row;
use crate::policies::{decode_policy, encode_policy};
use crate::{Row, integer};

row! {
    /// A row of `stocks`.
    StockRow {
        product_id: Uuid,
        owner_id: Uuid,
        stock_id: Uuid,
        product_owner_id: Uuid,
        available: i64,
        allocated: i64,
        unlocated_available: i64,
        unlocated_allocated: i64,
        unlocated_held: i64,
        unlocated_set_aside: i64,
        sequence: i64,
        last_hash: Vec<u8>,
        created_at: i64,
        updated_at: i64,
        next_expiry: Option<i64>,
        policy: Option<String>,
        low: bool,
    }
}

impl StockRow {
    /// The columns that never change.
    pub const CONSTANT: &'static [&'static str] = &[
        "product_id",
        "owner_id",
        "stock_id",
        "product_owner_id",
        "created_at",
    ];

    /// The row of a stock.
    #[must_use]
    pub fn of(stock: &Stock, organization: OrganizationId) -> Self {
        let sums = stock.sums();
        Self {
            product_id: stock.product.uuid(),
            owner_id: stock.owner.to_uuid(organization),
            stock_id: stock.id.uuid(),
            product_owner_id: stock.product_owner.to_uuid(organization),
            available: sums.available.into(),
            allocated: sums.allocated.into(),
            unlocated_available: stock.unlocated.available.into(),
            unlocated_allocated: stock.unlocated.allocated.into(),
            unlocated_held: stock.unlocated_held.into(),
            unlocated_set_aside: stock.unlocated_set_aside.into(),
            sequence: integer(stock.sequence),
            last_hash: stock.last_hash.0.to_vec(),
            created_at: stock.created_at.as_milliseconds(),
            updated_at: stock.updated_at.as_milliseconds(),
            next_expiry: stock.next_expiry.map(Timestamp::as_milliseconds),
            policy: encode_policy(&stock.policy),
            low: stock.policy.is_low(),
        }
    }

    /// Decodes the stock, with its positions in locations.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(
        self,
        organization: OrganizationId,
        located: BTreeMap<LocationId, Position>,
    ) -> Result<Stock, StoreError> {
        let row = Row::new("stocks", self.stock_id);
        let stock = Stock {
            id: StockId::new(self.stock_id),
            product: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            product_owner: Owner::from_uuid(self.product_owner_id, organization),
            unlocated: Balance {
                available: row.quantity("unlocated_available", self.unlocated_available)?,
                allocated: row.quantity("unlocated_allocated", self.unlocated_allocated)?,
            },
            unlocated_held: row.quantity("unlocated_held", self.unlocated_held)?,
            unlocated_set_aside: row.quantity("unlocated_set_aside", self.unlocated_set_aside)?,
            located,
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            last_hash: row.hash("last_hash", &self.last_hash)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            next_expiry: row.optional_timestamp("next_expiry", self.next_expiry)?,
            policy: decode_policy(&row, self.policy.as_deref())?,
        };
        if stock.policy.is_low() != self.low {
            return Err(row.corrupt("low"));
        }
        // The stored sums must match the positions.
        let sums = stock.sums();
        if i64::from(sums.available) != self.available {
            return Err(row.corrupt("available"));
        }
        if i64::from(sums.allocated) != self.allocated {
            return Err(row.corrupt("allocated"));
        }
        Ok(stock)
    }
}

row! {
    /// A row of `deleted_stocks`.
    DeletedStockRow {
        stock_id: Uuid,
        product_id: Uuid,
        owner_id: Uuid,
        product_owner_id: Uuid,
        available: i64,
        allocated: i64,
        unlocated_available: i64,
        unlocated_allocated: i64,
        sequence: i64,
        last_hash: Vec<u8>,
        created_at: i64,
        updated_at: i64,
        deleted_at: i64,
    }
}

impl DeletedStockRow {
    /// The row of a stock as it was when it was deleted.
    #[must_use]
    pub fn of(deleted: &DeletedStock, organization: OrganizationId) -> Self {
        let stock = StockRow::of(&deleted.stock, organization);
        Self {
            stock_id: stock.stock_id,
            product_id: stock.product_id,
            owner_id: stock.owner_id,
            product_owner_id: stock.product_owner_id,
            available: stock.available,
            allocated: stock.allocated,
            unlocated_available: stock.unlocated_available,
            unlocated_allocated: stock.unlocated_allocated,
            sequence: stock.sequence,
            last_hash: stock.last_hash,
            created_at: stock.created_at,
            updated_at: stock.updated_at,
            deleted_at: deleted.deleted_at.as_milliseconds(),
        }
    }
}

/// Changes of stock, sorted by the statement that stores them.
#[derive(Debug, Default)]
pub struct StocksByFate<'a> {
    /// Stock that no longer exists, as it was.
    pub deleted: Vec<&'a Stock>,
    /// New stock.
    pub created: Vec<&'a Stock>,
    /// Stock before and after.
    pub updated: Vec<(&'a Stock, &'a Stock)>,
    /// Stock that was deleted and created anew, with another id: before and after.
    pub recreated: Vec<(&'a Stock, &'a Stock)>,
}

impl<'a> StocksByFate<'a> {
    /// Sorts the changes.
    #[must_use]
    pub fn new(changes: &'a BTreeMap<StockKey, StockChange>) -> Self {
        let mut sorted = Self::default();
        for change in changes.values() {
            match (&change.before, &change.after) {
                (Some(before), Some(after)) if before.id == after.id => {
                    sorted.updated.push((before, after));
                }
                (Some(before), Some(after)) => sorted.recreated.push((before, after)),
                (before, after) => {
                    sorted.deleted.extend(before);
                    sorted.created.extend(after);
                }
            }
        }
        sorted
    }

    /// The products whose stock is created or deleted. Other stores may see other stock of them than
    /// before.
    pub fn products(&self) -> impl Iterator<Item = ProductId> {
        let stocks = self.deleted.iter().chain(&self.created);
        stocks.map(|stock| stock.product)
    }

    /// The stock whose id is gone, as it was.
    pub fn gone(&self) -> impl Iterator<Item = &'a Stock> {
        let recreated = self.recreated.iter().map(|(before, _)| *before);
        self.deleted.iter().copied().chain(recreated)
    }

    /// The stock with a new id.
    pub fn new_ones(&self) -> impl Iterator<Item = &'a Stock> {
        let recreated = self.recreated.iter().map(|(_, after)| *after);
        self.created.iter().copied().chain(recreated)
    }

    /// The stock that exists afterwards, with its state before.
    pub fn remaining(&self) -> impl Iterator<Item = (Option<&'a Stock>, &'a Stock)> {
        let new_ones = self.new_ones().map(|stock| (None, stock));
        let updated = self.updated.iter();
        new_ones.chain(updated.map(|(before, after)| (Some(*before), *after)))
    }
}

/// The expression for a figure by which stock is sorted.
#[must_use]
pub const fn sorted_figure(sort: StockSort) -> &'static str {
    match sort {
        StockSort::Available => "stocks.available",
        StockSort::Allocated => "stocks.allocated",
        StockSort::Total => "stocks.available + stocks.allocated",
        StockSort::UpdatedAt => "stocks.updated_at",
    }
}
