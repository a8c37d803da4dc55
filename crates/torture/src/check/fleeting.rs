//! Stock that is deleted and created anew. The ledger of its last life is there; of the lives before
//! it, only what was answered.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::ask::Request;
use crate::ledger::{self, Entry, StockBody};
use crate::record::Record;

use super::Fault;
use super::ledger::Ledger;
use super::matching::Found;

pub(super) fn check(
    ledger: &Ledger<'_>,
    records: &[Record],
    found: &Found,
    faults: &mut Vec<Fault>,
) {
    let product = ledger.product;
    for (number, record) in records.iter().enumerate() {
        let sentence = match &record.request {
            Request::Transact(line) if line.product == product => {
                transaction(ledger, number, record, records, found)
                    .or_else(|| unfound(record, product, records))
            }
            Request::Create { product: it, .. } if *it == product => {
                creation(ledger, record, records)
            }
            Request::Delete { product: it } if *it == product => {
                deletion(ledger, record, records).or_else(|| unfound(record, product, records))
            }
            Request::Stock { product: it } if *it == product => unfound(record, product, records),
            _ => None,
        };
        faults.extend(sentence.map(|sentence| Fault::new(sentence).on(product).of(record)));
    }
    lives(product, records, faults);
}

/// What was answered about a stock between its creation and its deletion.
struct Life<'a> {
    /// Requests that changed it, by the sequence numbers of their entries.
    changes: BTreeMap<u64, &'a Record>,
    /// The first instant at which somebody had an answer about it.
    first_answer: Duration,
    /// The last instant at which somebody asked for what was answered about it.
    last_question: Duration,
}

impl Default for Life<'_> {
    fn default() -> Self {
        Self {
            changes: BTreeMap::new(),
            first_answer: Duration::MAX,
            last_question: Duration::ZERO,
        }
    }
}

/// In each life of a stock changes are in the order of their answers, and no two lives overlap.
fn lives(product: usize, records: &[Record], faults: &mut Vec<Fault>) {
    let mut lives: BTreeMap<Uuid, Life<'_>> = BTreeMap::new();
    for record in records {
        let Some((stock, sequence)) = told(product, record) else {
            continue;
        };
        let life = lives.entry(stock).or_default();
        life.first_answer = life.first_answer.min(record.returned());
        life.last_question = life.last_question.max(record.invoked());
        let Some(sequence) = sequence else { continue };
        if let Some(other) = life.changes.insert(sequence, record) {
            let sentence = format!(
                "{} and {} were both told that theirs is entry {sequence}",
                other.name, record.name
            );
            faults.push(Fault::new(sentence).on(product).of(other).of(record));
        }
    }
    for life in lives.values() {
        let mut latest: Option<&Record> = None;
        for record in life.changes.values() {
            if let Some(before) = latest.filter(|it| it.invoked() > record.returned()) {
                let sentence = format!(
                    "{} comes before {}, which was answered before it was asked for",
                    before.name, record.name
                );
                faults.push(Fault::new(sentence).on(product).of(before).of(record));
            }
            if latest.is_none_or(|it| it.invoked() < record.invoked()) {
                latest = Some(record);
            }
        }
    }
    for (first, one) in &lives {
        for (second, other) in lives.range(first..).skip(1) {
            // One was there after the other, and the other after the one.
            if one.first_answer < other.last_question && other.first_answer < one.last_question {
                let sentence = format!("the stocks {first} and {second} were there in turns");
                faults.push(Fault::new(sentence).on(product));
            }
        }
    }
}

/// Which stock of the product a request was told of, and the sequence number of its entry if it
/// changed it.
fn told(product: usize, record: &Record) -> Option<(Uuid, Option<u64>)> {
    let answer = record.answer()?;
    match &record.request {
        Request::Transact(line) if line.product == product => {
            let entry = Entry::of(answer.body.get("data")?).ok()?;
            Some((entry.meta.stock_id, Some(entry.attributes.sequence)))
        }
        Request::Create { product: it, .. } | Request::Stock { product: it } if *it == product => {
            let stock: StockBody = ledger::data(&answer.body).ok()?;
            Some((stock.meta.stock_id, None))
        }
        _ => None,
    }
}

