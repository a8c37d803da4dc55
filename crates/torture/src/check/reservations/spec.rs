//! A reservation as a thing that calls change: every answer is the one that the model gives, it expires
//! when it is due and not otherwise, and what it moves is in the ledgers, which it has to explain.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ask::{Product, Request, round_of};
use crate::check::ledger::Ledger;
use crate::check::spec::{Call, Order, Spec};
use crate::check::stock::{self, Calls};
use crate::ledger;
use crate::record::{Answer, Record};
use crate::reservation::{Act, Shown, order_id, positions};

use super::Clock;
use super::life::{self, Life, Refused, Step};

/// What happens to a reservation.
#[derive(Clone, Copy)]
pub(super) enum Op<'a> {
    /// A client asked for something.
    Asked(&'a Record),
    /// Nobody paid in time.
    Expiry,
}

/// A reservation as it stands in the end.
pub(super) struct Rules<'a> {
    pub(super) products: &'a [Product],
    pub(super) ledgers: &'a [Ledger<'a>],
    pub(super) clock: Clock,
    pub(super) last: &'a Shown,
    /// Its entries, as items of the ledgers of the products.
    pub(super) entries: &'a BTreeMap<usize, Vec<usize>>,
}

/// What has happened up to a point.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The reservation, once it is made.
    life: Option<Life>,
    /// How many entries of each ledger are explained.
    explained: BTreeMap<usize, usize>,
}

impl<'a> Spec for Rules<'a> {
    type State = Place;
    type Op = Op<'a>;

    fn apply(&self, place: &Place, call: &Call<Op<'a>>) -> Result<Place, Option<String>> {
        let mut next = place.clone();
        let step = match (call.op, &mut next.life) {
            (Op::Asked(record), None) => {
                let life = next.life.insert(self.made(record)?);
                Some(life.made())
            }
            (Op::Asked(record), Some(life)) => {
                if let Some(expires_at) = life.expires_at
                    && self.clock.latest(expires_at) < call.invoked
                {
                    return Err(Some("was asked for after it had expired".to_owned()));
                }
                self.asked(life, record)?
            }
            (Op::Expiry, Some(life)) => Some(life.expire(self.last.meta.timestamps.updated_at)?),
            (Op::Expiry, None) => return Err(None),
        };
        if let Some(step) = step {
            self.explain(&mut next, &step)?;
        }
        Ok(next)
    }

    fn is_reading(&self, op: &Op<'a>) -> bool {
        let Op::Asked(record) = op else {
            return false;
        };
        let status = record.answer().map(|answer| answer.status);
        match &record.request {
            Request::Act { act: Act::Read, .. } => true,
            Request::Reserve(_) => status != Some(201),
            _ => status.is_some_and(|status| status >= 400),
        }
    }

    fn end(&self, place: &Place) -> Result<(), String> {
        let life = place.life.clone().ok_or("nobody asked for it")?;
        let mut end = life;
        end.unify(self.last)
            .map_err(|reason| format!("in the end it {reason}"))?;
        for (product, items) in self.entries {
            let explained = place.explained.get(product).copied().unwrap_or_default();
            if let (Some(item), Some(ledger)) = (items.get(explained), self.ledgers.get(*product)) {
                let entry = ledger.place(*item) + 1;
                return Err(format!(
                    "nothing explains entry {entry} of product {product}"
                ));
            }
        }
        Ok(())
    }

    fn place(&self, place: &Place) -> String {
        match &place.life {
            Some(life) => format!("when it is {life}"),
            None => "before it is made".to_owned(),
        }
    }
}

