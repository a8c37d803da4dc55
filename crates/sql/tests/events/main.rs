//! The stored form of events: what any version has written, every later one reads.
//!
//! The files beside this one are what was written. If a change to a type adds to them, the first test
//! fails and shows what is written now: add that as a file with the next number, and leave the files
//! that are there as they are.

use std::collections::BTreeMap;

use serde_json::Value;
use stockroom_domain::{Event, EventName, FeedItem, OrganizationId, StockId, Timestamp};
use stockroom_sql::{InboxRow, NewItem, PAGE_EVENTS_MAX, PageItem, PageRow, pages};
use uuid::Uuid;

/// What was written of each event; the newest last.
const EVENTS: [&str; 7] = [
    include_str!("events-1.json"),
    include_str!("events-2.json"),
    include_str!("events-3.json"),
    include_str!("events-4.json"),
    include_str!("events-5.json"),
    include_str!("events-6.json"),
    include_str!("events-7.json"),
];

fn organization() -> OrganizationId {
    OrganizationId::new(Uuid::from_u128(1))
}

fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(file).expect("a golden file is an object of events")
}

fn read(stored: &Value) -> Event {
    let row = InboxRow {
        entries: Vec::new(),
        events: Some(stored.to_string()),
    };
    let mut items = Vec::new();
    row.decode(organization(), &mut items).expect("it is read");
    match &items[..] {
        [(order, NewItem::Event(event))] => {
            let event: Event = serde_json::from_str(event.get()).expect("it is an event");
            assert_eq!(*order, event.feed_order());
            event
        }
        other => panic!("{other:?}"),
    }
}

fn entry(sequence: u64) -> NewItem<'static> {
    NewItem::Entry(StockId::new(Uuid::from_u128(2)), sequence)
}

fn decoded(page: &PageRow, after: u64, limit: usize) -> Vec<(u64, PageItem)> {
    let mut items = Vec::new();
    let done = page.decode(organization(), after, limit, &mut items);
    done.expect("it is read");
    items
}

#[test]
fn what_is_written_is_what_the_newest_file_says() {
    let newest = EVENTS.last().map(|file| golden(file)).unwrap_or_default();
    let names = newest.keys().map(String::as_str);
    let mut every: Vec<&str> = EventName::ALL.iter().map(|name| name.as_str()).collect();
    // An entry is its own event.
    every.retain(|name| *name != EventName::TransactionCreated.as_str());
    every.sort_unstable();
    assert!(names.eq(every), "an event lacks a sample");
    for (name, stored) in newest {
        let event = read(&stored);
        assert_eq!(event.name().as_str(), name);
        let written = InboxRow::of(&[], &[event]).expect("it is written");
        let written = written.events.expect("an event");
        let written: Value = serde_json::from_str(&written).expect("it is JSON");
        assert_eq!(written, stored, "now written: {written}");
    }
}

#[test]
fn what_was_ever_written_is_read() {
    for file in EVENTS {
        for (name, stored) in golden(file) {
            assert_eq!(read(&stored).name().as_str(), name);
        }
    }
}

/// Numbering sorts events by places that are written beside them.
#[test]
fn the_place_of_an_event_is_written_beside_it() {
    for (name, stored) in golden(EVENTS[EVENTS.len() - 1]) {
        let event = read(&stored);
        let row = InboxRow::of(&[], &[event.clone(), event.clone()]).expect("it is written");
        assert_eq!(row.entries.len(), 2 * 64, "{name}");
        let mut items = Vec::new();
        row.decode(organization(), &mut items).expect("it is read");
        let orders: Vec<_> = items.iter().map(|(order, _)| *order).collect();
        assert_eq!(orders, [event.feed_order(); 2], "{name}");
        for cut in [1, 63, 65] {
            let cut = InboxRow {
                entries: row.entries[cut..].to_vec(),
                ..row.clone()
            };
            let read = cut.decode(organization(), &mut Vec::new());
            assert!(read.is_err(), "{name}");
        }
    }
}

#[test]
fn another_format_is_no_event() {
    let row = InboxRow {
        entries: Vec::new(),
        events: Some(r#"{"format":2,"events":[]}"#.to_owned()),
    };
    let error = row.decode(organization(), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("event_inbox"), "{error}");
}

#[test]
fn entries_take_24_bytes_in_a_page() {
    let bytes = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2,
    ];
    let items = [entry(258)];
    let pages = pages(items, 6, Timestamp::UNIX_EPOCH).expect("they are written");
    let [page] = &pages[..] else {
        panic!("{pages:?}");
    };
    assert_eq!(page.entries, bytes);
    assert_eq!((page.first_position, page.last_position), (7, 7));
    let stock = StockId::new(Uuid::from_u128(2));
    assert_eq!(decoded(page, 6, 10), [(7, PageItem::Entry(stock, 258))]);
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let created = golden(EVENTS[0]);
    let event = FeedItem::Event(Box::new(read(&created["product.created"])));
    let event = NewItem::of(&event).expect("it is written");
    let mut items: Vec<NewItem<'_>> = (1..=PAGE_EVENTS_MAX as u64 + 5).map(entry).collect();
    items.insert(3, event.clone());
    items.push(event);
    let count = items.len() as u64;
    let pages = pages(items, 0, Timestamp::UNIX_EPOCH).expect("they are written");
    assert_eq!(pages.len(), 2);
    let read: Vec<_> = pages
        .iter()
        .flat_map(|page| decoded(page, 0, usize::MAX))
        .collect();
    let positions = read.iter().map(|(position, _)| *position);
    assert!(positions.eq(1..=count));
    assert!(matches!(read[3].1, PageItem::Event(_)));
    assert!(matches!(read.last(), Some((_, PageItem::Event(_)))));
    // A part of a page.
    let part = decoded(&pages[0], 2, 2);
    assert_eq!(part, read[2..4]);
}
