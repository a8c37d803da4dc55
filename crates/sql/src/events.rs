//! The feed of events, as rows.
//!
//! Entries of ledgers are referred to by 24 bytes each: the stock and the sequence number, the most
//! significant byte first. In the inbox the time of the entry follows, 8 bytes, by which events are
//! sorted. All other events are JSON, with a version. In a page, an entry of a stock of zeros stands for
//! the other event with its number, counted from 0. In the inbox it stands for the next other event: the
//! 48 bytes behind the zeros are the event's place in the order of the feed, so that numbering doesn't have
//! to read the event.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stockroom_application::ports::{FeedContent, FeedEvent, FeedState, StoreError};
use stockroom_domain::{
    BatchEntry, Entry, EntryRef, Event, FeedId, FeedItem, FeedOrder, OrganizationId, Recorded,
    StockId, StockKey, Timestamp,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer};

/// The largest number of events in a page.
pub const PAGE_EVENTS_MAX: usize = 10_000;

/// The number of bytes after which a page ends early.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The version of the JSON. It changes only if older events can no longer be read. To avoid that, a new
/// field gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

const ENTRY_BYTES: usize = 24;
const INBOX_ENTRY_BYTES: usize = 32;
const INBOX_EVENT_BYTES: usize = 64;

#[derive(Serialize)]
struct Written<'a, T> {
    format: u32,
    events: &'a [T],
}

#[derive(Deserialize)]
struct Read<'a> {
    format: u32,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

fn to_json(event: &Event) -> Result<Box<RawValue>, StoreError> {
    serde_json::value::to_raw_value(event).map_err(|error| StoreError::Failed(Box::new(error)))
}

fn to_text<T: Serialize>(events: &[T]) -> Result<Option<String>, StoreError> {
    if events.is_empty() {
        return Ok(None);
    }
    let format = FORMAT;
    let text = serde_json::to_string(&Written { format, events });
    text.map(Some)
        .map_err(|error| StoreError::Failed(Box::new(error)))
}

fn from_text<'a>(row: Row, text: Option<&'a str>) -> Result<Vec<&'a RawValue>, StoreError> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let read: Read<'a> = row.valid("events", serde_json::from_str(text))?;
    if read.format == FORMAT {
        Ok(read.events)
    } else {
        Err(row.corrupt("events"))
    }
}

/// A row of `event_inbox`: the events of one commit, without positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// The column `entries`.
    pub entries: Vec<u8>,
    /// The column `events`.
    pub events: Option<String>,
}

impl InboxRow {
    /// The row of a commit with these entries and other events.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if an event can't be written as JSON, which is a fault of the program.
    pub fn of(entries: &[Entry], events: &[Event]) -> Result<Self, StoreError> {
        let mut bytes = Vec::with_capacity(entries.len().saturating_mul(INBOX_ENTRY_BYTES));
        for entry in entries.iter().map(EntryRef::from) {
            bytes.extend(entry.stock.uuid().as_bytes());
            bytes.extend(entry.sequence.to_be_bytes());
            bytes.extend(entry.at.as_milliseconds().to_be_bytes());
        }
        for event in events {
            write_order(event.feed_order(), &mut bytes);
        }
        let events: Vec<_> = events.iter().map(to_json).collect::<Result<_, _>>()?;
        Ok(Self {
            entries: bytes,
            events: to_text(&events)?,
        })
    }

    /// Whether the commit made no events.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.events.is_none()
    }

    /// Adds the events to `items`, each with its place in the order of the feed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode<'a>(
        &'a self,
        organization: OrganizationId,
        items: &mut Vec<(FeedOrder, NewItem<'a>)>,
    ) -> Result<(), StoreError> {
        let row = Row::new("event_inbox", organization.uuid());
        let mut events = from_text(row, self.events.as_deref())?.into_iter();
        let mut rest = &self.entries[..];
        while let Some((entry, behind)) = rest.split_first_chunk::<ENTRY_BYTES>() {
            let (stock, sequence) = entry_of(entry);
            if stock.uuid().is_nil() {
                let event = row.valid("entries", rest.split_first_chunk().ok_or(()))?;
                let (order, behind): (&[u8; INBOX_EVENT_BYTES], _) = event;
                let order = row.valid("entries", read_order(order).ok_or(()))?;
                let event = row.valid("events", events.next().ok_or(()))?;
                items.push((order, NewItem::Event(Cow::Borrowed(event))));
                rest = behind;
                continue;
            }
            let at = row.valid("entries", behind.split_first_chunk().ok_or(()))?;
            let at = row.timestamp("entries", i64::from_be_bytes(*at.0))?;
            let entry = EntryRef {
                stock,
                sequence,
                at,
            };
            items.push((entry.feed_order(), NewItem::Entry(stock, sequence)));
            rest = rest.get(INBOX_ENTRY_BYTES..).unwrap_or_default();
        }
        row.valid("entries", rest.is_empty().then_some(()).ok_or(()))?;
        // Events that were written before their places were.
        for event in events {
            let read: Event = row.valid("events", serde_json::from_str(event.get()))?;
            items.push((read.feed_order(), NewItem::Event(Cow::Borrowed(event))));
        }
        Ok(())
    }
}