/// Requests that may have deleted a product's stock.
fn deletions(product: usize, records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |it| {
        matches!(it.request, Request::Delete { product: it } if it == product)
            && it.was_sent()
            && it.answer().is_none_or(|answer| answer.status == 204)
    })
}

/// Whether stock may have been deleted after a request was made.
fn may_be_deleted_after(record: &Record, product: usize, records: &[Record]) -> bool {
    deletions(product, records).any(|it| it.returned() > record.invoked())
}

/// There is always stock until it is deleted.
fn unfound(record: &Record, product: usize, records: &[Record]) -> Option<String> {
    record.answer().filter(|answer| answer.status == 404)?;
    let mut deletions = deletions(product, records).filter(|it| !std::ptr::eq(*it, record));
    let name = &record.name;
    (!deletions.any(|it| it.invoked() < record.returned()))
        .then(|| format!("{name} found no stock, before it was deleted"))
}

/// What was acknowledged is in the ledger, unless stock was deleted since. What was refused isn't.
fn transaction(
    ledger: &Ledger<'_>,
    number: usize,
    record: &Record,
    records: &[Record],
    found: &Found,
) -> Option<String> {
    let name = &record.name;
    let place = found.place(number, 0);
    let place = place.filter(|place| place.product == ledger.product);
    let written = place.and_then(|place| ledger.entries().get(place.entry));
    let Some(answer) = record.answer() else {
        let never_sent = written.is_some() && !record.was_sent();
        return never_sent.then(|| format!("{name} was carried out, and never sent whole"));
    };
    match (answer.status, written) {
        (201, Some(written)) => match Entry::of(answer.body.get("data")?) {
            Ok(said) if said == *written => None,
            Ok(said) => Some(format!(
                "{name} was answered otherwise than the ledger has it: {said}, but {written}"
            )),
            Err(error) => Some(format!("{name} was answered {error:#}")),
        },
        (201, None) => (!may_be_deleted_after(record, ledger.product, records))
            .then(|| format!("{name} was acknowledged, and is not in the ledger")),
        (_, Some(_)) => Some(format!(
            "{name} was carried out, though the answer was {answer}"
        )),
        (_, None) => None,
    }
}

/// Stock that was created is there, unless it was deleted since.
fn creation(ledger: &Ledger<'_>, record: &Record, records: &[Record]) -> Option<String> {
    let name = &record.name;
    let answer = record.answer().filter(|answer| answer.status == 201)?;
    let said: StockBody = match ledger::data(&answer.body) {
        Ok(said) => said,
        Err(error) => return Some(format!("{name} was answered {error:#}")),
    };
    let stocks = ledger.reading.stocks.iter();
    let mut others = stocks.filter(|stock| {
        let stock = stock.as_ref();
        stock.is_none_or(|stock| stock.meta.stock_id != said.meta.stock_id)
    });
    let is_gone = others.next().is_some();
    (is_gone && !may_be_deleted_after(record, ledger.product, records))
        .then(|| format!("{name} was acknowledged, and its stock is gone"))
}

/// Stock that was deleted is gone, unless it was created since.
fn deletion(ledger: &Ledger<'_>, record: &Record, records: &[Record]) -> Option<String> {
    record.answer().filter(|answer| answer.status == 204)?;
    if ledger.entries().is_empty() {
        return None;
    }
    let mut creations = records.iter().filter(|it| match it.request {
        Request::Create { product, .. } => product == ledger.product,
        _ => false,
    });
    let is_anew = creations.any(|it| {
        it.returned() > record.invoked()
            && it.was_sent()
            && it.answer().is_none_or(|answer| answer.status == 201)
    });
    let name = &record.name;
    (!is_anew).then(|| format!("{name} was acknowledged, and the stock is still there"))
}
