//! Whether there is an order in which all that was asked of a reservation makes sense: every answer
//! is the one that the model gives at its place in that order, whatever was answered before something
//! else was asked comes before it, the reservation expires when it is due and not otherwise, and the
//! entries in the ledgers and the state in the end are what comes of it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ask::{Product, Request};
use crate::check::ledger::Ledger;
use crate::record::{Answer, Record};
use crate::reservation::{Act, Shown, State};

use super::life::{self, Life, Refused, Step};
use super::{By, Clock, Moved};

/// Something that was asked of a reservation.
#[derive(Clone, Copy)]
pub(super) struct Op<'a> {
    pub(super) number: usize,
    pub(super) record: &'a Record,
}

/// What an order is looked for of.
pub(super) struct Search<'a> {
    pub(super) products: &'a [Product],
    pub(super) ledgers: &'a [Ledger<'a>],
    pub(super) clock: Clock,
    /// The reservation as it stands in the end.
    pub(super) last: &'a Shown,
    /// Who made it.
    pub(super) maker: Op<'a>,
    /// What was asked of it afterwards.
    pub(super) ops: Vec<Op<'a>>,
    /// Its entries, as items of the ledgers of the products.
    pub(super) entries: &'a BTreeMap<usize, Vec<usize>>,
    pub(super) places: Places,
}

/// Where the search has been, and how far it got.
#[derive(Default)]
pub(super) struct Places {
    seen: HashSet<Place>,
    path: Vec<Moved>,
    deepest: (usize, String),
}

/// What has happened up to a point, and what came of it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    life: Life,
    done: Vec<bool>,
    /// How many entries of each ledger are explained.
    explained: BTreeMap<usize, usize>,
}