/// An event that is about to get a position.
#[derive(Debug, Clone)]
pub enum NewItem<'a> {
    /// An entry of a ledger.
    Entry(StockId, u64),
    /// Anything else, as JSON.
    Event(Cow<'a, RawValue>),
}

impl NewItem<'static> {
    /// The form of an event that pages are made of.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it can't be written as JSON, which is a fault of the program.
    pub fn of(item: &FeedItem) -> Result<Self, StoreError> {
        Ok(match item {
            FeedItem::Entry(entry) => Self::Entry(entry.stock, entry.sequence),
            FeedItem::Event(event) => Self::Event(Cow::Owned(to_json(event)?)),
        })
    }
}

/// Writes the place of an event that isn't an entry, behind the zeros that say so.
fn write_order(order: FeedOrder, bytes: &mut Vec<u8>) {
    bytes.extend(Uuid::nil().as_bytes());
    bytes.extend(order.at.as_milliseconds().to_be_bytes());
    bytes.extend(order.generation.as_milliseconds().to_be_bytes());
    bytes.extend(order.subject.as_bytes());
    bytes.extend(order.number.to_be_bytes());
    bytes.extend(u64::from(order.kind).to_be_bytes());
}

/// The place for which [`write_order`] writes these bytes.
fn read_order(bytes: &[u8; INBOX_EVENT_BYTES]) -> Option<FeedOrder> {
    let part = |from: usize| -> Option<u64> {
        let bytes = bytes.get(from..from + 8)?;
        bytes.try_into().ok().map(u64::from_be_bytes)
    };
    let time = |from| Timestamp::from_milliseconds(part(from)?.cast_signed());
    Some(FeedOrder {
        at: time(16)?,
        generation: time(24)?,
        subject: Uuid::from_slice(bytes.get(32..48)?).ok()?,
        number: part(48)?,
        kind: part(56)?.try_into().ok()?,
    })
}

fn entry_of(bytes: &[u8; ENTRY_BYTES]) -> (StockId, u64) {
    let mut stock = [0; 16];
    let mut sequence = [0; 8];
    let (one, other) = bytes.split_at(stock.len());
    stock.copy_from_slice(one);
    sequence.copy_from_slice(other);
    (
        StockId::new(Uuid::from_bytes(stock)),
        u64::from_be_bytes(sequence),
    )
}

row! {
    /// A row of `event_pages`: events that follow each other.
    PageRow {
        last_position: i64,
        first_position: i64,
        entries: Vec<u8>,
        events: Option<String>,
        written_at: i64,
    }
}

/// An event in a page.
#[derive(Debug, Clone, PartialEq)]
pub enum PageItem {
    /// An entry of a ledger.
    Entry(StockId, u64),
    /// Anything else.
    Event(Box<Event>),
}

impl PageItem {
    /// The stocks of the entries among these.
    #[must_use]
    pub fn stocks(items: &[(u64, Self)]) -> BTreeSet<StockId> {
        let stocks = items.iter().filter_map(|(_, item)| match item {
            Self::Entry(stock, _) => Some(*stock),
            Self::Event(_) => None,
        });
        stocks.collect()
    }

    /// The entries among these whose stocks are known.
    pub fn entries(
        items: &[(u64, Self)],
        stocks: &BTreeMap<StockId, StockKey>,
    ) -> impl Iterator<Item = BatchEntry> {
        items.iter().filter_map(|(_, item)| match item {
            Self::Entry(stock, sequence) => Some(BatchEntry {
                product: stocks.get(stock)?.product,
                stock: *stock,
                sequence: *sequence,
            }),
            Self::Event(_) => None,
        })
    }
}

impl PageRow {
    /// The number of bytes that the events take.
    #[must_use]
    pub fn bytes(&self) -> i64 {
        let events = self.events.as_ref().map_or(0, String::len);
        let bytes = self.entries.len().saturating_add(events);
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// Adds the events with positions above `after` to `items`, with their positions, up to `limit` in
    /// all.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: usize,
        items: &mut Vec<(u64, PageItem)>,
    ) -> Result<(), StoreError> {
        let row = Row::new("event_pages", organization.uuid());
        let first = row.valid("first_position", u64::try_from(self.first_position))?;
        let events = from_text(row, self.events.as_deref())?;
        for (position, bytes) in (first..).zip(self.entries.chunks(ENTRY_BYTES)) {
            if items.len() >= limit {
                break;
            }
            if position <= after {
                continue;
            }
            let (stock, number) = entry_of(row.valid("entries", bytes.try_into())?);
            let item = if stock.uuid().is_nil() {
                let event = usize::try_from(number).ok().and_then(|it| events.get(it));
                let event = row.valid("entries", event.ok_or(()))?;
                PageItem::Event(row.valid("events", serde_json::from_str(event.get()))?)
            } else {
                PageItem::Entry(stock, number)
            };
            items.push((position, item));
        }
        Ok(())
    }
}

