//! Stock: the quantities of a product, by location.

pub(crate) mod decide;
pub(crate) mod lookup;

pub use decide::{CreateStock, DeleteStock, EchoedFigures, SetLocations};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{Balance, BatchEntry, Entry, EntryHash};
use crate::locations::{
    Geolocation, Location, Priority, enabled_by_default, is_enabled_by_default,
};
use crate::policies::Policy;
use crate::values::{LocationId, Owner, ProductId, Quantity, Slug, StockId, Timestamp, no_pieces};

/// Identifies the one stock that an owner can have of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StockKey {
    /// The product.
    pub product: ProductId,
    /// The owner of the stock.
    pub owner: Owner,
}

/// The largest number of locations in which one stock may have positions.
pub const STOCK_LOCATIONS_MAX: usize = 1_000;

/// The part of a stock in one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The location's name at the time of reading.
    pub slug: Slug,
    /// Whether buyers can order from the location, at the time of reading.
    #[serde(
        default = "enabled_by_default",
        skip_serializing_if = "is_enabled_by_default"
    )]
    pub enabled: bool,
    /// The location's rank, at the time of reading.
    #[serde(default, skip_serializing_if = "Priority::is_default")]
    pub priority: Priority,
    /// The location's point on the globe, at the time of reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geolocation: Option<Geolocation>,
    /// The figures of the position.
    pub balance: Balance,
    /// The number of allocated pieces there that reservations hold.
    pub held: Quantity,
    /// The number of these that are set aside with a reason.
    #[serde(default, skip_serializing_if = "no_pieces")]
    pub set_aside: Quantity,
    /// Its part of the stock's policy.
    #[serde(default, skip_serializing_if = "Policy::is_default")]
    pub policy: Policy,
}

impl Position {
    /// A position without any pieces in this location.
    #[must_use]
    pub fn empty(location: &Location) -> Self {
        Self {
            slug: location.slug.clone(),
            enabled: location.enabled,
            priority: location.priority,
            geolocation: location.geolocation,
            balance: Balance::default(),
            held: Quantity::ZERO,
            set_aside: Quantity::ZERO,
            policy: Policy::default(),
        }
    }
}

/// The period of a stock, from its creation to its deletion: its unchanging properties, and the end of
/// its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockPeriod {
    /// The id of the stock.
    pub id: StockId,
    /// The product.
    pub product: ProductId,
    /// The owner of the stock, current or former.
    pub owner: Owner,
    /// The owner of the product.
    pub product_owner: Owner,
    /// The sequence number of its last ledger entry.
    pub sequence: u64,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of deletion, if it is deleted.
    pub deleted_at: Option<Timestamp>,
}

impl StockPeriod {
    /// The reference to an entry of its ledger.
    #[must_use]
    pub const fn entry(&self, sequence: u64) -> BatchEntry {
        BatchEntry {
            product: self.product,
            stock: self.id,
            sequence,
        }
    }

    /// Whether the stock existed at a time: from its creation on, and until its deletion.
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

/// One position at a given time: its figures then, and the times at which it was added and removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPosition {
    /// The location.
    pub location: LocationId,
    /// Its current name.
    pub slug: Slug,
    /// Time at which the position was added to the stock.
    pub added_at: Timestamp,
    /// Time at which it was removed, if it was.
    pub removed_at: Option<Timestamp>,
    /// The figures after the last entry up to the given time.
    pub balance: Balance,
}

/// The stock of one product, held by one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The id of this stock, new each time stock is created.
    pub id: StockId,
    /// The product.
    pub product: ProductId,
    /// The owner of the stock.
    pub owner: Owner,
    /// The owner of the product: a store may have stock of an organization-level product.
    pub product_owner: Owner,
    /// The figures of the unlocated pool.
    pub unlocated: Balance,
    /// The number of allocated pieces there that reservations hold.
    pub unlocated_held: Quantity,
    /// The number of these that are set aside with a reason.
    #[serde(default, skip_serializing_if = "no_pieces")]
    pub unlocated_set_aside: Quantity,
    /// The position in each location of the stock.
    pub located: BTreeMap<LocationId, Position>,
    /// The sequence number of its last ledger entry: entries count 1, 2, 3 …
    pub sequence: u64,
    /// The hash of that entry.
    pub last_hash: EntryHash,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change. Never before `created_at`, and never running backwards.
    pub updated_at: Timestamp,
    /// No reservation of it expires before this time. `None` if none expires at all.
    pub next_expiry: Option<Timestamp>,
    /// The policy of the whole stock.
    #[serde(default, skip_serializing_if = "Policy::is_default")]
    pub policy: Policy,
}

impl Stock {
    /// The key by which this stock is found.
    #[must_use]
    pub const fn key(&self) -> StockKey {
        StockKey {
            product: self.product,
            owner: self.owner,
        }
    }

