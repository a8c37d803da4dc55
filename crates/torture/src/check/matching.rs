//! Finds the entries of what was asked for, by what they refer to.

use std::collections::{HashMap, HashSet};

use crate::ask::Request;
use crate::record::Record;

use super::Fault;
use super::ledger::{Item, Ledger};

/// Where the entry of a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) product: usize,
    /// Which item of the product's ledger it is.
    pub(super) item: usize,
}

/// The entries of transactions, by the number of the record and of the line in it.
pub(super) struct Found(HashMap<(usize, usize), Place>);

impl Found {
    pub(super) fn new(ledgers: &[Ledger<'_>], records: &[Record], faults: &mut Vec<Fault>) -> Self {
        let asked = asked(records);
        let mut found = Self(HashMap::new());
        let mut ids = HashSet::new();
        for ledger in ledgers {
            for (item, what) in ledger.items.iter().enumerate() {
                let Item::Entry { entry, creates, .. } = what else {
                    continue;
                };
                let sequence = entry.attributes.sequence;
                let fault = |sentence: String| {
                    let fault = Fault::new(sentence).on(ledger.product);
                    fault.at(ledger.place(item))
                };
                if !ids.insert(entry.id) {
                    let sentence = format!("the id of entry {sequence} was given twice");
                    faults.push(fault(sentence));
                }
                // What reservations do is looked at apart from all else.
                if *creates || entry.reservation().is_some() {
                    continue;
                }
                let reference = entry.attributes.reference.as_deref();
                let Some(key) = reference.and_then(|reference| asked.get(reference)) else {
                    let sentence = format!("nobody asked for entry {sequence}");
                    faults.push(fault(sentence));
                    continue;
                };
                let place = Place {
                    product: ledger.product,
                    item,
                };
                if let Some(first) = found.0.insert(*key, place) {
                    let reference = reference.unwrap_or_default();
                    let mut fault = fault(format!("{reference} was carried out twice"));
                    if first.product == place.product {
                        fault = fault.at(ledger.place(first.item));
                    }
                    if let Some(record) = records.get(key.0) {
                        fault = fault.of(record);
                    }
                    faults.push(fault);
                }
            }
        }
        found
    }

    pub(super) fn place(&self, record: usize, line: usize) -> Option<Place> {
        self.0.get(&(record, line)).copied()
    }
}

/// What was asked for, by what its entry would refer to.
fn asked(records: &[Record]) -> HashMap<String, (usize, usize)> {
    let mut asked = HashMap::new();
    for (number, record) in records.iter().enumerate() {
        let lines = match record.request {
            Request::Misuse { .. } => 1,
            _ => record.request.lines().len(),
        };
        for line in 0..lines {
            let reference = record.request.reference(&record.name, line);
            asked.insert(reference, (number, line));
        }
    }
    asked
}
