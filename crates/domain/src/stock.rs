//! Stock: how much there is of a product, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EntryHash, LocationId, Owner, ProductId, Quantity, Slug, StockId, Timestamp};

/// The figures of one position: what can be sold, and what is reserved or paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Pieces that can still be allocated.
    pub available: Quantity,
    /// Pieces that are spoken for.
    pub allocated: Quantity,
}

impl Balance {
    /// Available and allocated together. Both are parts of one stock, whose total is at most
    /// [`Quantity::MAX`].
    #[must_use]
    pub fn total(self) -> Quantity {
        self.available
            .checked_add(self.allocated)
            .unwrap_or(Quantity::MAX)
    }

    /// Both figures added, or `None` if the total passes [`Quantity::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = Self {
            available: self.available.checked_add(other.available)?,
            allocated: self.allocated.checked_add(other.allocated)?,
        };
        sum.available.checked_add(sum.allocated).map(|_| sum)
    }
}

/// What of a stock lies in one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The location's name at the time of reading.
    pub slug: Slug,
    /// What lies there.
    pub balance: Balance,
}

/// The stock of one product, held by one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Names this stock, new each time stock is created.
    pub id: StockId,
    /// The product it is stock of.
    pub product: ProductId,
    /// Who holds the stock.
    pub owner: Owner,
    /// Whose product it is: a store may hold stock of an organization-level product.
    pub product_owner: Owner,
    /// What lies in no location.
    pub unlocated: Balance,
    /// What lies in each location that the stock has.
    pub located: BTreeMap<LocationId, Position>,
    /// The sequence number of its last ledger entry: entries count 1, 2, 3 …
    pub sequence: u64,
    /// The hash of that entry.
    pub last_hash: EntryHash,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed. Never before `created_at`, and never running backwards.
    pub updated_at: Timestamp,
}

impl Stock {
    /// The figures of the whole stock: the unlocated pool and every location together.
    #[must_use]
    pub fn sums(&self) -> Balance {
        self.located
            .values()
            .try_fold(self.unlocated, |sum, position| {
                sum.checked_add(position.balance)
            })
            .unwrap_or(Balance {
                available: Quantity::MAX,
                allocated: Quantity::ZERO,
            })
    }

    /// The figures of one position, or `None` if the stock doesn't have that location.
    #[must_use]
    pub fn balance(&self, location: Option<LocationId>) -> Option<Balance> {
        match location {
            None => Some(self.unlocated),
            Some(location) => self.located.get(&location).map(|position| position.balance),
        }
    }
}
