//! Reservations: those that were acknowledged are there, nobody else's are, and what the ledgers say of
//! them is what was asked and answered.

mod end;
mod life;
mod spec;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ask::Request;
use crate::ledger;
use crate::record::Record;
use crate::reservation::{Act, Shown, State};

use super::ledger::Ledger;
use super::spec::{Call, order};
use super::stock::Calls;
use super::written::{self, Written};
use super::{Evidence, Fault};

use spec::{Op, Place, Rules};

/// The most that the clocks of clients and servers, which are the same machine's, may drift apart in a
/// round, and times be cut off.
const TOLERANCE: Duration = Duration::from_millis(20);

/// Tells when something happens by the clock that servers have.
#[derive(Clone, Copy)]
struct Clock(Timestamp);

impl Clock {
    fn of(self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.0)).unwrap_or_default()
    }

    /// The earliest that it can be this time for anybody.
    fn earliest(self, at: Timestamp) -> Duration {
        self.of(at).saturating_sub(TOLERANCE)
    }

    /// The latest that it can be this time for anybody.
    fn latest(self, at: Timestamp) -> Duration {
        self.of(at).saturating_add(TOLERANCE)
    }
}

/// A reservation, and all that is known of it.
struct Found<'a> {
    shown: &'a Shown,
    calls: Vec<Call<Op<'a>>>,
}

type All<'a> = BTreeMap<Uuid, Found<'a>>;

/// Finds an order of all that happened to each reservation. Gives what they did to stock; nothing if
/// it isn't known which entry is whose.
pub(super) fn check<'a>(
    evidence: &'a Evidence,
    ledgers: &'a [Ledger<'a>],
    faults: &mut Vec<Fault>,
) -> Option<Calls<'a>> {
    let before = faults.len();
    let products = &*evidence.products;
    let mut written = written::by_id(products, ledgers);
    let mut moved = Calls::new();
    let firsts = firsts(evidence);
    for (id, Found { shown, mut calls }) in all(evidence, faults) {
        let written = written.remove(&id);
        let rules = Rules {
            products,
            clock: Clock(evidence.epoch),
            first: firsts.get(&id).unwrap_or(shown),
            last: shown,
            written: written.unwrap_or_else(|| Written::none(products, ledgers)),
        };
        match order(&rules, &Place::default(), &mut calls) {
            Ok(steps) => moved.extend(rules.moved(&steps, &calls)),
            Err(stuck) => {
                let mut fault = Fault::new(format!("reservation {id}: {}", stuck.sentence));
                fault.reservation = Some(id);
                fault.requests = calls.into_iter().map(|call| call.name).collect();
                faults.push(fault);
            }
        }
    }
    let strays = written.values().flat_map(Written::strays);
    faults.extend(strays);
    end::check(evidence, &firsts, ledgers, faults);
    (faults.len() == before).then_some(moved)
}

/// The reservations as they were made, those of which somebody was told then. No others are moved or edited.
fn firsts(evidence: &Evidence) -> BTreeMap<Uuid, Shown> {
    let told = evidence.records.iter().filter_map(|record| {
        let answer = record.answer()?;
        let is_made = matches!(record.request, Request::Reserve(_)) && answer.status == 201;
        let shown: Shown = is_made.then(|| ledger::data(&answer.body).ok())??;
        Some((shown.id, shown))
    });
    told.collect()
}

/// All reservations, with what was asked of them.
fn all<'a>(evidence: &'a Evidence, faults: &mut Vec<Fault>) -> All<'a> {
    let clock = Clock(evidence.epoch);
    let mut all = All::new();
    for shown in &evidence.reservations {
        let found = Found {
            shown,
            calls: expiry(shown, clock).into_iter().collect(),
        };
        if all.insert(shown.id, found).is_some() {
            let sentence = format!("there are two reservations {}", shown.id);
            faults.push(Fault::new(sentence));
        }
    }
    // Requests that may have reserved, and whose clients never knew.
    let mut open = Vec::new();
    for record in &evidence.records {
        let id = match (&record.request, record.answer()) {
            (Request::Reserve(_), None) if record.was_sent() => {
                open.push(record);
                continue;
            }
            (Request::Reserve(_), Some(answer)) if matches!(answer.status, 200 | 201) => {
                ledger::data(&answer.body).ok().map(|shown: Shown| shown.id)
            }
            (Request::Act { reservation, .. }, Some(_)) => Some(*reservation),
            (Request::Act { reservation, act }, None) if *act != Act::Read && record.was_sent() => {
                Some(*reservation)
            }
            _ => continue,
        };
        if let Some(found) = id.and_then(|id| all.get_mut(&id)) {
            found.calls.push(Call::of(record, Op::Asked(record)));
        } else {
            let name = &record.name;
            let sentence = format!("{name} is about a reservation that isn't there");
            faults.push(Fault::new(sentence).of(record));
        }
    }
    add_makers(&mut all, evidence, open);
    all
}

/// Finds requests for the reservations that nobody was told of.
fn add_makers<'a>(all: &mut All<'a>, evidence: &Evidence, mut open: Vec<&'a Record>) {
    let clock = Clock(evidence.epoch);
    let is_told = |found: &&mut Found<'_>| {
        found.calls.iter().any(|call| match call.op {
            Op::Asked(record) => record.answer().is_some_and(|answer| answer.status == 201),
            Op::Expiry => false,
        })
    };
    let mut made: Vec<_> = all.values_mut().filter(|found| !is_told(found)).collect();
    made.sort_by_key(|found| found.shown.created_at);
    for found in made {
        let latest = clock.latest(found.shown.created_at);
        // A request that may have made this one may have made a later one as well.
        let maker = open.iter().position(|record| {
            record.invoked() <= latest && spec::is_as_asked(record, found.shown, &evidence.products)
        });
        if let Some(maker) = maker {
            let maker = open.swap_remove(maker);
            let mut call = Call::of(maker, Op::Asked(maker));
            call.is_optional = false;
            found.calls.push(call);
        }
    }
}

/// Nobody asks for it, and it happens when it is due.
fn expiry<'a>(shown: &Shown, clock: Clock) -> Option<Call<Op<'a>>> {
    let at = shown.updated_at;
    (shown.state == State::Expired).then(|| Call {
        name: Arc::from(format!("the expiry of {}", shown.id)),
        invoked: clock.earliest(at),
        returned: clock.latest(at),
        is_optional: false,
        op: Op::Expiry,
    })
}