impl<'a> Rules<'a> {
    /// What each step moved, as calls on stock.
    pub(super) fn moved<'b>(&self, order: Order<Self>, calls: &[Call<Op<'a>>]) -> Calls<'b> {
        let mut moved = Calls::new();
        let mut before = BTreeMap::new();
        for (number, Place { explained, .. }) in order {
            for (product, items) in self.entries {
                let count = |explained: &BTreeMap<usize, usize>| {
                    explained.get(product).copied().unwrap_or_default()
                };
                let items = items.get(count(&before)..count(&explained));
                if let (Some(items @ [_, ..]), Some(call)) = (items, calls.get(number)) {
                    moved.push((
                        *product,
                        Call {
                            name: call.name.clone(),
                            invoked: call.invoked,
                            returned: call.returned,
                            is_optional: false,
                            op: stock::Op::Moved(items.to_vec()),
                        },
                    ));
                }
            }
            before = explained;
        }
        moved
    }

    /// A reservation that a request made.
    fn made(&self, record: &Record) -> Result<Life, String> {
        let Request::Reserve(reserve) = &record.request else {
            return Err("was asked for before it was made".to_owned());
        };
        if !is_as_asked(record, self.last, self.products) {
            return Err("asked for another one".to_owned());
        }
        let mut life = Life::new(self.last);
        if let Some(answer) = record.answer() {
            self.told(&mut life, answer, 201, Some(reserve.expires_in))?;
        }
        Ok(life)
    }

    /// What a request moved; nothing if it changed nothing.
    fn asked(&self, life: &mut Life, record: &Record) -> Result<Option<Step>, String> {
        let act = match &record.request {
            Request::Act { act, .. } => act,
            Request::Reserve(reserve) => {
                let is_same = life.reserved() == positions(&reserve.items, self.products);
                if !life.state.is_living() || !is_same {
                    return Err("was shown a reservation that its order doesn't have".to_owned());
                }
                &Act::Read
            }
            _ => return Err("is no such request".to_owned()),
        };
        let before = life.updated_at;
        let step = match (life.act(act, self.products), record.answer()) {
            (Ok(None) | Err(_), None) => return Err("is of no account".to_owned()),
            (Ok(step), None) => step,
            (Ok(step), Some(answer)) => {
                let expires_in = match act {
                    Act::Extend { expires_in } => Some(*expires_in),
                    _ => None,
                };
                self.told(life, answer, 200, expires_in)?;
                step
            }
            (Err(refused), Some(answer)) => {
                is_refused(life, &refused, answer)?;
                None
            }
        };
        if life.updated_at.is_some() && life.updated_at < before {
            return Err("was carried out before the time of the last change".to_owned());
        }
        Ok(step)
    }

    /// The answer shows the reservation, which from then on expires as was asked for.
    fn told(
        &self,
        life: &mut Life,
        answer: &Answer,
        status: u16,
        expires_in: Option<u32>,
    ) -> Result<(), String> {
        if answer.status != status {
            return Err(format!("was answered {}", answer.status));
        }
        let shown: Shown = ledger::data(&answer.body).map_err(|error| format!("{error:#}"))?;
        let is_it = shown.id == self.last.id
            && shown.attributes.order_id == self.last.attributes.order_id
            && shown.meta.timestamps.created_at == self.last.meta.timestamps.created_at;
        if !is_it {
            return Err("was shown another reservation".to_owned());
        }
        life.unify(&shown)?;
        let end = |expires_in| life::end(life.updated_at?, expires_in);
        if expires_in.is_some_and(|expires_in| end(expires_in) != life.expires_at) {
            return Err("was told of another end than was asked for".to_owned());
        }
        Ok(())
    }

    /// Holds what moves against the entries that are next.
    fn explain(&self, place: &mut Place, step: &Step) -> Result<(), String> {
        if step.actions.is_empty() {
            return Ok(());
        }
        let mut positions = step.positions.clone();
        for (product, items) in self.entries {
            let (Some(ledger), Some(id)) = (
                self.ledgers.get(*product),
                self.products.get(*product).map(|product| product.id),
            ) else {
                continue;
            };
            let count = positions.keys().filter(|(it, _)| *it == id).count() * step.actions.len();
            let explained = place.explained.entry(*product).or_default();
            let next = items.get(*explained..*explained + count);
            let next = next.ok_or_else(|| format!("lacks entries of product {product}"))?;
            // Nothing of a reservation is given back before it is made, whatever the clock says.
            let date = |item: &usize| Some(ledger.entry(*item)?.meta.timestamps.created_at);
            let at = step.at.max(step.at.and_then(|_| date(items.first()?)));
            for items in next.chunks(step.actions.len()) {
                let mut moved = None;
                for (item, action) in items.iter().zip(step.actions) {
                    let entry = ledger.entry(*item).map(|entry| &entry.attributes);
                    let key = (id, entry.and_then(|entry| entry.location));
                    let moved = *moved.get_or_insert_with(|| (key, positions.remove(&key)));
                    let is_so = entry.is_some_and(|entry| {
                        entry.action == *action && moved == (key, Some(entry.quantity))
                    });
                    if !is_so || at.is_some() && at != date(item) {
                        let entry = ledger.place(*item) + 1;
                        return Err(format!(
                            "moves other stock than entry {entry} of product {product}"
                        ));
                    }
                }
            }
            *explained += count;
        }
        match positions.first_key_value() {
            Some(((product, _), _)) => Err(format!("lacks entries of product {product}")),
            None => Ok(()),
        }
    }
}

/// Whether a request is for what is reserved.
pub(super) fn is_as_asked(record: &Record, shown: &Shown, products: &[Product]) -> bool {
    let Request::Reserve(reserve) = &record.request else {
        return false;
    };
    let asked = reserve.items.iter().map(|item| {
        let product = products.get(item.product).map(|it| it.id);
        (product, item.location, item.quantity)
    });
    let lines = shown.attributes.items.iter();
    let lines = lines.map(|line| (Some(line.product_id), line.location, line.quantity));
    let order = reserve
        .order
        .map(|order| order_id(round_of(&record.name), order));
    asked.eq(lines) && order == shown.attributes.order_id
}

fn is_refused(life: &Life, refused: &Refused, answer: &Answer) -> Result<(), String> {
    let meta = |name: &str| answer.body.pointer(&format!("/errors/0/meta/{name}"));
    let is_so = match refused {
        Refused::State => {
            answer.status == 409 && meta("state").and_then(Value::as_str) == Some(life.state.word())
        }
        Refused::Open(short) => {
            let product = meta("product_id").and_then(Value::as_str);
            let open = meta("open").and_then(Value::as_u64);
            let mut short = short.iter();
            answer.status == 422
                && short
                    .any(|(id, it)| product == Some(id.to_string().as_str()) && open == Some(*it))
        }
    };
    if is_so {
        return Ok(());
    }
    Err(format!("was answered {answer}"))
}
