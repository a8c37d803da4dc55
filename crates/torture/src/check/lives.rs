//! Stock that was created and deleted: who did it. A ledger says which stock a product had, one
//! after the other, but not by whose requests. Those whose answers are known each have to find
//! their place; for what is left there has to be a request of which nobody knows what became.

use std::time::Duration;

use uuid::Uuid;

use crate::ask::Request;
use crate::ledger::{self, StockBody};
use crate::record::Record;

use super::Fault;
use super::ledger::{Item, Ledger};
use super::order;
use super::verdict::{Event, What};

/// Requests to create or to delete a product's stock that may have done so: those that were
/// answered so, and those of which nobody knows. An answer that is not kept under a key doesn't
/// say what becomes of the attempts before it.
fn candidates<'a>(
    records: &'a [Record],
    is_asked: impl Fn(&Request) -> bool + 'a,
    done: u16,
) -> impl Iterator<Item = &'a Record> {
    records.iter().filter(move |record| {
        let is_open = record.attempts.iter().any(|it| it.outcome.is_err());
        is_asked(&record.request)
            && record.was_sent()
            && match record.answer() {
                Some(answer) => answer.status == done || answer.status == 400 && is_open,
                None => true,
            }
    })
}

fn is_answered(record: &Record, status: u16) -> bool {
    record
        .answer()
        .is_some_and(|answer| answer.status == status)
}

/// Adds to what happened to a product who created its stock.
pub(super) fn add_creations<'a>(
    ledger: &Ledger<'_>,
    records: &'a [Record],
    events: &mut Vec<Event<'a>>,
    faults: &mut Vec<Fault>,
) {
    let product = ledger.product;
    let is_asked = move |request: &Request| match request {
        Request::Create { product: it, .. } => *it == product,
        _ => false,
    };
    let mut candidates: Vec<&Record> = candidates(records, is_asked, 201).collect();
    let creations = ledger.items.iter().enumerate().skip(ledger.created);
    for (item, what) in creations {
        let Item::Entry {
            entry,
            creates: true,
            ..
        } = what
        else {
            continue;
        };
        let is_it = |record: &&Record| created(record) == Some(entry.meta.stock_id);
        let may_be_it = |record: &&Record| {
            !is_answered(record, 201)
                && matches!(record.request, Request::Create { available, .. }
                    if available == entry.attributes.quantity)
        };
        let it = candidates.iter().position(is_it);
        // The one that was asked for first may be put before all others.
        let it = it.or_else(|| {
            let open = candidates.iter().enumerate();
            let open = open.filter(|(_, record)| may_be_it(record));
            let first = open.min_by_key(|(_, record)| record.invoked());
            first.map(|(number, _)| number)
        });
        let Some(it) = it else {
            let sentence = format!("nobody created stock {}", entry.meta.stock_id);
            faults.push(Fault::new(sentence).on(product).at(ledger.place(item)));
            continue;
        };
        let record = candidates.swap_remove(it);
        let is_as_asked = matches!(record.request, Request::Create { available, .. }
            if available == entry.attributes.quantity && entry.attributes.reference.is_none());
        if !is_as_asked {
            let sentence = format!("{} created other stock than it was to", record.name);
            let fault = Fault::new(sentence).on(product).at(ledger.place(item));
            faults.push(fault.of(record));
        }
        let mut event = Event::new(record, product, What::Creation(item));
        if !is_answered(record, 201) {
            event.returned = Duration::MAX;
        }
        events.push(event);
    }
    for record in candidates {
        if is_answered(record, 201) {
            let sentence = format!("{} was acknowledged, and created nothing", record.name);
            faults.push(Fault::new(sentence).on(product).of(record));
        }
    }
}

/// Which stock a request is known to have created.
fn created(record: &Record) -> Option<Uuid> {
    let answer = record.answer().filter(|answer| answer.status == 201)?;
    let stock: StockBody = ledger::data(&answer.body).ok()?;
    Some(stock.meta.stock_id)
}

/// When a deletion happened: after one event was asked for, and before another was answered.
#[derive(Clone, Copy, Default)]
struct Window<'a> {
    from: Option<&'a Event<'a>>,
    until: Option<&'a Event<'a>>,
}

impl Window<'_> {
    /// Whether a request may have been carried out then.
    fn has(self, record: &Record) -> bool {
        self.from
            .is_none_or(|event| record.returned() >= event.record.invoked())
            && self
                .until
                .is_none_or(|event| record.invoked() <= event.returned)
    }
}

/// Finds who deleted a product's stock. Whatever else happened and was seen says when that was:
/// before all that was seen of it gone, and after all that was seen of it there.
pub(super) fn check_deletions(
    ledger: &Ledger<'_>,
    records: &[Record],
    events: &[Event<'_>],
    faults: &mut Vec<Fault>,
) {
    let product = ledger.product;
    let is_asked = move |request: &Request| *request == Request::Delete { product };
    let mut candidates: Vec<&Record> = candidates(records, is_asked, 204).collect();
    for (item, window) in windows(ledger, events) {
        let open = candidates.iter().enumerate();
        let open = open.filter(|(_, record)| window.has(record));
        // Whichever was answered first has the fewest other places.
        let it = open.min_by_key(|(_, record)| (record.returned(), record.invoked()));
        let Some((it, _)) = it else {
            let gone = ledger.after(item);
            let mut fault = Fault::new(format!("nobody deleted the stock that is gone {gone}"));
            for event in window.from.iter().chain(&window.until) {
                fault = fault.of(event.record);
            }
            faults.push(fault.on(product).at(ledger.place(item)));
            continue;
        };
        candidates.swap_remove(it);
    }
    for record in candidates {
        if is_answered(record, 204) {
            let sentence = format!("{} was acknowledged, and deleted nothing", record.name);
            faults.push(Fault::new(sentence).on(product).of(record));
        }
    }
}

/// When each deletion in a ledger happened.
fn windows<'a>(ledger: &Ledger<'_>, events: &'a [Event<'a>]) -> Vec<(usize, Window<'a>)> {
    let items = ledger.items.iter().enumerate();
    let deletions = items.filter(|(_, item)| matches!(item, Item::Deletion { .. }));
    let mut windows: Vec<_> = deletions
        .map(|(item, _)| (item, Window::default()))
        .collect();
    if windows.is_empty() {
        return windows;
    }
    for (event, first, last) in order::places(ledger, events) {
        for (item, window) in &mut windows {
            let latest = window.from.map(|it| it.record.invoked());
            if last <= *item && latest < Some(event.record.invoked()) {
                window.from = Some(event);
            }
            let earliest = window.until.map_or(Duration::MAX, |it| it.returned);
            if first > *item && event.returned < earliest {
                window.until = Some(event);
            }
        }
    }
    windows
}
