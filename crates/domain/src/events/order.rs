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

/// Time, subject, the number within the subject, and the kind.
type Place = (Timestamp, Timestamp, Uuid, u64, u8);

impl FeedItem {
    /// Sorts the events of any commits that were made since the last numbering. The events of each
    /// subject come in their order, because neither their times nor their numbers run backwards; of
    /// different subjects, only the times are in order.
    pub fn sort(items: &mut [Self]) {
        items.sort_by_cached_key(Self::place);
    }

    fn place(&self) -> Place {
        match self {
            Self::Entry(EntryRef {
                stock,
                sequence,
                at,
            }) => (*at, Timestamp::UNIX_EPOCH, stock.uuid(), *sequence, 1),
            Self::Event(event) => {
                let (generation, subject) = match (&**event, event.subject()) {
                    (_, Subject::Stock(_, stock)) => (Timestamp::UNIX_EPOCH, stock.uuid()),
                    // A product that is registered again begins with the first version.
                    (
                        Event::ProductCreated(it)
                        | Event::ProductUpdated(it)
                        | Event::ProductDeleted(it),
                        subject,
                    ) => (it.created_at, subject.id()),
                    (_, subject) => (Timestamp::UNIX_EPOCH, subject.id()),
                };
                let kind = match **event {
                    Event::StockCreated(_) => 0,
                    Event::StockDeleted(_) => u8::MAX,
                    _ => 2,
                };
                (event.at(), generation, subject, event.number(), kind)
            }
        }
    }
}
