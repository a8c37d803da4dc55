//! Reservations: that those which were acknowledged are there, that nobody else's are, and that what
//! the ledgers say of them is what was asked and answered.

mod end;
mod life;
mod rules;
mod search;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::ask::{Product, Request, round_of};
use crate::ledger;
use crate::record::{Answer, Attempt, Record};
use crate::reservation::{Act, Reserve, Shown, order_id};

use super::ledger::Ledger;
use super::verdict::{Event, What};
use super::{Evidence, Fault};

use search::{Op, Places, Search};

/// How far the clocks of clients and servers, which are the same machine's, may drift apart in a
/// round, and times be cut off.
const TOLERANCE: Duration = Duration::from_millis(20);

/// Tells when something happens by the clock that servers have.
#[derive(Clone, Copy)]
struct Clock(Timestamp);

/// Who moved stock: a request of this number, or time.
#[derive(Clone, Copy)]
enum By {
    Record(usize),
    Expiry(Uuid, Timestamp),
}

/// What a reservation's step wrote to a ledger.
struct Moved {
    by: By,
    product: usize,
    /// Which items of it.
    items: Vec<usize>,
}

/// All that reservations did to stock.
pub(super) struct Steps {
    moved: Vec<Moved>,
    /// What nobody asked for, as if somebody had when it was due.
    expiries: HashMap<Uuid, Record>,
    are_unknown: bool,
}

/// A reservation, and all that is known of it.
struct Found<'a> {
    shown: &'a Shown,
    makers: Vec<usize>,
    /// What was asked of it afterwards.
    asked: Vec<usize>,
    /// Its entries, as items of the ledgers of the products.
    entries: BTreeMap<usize, Vec<usize>>,
}

type All<'a> = BTreeMap<Uuid, Found<'a>>;

/// What the rules look at.
struct Judge<'a> {
    evidence: &'a Evidence,
    ledgers: &'a [Ledger<'a>],
    clock: Clock,
}

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

