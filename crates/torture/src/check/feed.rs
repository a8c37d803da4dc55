//! The feed of events: without a gap, each entry once, each subject in order, and the same for all.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Evidence, Fault};
use crate::feed::{Event, Subject};

const TRANSACTION: &str = "stock-transaction.created";

/// What is wrong with the feed.
pub(super) fn faults(evidence: &Evidence) -> Vec<Fault> {
    let feed = &evidence.feed;
    let mut faults = Vec::new();
    for (reader, events) in &feed.others {
        if *events != feed.followed {
            let pairs = events.iter().zip(&feed.followed);
            let same = pairs.take_while(|(one, other)| one == other).count();
            faults.push(Fault::new(format!(
                "the reader of pages saw {} events, and {reader} {}; they differ after {same}",
                feed.followed.len(),
                events.len(),
            )));
        }
    }
    faults.extend(order(&feed.followed));
    faults.extend(entries(evidence));
    faults
}

/// Gaps, and subjects that are out of order.
fn order(events: &[Event]) -> Option<Fault> {
    let positions = events.iter().map(|event| event.attributes.position);
    let gap = positions.clone().zip(positions.skip(1));
    if let Some((one, next)) = gap.into_iter().find(|(one, next)| one + 1 != *next) {
        return Some(Fault::new(format!(
            "position {next} of the feed follows {one}"
        )));
    }
    let mut last: BTreeMap<&Subject, (u64, bool)> = BTreeMap::new();
    for event in events {
        let attributes = &event.attributes;
        let is_entry = attributes.event == TRANSACTION;
        let place = (attributes.sequence, is_entry);
        // The creation of a stock, and its deletion, have the number of an entry beside them.
        let follows = |before: (u64, bool)| {
            attributes.sequence == before.0 + 1
                || (attributes.sequence == before.0 && !(is_entry && before.1))
        };
        let before = last.insert(&attributes.subject, place);
        if before.is_some_and(|before| !follows(before)) {
            return Some(Fault::new(format!(
                "number {} of {:?} comes at position {} of the feed, after number {}",
                attributes.sequence,
                attributes.subject,
                attributes.position,
                before.unwrap_or_default().0,
            )));
        }
    }
    None
}

/// Entries of ledgers that the feed lacks, has twice, or has made up.
fn entries(evidence: &Evidence) -> Option<Fault> {
    let mut told: BTreeMap<Uuid, &Event> = BTreeMap::new();
    let events = evidence.feed.followed.iter();
    for event in events.filter(|event| event.attributes.event == TRANSACTION) {
        if told.insert(event.id, event).is_some() {
            return Some(Fault::new(format!(
                "transaction {} is told twice",
                event.id
            )));
        }
    }
    for reading in &evidence.readings {
        for entry in &reading.history {
            let Some(event) = told.remove(&entry.id) else {
                return Some(Fault::new(format!(
                    "no event tells of transaction {}",
                    entry.id
                )));
            };
            let hash = event.attributes.data.pointer("/meta/hash");
            if hash.and_then(serde_json::Value::as_str) != Some(&entry.hash) {
                return Some(Fault::new(format!(
                    "the event of transaction {} tells something else",
                    entry.id
                )));
            }
        }
    }
    let unknown = told.keys().next();
    unknown.map(|id| {
        Fault::new(format!(
            "the feed tells of transaction {id}, which no ledger has"
        ))
    })
}
