//! Stock and ledgers as a database holds them, right or wrong.

use std::collections::BTreeMap;
use std::fmt;

use crate::ledger::{Balance, Entry, EntryHash};
use crate::stock::Stock;
use crate::values::{LocationId, Owner, ProductId, StockId, Timestamp};

/// Figures as they are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawBalance {
    /// Pieces that can still be allocated.
    pub available: i64,
    /// Pieces that are spoken for.
    pub allocated: i64,
}

impl From<Balance> for RawBalance {
    fn from(balance: Balance) -> Self {
        Self {
            available: balance.available.into(),
            allocated: balance.allocated.into(),
        }
    }
}

impl fmt::Display for RawBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            available,
            allocated,
        } = self;
        write!(f, "{available} available and {allocated} allocated")
    }
}

/// What reservations hold of a stock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldTotals {
    /// How much in each location, and in none; where that is nothing it is left out.
    pub pieces: BTreeMap<Option<LocationId>, i64>,
    /// When the first of them expires, if any does, in milliseconds since the Unix epoch.
    pub first_expiry: Option<i64>,
}

impl HeldTotals {
    /// How much in a location, or in none.
    #[must_use]
    pub fn pieces_in(&self, location: Option<LocationId>) -> i64 {
        self.pieces.get(&location).copied().unwrap_or_default()
    }

    /// Adds what is held in a location, or in none.
    pub fn add(&mut self, location: Option<LocationId>, pieces: i64) {
        if pieces != 0 {
            let sum = self.pieces_in(location).saturating_add(pieces);
            self.pieces.insert(location, sum);
        }
    }

    /// What `stock` says.
    fn of(stock: &Stock) -> Self {
        let mut holds = Self {
            first_expiry: stock.next_expiry.map(Timestamp::as_milliseconds),
            ..Self::default()
        };
        holds.add(None, stock.unlocated_held.into());
        for (location, position) in &stock.located {
            holds.add(Some(*location), position.held.into());
        }
        holds
    }
}

/// What is kept of a stock beside its ledger, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStock {
    /// Names the stock.
    pub id: StockId,
    /// The product it is stock of.
    pub product: ProductId,
    /// Who holds it.
    pub owner: Owner,
    /// Whose product it is.
    pub product_owner: Owner,
    /// Whether it is current, or deleted and kept for auditors.
    pub is_current: bool,
    /// The figures of the whole stock.
    pub sums: RawBalance,
    /// What lies in no location.
    pub unlocated: RawBalance,
    /// What lies in locations. Of deleted stock that isn't kept.
    pub located: BTreeMap<LocationId, RawBalance>,
    /// What reservations are said to hold of it, and a time before which none of them expires. Of
    /// deleted stock, nothing.
    pub held: HeldTotals,
    /// What the lines of reservations that are open hold of it. Of deleted stock that isn't looked at.
    pub lines: HeldTotals,
    /// The number of its last entry.
    pub sequence: i64,
    /// The hash of its last entry, if it is one.
    pub last_hash: Option<EntryHash>,
    /// When it was created, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

impl RawStock {
    /// How a stock that is as it should be is stored. The first reservation to expire is the one that
    /// it expects.
    #[must_use]
    pub fn new(stock: &Stock, is_current: bool) -> Self {
        let held = if is_current {
            HeldTotals::of(stock)
        } else {
            HeldTotals::default()
        };
        let located = stock.located.iter().filter(|_| is_current);
        Self {
            id: stock.id,
            product: stock.product,
            owner: stock.owner,
            product_owner: stock.product_owner,
            is_current,
            sums: stock.sums().into(),
            unlocated: stock.unlocated.into(),
            located: located
                .map(|(location, position)| (*location, position.balance.into()))
                .collect(),
            lines: held.clone(),
            held,
            sequence: i64::try_from(stock.sequence).unwrap_or(i64::MAX),
            last_hash: Some(stock.last_hash),
            created_at: stock.created_at.as_milliseconds(),
            updated_at: stock.updated_at.as_milliseconds(),
        }
    }

    /// What the first entry of its ledger comes after.
    pub(super) fn start(&self) -> EntryHash {
        EntryHash::start(self.id, self.product, self.owner, self.product_owner)
    }
}

/// A row of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// The stock in whose ledger it stands.
    pub stock: StockId,
    /// Its place there.
    pub sequence: i64,
    /// Its hash, if it is one.
    pub hash: Option<EntryHash>,
    /// All of it, or the column that holds what no entry can.
    pub content: Result<Entry, &'static str>,
}

impl From<Entry> for RawEntry {
    fn from(entry: Entry) -> Self {
        Self {
            stock: entry.stock,
            sequence: i64::try_from(entry.sequence).unwrap_or(i64::MAX),
            hash: Some(entry.hash),
            content: Ok(entry),
        }
    }
}

/// A row of which it can't even be told what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} holds an impossible value in row {row}")]
pub struct UnreadableRow {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What can be read of the row's key.
    pub row: String,
}
