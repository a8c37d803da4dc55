//! What became of each request, as far as answers and ledgers say, and whether they agree.

use std::time::Duration;

use serde_json::Value;

use crate::ask::{Line, Request};
use crate::ledger::{self, Entry, Page, StockBody};
use crate::model::Location;
use crate::record::{Answer, Record};

use super::Fault;
use super::availability::Stood;
use super::ledger::Ledger;
use super::matching::Found;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    /// An entry, which is this item of the ledger.
    Entry(usize),
    /// Refused, with this status if there was an answer.
    Refused(Option<u16>),
    /// Possible, but given up with the batch that it is in.
    Possible,
    /// Nobody looked at it: its batch had failed before.
    Unread,
}

/// Something that happened to one stock, or was seen of it: at one instant.
pub(super) struct Event<'a> {
    pub(super) record: &'a Record,
    pub(super) product: usize,
    /// Until when it happened.
    pub(super) returned: Duration,
    pub(super) what: What<'a>,
}

impl<'a> Event<'a> {
    pub(super) fn new(record: &'a Record, product: usize, what: What<'a>) -> Self {
        Self {
            record,
            product,
            returned: record.returned(),
            what,
        }
    }
}

/// What happened.
pub(super) enum What<'a> {
    /// Transactions, in order.
    Lines(Vec<(&'a Line, Becomes)>),
    /// The stock was created, which is this item of its ledger.
    Creation(usize),
    /// The stock was seen.
    Stock(StockBody),
    /// Nothing but that there was stock was seen, or that there was none.
    Presence(bool),
    /// A page of the history was seen.
    Page {
        page: Page,
        offset: usize,
        limit: usize,
    },
    /// A reservation moved stock, which are these items of the ledger.
    Moved(&'a [usize]),
    /// So much was available.
    Available(Vec<(Option<Location>, Stood)>),
}

/// All that happened, but for the creation and the deletion of stock.
pub(super) fn events<'a>(
    records: &'a [Record],
    ledgers: &[Ledger<'_>],
    found: &Found,
    faults: &mut Vec<Fault>,
) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    for (number, record) in records.iter().enumerate() {
        let judge = Judge {
            number,
            record,
            ledgers,
            found,
        };
        let lines = record.request.lines();
        if let Request::Misuse { .. } = record.request {
            if found.place(number, 0).is_some() {
                let sentence = format!("{} was carried out", record.name);
                faults.push(Fault::new(sentence).of(record));
            }
            continue;
        }
        match judge.look() {
            Ok(event) => events.extend(event),
            Err(sentence) => faults.push(Fault::new(sentence).of(record)),
        }
        match judge.lines() {
            Ok(Some(becomes)) => events.extend(by_product(record, &becomes)),
            Ok(None) => {}
            Err(sentence) => {
                let mut fault = Fault::new(sentence).of(record);
                if let [line] = lines {
                    fault = fault.on(line.product);
                }
                faults.push(fault);
            }
        }
    }
    events
}

/// The lines of a request by the stock that they are about.
fn by_product<'a>(record: &'a Record, becomes: &[Becomes]) -> Vec<Event<'a>> {
    let mut events: Vec<Event<'a>> = Vec::new();
    for (line, becomes) in record.request.lines().iter().zip(becomes) {
        if *becomes == Becomes::Unread {
            continue;
        }
        let event = events.iter_mut().find(|it| it.product == line.product);
        if let Some(Event {
            what: What::Lines(lines),
            ..
        }) = event
        {
            lines.push((line, *becomes));
        } else {
            let what = What::Lines(vec![(line, *becomes)]);
            events.push(Event::new(record, line.product, what));
        }
    }
    events
}

/// What is known of a request.
struct Judge<'a, 'b> {
    number: usize,
    record: &'a Record,
    ledgers: &'b [Ledger<'b>],
    found: &'b Found,
}

