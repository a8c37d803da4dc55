//! The feed of events.

use serde_json::json;
use uuid::Uuid;

use crate::check::{Evidence, feed};
use crate::feed::{Attributes, Event, Feed, Reader, Subject};
use crate::ledger::{self, Entry, Reading};

/// The feed that tells just what was read.
pub(super) fn told(readings: &[Reading]) -> Feed {
    let entries = readings.iter().flat_map(|reading| &reading.history);
    let events = entries.zip(1..).map(|(entry, position)| Event {
        id: entry.id,
        attributes: Attributes {
            position,
            event: "stock-transaction.created".to_owned(),
            subject: Subject {
                id: entry.product_id,
                stock_id: Some(entry.stock_id),
            },
            sequence: entry.sequence,
            data: json!({ "meta": { "hash": entry.hash } }),
        },
    });
    let followed: Vec<Event> = events.collect();
    let readers = [Reader::Streams, Reader::AtTheEnd { server: 0 }];
    Feed {
        others: readers.map(|reader| (reader, followed.clone())).into(),
        followed,
    }
}

fn entry(sequence: u64) -> Entry {
    let shown = json!({
        "id": Uuid::from_u128(sequence.into()),
        "type": "stock-transaction",
        "attributes": {
            "action": "increment",
            "product_id": Uuid::from_u128(100),
            "quantity": 1,
            "balance": { "available": sequence, "allocated": 0, "total": sequence },
            "sequence": sequence,
        },
        "meta": {
            "timestamps": { "created_at": "2026-01-01T00:00:00.000Z" },
            "stock_id": Uuid::from_u128(200),
            "hash": format!("hash {sequence}"),
        },
    });
    ledger::read(&shown).unwrap()
}

/// The faults of a ledger of three entries whose feed is changed.
#[track_caller]
fn assert_faults(change: impl FnOnce(&mut Feed), says: &[&str]) {
    let readings = vec![Reading {
        history: (1..=3).map(entry).collect(),
        ..Reading::default()
    }];
    let mut feed = told(&readings);
    change(&mut feed);
    let evidence = Evidence {
        products: Vec::new().into(),
        records: Vec::new(),
        readings,
        reservations: Vec::new(),
        feed,
        epoch: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let faults = feed::faults(&evidence);
    assert_eq!(faults.len(), says.len(), "{faults:?}");
    for (fault, says) in faults.iter().zip(says) {
        assert!(fault.sentence.contains(says), "{fault:?}");
    }
}

/// Changes what everybody reads.
fn for_all(change: impl Fn(&mut Vec<Event>)) -> impl FnOnce(&mut Feed) {
    move |feed| {
        change(&mut feed.followed);
        for (_, events) in &mut feed.others {
            change(events);
        }
    }
}

#[test]
fn a_sound_feed_has_no_fault() {
    assert_faults(|_| {}, &[]);
}

#[test]
fn an_event_that_the_follower_missed_is_found() {
    let missed = |feed: &mut Feed| {
        let (_, events) = &mut feed.others[1];
        events.insert(1, events[0].clone());
    };
    assert_faults(missed, &["they differ after 1"]);
}

#[test]
fn an_event_that_a_stream_left_out_is_found() {
    let left_out = |feed: &mut Feed| {
        let (_, events) = &mut feed.others[0];
        events.remove(1);
    };
    assert_faults(left_out, &["the reader of streams 2; they differ after 1"]);
}

#[test]
fn a_lost_event_is_found() {
    let lost = for_all(|events| {
        events.pop();
    });
    assert_faults(lost, &["no event tells of transaction"]);
}

#[test]
fn a_gap_is_found() {
    let gap = for_all(|events| events[2].attributes.position = 4);
    assert_faults(gap, &["position 4 of the feed follows 2"]);
}

#[test]
fn a_subject_out_of_order_is_found() {
    let swapped = for_all(|events| {
        events.swap(0, 1);
        events[0].attributes.position = 1;
        events[1].attributes.position = 2;
    });
    assert_faults(swapped, &["number 1 of Subject"]);
}

#[test]
fn an_event_that_tells_something_else_is_found() {
    let other = for_all(|events| events[1].attributes.data = json!({}));
    assert_faults(other, &["tells something else"]);
}

#[test]
fn an_event_without_an_entry_is_found() {
    let made_up = for_all(|events| {
        let mut event = events[2].clone();
        event.id = Uuid::from_u128(9);
        event.attributes.position = 4;
        event.attributes.sequence = 4;
        events.push(event);
    });
    assert_faults(made_up, &["which no ledger has"]);
}
