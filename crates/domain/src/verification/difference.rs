//! Differences between stored data and recomputed data.

use std::fmt;

use super::stored::{RawBalance, UnreadableRow};
use crate::ledger::{EntryAction, EntryHash};
use crate::values::{LocationId, ProductId, Quantity, StockId, Timestamp};

/// A fault in stored data, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The product, if it is known.
    pub product: Option<ProductId>,
    /// The stock, if it is known.
    pub stock: Option<StockId>,
    /// The number of the entry, if the difference is about a single one.
    pub sequence: Option<i64>,
    /// The kind of fault.
    pub problem: Problem,
}

impl From<UnreadableRow> for Difference {
    fn from(row: UnreadableRow) -> Self {
        Self {
            product: None,
            stock: None,
            sequence: None,
            problem: Problem::Unreadable(row),
        }
    }
}

/// One line: the place, then the fault.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(product) = self.product {
            write!(f, "product {product}, ")?;
        }
        if let Some(stock) = self.stock {
            write!(f, "stock {stock}")?;
            if let Some(sequence) = self.sequence {
                write!(f, ", entry {sequence}")?;
            }
            write!(f, ": ")?;
        }
        self.problem.fmt(f)
    }
}

/// A kind of fault. All but the last few are faults of a ledger, or of a single entry. The last few are
/// faults of data that is stored beside a ledger, and that can be rebuilt from it and from the lines of
/// reservations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The stock that a row belongs to can't be determined.
    #[error(transparent)]
    Unreadable(UnreadableRow),
    /// There is a ledger, but no stock that it could belong to.
    #[error("there is no stock that the entries {first} to {last} could be of")]
    NoStock {
        /// The number of the first entry.
        first: i64,
        /// The number of the last entry.
        last: i64,
    },
    /// Entries are missing.
    #[error("{}", missing(*first, *last))]
    Missing {
        /// The number of the first missing entry.
        first: i64,
        /// The number of the last missing entry.
        last: i64,
    },
    /// An entry's number is impossible, or that of another entry.
    #[error("its number is not the next one, which is {expected}")]
    Number {
        /// The number that it should be.
        expected: i64,
    },
    /// An entry can't be read.
    #[error("its {column} holds an impossible value")]
    Impossible {
        /// The column.
        column: &'static str,
    },
    /// The chain is broken: an entry was changed, or one before it.
    #[error("its hash is {stored}, but its content and what is in front of it give {computed}")]
    Hash {
        /// The stored hash.
        stored: EntryHash,
        /// The hash that it should be.
        computed: EntryHash,
    },
    /// An entry's balance doesn't follow from the one before.
    #[error("{} {quantity} on {before} doesn't give {stored}", action.as_str())]
    Balance {
        /// The entry's action.
        action: EntryAction,
        /// The entry's number of pieces.
        quantity: Quantity,
        /// The position's figures before the entry.
        before: RawBalance,
        /// The position's figures after the entry, as the entry states them.
        stored: RawBalance,
    },
    /// An entry's figures of the whole stock don't follow from those before.
    #[error("its sums are {stored}, but before it they were {before}")]
    Sums {
        /// The figures before the entry.
        before: RawBalance,
        /// The figures after the entry, as the entry states them.
        stored: RawBalance,
    },
    /// A ledger doesn't begin with the creation of the stock.
    #[error("it is the first, and doesn't create the stock")]
    NotCreated,
    /// Stock is created in the middle of its ledger.
    #[error("it creates the stock, but doesn't stand at the beginning")]
    CreatedAgain,
    /// The time in an entry's id differs from the entry's time.
    #[error("it was made at {created_at}, but its id says something else")]
    IdTime {
        /// The entry's time.
        created_at: Timestamp,
    },
    /// Time runs backwards.
    #[error("it was made at {created_at}, before the entry in front of it, which is of {previous}")]
    Backwards {
        /// Time of the entry.
        created_at: Timestamp,
        /// Time of the previous entry.
        previous: Timestamp,
    },
    /// A stock is stored both as current and as deleted.
    #[error("it is kept both as current stock and as deleted stock")]
    KeptTwice,
    /// Stored figures differ from those of the ledger.
    #[error("{figures} there are {stored}, but by the ledger {ledger}")]
    Figures {
        /// The figures that differ.
        figures: Figures,
        /// The stored value.
        stored: RawBalance,
        /// The value that it should be.
        ledger: RawBalance,
    },
    /// The figures of the whole stock are not the sum of its parts.
    #[error("in all there are {stored}, but its parts add up to {parts}")]
    Parts {
        /// The stored value.
        stored: RawBalance,
        /// The sum of the parts.
        parts: RawBalance,
    },
    /// A position that has stock is missing.
    #[error("in location {location} there is nothing, but by the ledger {ledger}")]
    NoPosition {
        /// The location.
        location: LocationId,
        /// The figures of the position by the ledger.
        ledger: RawBalance,
    },
    /// The stored number of the last entry is not that of the ledger's last entry.
    #[error("its last entry is said to be {stored}, but the ledger ends with {ledger}")]
    LastNumber {
        /// The stored value.
        stored: i64,
        /// The value that it should be.
        ledger: i64,
    },
    /// The stored hash of the last entry is not that of the ledger's last entry.
    #[error("the hash of its last entry is said to be {}, but is {ledger}", hash(*stored))]
    LastHash {
        /// The stored hash, if it is one.
        stored: Option<EntryHash>,
        /// The value that it should be.
        ledger: EntryHash,
    },
    /// The stored time of creation is not that of the ledger's first entry.
    #[error("it is said to be created at {}, but was at {ledger}", time(*stored))]
    CreatedAt {
        /// The stored value.
        stored: i64,
        /// The value that it should be.
        ledger: Timestamp,
    },
    /// The stored time of the last change is before that of the ledger's last entry.
    #[error("it is said to be last changed at {}, but was at {ledger}", time(*stored))]
    UpdatedAt {
        /// The stored value.
        stored: i64,
        /// Time of the last known change.
        ledger: Timestamp,
    },
    /// The stored held quantity differs from the sum of the reservations' lines.
    #[error("{figures} reservations are said to hold {stored}, but by their lines {lines}")]
    Held {
        /// The position.
        figures: Figures,
        /// The stored value.
        stored: i64,
        /// The value that it should be.
        lines: i64,
    },
    /// The stored quantity that is set aside differs from the sum of the reservations' lines.
    #[error(
        "{figures} {stored} are said to be set aside, but by the lines of reservations {lines}"
    )]
    SetAside {
        /// The position.
        figures: Figures,
        /// The stored value.
        stored: i64,
        /// The value that it should be.
        lines: i64,
    },
    /// The stored time of the next expiry is wrong, so that a reservation may expire unnoticed.
    #[error("{}", expiry(*stored, *lines))]
    Expiry {
        /// The stored time before which no reservation expires.
        stored: Option<i64>,
        /// Time of the first expiry by the lines, if any.
        lines: Option<i64>,
    },
    /// A policy can't be read.
    #[error("{figures} its policy holds an impossible value")]
    Policy {
        /// The place that the policy is for.
        figures: Figures,
    },
    /// An alert is on or off that has to be the other at this level.
    #[error("{figures} an alert isn't as it has to be with {level} available")]
    Alerts {
        /// The place that the alert is for.
        figures: Figures,
        /// The number of available pieces by the ledger.
        level: i64,
    },
    /// Reservations hold more than is allocated. It can't be determined whether their lines or the
    /// ledger are wrong.
    #[error(
        "reservations hold {lines} {figures}, of which only {ledger} are allocated by the ledger"
    )]
    Overheld {
        /// The position.
        figures: Figures,
        /// The quantity that their lines hold.
        lines: i64,
        /// The quantity allocated there.
        ledger: Quantity,
    },
}