impl Search<'_> {
    /// What moved in each ledger, in order.
    pub(super) fn run(mut self) -> Result<Vec<Moved>, String> {
        let mut life = Life::new(self.last);
        if let Some(answer) = self.maker.record.answer() {
            made_as_told(&mut life, &self.maker, answer, self.last)?;
        }
        let mut place = Place {
            done: vec![false; self.ops.len()],
            explained: BTreeMap::new(),
            life,
        };
        let step = place.life.made();
        self.explain(&mut place, &step, By::Record(self.maker.number), None)?;
        if self.goes_on(&place) {
            return Ok(self.places.path);
        }
        let (done, sentence) = self.places.deepest;
        let all = self.ops.len();
        Err(format!(
            "{done} of {all} requests make sense, and then it {sentence}"
        ))
    }

    fn goes_on(&mut self, place: &Place) -> bool {
        if !self.places.seen.insert(place.clone()) {
            return false;
        }
        let left = self.ops.iter().zip(&place.done);
        let left = left.filter(|(_, done)| !**done).map(|(op, _)| op);
        let bound = left.map(|op| op.record.returned()).min();
        let bound = bound.unwrap_or(Duration::MAX);
        let mut reasons = Vec::new();
        if bound == Duration::MAX {
            match self.ends(place) {
                Ok(()) => return true,
                Err(reason) => reasons.push(reason),
            }
        }
        for number in 0..self.ops.len() {
            let Some(op) = self.ops.get(number).copied() else {
                continue;
            };
            if place.done.get(number) != Some(&false) || op.record.invoked() > bound {
                continue;
            }
            let length = self.places.path.len();
            match self.after(place, number, op) {
                Ok(next) if self.goes_on(&next) => return true,
                Ok(_) => {}
                Err(reason) => reasons.push(format!("{}: {reason}", op.record.name)),
            }
            self.places.path.truncate(length);
        }
        if place.life.state == State::Pending {
            let length = self.places.path.len();
            match self.after_expiry(place, bound) {
                Ok(next) if self.goes_on(&next) => return true,
                Ok(_) => {}
                Err(reason) => reasons.push(reason),
            }
            self.places.path.truncate(length);
        }
        let done = place.done.iter().filter(|done| **done).count();
        if self.places.deepest.1.is_empty() || done > self.places.deepest.0 {
            let sentence = format!("is {}: {}", place.life, reasons.join("; "));
            self.places.deepest = (done, sentence);
        }
        false
    }

    /// Whether nothing is left to be explained.
    fn ends(&self, place: &Place) -> Result<(), String> {
        place
            .life
            .clone()
            .unify(self.last)
            .map_err(|reason| format!("in the end {reason}"))?;
        for (product, items) in self.entries {
            let explained = place.explained.get(product).copied().unwrap_or_default();
            if let Some(item) = items.get(explained)
                && let Some(ledger) = self.ledgers.get(*product)
            {
                let entry = ledger.place(*item) + 1;
                return Err(format!(
                    "nothing explains entry {entry} of product {product}"
                ));
            }
        }
        Ok(())
    }

    /// What there is after this, if it may come next.
    fn after(&mut self, place: &Place, number: usize, op: Op<'_>) -> Result<Place, String> {
        let mut next = place.clone();
        if let Some(done) = next.done.get_mut(number) {
            *done = true;
        }
        let life = &mut next.life;
        if let Some(expires_at) = life.expires_at
            && self.clock.latest(expires_at) < op.record.invoked()
        {
            return Err("it was asked for after it had expired".to_owned());
        }
        let before = life.updated_at;
        let answer = op.record.answer();
        let act = match &op.record.request {
            Request::Reserve(reserve) => {
                let is_same = life.reserved() == life::positions(&reserve.items, self.products);
                if !life.state.is_living() || !is_same {
                    return Err("the order isn't given this one".to_owned());
                }
                &Act::Read
            }
            Request::Act { act, .. } => act,
            _ => return Err("it is no such request".to_owned()),
        };
        let step = match (life.act(act, self.products), answer) {
            (Ok(None) | Err(_), None) => return Err("it is of no account".to_owned()),
            (Ok(step), answer) => {
                if let Some(answer) = answer {
                    told(life, act, answer, self.last)?;
                }
                step
            }
            (Err(refused), Some(answer)) => {
                is_refused(life, &refused, answer)?;
                None
            }
        };
        if before > next.life.updated_at && next.life.updated_at.is_some() {
            return Err("time runs backwards".to_owned());
        }
        if let Some(step) = step {
            self.explain(&mut next, &step, By::Record(op.number), None)?;
        }
        Ok(next)
    }

    fn after_expiry(&mut self, place: &Place, bound: Duration) -> Result<Place, String> {
        if self.last.attributes.state != State::Expired {
            return Err("it never expired".to_owned());
        }
        let at = self.last.meta.timestamps.updated_at;
        if place.life.expires_at.is_some_and(|it| it != at) {
            return Err(format!("it didn't expire at {at}"));
        }
        if self.clock.earliest(at) > bound {
            return Err(format!("it had not expired yet, which was at {at}"));
        }
        let mut next = place.clone();
        let step = next.life.expire(at);
        self.explain(&mut next, &step, By::Expiry(self.last.id, at), Some(at))?;
        Ok(next)
    }

    /// Holds what moves against the entries that are next, and notes them.
    fn explain(
        &mut self,
        place: &mut Place,
        step: &Step,
        by: By,
        at: Option<Timestamp>,
    ) -> Result<(), String> {
        let mut positions = step.positions.clone();
        for (product, items) in self.entries {
            let Some(ledger) = self.ledgers.get(*product) else {
                continue;
            };
            let id = self.products.get(*product).map(|product| product.id);
            let is_its = |(it, _): &(Uuid, _)| Some(*it) == id;
            let count = positions.keys().filter(|position| is_its(position)).count();
            let entries = count * step.actions.len();
            if entries == 0 {
                continue;
            }
            let explained = place.explained.entry(*product).or_default();
            let items = items.get(*explained..*explained + entries);
            let items = items.ok_or_else(|| missing(*product))?;
            // Nothing of a reservation is given back before it is made, whatever the clock says.
            let made = ledger_date(ledger, self.entries.get(product).and_then(|it| it.first()));
            let at = at.map(|at| made.map_or(at, |made| made.max(at)));
            for items in items.chunks(step.actions.len()) {
                let mut quantity = None;
                for (item, action) in items.iter().zip(step.actions) {
                    let entry = ledger.entry(*item).ok_or_else(|| missing(*product))?;
                    let key = (id.unwrap_or_default(), entry.attributes.location);
                    let quantity = *quantity.get_or_insert_with(|| (key, positions.remove(&key)));
                    let is_so = entry.attributes.action == *action
                        && quantity == (key, Some(entry.attributes.quantity))
                        && at.is_none_or(|at| at == entry.meta.timestamps.created_at);
                    if !is_so {
                        let number = ledger.place(*item) + 1;
                        return Err(format!("entry {number} of product {product} is another"));
                    }
                }
            }
            *explained += entries;
            self.places.path.push(Moved {
                by,
                product: *product,
                items: items.to_vec(),
            });
        }
        if positions.is_empty() || step.actions.is_empty() {
            return Ok(());
        }
        Err("entries are missing".to_owned())
    }
}

