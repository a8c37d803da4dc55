//! How much there was, as far as that was said: to those who asked, and to those who couldn't reserve.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use uuid::Uuid;

use crate::ask::{Product, Request};
use crate::model::{INSUFFICIENT, Location};
use crate::record::{Answer, Record};
use crate::reservation::{self, Item, Shortage};

use super::verdict::{Event, What};
use super::{Evidence, Fault};

/// How much there was of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stood {
    At(u64),
    AtLeast(u64),
}

type All = BTreeMap<(usize, Option<Location>), Stood>;

impl Stood {
    pub(super) fn is(self, available: u64) -> bool {
        match self {
            Self::At(it) => it == available,
            Self::AtLeast(it) => it <= available,
        }
    }
}

/// All that was said, by product.
pub(super) fn events<'a>(evidence: &'a Evidence, faults: &mut Vec<Fault>) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    for record in &evidence.records {
        let Some(answer) = record.answer() else {
            continue;
        };
        let said = match (&record.request, answer.status) {
            (Request::Reserve(reserve), INSUFFICIENT) => {
                short(&reserve.items, answer, &evidence.products)
            }
            (Request::Availability(items), 200) => available(items, answer, &evidence.products),
            _ => continue,
        };
        match said {
            Ok(said) => events.extend(by_product(record, &said)),
            Err(error) => {
                let sentence = format!("{} was answered {answer}: {error:#}", record.name);
                faults.push(Fault::new(sentence).of(record));
            }
        }
    }
    events
}

fn by_product<'a>(record: &'a Record, said: &All) -> Vec<Event<'a>> {
    let mut products: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for ((product, location), stood) in said {
        let positions = products.entry(*product).or_default();
        positions.push((*location, *stood));
    }
    let events = products.into_iter();
    let events =
        events.map(|(product, positions)| Event::new(record, product, What::Available(positions)));
    events.collect()
}

/// How much is asked for of each position.
fn requested(items: &[Item]) -> BTreeMap<(usize, Option<Location>), u64> {
    let mut requested = BTreeMap::new();
    for item in items {
        *requested.entry((item.product, item.location)).or_default() += item.quantity;
    }
    requested
}

fn number(products: &[Product], id: Uuid) -> anyhow::Result<usize> {
    let product = products.iter().position(|product| product.id == id);
    product.with_context(|| format!("there is no product {id}"))
}

/// What is named was short, and of all else there was enough.
fn short(items: &[Item], answer: &Answer, products: &[Product]) -> anyhow::Result<All> {
    let requested = requested(items);
    let enough = requested.iter();
    let mut said: All = enough
        .map(|(it, quantity)| (*it, Stood::AtLeast(*quantity)))
        .collect();
    let shortages = reservation::shortages(&answer.body)?;
    ensure!(!shortages.is_empty(), "nothing is short");
    for shortage in shortages {
        let Shortage {
            product_id,
            location,
            available,
            ..
        } = shortage;
        let position = (number(products, product_id)?, location);
        let due = requested.get(&position).copied().unwrap_or_default();
        ensure!(
            shortage.requested == due,
            "{due} of {product_id} were asked for"
        );
        ensure!(available < due, "there is enough of {product_id}");
        let before = said.insert(position, Stood::At(available));
        ensure!(
            matches!(before, Some(Stood::AtLeast(_))),
            "{product_id} is short twice"
        );
    }
    Ok(said)
}

fn available(items: &[Item], answer: &Answer, products: &[Product]) -> anyhow::Result<All> {
    let requested = requested(items);
    let lines = reservation::availabilities(&answer.body)?;
    ensure!(lines.len() == items.len(), "it isn't a line for each item");
    let mut said = All::new();
    for (item, line) in items.iter().zip(lines) {
        let position = (number(products, line.product_id)?, line.location);
        ensure!(
            position == (item.product, item.location),
            "lines are out of order"
        );
        let due = requested.get(&position).copied().unwrap_or_default();
        ensure!(
            line.requested == due,
            "{due} of {} were asked for",
            line.product_id
        );
        ensure!(
            line.sufficient == (due <= line.available),
            "it isn't so that this is enough or too little"
        );
        let stood = Stood::At(line.available);
        let before = said.insert(position, stood);
        ensure!(
            before.is_none_or(|it| it == stood),
            "lines contradict each other"
        );
    }
    Ok(said)
}
