//! What all reservations together come to in the end.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::ask::{Product, Request, round_of};
use crate::check::Fault;
use crate::check::ledger::Ledger;
use crate::ledger::Reading;
use crate::model::Location;
use crate::reservation::{Hold, HoldAttributes, Shown, order_id};

use super::life::{self, Life};
use super::{All, Judge};

pub(super) fn check(judge: &Judge<'_>, all: &All<'_>, faults: &mut Vec<Fault>) {
    let reservations = &judge.evidence.reservations;
    let readings = &judge.evidence.readings;
    for ((ledger, product), reading) in judge.ledgers.iter().zip(judge.products()).zip(readings) {
        let sentence = held(ledger, product, reservations);
        let sentence = sentence.or_else(|| holds(ledger, product, reading, reservations));
        faults.extend(sentence.map(|sentence| {
            let last = reading.history.len().saturating_sub(1);
            Fault::new(sentence).on(ledger.product).at(last)
        }));
    }
    orders(judge, all, faults);
    conflicts(judge, faults);
}

/// What the ledger says that reservations hold is what they hold.
fn held(ledger: &Ledger<'_>, product: &Product, reservations: &[Shown]) -> Option<String> {
    let stock = &ledger.states.last()?.as_ref()?.stock;
    let mut open: BTreeMap<Option<Location>, u64> = BTreeMap::new();
    for item in reservations.iter().flat_map(|it| &it.attributes.items) {
        if item.product_id == product.id && item.open() > 0 {
            *open.entry(item.location).or_default() += item.open();
        }
    }
    let mut all = Location::ALL.map(Some).to_vec();
    all.push(None);
    let wrong = all.into_iter().find(|location| {
        stock.held(*location) != open.get(location).copied().unwrap_or_default()
    })?;
    let (location, held) = (wrong.map_or("unlocated", Location::slug), stock.held(wrong));
    let open = open.get(&wrong).copied().unwrap_or_default();
    Some(format!(
        "by the ledger reservations hold {held} {location}, and by themselves {open}"
    ))
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
        let attributes = &reservation.attributes;
        let items = attributes.items.iter();
        let items = items.filter(|item| item.product_id == product.id && item.open() > 0);
        items.map(|item| Hold {
            id: reservation.id,
            attributes: HoldAttributes {
                order_id: attributes.order_id.clone(),
                state: attributes.state,
                location: item.location,
                quantity: item.open(),
                expires_at: attributes.expires_at,
            },
        })
    });
    let due: Vec<Hold> = due.collect();
    if shown.holds != due {
        let different = shown
            .holds
            .iter()
            .zip(&due)
            .find(|(shown, due)| shown != due);
        let (count, due_count) = (shown.holds.len(), due.len());
        return Some(format!(
            "what is shown as held isn't what is open: {count} instead of {due_count}; {different:?}"
        ));
    }
    let plainly = stock.and_then(crate::model::Stock::allocated_unreserved);
    (plainly != Some(shown.allocated_unreserved)).then(|| {
        let shown = shown.allocated_unreserved;
        format!("{shown} are shown as allocated plainly, and the ledger says {plainly:?}")
    })
}

/// An order has one living reservation.
fn orders(judge: &Judge<'_>, all: &All<'_>, faults: &mut Vec<Fault>) {
    let mut living: HashMap<&str, Uuid> = HashMap::new();
    for found in all.values() {
        let attributes = &found.shown.attributes;
        let order = attributes.order_id.as_deref();
        let Some(order) = order.filter(|_| attributes.state.is_living()) else {
            continue;
        };
        if let Some(other) = living.insert(order, found.shown.id) {
            let sentence = format!("its order has another living one, {other}");
            faults.push(judge.fault(found, &sentence));
        }
    }
}

/// Whoever was told that the order has a reservation of other items was told so of one.
fn conflicts(judge: &Judge<'_>, faults: &mut Vec<Fault>) {
    for record in &judge.evidence.records {
        let Request::Reserve(reserve) = &record.request else {
            continue;
        };
        if record.answer().is_none_or(|answer| answer.status != 409) {
            continue;
        }
        let order = reserve
            .order
            .map(|order| order_id(round_of(&record.name), order));
        let asked = life::positions(&reserve.items, judge.products());
        let mut others = judge.evidence.reservations.iter().filter(|shown| {
            let times = shown.meta.timestamps;
            let died = judge.clock.latest(times.updated_at);
            shown.attributes.order_id == order
                && judge.clock.earliest(times.created_at) <= record.returned()
                && (shown.attributes.state.is_living() || record.invoked() <= died)
                && Life::new(shown).reserved() != asked
        });
        if others.next().is_none() {
            let name = &record.name;
            let sentence = format!("{name} was refused, and its order has no other reservation");
            faults.push(Fault::new(sentence).of(record));
        }
    }
}
