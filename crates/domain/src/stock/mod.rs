//! Stock: how much there is of a product, and where.

pub(crate) mod decide;
pub(crate) mod lookup;

pub use decide::{CreateStock, DeleteStock, EchoedFigures, SetLocations};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{Balance, BatchEntry, Entry, EntryHash};
use crate::values::{LocationId, Owner, ProductId, Quantity, Slug, StockId, Timestamp};

/// Names the one stock that an owner can have of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StockKey {
    /// The product.
    pub product: ProductId,
    /// Who holds the stock.
    pub owner: Owner,
}

/// The most locations one stock may have positions in.
pub const STOCK_LOCATIONS_MAX: usize = 1_000;

/// What of a stock lies in one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The location's name at the time of reading.
    pub slug: Slug,
    /// What lies there.
    pub balance: Balance,
    /// How much of what is allocated there reservations hold.
    pub held: Quantity,
}

/// The life of a stock: what never changes of it, and how far its ledger goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockPeriod {
    /// Names the stock.
    pub id: StockId,
    /// The product it is stock of.
    pub product: ProductId,
    /// Who holds the stock, or held it.
    pub owner: Owner,
    /// Whose product it is.
    pub product_owner: Owner,
    /// The sequence number of its last ledger entry.
    pub sequence: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted, if it is.
    pub deleted_at: Option<Timestamp>,
}

impl StockPeriod {
    /// Where an entry of its ledger is found.
    #[must_use]
    pub const fn entry(&self, sequence: u64) -> BatchEntry {
        BatchEntry {
            product: self.product,
            stock: self.id,
            sequence,
        }
    }

    /// Whether the stock was managed at a time: from its creation on, and until its deletion.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.created_at <= at && self.deleted_at.is_none_or(|deleted_at| at < deleted_at)
    }
}

impl From<&Stock> for StockPeriod {
    fn from(stock: &Stock) -> Self {
        Self {
            id: stock.id,
            product: stock.product,
            owner: stock.owner,
            product_owner: stock.product_owner,
            sequence: stock.sequence,
            created_at: stock.created_at,
            deleted_at: None,
        }
    }
}

/// What is known of one position at a time: since when the stock has had it, until when, and what
/// lay there then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPosition {
    /// The location.
    pub location: LocationId,
    /// The name that it has now.
    pub slug: Slug,
    /// When the position was added to the stock.
    pub added_at: Timestamp,
    /// When it was taken out, if it was.
    pub removed_at: Option<Timestamp>,
    /// What lay there after the last entry up to that time.
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
    /// How much of what is allocated there reservations hold.
    pub unlocated_held: Quantity,
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
    /// No reservation of it expires before; none at all if this is `None`.
    pub next_expiry: Option<Timestamp>,
}

impl Stock {
    /// What this stock is found by.
    #[must_use]
    pub const fn key(&self) -> StockKey {
        StockKey {
            product: self.product,
            owner: self.owner,
        }
    }

    /// The time up to which reservations have expired that the ledger may know nothing of yet, if
    /// there may be such. Where the clock of another server is ahead, it is that one's.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let now = now.max(self.updated_at);
        let next_expiry = self.next_expiry?;
        (next_expiry <= now).then_some(now)
    }

    /// Whether reservations may have expired that the ledgers of stocks that are looked at together may
    /// know nothing of yet. What has expired for one of them has for all: else a reservation of several
    /// would be seen in part.
    #[must_use]
    pub fn is_any_due<'a>(stocks: impl Iterator<Item = &'a Self> + Clone, now: Timestamp) -> bool {
        let now = stocks.clone().fold(now, |now, it| now.max(it.updated_at));
        stocks.into_iter().any(|stock| stock.due(now).is_some())
    }

    /// How much of what is allocated in a position reservations hold.
    #[must_use]
    pub fn held(&self, location: Option<LocationId>) -> Quantity {
        match location {
            None => self.unlocated_held,
            Some(location) => self
                .located
                .get(&location)
                .map_or(Quantity::ZERO, |position| position.held),
        }
    }

    /// How much is allocated that no reservation holds, in the whole stock.
    #[must_use]
    pub fn allocated_unreserved(&self) -> Quantity {
        let located = self.located.values().map(|position| position.held);
        let held = std::iter::once(self.unlocated_held).chain(located);
        held.fold(self.sums().allocated, |left, held| {
            left.checked_sub(held).unwrap_or_default()
        })
    }

    /// Whether reservations hold any of it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.unlocated_held.is_zero() || self.located.values().any(|it| !it.held.is_zero())
    }

    /// The stock as it stood at a time, from its last ledger entry up to then, and all positions
    /// that were added up to then; `None` if that doesn't add up. What reservations held of it then
    /// isn't known any more.
    #[must_use]
    pub fn at(
        period: &StockPeriod,
        at: Timestamp,
        last: &Entry,
        positions: impl IntoIterator<Item = PastPosition>,
    ) -> Option<Self> {
        let mut updated_at = last.created_at;
        let mut unlocated = last.sums;
        let mut located = BTreeMap::new();
        for position in positions {
            let removed_at = position.removed_at.filter(|removed_at| *removed_at <= at);
            updated_at = updated_at.max(removed_at.unwrap_or(position.added_at));
            if removed_at.is_none() {
                let Balance {
                    available,
                    allocated,
                } = position.balance;
                unlocated.available = unlocated.available.checked_sub(available)?;
                unlocated.allocated = unlocated.allocated.checked_sub(allocated)?;
                let slug = position.slug;
                let balance = position.balance;
                let held = Quantity::ZERO;
                let position_then = Position {
                    slug,
                    balance,
                    held,
                };
                located.insert(position.location, position_then);
            }
        }
        Some(Self {
            id: period.id,
            product: period.product,
            owner: period.owner,
            product_owner: period.product_owner,
            unlocated,
            unlocated_held: Quantity::ZERO,
            located,
            sequence: last.sequence,
            last_hash: last.hash,
            created_at: period.created_at,
            updated_at,
            next_expiry: None,
        })
    }

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
