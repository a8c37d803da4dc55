//! The ledger: all that ever happened to a stock, in order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::balance::Balance;
use super::hash::EntryHash;
use crate::values::{
    BatchId, IdempotencyKey, KeyId, LocationId, ProductId, Quantity, Reason, Reference, Slug,
    StockId, Timestamp, TransactionId,
};

/// The action that an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryAction {
    /// Stock was created with this quantity available.
    Create,
    /// The available figure grew.
    Increment,
    /// The available figure shrank.
    Decrement,
    /// Pieces moved from available to allocated.
    Allocate,
    /// Pieces moved from allocated to available.
    Deallocate,
}

impl EntryAction {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Increment,
        Self::Decrement,
        Self::Allocate,
        Self::Deallocate,
    ];

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Increment => "increment",
            Self::Decrement => "decrement",
            Self::Allocate => "allocate",
            Self::Deallocate => "deallocate",
        }
    }

    /// The action for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// The number of pieces by which this action with `quantity` changes the total of a position.
    #[must_use]
    pub fn total_change(self, quantity: Quantity) -> i64 {
        let pieces = i64::from(quantity);
        match self {
            Self::Create | Self::Increment => pieces,
            Self::Decrement => pieces.saturating_neg(),
            Self::Allocate | Self::Deallocate => 0,
        }
    }

    /// The figures of a position after this action; `None` if the position has too few pieces, or the
    /// total would pass [`Quantity::MAX`].
    #[must_use]
    pub fn apply(self, quantity: Quantity, balance: Balance) -> Option<Balance> {
        let Balance {
            available,
            allocated,
        } = balance;
        let (available, allocated) = match self {
            Self::Create if balance != Balance::default() => return None,
            Self::Create | Self::Increment => (available.checked_add(quantity)?, allocated),
            Self::Decrement => (available.checked_sub(quantity)?, allocated),
            Self::Allocate => (
                available.checked_sub(quantity)?,
                allocated.checked_add(quantity)?,
            ),
            Self::Deallocate => (
                available.checked_add(quantity)?,
                allocated.checked_sub(quantity)?,
            ),
        };
        let balance = Balance {
            available,
            allocated,
        };
        available.checked_add(allocated).map(|_| balance)
    }
}

/// An action that a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionAction {
    /// Adds to the available pieces.
    Increment,
    /// Takes from the available pieces.
    Decrement,
    /// Moves pieces from available to allocated.
    Allocate,
    /// Moves pieces from allocated back to available.
    Deallocate,
    /// Sets the position's total to the quantity.
    Set,
}

impl TransactionAction {
    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Increment => "increment",
            Self::Decrement => "decrement",
            Self::Allocate => "allocate",
            Self::Deallocate => "deallocate",
            Self::Set => "set",
        }
    }

    /// The action for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Increment,
            Self::Decrement,
            Self::Allocate,
            Self::Deallocate,
            Self::Set,
        ]
        .into_iter()
        .find(|action| action.as_str() == word)
    }
}

/// A client's notes on a change, for later readers of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The reason for the change.
    pub reason: Option<Reason>,
    /// A thing in another system that the change belongs to: an order, a delivery note.
    pub reference: Option<Reference>,
}

/// One line of a stock's ledger. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The entry's id; a UUIDv7 whose time is `created_at`.
    pub id: TransactionId,
    /// The stock it belongs to.
    pub stock: StockId,
    /// Its place in the stock's ledger: 1, 2, 3 … without a gap.
    pub sequence: u64,
    /// The position it changed: a location's, or the unlocated pool's.
    pub location: Option<LocationId>,
    /// The action.
    pub action: EntryAction,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The position's figures right after the entry.
    pub balance: Balance,
    /// The figures of the whole stock right after the entry.
    pub sums: Balance,
    /// The client's notes.
    pub annotation: Annotation,
    /// The key under which the client may repeat the request without its being carried out again.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The batch that the entry was made in, if any.
    pub batch: Option<BatchId>,
    /// The entry that this one undoes, if any.
    pub undoes: Option<TransactionId>,
    /// The application key that was used, if any.
    pub actor: Option<KeyId>,
    /// The time that a count is for, if this entry corrects the books to what was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Time of the entry. Never before that of the previous entry.
    pub created_at: Timestamp,
    /// Proves all of the above, and all previous entries: see [`Entry::seal`].
    pub hash: EntryHash,
}

impl Entry {
    /// The figures of the whole stock, if they differ from the position's: a database stores only these.
    #[must_use]
    pub fn other_sums(&self) -> Option<Balance> {
        Some(self.sums).filter(|sums| *sums != self.balance)
    }

    /// The number of pieces by which the entry changes the total of its position.
    #[must_use]
    pub fn total_change(&self) -> i64 {
        self.action.total_change(self.quantity)
    }
}

/// An entry with the details that readers need with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The entry.
    pub entry: Entry,
    /// The product whose stock it changed.
    pub product: ProductId,
    /// The current name of its location.
    pub slug: Option<Slug>,
    /// The name of the key that was used.
    pub actor_name: Option<Arc<str>>,
    /// The entry that undoes this one, if any.
    pub undone_by: Option<TransactionId>,
}

impl AsRef<Self> for Recorded {
    fn as_ref(&self) -> &Self {
        self
    }
}
