//! Stock and ledgers as a database holds them, right or wrong.

use std::collections::BTreeMap;
use std::fmt;

use crate::ledger::{Balance, Entry, EntryHash};
use crate::policies::Policy;
use crate::stock::Stock;
use crate::values::{LocationId, Owner, ProductId, Quantity, StockId, Timestamp};

/// Figures as stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawBalance {
    /// Pieces that can still be allocated.
    pub available: i64,
    /// Pieces that are already assigned to buyers.
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

/// The quantities of a stock that reservations hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldTotals {
    /// The held pieces in each location, and in the unlocated pool (`None`). Positions with zero are
    /// left out.
    pub pieces: BTreeMap<Option<LocationId>, i64>,
    /// Those of them that are set aside with a reason, in the same way.
    pub set_aside: BTreeMap<Option<LocationId>, i64>,
    /// Time of the first expiry, if any, in milliseconds since the Unix epoch.
    pub first_expiry: Option<i64>,
}

impl HeldTotals {
    /// The held pieces in a location, or in the unlocated pool.
    #[must_use]
    pub fn pieces_in(&self, location: Option<LocationId>) -> i64 {
        self.pieces.get(&location).copied().unwrap_or_default()
    }

    /// The pieces that are set aside in a location, or in the unlocated pool.
    #[must_use]
    pub fn set_aside_in(&self, location: Option<LocationId>) -> i64 {
        self.set_aside.get(&location).copied().unwrap_or_default()
    }

    /// The held pieces in a location, and those of them that are set aside.
    #[must_use]
    pub fn in_location(&self, location: LocationId) -> (i64, i64) {
        let location = Some(location);
        (self.pieces_in(location), self.set_aside_in(location))
    }

    /// Adds held pieces in a location, or in the unlocated pool, and those of them that are set aside.
    pub fn add(&mut self, location: Option<LocationId>, pieces: i64, set_aside: i64) {
        for (sums, pieces) in [(&mut self.pieces, pieces), (&mut self.set_aside, set_aside)] {
            if pieces != 0 {
                let sum = sums.entry(location).or_default();
                *sum = sum.saturating_add(pieces);
            }
        }
    }

    /// Adds the open pieces of a line, which are set aside or not.
    pub fn add_line(&mut self, location: Option<LocationId>, open: i64, is_aside: bool) {
        self.add(location, open, if is_aside { open } else { 0 });
    }

    /// The totals that `stock` records.
    fn of(stock: &Stock) -> Self {
        let mut holds = Self {
            first_expiry: stock.next_expiry.map(Timestamp::as_milliseconds),
            ..Self::default()
        };
        let set_aside = stock.unlocated_set_aside.into();
        holds.add(None, stock.unlocated_held.into(), set_aside);
        for (location, position) in &stock.located {
            let set_aside = position.set_aside.into();
            holds.add(Some(*location), position.held.into(), set_aside);
        }
        holds
    }
}

/// A policy as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPolicy {
    /// The policy, or the stored text that is none.
    pub content: Result<Policy, String>,
    /// Whether the row says that an alert of it is on.
    pub low: bool,
}

impl RawPolicy {
    /// The row of a policy that is right.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            low: policy.is_low(),
            content: Ok(policy),
        }
    }

    /// The same policy with its alerts as they have to be at this number of available pieces.
    pub(super) fn at(&self, level: i64) -> Self {
        let (Ok(policy), Ok(level)) = (&self.content, Quantity::try_from(level)) else {
            return self.clone();
        };
        let mut policy = policy.clone();
        policy.turn_alerts(level);
        Self::new(policy)
    }
}

/// The stored rows of a stock, apart from its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStock {
    /// The id of the stock.
    pub id: StockId,
    /// The product.
    pub product: ProductId,
    /// The owner of the stock.
    pub owner: Owner,
    /// The owner of the product.
    pub product_owner: Owner,
    /// Whether it is current; deleted stock is stored for auditors.
    pub is_current: bool,
    /// The figures of the whole stock.
    pub sums: RawBalance,
    /// The figures of the unlocated pool.
    pub unlocated: RawBalance,
    /// The figures of each location. Empty for deleted stock.
    pub located: BTreeMap<LocationId, RawBalance>,
    /// The recorded held quantities, and the recorded time before which no reservation expires. Empty
    /// for deleted stock.
    pub held: HeldTotals,
    /// The quantities that open lines of reservations hold. Not read for deleted stock.
    pub lines: HeldTotals,
    /// The policies of the whole stock (`None`) and of its locations, without those that say nothing. Empty for
    /// deleted stock.
    pub policies: BTreeMap<Option<LocationId>, RawPolicy>,
    /// The number of its last entry.
    pub sequence: i64,
    /// The hash of its last entry, if it is one.
    pub last_hash: Option<EntryHash>,
    /// Time of creation, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Time of the last change, in milliseconds since the Unix epoch.
    pub updated_at: i64,
}

impl RawStock {
    /// The rows of a `stock` that is right. The first expiry by the lines is the one that the stock
    /// expects.
    #[must_use]
    pub fn new(stock: &Stock, is_current: bool) -> Self {
        let held = if is_current {
            HeldTotals::of(stock)
        } else {
            HeldTotals::default()
        };
        let located = stock.located.iter().filter(|_| is_current);
        let policies = located.clone().map(|(id, it)| (Some(*id), &it.policy));
        let policies = std::iter::once((None, &stock.policy)).chain(policies);
        let policies = policies.filter(|(_, policy)| !policy.is_default());
        let policies =
            policies.map(|(location, policy)| (location, RawPolicy::new(policy.clone())));
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
            policies: policies.filter(|_| is_current).collect(),
            lines: held.clone(),
            held,
            sequence: i64::try_from(stock.sequence).unwrap_or(i64::MAX),
            last_hash: Some(stock.last_hash),
            created_at: stock.created_at.as_milliseconds(),
            updated_at: stock.updated_at.as_milliseconds(),
        }
    }

    /// The hash that the first entry of its ledger is chained to.
    pub(super) fn start(&self) -> EntryHash {
        EntryHash::start(self.id, self.product, self.owner, self.product_owner)
    }
}

/// A row of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// The stock to whose ledger it belongs.
    pub stock: StockId,
    /// Its place there.
    pub sequence: i64,
    /// Its hash, if it is one.
    pub hash: Option<EntryHash>,
    /// The entry, or the name of the column that holds an impossible value.
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

/// A row whose stock can't be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} holds an impossible value in row {row}")]
pub struct UnreadableRow {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The readable part of the row's key.
    pub row: String,
}
