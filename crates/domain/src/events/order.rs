//! The order of events in a feed.

use uuid::Uuid;

use super::{Event, Subject};
use crate::ledger::Entry;
use crate::values::{StockId, Timestamp};

/// A reference to an entry of a ledger, which is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef {
    /// The stock.
    pub stock: StockId,
    /// The entry's place in the ledger.
    pub sequence: u64,
    /// Time of the entry.
    pub at: Timestamp,
}

impl From<&Entry> for EntryRef {
    fn from(entry: &Entry) -> Self {
        Self {
            stock: entry.stock,
            sequence: entry.sequence,
            at: entry.created_at,
        }
    }
}

/// An event as a feed holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedItem {
    /// An entry of a ledger.
    Entry(EntryRef),
    /// Anything else.
    Event(Box<Event>),
}

/// The place of an event among those of any commits that were made since the last numbering. The events of
/// each subject come in their order, because neither their times nor their numbers run backwards; of
/// different subjects, only the times are in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedOrder {
    /// Time of the event.
    pub at: Timestamp,
    /// Time of registration of a product, which may be registered again, beginning with the first version;
    /// of all else the same.
    pub generation: Timestamp,
    /// The subject.
    pub subject: Uuid,
    /// The number within the subject.
    pub number: u64,
    /// The place among events of one number.
    pub kind: u8,
}

impl EntryRef {
    /// Its place among other events.
    #[must_use]
    pub const fn feed_order(&self) -> FeedOrder {
        FeedOrder {
            at: self.at,
            generation: Timestamp::UNIX_EPOCH,
            subject: self.stock.uuid(),
            number: self.sequence,
            kind: 1,
        }
    }
}

impl Event {
    /// Its place among other events.
    #[must_use]
    pub fn feed_order(&self) -> FeedOrder {
        let (generation, subject) = match (self, self.subject()) {
            (_, Subject::Stock(_, stock)) => (Timestamp::UNIX_EPOCH, stock.uuid()),
            (
                Self::ProductCreated(it) | Self::ProductUpdated(it) | Self::ProductDeleted(it),
                subject,
            ) => (it.created_at, subject.id()),
            (_, subject) => (Timestamp::UNIX_EPOCH, subject.id()),
        };
        FeedOrder {
            at: self.at(),
            generation,
            subject,
            number: self.number(),
            kind: match self {
                Self::StockCreated(_) => 0,
                Self::StockDeleted(_) => u8::MAX,
                Self::StockLow(_) | Self::StockRecovered(_) => 3,
                _ => 2,
            },
        }
    }
}

impl FeedItem {
    /// Sorts events that are numbered together.
    pub fn sort(items: &mut [Self]) {
        items.sort_by_cached_key(|item| match item {
            Self::Entry(entry) => entry.feed_order(),
            Self::Event(event) => event.feed_order(),
        });
    }
}