/// The pages of these events, which come after the position `head`.
///
/// # Errors
/// [`StoreError::Failed`] if a page can't be written as JSON, which is a fault of the program.
pub fn pages<'a>(
    items: impl IntoIterator<Item = NewItem<'a>>,
    head: u64,
    written_at: Timestamp,
) -> Result<Vec<PageRow>, StoreError> {
    let mut pages = Vec::new();
    let mut first = head.saturating_add(1);
    let mut entries = Vec::new();
    let mut events: Vec<Cow<'a, RawValue>> = Vec::new();
    let mut events_bytes: usize = 0;
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        match item {
            NewItem::Entry(stock, sequence) => {
                entries.extend(stock.uuid().as_bytes());
                entries.extend(sequence.to_be_bytes());
            }
            NewItem::Event(event) => {
                events_bytes = events_bytes.saturating_add(event.get().len());
                entries.extend(Uuid::nil().as_bytes());
                entries.extend((events.len() as u64).to_be_bytes());
                events.push(event);
            }
        }
        let count = entries.len() / ENTRY_BYTES;
        let is_full = count >= PAGE_EVENTS_MAX || events_bytes >= PAGE_BYTES_MAX;
        if is_full || items.peek().is_none() {
            let end = first.saturating_add(count as u64);
            pages.push(PageRow {
                last_position: integer(end.saturating_sub(1)),
                first_position: integer(first),
                entries: std::mem::take(&mut entries),
                events: to_text(&std::mem::take(&mut events))?,
                written_at: written_at.as_milliseconds(),
            });
            events_bytes = 0;
            first = end;
        }
    }
    Ok(pages)
}

/// The events of a page, with the entries and the keys of the stocks that they refer to.
///
/// # Errors
/// [`StoreError::Corrupt`] if the database lacks an entry.
pub fn feed_events(
    organization: OrganizationId,
    items: Vec<(u64, PageItem)>,
    stocks: &BTreeMap<StockId, StockKey>,
    entries: Vec<Recorded>,
) -> Result<Vec<FeedEvent>, StoreError> {
    let row = Row::new("event_pages", organization.uuid());
    let entries = entries.into_iter();
    let mut entries: HashMap<(StockId, u64), Recorded> = entries
        .map(|it| ((it.entry.stock, it.entry.sequence), it))
        .collect();
    let events = items.into_iter().map(|(position, item)| {
        let content = match item {
            PageItem::Event(event) => FeedContent::Event(event),
            PageItem::Entry(stock, sequence) => {
                let found = entries.remove(&(stock, sequence));
                let (recorded, key) =
                    row.valid("entries", found.zip(stocks.get(&stock).copied()).ok_or(()))?;
                FeedContent::Entry(Box::new(recorded), key.owner)
            }
        };
        Ok(FeedEvent { position, content })
    });
    events.collect()
}

row! {
    /// A row of `event_heads`: the state of a feed.
    FeedRow {
        feed_id: Uuid,
        oldest: i64,
        head: i64,
        bytes: i64,
    }
}

/// The oldest pages of a feed that are to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgettable {
    /// The last position in the last of them.
    pub last_position: i64,
    /// Their size in bytes.
    pub bytes: i64,
    /// Their number.
    pub pages: usize,
}

impl FeedRow {
    /// Those of the oldest pages, each given by its last position, its size and the time at which it was
    /// written, that were written before a time or are too many for `bytes_max` bytes in all. `None` if
    /// there are none.
    #[must_use]
    pub fn forgettable(
        &self,
        pages: impl IntoIterator<Item = (i64, i64, i64)>,
        before: Timestamp,
        bytes_max: u64,
    ) -> Option<Forgettable> {
        let mut found: Option<Forgettable> = None;
        for (last_position, bytes, written_at) in pages {
            let forgotten = found.map_or(0, |found| found.bytes);
            let is_old = written_at < before.as_milliseconds();
            if !is_old && self.bytes.saturating_sub(forgotten) <= integer(bytes_max) {
                break;
            }
            found = Some(Forgettable {
                last_position,
                bytes: forgotten.saturating_add(bytes),
                pages: found.map_or(0, |found| found.pages) + 1,
            });
        }
        found
    }

    /// Decodes the state.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(&self, organization: OrganizationId) -> Result<FeedState, StoreError> {
        let row = Row::new("event_heads", organization.uuid());
        Ok(FeedState {
            id: FeedId::new(self.feed_id),
            oldest: row.valid("oldest", u64::try_from(self.oldest))?,
            head: row.valid("head", u64::try_from(self.head))?,
        })
    }
}
