//! How much there was, as far as that was said: to those who asked, and to those who couldn't reserve.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::ask::Product;
use crate::check::spec::Call;
use crate::record::Record;
use crate::reservation::{self, Item, Position, positions};

use super::{Calls, Op};

/// How much there was of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Stood {
    At(u64),
    AtLeast(u64),
}

/// All that was said.
type Said = BTreeMap<Position, Stood>;

impl Stood {
    pub(super) fn is(self, available: u64) -> bool {
        match self {
            Self::At(it) => it == available,
            Self::AtLeast(it) => it <= available,
        }
    }
}

/// What was said, by product.
pub(super) fn calls<'a>(record: &'a Record, products: &[Product], said: &Said) -> Calls<'a> {
    let said = products.iter().enumerate().map(|(number, product)| {
        let its = said.iter().filter(|((id, _), _)| *id == product.id);
        let its: Vec<_> = its
            .map(|((_, location), stood)| (*location, *stood))
            .collect();
        (number, its)
    });
    let said = said.filter(|(_, said)| !said.is_empty());
    let calls = said.map(|(product, said)| (product, Call::of(record, Op::Available(said))));
    calls.collect()
}

/// What is named was short, and of all else there was enough.
pub(super) fn short(items: &[Item], body: &Value, products: &[Product]) -> anyhow::Result<Said> {
    let requested = positions(items, products);
    let enough = requested.iter();
    let mut said: Said = enough
        .map(|(position, quantity)| (*position, Stood::AtLeast(*quantity)))
        .collect();
    let shortages = reservation::shortages(body)?;
    ensure!(!shortages.is_empty(), "nothing is short");
    for shortage in shortages {
        let product = shortage.product_id;
        let position = (product, shortage.location);
        let due = requested.get(&position).copied().unwrap_or_default();
        ensure!(
            shortage.requested == due,
            "{due} of {product} were asked for"
        );
        ensure!(shortage.available < due, "there is enough of {product}");
        let before = said.insert(position, Stood::At(shortage.available));
        let is_first = matches!(before, Some(Stood::AtLeast(_)));
        ensure!(is_first, "{product} is short twice");
    }
    Ok(said)
}

/// What is available is said line by line.
pub(super) fn available(
    items: &[Item],
    body: &Value,
    products: &[Product],
) -> anyhow::Result<Said> {
    let requested = positions(items, products);
    let lines = reservation::availabilities(body)?;
    ensure!(lines.len() == items.len(), "it isn't a line for each item");
    let mut said = Said::new();
    for (item, line) in items.iter().zip(lines) {
        let product = products.get(item.product).context("no product")?.id;
        let position = (product, item.location);
        ensure!(
            (line.product_id, line.location) == position,
            "lines are out of order"
        );
        let due = requested.get(&position).copied().unwrap_or_default();
        ensure!(line.requested == due, "{due} of {product} were asked for");
        let is_so = line.sufficient == (due <= line.available);
        ensure!(is_so, "it isn't so that this is enough or too little");
        let stood = Stood::At(line.available);
        let before = said.insert(position, stood);
        ensure!(
            before.is_none_or(|it| it == stood),
            "lines contradict each other"
        );
    }
    Ok(said)
}
