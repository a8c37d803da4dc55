//! What all reservations together come to in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::ask::{Product, Request, round_of};
use crate::check::ledger::Ledger;
use crate::check::{Evidence, Fault};
use crate::ledger::Reading;
use crate::model::Stock;
use crate::reservation::{Act, Hold, Shown, order_id};

use super::Clock;

pub(super) fn check(
    evidence: &Evidence,
    firsts: &BTreeMap<Uuid, Shown>,
    ledgers: &[Ledger<'_>],
    faults: &mut Vec<Fault>,
) {
    let products = evidence.products.iter().zip(&evidence.readings);
    for (ledger, (product, reading)) in ledgers.iter().zip(products) {
        let sentence = holds(ledger, product, reading, &evidence.reservations);
        faults.extend(sentence.map(|sentence| {
            let last = reading.history.len().saturating_sub(1);
            Fault::new(sentence).on(ledger.product).at(last)
        }));
    }
    orders(evidence, faults);
    conflicts(evidence, firsts, faults);
}

/// What is shown as held is what is open, the oldest first.
fn holds(
    ledger: &Ledger<'_>,
    product: &Product,
    reading: &Reading,
    reservations: &[Shown],
) -> Option<String> {
    let shown = reading.holds.as_ref()?;
    let stock = ledger.states.last()?.as_ref().map(|held| &held.stock);
    let due = reservations.iter().flat_map(|reservation| {
        let lines = reservation.lines.iter();
        let lines = lines.filter(|line| line.product_id == product.id && line.open() > 0);
        lines.map(|line| Hold {
            id: reservation.id,
            order_id: reservation.order_id.clone(),
            state: reservation.state,
            location: line.location,
            quantity: line.open(),
            expires_at: reservation.expires_at,
        })
    });
    let due: Vec<Hold> = due.collect();
    if shown.holds != due {
        let mut pairs = shown.holds.iter().zip(&due);
        let different = pairs.find(|(shown, due)| shown != due);
        let (count, due_count) = (shown.holds.len(), due.len());
        return Some(format!(
            "what is shown as held isn't what is open: {count} instead of {due_count}; {different:?}"
        ));
    }
    let plainly = stock.and_then(Stock::allocated_unreserved);
    (plainly != Some(shown.allocated_unreserved)).then(|| {
        let shown = shown.allocated_unreserved;
        format!("{shown} are shown as allocated plainly, and the ledger says {plainly:?}")
    })
}

/// An order has one living reservation.
fn orders(evidence: &Evidence, faults: &mut Vec<Fault>) {
    let mut living: HashMap<&str, Uuid> = HashMap::new();
    for shown in &evidence.reservations {
        let id = &shown.id;
        let order = shown.order_id.as_deref();
        let order = order.filter(|_| shown.state.is_living());
        if let Some(other) = order.and_then(|order| living.insert(order, *id)) {
            let sentence = format!("the order of reservation {id} has another living one, {other}");
            let mut fault = Fault::new(sentence);
            fault.reservation = Some(*id);
            faults.push(fault);
        }
    }
}

/// Whoever was told that the order has a reservation of other items was told so of one.
fn conflicts(evidence: &Evidence, firsts: &BTreeMap<Uuid, Shown>, faults: &mut Vec<Fault>) {
    let clock = Clock(evidence.epoch);
    let edited = evidence
        .records
        .iter()
        .filter_map(|record| match &record.request {
            Request::Act {
                reservation,
                act: Act::Edit(_),
            } => Some(*reservation),
            _ => None,
        });
    let edited: BTreeSet<Uuid> = edited.collect();
    for record in &evidence.records {
        let Request::Reserve(reserve) = &record.request else {
            continue;
        };
        if record.answer().is_none_or(|answer| answer.status != 409) {
            continue;
        }
        let order = reserve.order;
        let order = order.map(|order| order_id(round_of(&record.name), order));
        let asked = reserve.wanted(&evidence.products);
        let mut others = evidence.reservations.iter().filter(|shown| {
            let died = clock.latest(shown.updated_at);
            shown.order_id == order
                && clock.earliest(shown.created_at) <= record.returned()
                && (shown.state.is_living() || record.invoked() <= died)
                && (edited.contains(&shown.id)
                    || firsts.get(&shown.id).unwrap_or(shown).wanted() != asked)
        });
        if others.next().is_none() {
            let name = &record.name;
            let sentence = format!("{name} was refused, and its order has no other reservation");
            faults.push(Fault::new(sentence).of(record));
        }
    }
}
