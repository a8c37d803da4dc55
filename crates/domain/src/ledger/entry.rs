//! The ledger: what happened to a stock, in order, for ever.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::balance::Balance;
use super::hash::EntryHash;
use crate::values::{
    BatchId, IdempotencyKey, KeyId, LocationId, ProductId, Quantity, Reason, Reference, Slug,
    StockId, Timestamp, TransactionId,
};

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryAction {
    /// Stock was created with this quantity available.
    Create,
    /// Available grew.
    Increment,
    /// Available shrank.
    Decrement,
    /// Moved from available to allocated.
    Allocate,
    /// Moved from allocated to available.
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

    /// The dialect's word for it.
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

    /// The action that [`as_str`](Self::as_str) gives `word` for.
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
}

/// What a client may ask a transaction to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionAction {
    /// Adds to what is available.
    Increment,
    /// Takes from what is available.
    Decrement,
    /// Moves from available to allocated.
    Allocate,
    /// Moves from allocated back to available.
    Deallocate,
    /// Makes the position's total the quantity.
    Set,
}

impl TransactionAction {
    /// The dialect's word for it.
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

    /// The action that [`as_str`](Self::as_str) gives `word` for.
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

/// What a client says of a change, for those who read the ledger later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// Why it was made.
    pub reason: Option<Reason>,
    /// What it belongs to in another system: an order, a delivery note.
    pub reference: Option<Reference>,
}

/// One line of a stock's ledger. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Names the entry; a UUIDv7 whose time is `created_at`.
    pub id: TransactionId,
    /// The stock it belongs to.
    pub stock: StockId,
    /// Its place in the stock's ledger: 1, 2, 3 … without a gap.
    pub sequence: u64,
    /// The position it changed: a location's, or the unlocated pool's.
    pub location: Option<LocationId>,
    /// What was done.
    pub action: EntryAction,
    /// To how many pieces.
    pub quantity: Quantity,
    /// The position's figures right after it.
    pub balance: Balance,
    /// The figures of the whole stock right after it.
    pub sums: Balance,
    /// What the client said of it.
    pub annotation: Annotation,
    /// The key under which the client may ask for it again without it being done again.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The batch that it was made in, if it was made in one.
    pub batch: Option<BatchId>,
    /// The entry that it undoes, if it undoes one.
    pub undoes: Option<TransactionId>,
    /// The key that acted, if one did.
    pub actor: Option<KeyId>,
    /// The time that a count is for, if this entry corrects the books to what was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// When it happened. Never before the entry in front of it.
    pub created_at: Timestamp,
    /// Proves all of the above, and all entries in front of it: see [`Entry::seal`].
    pub hash: EntryHash,
}

impl Entry {
    /// The figures of the whole stock, if they are others than the position's: what a database has
    /// to keep of them.
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

/// An entry with what a reader wants to know beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The entry.
    pub entry: Entry,
    /// The product whose stock it changed.
    pub product: ProductId,
    /// The name that its location has now.
    pub slug: Option<Slug>,
    /// What the key that acted is called.
    pub actor_name: Option<Arc<str>>,
    /// The entry that undoes it, if one does.
    pub undone_by: Option<TransactionId>,
}

impl AsRef<Self> for Recorded {
    fn as_ref(&self) -> &Self {
        self
    }
}