fn missing(product: usize) -> String {
    format!("entries of product {product} are missing")
}

fn ledger_date(ledger: &Ledger<'_>, item: Option<&usize>) -> Option<Timestamp> {
    let entry = ledger.entry(*item?)?;
    Some(entry.meta.timestamps.created_at)
}

fn shown(answer: &Answer, last: &Shown) -> Result<Shown, String> {
    let shown: Shown = crate::ledger::data(&answer.body).map_err(|error| format!("{error:#}"))?;
    let is_it = shown.id == last.id
        && shown.attributes.order_id == last.attributes.order_id
        && shown.meta.timestamps.created_at == last.meta.timestamps.created_at;
    if !is_it {
        return Err("it is another reservation".to_owned());
    }
    Ok(shown)
}

/// A reservation that was just made begins as was asked.
fn made_as_told(
    life: &mut Life,
    maker: &Op<'_>,
    answer: &Answer,
    last: &Shown,
) -> Result<(), String> {
    life.unify(&shown(answer, last)?)?;
    let Request::Reserve(reserve) = &maker.record.request else {
        return Err("it was made by another request".to_owned());
    };
    let due = life
        .updated_at
        .and_then(|at| life::end(at, reserve.expires_in));
    if life.expires_at != due {
        return Err("expires at another time than was asked for".to_owned());
    }
    Ok(())
}

fn told(life: &mut Life, act: &Act, answer: &Answer, last: &Shown) -> Result<(), String> {
    if answer.status != 200 {
        return Err(format!("it was answered {}", answer.status));
    }
    life.unify(&shown(answer, last)?)?;
    if let Act::Extend { expires_in } = act {
        let due = life.updated_at.and_then(|at| life::end(at, *expires_in));
        if life.expires_at != due {
            return Err("expires at another time than was asked for".to_owned());
        }
    }
    Ok(())
}

fn is_refused(life: &Life, refused: &Refused, answer: &Answer) -> Result<(), String> {
    let meta = |name: &str| answer.body.pointer(&format!("/errors/0/meta/{name}"));
    let is_so = match refused {
        Refused::State => {
            answer.status == 409
                && meta("state").and_then(serde_json::Value::as_str) == Some(life.state.word())
        }
        Refused::Open(short) => {
            let product = meta("product_id").and_then(serde_json::Value::as_str);
            let open = meta("open").and_then(serde_json::Value::as_u64);
            let mut short = short.iter();
            answer.status == 422
                && short
                    .any(|(id, it)| product == Some(id.to_string().as_str()) && open == Some(*it))
        }
    };
    if is_so {
        return Ok(());
    }
    Err(format!("it was answered {answer}, and is {life}"))
}