impl Problem {
    /// Whether the right value can't be determined from any stored data.
    pub(super) fn is_beyond_repair(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Overheld { .. } | Self::Policy { .. } => true,
            Self::Expiry { lines, .. } => lines.is_some_and(|lines| !is_time(lines)),
            _ => false,
        }
    }
}

/// Figures that are stored beside a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// Those of the whole stock.
    Sums,
    /// Those of the unlocated pool.
    Unlocated,
    /// Those of one location.
    Located(LocationId),
}

impl From<Option<LocationId>> for Figures {
    fn from(location: Option<LocationId>) -> Self {
        location.map_or(Self::Unlocated, Self::Located)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sums => f.write_str("in all"),
            Self::Unlocated => f.write_str("in no location"),
            Self::Located(location) => write!(f, "in location {location}"),
        }
    }
}

fn missing(first: i64, last: i64) -> String {
    if first == last {
        format!("entry {first} is missing")
    } else {
        format!("the entries {first} to {last} are missing")
    }
}

fn hash(stored: Option<EntryHash>) -> String {
    stored.map_or_else(|| "none".to_owned(), |hash| hash.to_string())
}

fn expiry(stored: Option<i64>, lines: Option<i64>) -> String {
    let stored = match stored {
        None => "none of its reservations is said to expire".to_owned(),
        Some(stored) => format!(
            "none of its reservations is said to expire before {}",
            time(stored)
        ),
    };
    let lines = match lines {
        None => "which is no time".to_owned(),
        Some(lines) => format!("but by their lines one does at {}", time(lines)),
    };
    format!("{stored}, {lines}")
}

fn is_time(milliseconds: i64) -> bool {
    Timestamp::from_milliseconds(milliseconds).is_some()
}

fn time(milliseconds: i64) -> String {
    Timestamp::from_milliseconds(milliseconds)
        .map_or_else(|| milliseconds.to_string(), |time| time.to_string())
}