    /// If holds may have expired that the ledger has not booked yet, the time to book up to: `now`, or
    /// the stock's `updated_at` if another server's clock is ahead.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let now = now.max(self.updated_at);
        let next_expiry = self.next_expiry?;
        (next_expiry <= now).then_some(now)
    }

    /// Whether any of these stocks, which are read together, is [due](Self::due). All are compared with
    /// one time, the latest of `now` and their `updated_at`: else a reservation of several stocks could
    /// be seen as expired in part.
    #[must_use]
    pub fn is_any_due<'a>(stocks: impl Iterator<Item = &'a Self> + Clone, now: Timestamp) -> bool {
        let now = stocks.clone().fold(now, |now, it| now.max(it.updated_at));
        stocks.into_iter().any(|stock| stock.due(now).is_some())
    }

    /// The number of allocated pieces of a position that reservations hold.
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

    /// The number of allocated pieces of a position that are set aside with a reason: they aren't sold.
    #[must_use]
    pub fn set_aside(&self, location: Option<LocationId>) -> Quantity {
        match location {
            None => self.unlocated_set_aside,
            Some(location) => self
                .located
                .get(&location)
                .map_or(Quantity::ZERO, |position| position.set_aside),
        }
    }

    /// The number of pieces of all positions that are set aside.
    #[must_use]
    pub fn set_aside_in_all(&self) -> Quantity {
        let located = self.located.values().map(|position| position.set_aside);
        located.fold(self.unlocated_set_aside, |sum, pieces| {
            sum.checked_add(pieces).unwrap_or(Quantity::MAX)
        })
    }

    /// The number of allocated pieces of the whole stock that no reservation holds.
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

    /// The stock as it stood at a time, from its last ledger entry up to then and all positions added up
    /// to then; `None` if they don't add up. The quantities held by reservations at that time are not
    /// known, nor what was said of the locations: all are given as enabled.
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
                let position_then = Position {
                    slug: position.slug,
                    enabled: Location::ENABLED_DEFAULT,
                    priority: Priority::default(),
                    geolocation: None,
                    balance: position.balance,
                    held: Quantity::ZERO,
                    set_aside: Quantity::ZERO,
                    policy: Policy::default(),
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
            unlocated_set_aside: Quantity::ZERO,
            located,
            sequence: last.sequence,
            last_hash: last.hash,
            created_at: period.created_at,
            updated_at,
            next_expiry: None,
            policy: Policy::default(),
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

    /// The location of this slug, if the stock has a position in it.
    #[must_use]
    pub fn location_of(&self, slug: &str) -> Option<LocationId> {
        let mut positions = self.located.iter();
        let found = positions.find(|(_, position)| position.slug.as_str() == slug);
        found.map(|(id, _)| *id)
    }

    /// The location of this slug with its slug, if the stock has a position in it.
    #[must_use]
    pub(crate) fn place_of(&self, slug: &str) -> Option<(LocationId, Slug)> {
        let location = self.location_of(slug)?;
        let position = self.located.get(&location)?;
        Some((location, position.slug.clone()))
    }

    /// The figures of one position, or `None` if the stock doesn't have that location.
    #[must_use]
    pub fn balance(&self, location: Option<LocationId>) -> Option<Balance> {
        match location {
            None => Some(self.unlocated),
            Some(location) => self.located.get(&location).map(|position| position.balance),
        }
    }

    /// Whether buyers can order from a position: from the unlocated pool always, from a location of the
    /// stock while it is enabled. Only reservations and availability checks obey this; everything else
    /// goes on in a disabled location.
    #[must_use]
    pub fn sells_at(&self, location: Option<LocationId>) -> bool {
        location.is_none_or(|location| {
            let position = self.located.get(&location);
            position.is_some_and(|position| position.enabled)
        })
    }

    /// The number of pieces of a position that a new reservation can have: what is available there above the
    /// position's safety stock if it [sells](Self::sells_at), or else none. All that a reservation takes of a
    /// stock together is also limited, by [`sellable`](Self::sellable).
    #[must_use]
    pub fn sellable_at(&self, location: Option<LocationId>) -> Quantity {
        if !self.sells_at(location) {
            return Quantity::ZERO;
        }
        let safety_stock = match location {
            None => Quantity::ZERO,
            Some(location) => {
                let position = self.located.get(&location);
                position.map_or(Quantity::ZERO, |position| position.policy.safety_stock)
            }
        };
        let available = self.balance(location).unwrap_or_default().available;
        available.checked_sub(safety_stock).unwrap_or_default()
    }

    /// The number of pieces of the whole stock that a new reservation can have: those of all positions that
    /// sell, each without its safety stock, and no more than leaves the stock's own safety stock among them.
    /// The two overlap, and aren't added. (Source: the contract of planning.)
    #[must_use]
    pub fn sellable(&self) -> Quantity {
        let places = || std::iter::once(None).chain(self.located.keys().copied().map(Some));
        let sum = |quantities: &mut dyn Iterator<Item = Quantity>| {
            quantities.fold(Quantity::ZERO, |sum, quantity| {
                sum.checked_add(quantity).unwrap_or(Quantity::MAX)
            })
        };
        let by_position = sum(&mut places().map(|place| self.sellable_at(place)));
        let selling = places().filter(|place| self.sells_at(*place));
        let available = selling.filter_map(|place| self.balance(place));
        let available = sum(&mut available.map(|balance| balance.available));
        let in_all = available.checked_sub(self.policy.safety_stock);
        by_position.min(in_all.unwrap_or_default())
    }

    /// Whether an alert of the stock, or of a location of it, is on.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.policies().any(Policy::is_low)
    }

    /// Whether anything is said by its policies.
    #[must_use]
    pub fn has_policy(&self) -> bool {
        self.policies().any(|policy| !policy.is_default())
    }

    /// Whether it has any alert, on or off.
    #[must_use]
    pub fn has_alerts(&self) -> bool {
        self.policies().any(|policy| !policy.alerts.is_empty())
    }

    fn policies(&self) -> impl Iterator<Item = &Policy> {
        let located = self.located.values().map(|position| &position.policy);
        std::iter::once(&self.policy).chain(located)
    }
}
