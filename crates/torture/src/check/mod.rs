//! Whether all promises were kept: what was asked and answered, held against the ledgers.
//!
//! There is one proof, the search in [`spec`], for everything that is changed by one call after
//! another: there is an order of all calls in which each did what the client was told, and whatever was
//! answered before something else was asked comes before it. Each reservation is searched first, which
//! says who wrote which of its entries, and then each stock, whose ledger is the order of its changes.

mod answers;
mod feed;
mod ledger;
mod reservations;
mod spec;
mod stock;
#[cfg(test)]
mod tests;
mod written;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ask::Product;
use crate::feed::Feed;
use crate::ledger::{Entry, Reading};
use crate::record::Record;
use crate::reservation::Shown;

use ledger::Ledger;

/// All that is known of a round.
pub(crate) struct Evidence {
    pub(crate) products: Arc<[Product]>,
    pub(crate) records: Vec<Record>,
    /// For each product.
    pub(crate) readings: Vec<Reading>,
    /// All that were made, as they stand in the end.
    pub(crate) reservations: Vec<Shown>,
    /// The feed of events, from the beginning of the round on.
    pub(crate) feed: Feed,
    /// When the round began, as servers tell the time.
    pub(crate) epoch: Timestamp,
}

impl Evidence {
    /// What a reservation wrote to the ledgers of products.
    pub(crate) fn entries_of(&self, reservation: Uuid) -> impl Iterator<Item = (usize, &Entry)> {
        let readings = self.readings.iter().enumerate();
        let all = readings.flat_map(|(product, reading)| {
            let entries = reading.history.iter();
            entries.map(move |entry| (product, entry))
        });
        all.filter(move |(_, entry)| entry.reservation() == Some(reservation))
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) sentence: String,
    pub(crate) product: Option<usize>,
    /// Which entries of the product's ledger are concerned, counted from 0.
    pub(crate) entries: Vec<usize>,
    /// The names of the requests that are.
    pub(crate) requests: Vec<Arc<str>>,
    /// The reservation that is.
    pub(crate) reservation: Option<Uuid>,
}

impl Fault {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            product: None,
            entries: Vec::new(),
            requests: Vec::new(),
            reservation: None,
        }
    }

    pub(crate) fn on(mut self, product: usize) -> Self {
        self.product = Some(product);
        self
    }

    pub(crate) fn at(mut self, entry: usize) -> Self {
        self.entries.push(entry);
        self
    }

    pub(crate) fn of(mut self, record: &Record) -> Self {
        self.requests.push(Arc::clone(&record.name));
        self
    }
}

/// All faults that are found; none if every promise was kept.
pub(crate) fn faults(evidence: &Evidence) -> Vec<Fault> {
    let records = &evidence.records;
    let mut faults = answers::faults(records);
    let mut ledgers = Vec::new();
    for (number, (product, reading)) in evidence.products.iter().zip(&evidence.readings).enumerate()
    {
        match Ledger::new(number, product, reading) {
            Ok(ledger) => ledgers.push(Some(ledger)),
            Err(fault) => {
                faults.push(*fault);
                ledgers.push(None);
            }
        }
    }
    if ledgers.iter().any(Option::is_none) {
        // What follows takes ledgers that are sound.
        return faults;
    }
    let ledgers: Vec<Ledger<'_>> = ledgers.into_iter().flatten().collect();
    if let Some(moved) = reservations::check(evidence, &ledgers, &mut faults) {
        stock::check(evidence, &ledgers, moved, &mut faults);
    }
    faults.extend(feed::faults(evidence));
    faults
}
