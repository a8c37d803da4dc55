//! The stock of a product as a thing that calls change: its ledger is their order.
//!
//! A change has its place in the ledger, where it has to do what the model does. All else, such as a
//! reading or a refusal, is right after some entries and wrong after others. Who created stock and who
//! deleted it, no entry says: anybody may have who asked for it and wasn't answered otherwise.

mod availability;
mod calls;

use std::sync::Arc;

use uuid::Uuid;

use crate::ask::Line;
use crate::ledger::{Page, StockBody};
use crate::model::Stock;

use super::ledger::{Held, Item, Ledger};
use super::spec::{Call, Spec, order};
use super::{Evidence, Fault};

use availability::{Lack, Wish};

/// The status of what is asked of stock that there isn't.
const MISSING: u16 = 404;

/// Calls, each on the stock of a product.
pub(super) type Calls<'a> = Vec<(usize, Call<Op<'a>>)>;

/// What happened to a stock, or was seen of it.
pub(super) enum Op<'a> {
    /// Transactions of one request, in order.
    Lines(Vec<(&'a Line, Becomes)>),
    /// A step of something else, such as a reservation, which wrote these items.
    Moved(Vec<usize>),
    /// The creation of the stock that has this id, if that was answered.
    Create { id: Option<Uuid>, available: u64 },
    /// The deletion.
    Delete,
    /// The stock was seen.
    Stock(StockBody),
    /// Only whether there was stock was seen.
    Presence(bool),
    /// A page of the history was seen.
    Page {
        page: Page,
        offset: usize,
        limit: usize,
    },
    /// So much was available for each of these wishes.
    Available(Vec<Wish>, Vec<u64>),
    /// This was short of these wishes, and nothing else.
    Short(Vec<Wish>, Vec<Lack>),
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    /// An entry, which is this item of the ledger.
    Entry(usize),
    /// Refused, with this status if there was an answer.
    Refused(Option<u16>),
    /// Possible, but given up with the batch that it is in.
    Possible,
}

/// Finds an order of all that happened to each stock and was seen of it, of which reservations moved
/// some.
pub(super) fn check(
    evidence: &Evidence,
    ledgers: &[Ledger<'_>],
    moved: Calls<'_>,
    faults: &mut Vec<Fault>,
) {
    let mut by_product: Vec<Vec<_>> = ledgers.iter().map(|_| Vec::new()).collect();
    for (product, call) in calls::all(evidence, ledgers, faults)
        .into_iter()
        .chain(moved)
    {
        if let Some(calls) = by_product.get_mut(product) {
            calls.push(call);
        }
    }
    for (ledger, mut calls) in ledgers.iter().zip(by_product) {
        if let Err(stuck) = order(ledger, &ledger.created, &mut calls) {
            let mut fault = Fault::new(stuck.sentence).on(ledger.product);
            for item in [stuck.state.saturating_sub(1), stuck.state] {
                fault = fault.at(ledger.place(item));
            }
            let calls = stuck.calls.iter().filter_map(|call| calls.get(*call));
            fault.requests = calls.map(|call| Arc::clone(&call.name)).collect();
            faults.push(fault);
        }
    }
}

/// An entry without a request.
pub(super) fn stray(ledger: &Ledger<'_>, item: usize) -> Fault {
    let place = ledger.place(item);
    let sentence = format!("nobody asked for entry {}", place + 1);
    Fault::new(sentence).on(ledger.product).at(place)
}

impl<'a> Spec for Ledger<'a> {
    /// The number of items that have happened.
    type State = usize;
    type Op = Op<'a>;

    fn apply(&self, items: &usize, call: &Call<Op<'a>>) -> Result<usize, Option<String>> {
        let held = self.states.get(*items).and_then(Option::as_ref);
        let is_so = match &call.op {
            Op::Lines(lines) => return self.transact(*items, lines),
            Op::Moved(moved) => return self.step(*items, moved),
            Op::Create { .. } | Op::Delete => {
                let mut left = self.items.iter().skip(*items);
                return match left.position(|item| is_it(&call.op, item)) {
                    Some(0) => Ok(items + 1),
                    Some(_) => Err(None),
                    None => Err(Some("was acknowledged, and did nothing".to_owned())),
                };
            }
            Op::Stock(body) => held.is_some_and(|held| held.is(body)),
            Op::Presence(presence) => held.is_some() == *presence,
            Op::Available(wishes, said) => {
                let stock = held.map(|held| held.stock.clone()).unwrap_or_default();
                availability::supplies(&stock, &self.safety, wishes) == *said
            }
            Op::Short(wishes, said) => self.lacks(*items, wishes) == *said,
            Op::Page {
                page,
                offset,
                limit,
            } => {
                let shown = (*offset).min(*items)..offset.saturating_add(*limit).min(*items);
                let shown = self.items.get(shown).unwrap_or_default();
                page.total == *items && shown.iter().map(Item::entry).eq(page.data.iter().map(Some))
            }
        };
        if is_so {
            return Ok(*items);
        }
        Err(Some(match &call.op {
            Op::Stock(body) => format!("was shown a stock of {body}"),
            Op::Page { page, .. } => {
                let total = page.total;
                format!("was shown a page of a history of {total} entries")
            }
            Op::Available(_, said) => format!("was told of {said:?} available"),
            Op::Short(wishes, said) => {
                let due = self.lacks(*items, wishes);
                format!("was told of {said:?}, and {due:?} is due")
            }
            Op::Presence(true) => "was told that there is stock".to_owned(),
            _ => "was told that there is no stock".to_owned(),
        }))
    }

    fn is_reading(&self, op: &Op<'a>) -> bool {
        match op {
            Op::Lines(lines) => !lines.iter().any(|(_, it)| matches!(it, Becomes::Entry(_))),
            Op::Moved(_) | Op::Create { .. } | Op::Delete => false,
            _ => true,
        }
    }

    fn end(&self, items: &usize) -> Result<(), String> {
        match self.items.get(*items) {
            None => Ok(()),
            Some(Item::Deletion { .. }) => Err("nobody deleted the stock that is gone".to_owned()),
            Some(Item::Entry { entry, creates, .. }) if *creates => {
                Err(format!("nobody created stock {}", entry.stock_id))
            }
            Some(Item::Entry { place, .. }) => Err(format!("entry {} is next", place + 1)),
        }
    }

    fn place(&self, items: &usize) -> String {
        match items.checked_sub(1).and_then(|last| self.items.get(last)) {
            None => "before all entries".to_owned(),
            Some(Item::Deletion { place }) => format!("after the deletion behind entry {place}"),
            Some(Item::Entry { place, .. }) => format!("after entry {}", place + 1),
        }
    }
}

impl Ledger<'_> {
    /// What is short of these wishes after so many items.
    fn lacks(&self, items: usize, wishes: &[Wish]) -> Vec<Lack> {
        let held = self.states.get(items).and_then(Option::as_ref);
        let stock = held.map(|held| held.stock.clone());
        availability::lacks(&stock.unwrap_or_default(), &self.safety, wishes)
    }

    /// The number of items after these ones, if they are the next.
    fn follow(&self, items: usize, due: &[usize]) -> Result<usize, Option<String>> {
        if due.first() != Some(&items) {
            return Err(None);
        }
        let mut next = items..;
        match due
            .iter()
            .copied()
            .zip(&mut next)
            .find(|(it, next)| it != next)
        {
            None => Ok(items + due.len()),
            Some((found, due)) => Err(Some(format!(
                "has its entries out of order: {} where {} is due",
                self.number(found),
                self.number(due)
            ))),
        }
    }

    /// The number of items after a step of a reservation, which leaves the safety stock.
    fn step(&self, items: usize, due: &[usize]) -> Result<usize, Option<String>> {
        let after = self.follow(items, due)?;
        let stock = |items: usize| -> Stock {
            let held = self.states.get(items).and_then(Option::as_ref);
            held.map(|held| held.stock.clone()).unwrap_or_default()
        };
        if self.safety.allows(&stock(items), &stock(after)) {
            Ok(after)
        } else {
            Err(Some("takes of the safety stock".to_owned()))
        }
    }

    /// Makes transactions, each of which has to become what it became.
    fn transact(&self, items: usize, lines: &[(&Line, Becomes)]) -> Result<usize, Option<String>> {
        let entries = lines.iter().filter_map(|(_, becomes)| match becomes {
            Becomes::Entry(item) => Some(*item),
            _ => None,
        });
        let entries: Vec<usize> = entries.collect();
        let after = match entries.as_slice() {
            [] => items,
            entries => self.follow(items, entries)?,
        };
        let mut held = self.states.get(items).cloned().flatten();
        for (line, becomes) in lines {
            self.make(line, *becomes, &mut held)?;
        }
        Ok(after)
    }

    /// Makes a transaction on stock, if there is any, and compares what becomes of it.
    fn make(&self, line: &Line, becomes: Becomes, held: &mut Option<Held>) -> Result<(), String> {
        let before = held.clone();
        let made = match held {
            Some(held) => held.stock.change(&line.change),
            None => Err(MISSING),
        };
        let entry = match becomes {
            Becomes::Entry(item) => self.entry(item),
            _ => None,
        };
        let is_so = match (becomes, &made) {
            (Becomes::Entry(_), Ok(movement)) => entry
                .is_some_and(|entry| entry.movement == *movement && entry.reason == line.reason),
            (Becomes::Refused(status), Err(due)) => status.is_none_or(|status| status == *due),
            (Becomes::Possible, Ok(_)) => true,
            _ => false,
        };
        if is_so {
            return Ok(());
        }
        let due = match made {
            Ok(movement) => format!("to be made ({movement})"),
            Err(status) => format!("to be refused with {status}"),
        };
        let found = match becomes {
            Becomes::Entry(_) => {
                entry.map_or("nothing".to_owned(), |entry| entry.movement.to_string())
            }
            Becomes::Refused(Some(status)) => format!("refused with {status}"),
            Becomes::Refused(None) => "no entry".to_owned(),
            Becomes::Possible => "possible".to_owned(),
        };
        let before = before.map_or("no stock".to_owned(), |held| held.stock.to_string());
        Err(format!(
            "has “{line}” on {before}, which is due {due}, and became {found}"
        ))
    }
}

/// Whether this item may be that creation or deletion.
fn is_it(op: &Op<'_>, item: &Item<'_>) -> bool {
    match (op, item) {
        (Op::Delete, Item::Deletion { .. }) => true,
        (Op::Create { id, available }, Item::Entry { entry, creates, .. }) => {
            *creates
                && id.is_none_or(|id| id == entry.stock_id)
                && entry.movement.quantity == *available
                && entry.reference.is_none()
        }
        _ => false,
    }
}
