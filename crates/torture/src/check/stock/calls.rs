//! What became of each request, as far as answers and ledgers say, and whether they agree.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::ask::Request;
use crate::check::ledger::{Item, Ledger};
use crate::check::spec::Call;
use crate::check::{Evidence, Fault};
use crate::ledger::{self, Entry, StockBody};
use crate::model::INSUFFICIENT;
use crate::record::{Answer, Record};
use crate::reservation::Act;

use super::{Becomes, Calls, MISSING, Op, availability, stray};

/// All calls but those of reservations.
pub(super) fn all<'a>(
    evidence: &'a Evidence,
    ledgers: &[Ledger<'_>],
    faults: &mut Vec<Fault>,
) -> Calls<'a> {
    let mut entries = entries(ledgers, faults);
    let mut calls = Vec::new();
    for record in &evidence.records {
        let mut judge = Judge {
            record,
            ledgers,
            entries: &mut entries,
        };
        match judge.calls(evidence) {
            Ok(its) => calls.extend(its),
            Err(error) => {
                let fault = Fault::new(format!("{error:#}")).of(record);
                faults.push(match record.request.lines() {
                    [line] => fault.on(line.product),
                    _ => fault,
                });
            }
        }
    }
    for (product, item) in entries.into_values() {
        faults.extend(ledgers.get(product).map(|ledger| stray(ledger, item)));
    }
    calls
}

/// The entries of transactions by what they refer to: the product, and the item of its ledger.
type Entries<'a> = HashMap<&'a str, (usize, usize)>;

fn entries<'a>(ledgers: &[Ledger<'a>], faults: &mut Vec<Fault>) -> Entries<'a> {
    let mut entries = Entries::new();
    let mut ids = HashSet::new();
    for ledger in ledgers {
        for (item, what) in ledger.items.iter().enumerate() {
            let Item::Entry { entry, creates, .. } = what else {
                continue;
            };
            let place = ledger.place(item);
            let fault = |sentence: String| Fault::new(sentence).on(ledger.product).at(place);
            if !ids.insert(entry.id) {
                let sequence = entry.sequence;
                faults.push(fault(format!("the id of entry {sequence} was given twice")));
            }
            // What reservations do is looked at apart from all else.
            if *creates || entry.reservation().is_some() {
                continue;
            }
            let Some(reference) = entry.reference.as_deref() else {
                faults.push(stray(ledger, item));
                continue;
            };
            if entries.insert(reference, (ledger.product, item)).is_some() {
                faults.push(fault(format!("{reference} was carried out twice")));
            }
        }
    }
    entries
}

/// What is known of a request.
struct Judge<'a, 'b, 'c> {
    record: &'a Record,
    ledgers: &'b [Ledger<'b>],
    /// Those that no request before this one wrote.
    entries: &'c mut Entries<'b>,
}

