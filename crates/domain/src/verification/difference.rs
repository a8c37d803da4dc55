//! What isn't as it should be.

use std::fmt;

use super::stored::{RawBalance, UnreadableRow};
use crate::ledger::{EntryAction, EntryHash};
use crate::values::{LocationId, ProductId, Quantity, StockId, Timestamp};

/// Something stored that isn't as it should be, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The product, as far as it is known.
    pub product: Option<ProductId>,
    /// The stock, as far as it is known.
    pub stock: Option<StockId>,
    /// The number of the entry, if it is about a single one.
    pub sequence: Option<i64>,
    /// What is wrong.
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

/// In one line: where, and what.
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

/// What is wrong. All but the last few are about a ledger, or a single entry of it; these are about
/// what is kept beside a ledger, and can be rebuilt from it and from the lines of reservations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It can't even be told what a row belongs to.
    #[error(transparent)]
    Unreadable(UnreadableRow),
    /// There is a ledger, and no stock that it could be of.
    #[error("there is no stock that the entries {first} to {last} could be of")]
    NoStock {
        /// The number of the first entry.
        first: i64,
        /// The number of the last entry.
        last: i64,
    },
    /// Numbers are left out.
    #[error("{}", missing(*first, *last))]
    Missing {
        /// The first that is.
        first: i64,
        /// The last that is.
        last: i64,
    },
    /// An entry's number isn't one, or another's.
    #[error("its number is not the next one, which is {expected}")]
    Number {
        /// What it should be.
        expected: i64,
    },
    /// An entry can't be read.
    #[error("its {column} holds an impossible value")]
    Impossible {
        /// The column.
        column: &'static str,
    },
    /// The chain is broken: an entry was changed, or what comes in front of it.
    #[error("its hash is {stored}, but its content and what is in front of it give {computed}")]
    Hash {
        /// What it says.
        stored: EntryHash,
        /// What it should say.
        computed: EntryHash,
    },
    /// An entry's balance doesn't follow from the one before.
    #[error("{} {quantity} on {before} doesn't give {stored}", action.as_str())]
    Balance {
        /// What it does.
        action: EntryAction,
        /// To how many pieces.
        quantity: Quantity,
        /// What the position held before.
        before: RawBalance,
        /// What it says that the position holds after it.
        stored: RawBalance,
    },
    /// An entry's figures of the whole stock don't follow from those before.
    #[error("its sums are {stored}, but before it they were {before}")]
    Sums {
        /// What they were before.
        before: RawBalance,
        /// What it says that they are.
        stored: RawBalance,
    },
    /// A ledger begins with something else than creation.
    #[error("it is the first, and doesn't create the stock")]
    NotCreated,
    /// Stock is created in the middle of its ledger.
    #[error("it creates the stock, but doesn't stand at the beginning")]
    CreatedAgain,
    /// The time in an entry's id is another than the entry's.
    #[error("it was made at {created_at}, but its id says something else")]
    IdTime {
        /// The entry's time.
        created_at: Timestamp,
    },
    /// Time runs backwards.
    #[error("it was made at {created_at}, before the entry in front of it, which is of {previous}")]
    Backwards {
        /// When it was made.
        created_at: Timestamp,
        /// When the one before it was made.
        previous: Timestamp,
    },
    /// A stock is kept as a current and as a deleted one.
    #[error("it is kept both as current stock and as deleted stock")]
    KeptTwice,
    /// Figures aren't what the ledger says.
    #[error("{figures} there are {stored}, but by the ledger {ledger}")]
    Figures {
        /// Which.
        figures: Figures,
        /// What is stored.
        stored: RawBalance,
        /// What it should be.
        ledger: RawBalance,
    },
    /// The whole isn't what its parts are together.
    #[error("in all there are {stored}, but its parts add up to {parts}")]
    Parts {
        /// What is stored.
        stored: RawBalance,
        /// What the parts are together.
        parts: RawBalance,
    },
    /// A position is gone in which something lies.
    #[error("in location {location} there is nothing, but by the ledger {ledger}")]
    NoPosition {
        /// Where.
        location: LocationId,
        /// What lies there.
        ledger: RawBalance,
    },
    /// The number of the last entry isn't that of the ledger's.
    #[error("its last entry is said to be {stored}, but the ledger ends with {ledger}")]
    LastNumber {
        /// What is stored.
        stored: i64,
        /// What it should be.
        ledger: i64,
    },
    /// The hash of the last entry isn't that of the ledger's.
    #[error("the hash of its last entry is said to be {}, but is {ledger}", hash(*stored))]
    LastHash {
        /// What is stored, if it is a hash.
        stored: Option<EntryHash>,
        /// What it should be.
        ledger: EntryHash,
    },
    /// The time of its creation isn't that of the ledger's first entry.
    #[error("it is said to be created at {}, but was at {ledger}", time(*stored))]
    CreatedAt {
        /// What is stored.
        stored: i64,
        /// What it should be.
        ledger: Timestamp,
    },
    /// The time of its last change comes before the ledger's last entry.
    #[error("it is said to be last changed at {}, but was at {ledger}", time(*stored))]
    UpdatedAt {
        /// What is stored.
        stored: i64,
        /// When it was changed for all that is known.
        ledger: Timestamp,
    },
    /// What reservations are said to hold isn't what their lines do.
    #[error("{figures} reservations are said to hold {stored}, but by their lines {lines}")]
    Held {
        /// Where.
        figures: Figures,
        /// What is stored.
        stored: i64,
        /// What it should be.
        lines: i64,
    },
    /// A reservation may expire unnoticed.
    #[error("{}", expiry(*stored, *lines))]
    Expiry {
        /// The time before which none is said to expire.
        stored: Option<i64>,
        /// When the first one does by the lines, if any does.
        lines: Option<i64>,
    },
    /// Reservations hold what isn't there. Nobody knows whether that or the ledger is wrong.
    #[error(
        "reservations hold {lines} {figures}, of which only {ledger} are allocated by the ledger"
    )]
    Overheld {
        /// Where.
        figures: Figures,
        /// What they hold by their lines.
        lines: i64,
        /// What is allocated there.
        ledger: Quantity,
    },
}

impl Problem {
    /// Whether it can't be known from anything that is stored what should be there instead.
    pub(super) fn is_beyond_repair(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Overheld { .. } => true,
            Self::Expiry { lines, .. } => lines.is_some_and(|lines| !is_time(lines)),
            _ => false,
        }
    }
}

/// Figures that are kept beside a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// Of the whole stock.
    Sums,
    /// Of what lies in no location.
    Unlocated,
    /// Of what lies in one.
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