impl<'a> Judge<'a, '_> {
    /// What was seen, if the answer says that.
    fn look(&self) -> Result<Option<Event<'a>>, String> {
        let Record { name, request, .. } = self.record;
        let (Some(product), Some(answer)) = (request.product(), self.record.answer()) else {
            return Ok(None);
        };
        let unreadable = |error: anyhow::Error| format!("the answer to {name} is {error:#}");
        let what = match (request, answer.status) {
            (_, 404) => What::Presence(false),
            (Request::Create { .. }, 400) => What::Presence(true),
            (Request::Stock { .. }, 200) => {
                What::Stock(ledger::data(&answer.body).map_err(unreadable)?)
            }
            (Request::History { offset, limit, .. }, 200) => What::Page {
                page: Page::of(&answer.body).map_err(unreadable)?,
                offset: *offset,
                limit: *limit,
            },
            _ => return Ok(None),
        };
        Ok(Some(Event::new(self.record, product, what)))
    }

    /// What became of each of its transactions; `None` if there is no trace of them.
    fn lines(&self) -> Result<Option<Vec<Becomes>>, String> {
        let lines = self.record.request.lines();
        if lines.is_empty() {
            return Ok(None);
        }
        let traces = (0..lines.len()).filter_map(|line| self.entry(line));
        let traces = traces.count();
        if traces > 0 && !self.record.was_sent() {
            let name = &self.record.name;
            return Err(format!("{name} was carried out, and never sent whole"));
        }
        match (&self.record.request, self.record.answer()) {
            (_, None) if traces == 0 => Ok(None),
            (Request::Batch { atomic: true, .. }, None) if traces < lines.len() => {
                Err(self.halved(traces))
            }
            (_, None) => {
                let becomes = (0..lines.len()).map(|line| {
                    let entry = self.entry(line);
                    entry.map_or(Becomes::Refused(None), Becomes::Entry)
                });
                Ok(Some(becomes.collect()))
            }
            (Request::Batch { atomic, .. }, Some(answer)) => {
                let becomes = match answer.status {
                    201 | 207 => self.told_lines(&answer.body),
                    _ if traces > 0 => Err(self.though_refused(answer)),
                    status if *atomic => self.refused_at(answer, status),
                    _ => Err(format!("{} was answered {answer}", self.record.name)),
                };
                becomes.map(Some)
            }
            (_, Some(answer)) => {
                let becomes = match answer.status {
                    201 => self.told(0, answer.body.get("data"))?,
                    _ if traces > 0 => return Err(self.though_refused(answer)),
                    status => Becomes::Refused(Some(status)),
                };
                Ok(Some(vec![becomes]))
            }
        }
    }

    /// Which item of its product's ledger the entry of a line is.
    fn entry(&self, line: usize) -> Option<usize> {
        let place = self.found.place(self.number, line)?;
        let product = self.record.request.lines().get(line)?.product;
        (place.product == product).then_some(place.item)
    }

    fn halved(&self, traces: usize) -> String {
        let (name, lines) = (&self.record.name, self.record.request.lines().len());
        format!("of the atomic batch {name}, {traces} of {lines} lines were carried out")
    }

    fn though_refused(&self, answer: &Answer) -> String {
        let name = &self.record.name;
        format!("{name} was carried out, though the answer was {answer}")
    }

    /// A transaction that was acknowledged is in the ledger, and the same there.
    fn told(&self, line: usize, said: Option<&Value>) -> Result<Becomes, String> {
        let name = self.record.request.reference(&self.record.name, line);
        let said = said.unwrap_or(&Value::Null);
        let said = Entry::of(said).map_err(|error| format!("{name} was answered {error:#}"))?;
        let Some(item) = self.entry(line) else {
            return Err(format!("{name} was acknowledged, and is not in the ledger"));
        };
        let product = self.record.request.lines().get(line).map(|it| it.product);
        let ledger = product.and_then(|product| self.ledgers.get(product));
        let written = ledger.and_then(|ledger| ledger.entry(item));
        if written == Some(&said) {
            return Ok(Becomes::Entry(item));
        }
        let written = written.map_or("nothing".to_owned(), ToString::to_string);
        Err(format!(
            "{name} was answered otherwise than the ledger has it: {said}, but {written}"
        ))
    }

    fn told_lines(&self, body: &Value) -> Result<Vec<Becomes>, String> {
        let name = &self.record.name;
        let said = body.get("data").and_then(Value::as_array);
        let lines = self.record.request.lines().len();
        let said = said.filter(|said| said.len() == lines);
        let said = said.ok_or_else(|| format!("{name} was not answered line by line: {body}"))?;
        let becomes = said.iter().enumerate().map(|(line, said)| {
            let Some(errors) = said.get("errors") else {
                return self.told(line, Some(said));
            };
            if self.entry(line).is_some() {
                return Err(format!(
                    "line {line} of {name} was carried out, though the answer was {errors}"
                ));
            }
            let status = status(errors);
            let status = status.ok_or_else(|| format!("{name} was answered {errors}"))?;
            Ok(Becomes::Refused(Some(status)))
        });
        becomes.collect()
    }

    /// An atomic batch that was refused for the sake of one line: those before it were possible.
    fn refused_at(&self, answer: &Answer, status: u16) -> Result<Vec<Becomes>, String> {
        let lines = self.record.request.lines().len();
        let index = answer.body.pointer("/errors/0/meta/index");
        let index = index.and_then(Value::as_u64);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let index = index.filter(|index| *index < lines);
        let index = index
            .ok_or_else(|| format!("{} was refused at no line: {answer}", self.record.name))?;
        let becomes = (0..lines).map(|line| match line.cmp(&index) {
            std::cmp::Ordering::Less => Becomes::Possible,
            std::cmp::Ordering::Equal => Becomes::Refused(Some(status)),
            std::cmp::Ordering::Greater => Becomes::Unread,
        });
        Ok(becomes.collect())
    }
}

fn status(errors: &Value) -> Option<u16> {
    errors.pointer("/0/status")?.as_str()?.parse().ok()
}