/// Checks all reservations. Gives what they did to stock, as far as that makes sense.
pub(super) fn check(evidence: &Evidence, ledgers: &[Ledger<'_>], faults: &mut Vec<Fault>) -> Steps {
    let judge = Judge {
        evidence,
        ledgers,
        clock: Clock(evidence.epoch),
    };
    let before = faults.len();
    let all = judge.found(faults);
    for found in all.values() {
        if let Some(sentence) = rules::broken(&judge, found) {
            faults.push(judge.fault(found, &sentence));
        }
    }
    end::check(&judge, &all, faults);
    let mut steps = Steps {
        moved: Vec::new(),
        expiries: HashMap::new(),
        are_unknown: false,
    };
    if faults.len() > before {
        // What follows takes ledgers that add up.
        steps.are_unknown = true;
        return steps;
    }
    for found in all.values() {
        match judge.search(found) {
            Ok(moved) => steps.add(judge.clock, moved),
            Err(sentence) => {
                steps.are_unknown = true;
                faults.push(judge.fault(found, &sentence));
            }
        }
    }
    steps
}

impl<'a> Judge<'a> {
    /// All reservations, with what was asked of them and what they wrote.
    fn found(&self, faults: &mut Vec<Fault>) -> All<'a> {
        let mut all = All::new();
        for shown in &self.evidence.reservations {
            let found = Found {
                shown,
                makers: Vec::new(),
                asked: Vec::new(),
                entries: BTreeMap::new(),
            };
            if all.insert(shown.id, found).is_some() {
                faults.push(Fault::new(format!(
                    "there are two reservations {}",
                    shown.id
                )));
            }
        }
        let open = self.add_records(&mut all, faults);
        self.add_entries(&mut all, faults);
        self.add_makers(&mut all, open, faults);
        all
    }

    fn products(&self) -> &'a [Product] {
        &self.evidence.products
    }

    /// Gives those who may have reserved, and never knew.
    fn add_records(&self, all: &mut All<'_>, faults: &mut Vec<Fault>) -> Vec<usize> {
        let mut open = Vec::new();
        for (number, record) in self.evidence.records.iter().enumerate() {
            let answer = record.answer();
            let id = match (&record.request, answer) {
                (Request::Reserve(_), None) => {
                    if record.was_sent() {
                        open.push(number);
                    }
                    continue;
                }
                (
                    Request::Reserve(_),
                    Some(Answer {
                        status: 200 | 201,
                        body,
                        ..
                    }),
                ) => ledger::data::<Shown>(body).ok().map(|shown| shown.id),
                (Request::Act { reservation, act }, answer) => {
                    let is_of_account = *act != Act::Read && record.was_sent();
                    if answer.is_none() && !is_of_account {
                        continue;
                    }
                    Some(*reservation)
                }
                _ => continue,
            };
            let Some(found) = id.and_then(|id| all.get_mut(&id)) else {
                let name = &record.name;
                let sentence = format!("{name} is about a reservation that isn't there");
                faults.push(Fault::new(sentence).of(record));
                continue;
            };
            if answer.is_some_and(|answer| answer.status == 201) {
                found.makers.push(number);
            } else {
                found.asked.push(number);
            }
        }
        open
    }

    fn add_entries(&self, all: &mut All<'_>, faults: &mut Vec<Fault>) {
        for ledger in self.ledgers {
            for item in 0..ledger.items.len() {
                let entry = ledger.entry(item);
                let Some(id) = entry.and_then(ledger::Entry::reservation) else {
                    continue;
                };
                let place = ledger.place(item);
                let Some(found) = all.get_mut(&id) else {
                    let sentence = format!("nobody asked for entry {}", place + 1);
                    faults.push(Fault::new(sentence).on(ledger.product).at(place));
                    continue;
                };
                found.entries.entry(ledger.product).or_default().push(item);
            }
        }
    }

    /// Each reservation was made by one request, and is as it was asked for.
    fn add_makers(&self, all: &mut All<'_>, mut open: Vec<usize>, faults: &mut Vec<Fault>) {
        let mut by_time: Vec<&mut Found<'_>> = all.values_mut().collect();
        by_time.sort_by_key(|found| found.shown.meta.timestamps.created_at);
        for found in by_time {
            let latest = self.clock.latest(found.shown.meta.timestamps.created_at);
            if found.makers.is_empty() {
                // Whoever may have made this may have made a later one as well.
                let it = open.iter().position(|number| {
                    let record = self.evidence.records.get(*number);
                    record.is_some_and(|record| {
                        record.invoked() <= latest && self.is_as_asked(record, found.shown)
                    })
                });
                found.makers.extend(it.map(|it| open.swap_remove(it)));
            }
            let sentence = match found.makers.as_slice() {
                [] => "nobody asked for it".to_owned(),
                [maker] => match self.evidence.records.get(*maker) {
                    Some(record) if !self.is_as_asked(record, found.shown) => {
                        format!("{} asked for another one", record.name)
                    }
                    _ => continue,
                },
                _ => "it is the answer to several requests".to_owned(),
            };
            faults.push(self.fault(found, &sentence));
        }
    }

    fn is_as_asked(&self, record: &Record, shown: &Shown) -> bool {
        let Request::Reserve(Reserve { items, order, .. }) = &record.request else {
            return false;
        };
        let asked = items.iter().map(|item| {
            let product = self.products().get(item.product).map(|it| it.id);
            (product, item.location, item.quantity)
        });
        let lines = shown.attributes.items.iter();
        let lines = lines.map(|line| (Some(line.product_id), line.location, line.quantity));
        let order = order.map(|order| order_id(round_of(&record.name), order));
        asked.eq(lines) && order == shown.attributes.order_id
    }

    fn search(&self, found: &Found<'_>) -> Result<Vec<Moved>, String> {
        let op = |number: &usize| {
            let record = self.evidence.records.get(*number)?;
            Some(Op {
                number: *number,
                record,
            })
        };
        let Some(maker) = found.makers.first().and_then(op) else {
            return Ok(Vec::new());
        };
        let mut ops: Vec<Op<'_>> = found.asked.iter().filter_map(op).collect();
        ops.sort_by_key(|op| op.record.invoked());
        let search = Search {
            products: self.products(),
            ledgers: self.ledgers,
            clock: self.clock,
            last: found.shown,
            maker,
            ops,
            entries: &found.entries,
            places: Places::default(),
        };
        search.run()
    }

    fn fault(&self, found: &Found<'_>, sentence: &str) -> Fault {
        let id = found.shown.id;
        let fault = Fault::new(format!("reservation {id}: {sentence}")).about(id);
        let asked = found.makers.iter().chain(&found.asked);
        let records = asked.filter_map(|number| self.evidence.records.get(*number));
        records.fold(fault, Fault::of)
    }
}

impl Steps {
    fn add(&mut self, clock: Clock, moved: Vec<Moved>) {
        for moved in &moved {
            if let By::Expiry(id, at) = moved.by {
                self.expiries
                    .entry(id)
                    .or_insert_with(|| expiry(clock, id, at));
            }
        }
        self.moved.extend(moved);
    }

    /// Whether something is wrong, so that it isn't known who wrote which entry.
    pub(super) fn are_unknown(&self) -> bool {
        self.are_unknown
    }

    /// What they did, for those who look for the order of all.
    pub(super) fn events<'a>(&'a self, records: &'a [Record]) -> Vec<Event<'a>> {
        let events = self.moved.iter().filter_map(|moved| {
            let record = match moved.by {
                By::Record(number) => records.get(number),
                By::Expiry(id, _) => self.expiries.get(&id),
            }?;
            Some(Event::new(record, moved.product, What::Moved(&moved.items)))
        });
        events.collect()
    }
}

/// A request such as there would be if somebody saw to it that a reservation expires when it is due.
fn expiry(clock: Clock, reservation: Uuid, at: Timestamp) -> Record {
    let answer = Answer {
        status: 200,
        replayed: false,
        body: Value::Null,
    };
    Record {
        name: Arc::from(format!("the expiry of {reservation}")),
        request: Request::Act {
            reservation,
            act: Act::Read,
        },
        keyed: false,
        attempts: vec![Attempt {
            server: 0,
            invoked: clock.earliest(at),
            ended: clock.latest(at),
            outcome: Ok(answer),
        }],
    }
}
