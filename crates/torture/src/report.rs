//! What is said of a fault: enough to understand it without running it again.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use crate::ask::{Message, Product, Request};
use crate::check::{Evidence, Fault};
use crate::ledger::Entry;
use crate::record::Record;
use crate::reservation::Shown;

/// How many entries are shown before and after those that are concerned.
const AROUND: usize = 4;
/// The most entries that are shown of one fault.
const ENTRIES_MAX: usize = 40;
/// How many faults are shown in full.
const FAULTS_MAX: usize = 3;
/// How much is shown of an answer; all of it is in the history that is kept.
const CHARACTERS_MAX: usize = 500;

/// The first faults of a round, with what they are about.
pub(crate) struct Report<'a> {
    pub(crate) faults: &'a [Fault],
    pub(crate) evidence: &'a Evidence,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in self.faults.iter().take(FAULTS_MAX) {
            writeln!(f, "\n*** {}", fault.sentence)?;
            show(f, self.evidence, fault)?;
        }
        let more = self.faults.len().saturating_sub(FAULTS_MAX);
        if more > 0 {
            writeln!(f, "\n{more} more:")?;
            for fault in self.faults.iter().skip(FAULTS_MAX) {
                writeln!(f, "*** {}", fault.sentence)?;
            }
        }
        Ok(())
    }
}

fn show(f: &mut fmt::Formatter<'_>, evidence: &Evidence, fault: &Fault) -> fmt::Result {
    let mut names: BTreeSet<&str> = fault.requests.iter().map(AsRef::as_ref).collect();
    if let Some(product) = fault.product {
        if let Some(product) = evidence.products.get(product) {
            let (id, kind) = (product.id, product.kind);
            writeln!(f, "  product {id} ({kind:?})")?;
        }
        let shown = around(evidence, product, &fault.entries);
        if !shown.is_empty() {
            writeln!(f, "  its ledger:")?;
        }
        for entry in shown {
            writeln!(f, "  {entry}")?;
            names.extend(entry.reference.as_deref());
        }
    }
    let is_it = |shown: &&Shown| Some(shown.id) == fault.reservation;
    for shown in evidence.reservations.iter().filter(is_it) {
        writeln!(f, "  {shown:?}")?;
        for (number, entry) in evidence.entries_of(shown.id).take(ENTRIES_MAX) {
            writeln!(f, "  product {number}: {entry}")?;
        }
    }
    if !names.is_empty() {
        writeln!(f, "  requests:")?;
    }
    for record in by_time(&evidence.records) {
        let is_shown = |name: &&str| {
            let rest = name.strip_prefix(&*record.name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        if names.iter().any(is_shown) {
            let text = told(record, &evidence.products);
            for line in text.lines() {
                let line: String = line.chars().take(CHARACTERS_MAX).collect();
                writeln!(f, "    {line}")?;
            }
        }
    }
    Ok(())
}

/// A request as it was sent, and all answers.
fn told(record: &Record, products: &[Product]) -> String {
    let Message { method, path, body } = record.request.message(&record.name, products);
    let keyed = match record.request {
        Request::Misuse { of, .. } => format!("under the key of number {of}"),
        _ if record.keyed => "keyed".to_owned(),
        _ => "unkeyed".to_owned(),
    };
    let body = body.map_or(String::new(), |body| body.to_string());
    let mut text = format!("{} ({keyed}): {method} {path} {body}", record.name);
    for attempt in &record.attempts {
        let _text_is_written = write!(text, "\n      {attempt}");
    }
    text
}

fn by_time(records: &[Record]) -> Vec<&Record> {
    let mut records: Vec<&Record> = records.iter().collect();
    records.sort_by_key(|record| record.invoked());
    records
}

/// The entries of a product's ledger that are concerned, and some around them.
fn around<'a>(evidence: &'a Evidence, product: usize, entries: &[usize]) -> Vec<&'a Entry> {
    let Some(reading) = evidence.readings.get(product) else {
        return Vec::new();
    };
    let shown = reading.history.iter().enumerate().filter(|(number, _)| {
        entries
            .iter()
            .any(|entry| number.abs_diff(*entry) <= AROUND)
    });
    shown.map(|(_, entry)| entry).take(ENTRIES_MAX).collect()
}

/// All that is known of a round, as a text.
pub(crate) fn history(evidence: &Evidence) -> String {
    let mut text = String::new();
    for (number, (product, reading)) in evidence.products.iter().zip(&evidence.readings).enumerate()
    {
        let (id, kind) = (product.id, product.kind);
        let _text_is_written = writeln!(text, "product {number} {id} ({kind:?})");
        for (server, stock) in (1..).zip(&reading.stocks) {
            let stock = stock.as_ref();
            let stock = stock.map_or("no stock".to_owned(), ToString::to_string);
            let _text_is_written = writeln!(text, "  on server {server}: {stock}");
        }
        for entry in &reading.history {
            let _text_is_written = writeln!(text, "  {entry}");
        }
    }
    for shown in &evidence.reservations {
        let _text_is_written = writeln!(text, "{shown:?}");
    }
    let _text_is_written = writeln!(text, "the round began at {}", evidence.epoch);
    for record in by_time(&evidence.records) {
        let _text_is_written = writeln!(text, "{}", told(record, &evidence.products));
    }
    text
}