impl<'a> Judge<'a, '_, '_> {
    fn calls(&mut self, evidence: &Evidence) -> anyhow::Result<Calls<'a>> {
        let (record, products) = (self.record, &evidence.products);
        let unreadable = || format!("the answer to {}", record.name);
        let one = |product: usize, op| Ok(vec![(product, Call::of(record, op))]);
        let (request, answer) = (&record.request, record.answer());
        match (request, answer.map(|answer| (answer.status, &answer.body))) {
            (Request::Transact(_) | Request::Batch { .. }, _) => self.transactions(),
            (Request::Create { product, available }, Some((201, body))) => {
                let stock: StockBody = ledger::data(body).with_context(unreadable)?;
                let id = Some(stock.stock_id);
                let available = *available;
                one(*product, Op::Create { id, available })
            }
            (Request::Create { product, available }, answer) if record.was_sent() => {
                let (id, available) = (None, *available);
                let mut calls = Vec::new();
                if answer.is_some() {
                    calls.push((*product, Call::of(record, Op::Presence(true))));
                }
                // An answer that isn't kept under a key says nothing of the attempts before it.
                if record.attempts.iter().any(|it| it.outcome.is_err()) {
                    let mut call = Call::of(record, Op::Create { id, available });
                    (call.returned, call.is_optional) = (Duration::MAX, true);
                    calls.push((*product, call));
                }
                Ok(calls)
            }
            (
                Request::Delete { product }
                | Request::Stock { product }
                | Request::History { product, .. },
                Some((MISSING, _)),
            ) => one(*product, Op::Presence(false)),
            (Request::Delete { product }, _) if record.was_sent() => one(*product, Op::Delete),
            (Request::Stock { product }, Some((_, body))) => {
                let stock = ledger::data(body).with_context(unreadable)?;
                one(*product, Op::Stock(stock))
            }
            (
                Request::History {
                    product,
                    offset,
                    limit,
                },
                Some((_, body)),
            ) => {
                let page = ledger::read(body).with_context(unreadable)?;
                let (offset, limit) = (*offset, *limit);
                one(
                    *product,
                    Op::Page {
                        page,
                        offset,
                        limit,
                    },
                )
            }
            (Request::Reserve(reserve), Some((INSUFFICIENT, body))) => {
                let all = availability::wishes(reserve, products);
                availability::short(record, &all, body, products).with_context(unreadable)
            }
            (
                Request::Act {
                    act: Act::Move { part, to },
                    ..
                },
                Some((INSUFFICIENT, body)),
            ) if record.is_short() => {
                let all = availability::arrivals(part, to, products);
                availability::short(record, &all, body, products).with_context(unreadable)
            }
            (Request::Availability(items), Some((_, body))) => {
                let said = availability::available(items, body, products);
                let said = said.with_context(unreadable)?;
                Ok(availability::calls(record, products, &said))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The transactions of a request that were looked at, by the stock that they are about.
    fn transactions(&mut self) -> anyhow::Result<Calls<'a>> {
        let becomes = self.becomes().map_err(anyhow::Error::msg)?;
        let mut calls: Calls<'a> = Vec::new();
        for (line, becomes) in self.record.request.lines().iter().zip(becomes) {
            let call = calls
                .iter_mut()
                .find(|(product, _)| *product == line.product);
            if let Some((_, call)) = call
                && let Op::Lines(lines) = &mut call.op
            {
                lines.push((line, becomes));
            } else {
                let mut call = Call::of(self.record, Op::Lines(vec![(line, becomes)]));
                call.is_optional = false;
                calls.push((line.product, call));
            }
        }
        Ok(calls)
    }

    /// What became of each transaction up to the one that its batch failed at; nothing if there is no
    /// trace of any.
    fn becomes(&mut self) -> Result<Vec<Becomes>, String> {
        let Record { name, request, .. } = self.record;
        let all = request.lines().len();
        let entries: Vec<_> = (0..all).map(|line| self.claim(line)).collect();
        let made = entries.iter().flatten().count();
        let Some(answer) = self.record.answer() else {
            return match request {
                _ if made == 0 => Ok(Vec::new()),
                _ if !self.record.was_sent() => {
                    Err(format!("{name} was carried out, and never sent whole"))
                }
                Request::Batch { atomic: true, .. } if made < all => Err(format!(
                    "of the atomic batch {name}, {made} of {all} lines were carried out"
                )),
                _ => {
                    let becomes = entries.into_iter();
                    Ok(becomes
                        .map(|entry| entry.map_or(Becomes::Refused(None), Becomes::Entry))
                        .collect())
                }
            };
        };
        match (request, answer.status) {
            (_, 201 | 207) => {
                let said = answer.body.get("data");
                let said = match said.and_then(Value::as_array) {
                    Some(said) => said,
                    None => said.map_or(&[][..], std::slice::from_ref),
                };
                if said.len() != all {
                    let body = &answer.body;
                    return Err(format!("{name} was not answered line by line: {body}"));
                }
                let lines = said.iter().zip(entries).enumerate();
                lines
                    .map(|(line, (said, item))| self.told(line, item, said))
                    .collect()
            }
            _ if made > 0 => Err(format!(
                "{name} was carried out, though the answer was {answer}"
            )),
            (Request::Batch { .. }, status) => refused_at(answer, status, all)
                .ok_or_else(|| format!("{name} was refused at no line: {answer}")),
            (_, status) => Ok(vec![Becomes::Refused(Some(status))]),
        }
    }

    /// The item of its product's ledger that a line became.
    fn claim(&mut self, line: usize) -> Option<usize> {
        let Record { name, request, .. } = self.record;
        let product = request.lines().get(line)?.product;
        let reference = request.reference(name, line);
        let (_, item) = (self.entries.get(&*reference)).filter(|(it, _)| *it == product)?;
        let item = *item;
        self.entries.remove(&*reference);
        Some(item)
    }

    /// A transaction that was acknowledged is in the ledger, and the same there; one that was refused
    /// isn't.
    fn told(&self, line: usize, item: Option<usize>, said: &Value) -> Result<Becomes, String> {
        let name = self.record.request.reference(&self.record.name, line);
        if let Some(errors) = said.get("errors") {
            let status = errors.pointer("/0/status").and_then(Value::as_str);
            return match (item, status.and_then(|status| status.parse().ok())) {
                (None, Some(status)) => Ok(Becomes::Refused(Some(status))),
                (None, None) => Err(format!("{name} was answered {errors}")),
                (Some(_), _) => Err(format!(
                    "{name} was carried out, though the answer was {errors}"
                )),
            };
        }
        let said: Entry =
            ledger::read(said).map_err(|error| format!("{name} was answered {error:#}"))?;
        let Some(item) = item else {
            return Err(format!("{name} was acknowledged, and is not in the ledger"));
        };
        let product = self.record.request.lines().get(line).map(|it| it.product);
        let ledger = product.and_then(|product| self.ledgers.get(product));
        match ledger.and_then(|ledger| ledger.entry(item)) {
            Some(written) if *written != said => Err(format!(
                "{name} was answered otherwise than the ledger has it: {said}, but {written}"
            )),
            _ => Ok(Becomes::Entry(item)),
        }
    }
}

/// An atomic batch that was refused for the sake of one line: those before it were possible, and those
/// after it nobody looked at.
fn refused_at(answer: &Answer, status: u16, lines: usize) -> Option<Vec<Becomes>> {
    let index = answer.body.pointer("/errors/0/meta/index")?.as_u64()?;
    let index = usize::try_from(index).ok().filter(|it| *it < lines)?;
    let mut becomes = vec![Becomes::Possible; index];
    becomes.push(Becomes::Refused(Some(status)));
    Some(becomes)
}
