//! How much there was, as far as that was said: to those who asked, and to those who couldn't reserve.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use uuid::Uuid;

use crate::ask::Product;
use crate::check::spec::Call;
use crate::model::{Location, Stock};
use crate::record::Record;
use crate::reservation::{self, Item, ItemPlace, Position, Reserve, Shortage, positions, wanted};

use super::{Calls, Op};

/// Pieces of a product that are wanted at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) struct Wish {
    place: ItemPlace,
    requested: u64,
    /// How many leave that place with the same request.
    freed: u64,
}

/// Pieces of a product that are short, as a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) struct Lack {
    location: Option<Location>,
    requested: u64,
    available: u64,
}

/// All that was said.
type Said = BTreeMap<Position, u64>;

/// All that is wished for, in the order in which it is named first.
type Wishes = Vec<(Uuid, Wish)>;

/// What was said, by product.
pub(super) fn calls<'a>(record: &'a Record, products: &[Product], said: &Said) -> Calls<'a> {
    let said = products.iter().enumerate().map(|(number, product)| {
        let its = said.iter().filter(|((id, _), _)| *id == product.id);
        let its: Vec<_> = its
            .map(|((_, location), available)| (*location, *available))
            .collect();
        (number, its)
    });
    let said = said.filter(|(_, said)| !said.is_empty());
    let calls = said.map(|(product, said)| (product, Call::of(record, Op::Available(said))));
    calls.collect()
}

/// What an order wishes for.
pub(super) fn wishes(reserve: &Reserve, products: &[Product]) -> Wishes {
    let (items, is_sourced) = (&reserve.items, reserve.is_sourced);
    let mut all = wanted(items, is_sourced, products);
    let wishes = items.iter().filter_map(|item| {
        let mut it = wanted(std::slice::from_ref(item), is_sourced, products);
        let ((product, place), _) = it.pop_first()?;
        // Items of the same place are one.
        let requested = all.remove(&(product, place))?;
        let wish = Wish {
            place,
            requested,
            freed: 0,
        };
        Some((product, wish))
    });
    wishes.collect()
}

/// What a move wishes for, at the places where its pieces are to come to.
pub(super) fn arrivals(part: &[Item], to: &[Option<Location>], products: &[Product]) -> Wishes {
    let freed = positions(part, products);
    let items = part.iter().zip(to).map(|(item, to)| Item {
        place: ItemPlace::At(*to),
        ..item.clone()
    });
    let reserve = Reserve {
        items: items.collect(),
        is_sourced: false,
        order: None,
        expires_in: 0,
    };
    let mut wishes = wishes(&reserve, products);
    for (product, wish) in &mut wishes {
        let freed = freed.get(&(*product, wish.place.location()));
        wish.freed = freed.copied().unwrap_or_default();
    }
    wishes
}

/// What is short of a stock: first, those have theirs that name a place, and then all that is left is for
/// the others, wherever it is. What names a place and is short takes nothing.
pub(super) fn lacks(stock: &Stock, wishes: &[Wish]) -> Vec<Lack> {
    let there = |location| stock.position(location).unwrap_or_default().available;
    let enough = |wish: &&Wish| match wish.place {
        ItemPlace::At(location) => wish.requested <= there(location) + wish.freed,
        ItemPlace::Unnamed => false,
    };
    let taken: u64 = wishes.iter().filter(enough).map(|it| it.requested).sum();
    let in_all = stock.sums().unwrap_or_default().available;
    let lacks = wishes.iter().filter_map(|wish| {
        let available = match wish.place {
            ItemPlace::At(location) => there(location) + wish.freed,
            ItemPlace::Unnamed => in_all.saturating_sub(taken),
        };
        (available < wish.requested).then_some(Lack {
            location: wish.place.location(),
            requested: wish.requested,
            available,
        })
    });
    lacks.collect()
}

/// What is named was short, and of all else there was enough.
pub(super) fn short<'a>(
    record: &'a Record,
    wishes: &[(Uuid, Wish)],
    body: &Value,
    products: &[Product],
) -> anyhow::Result<Calls<'a>> {
    let shortages = reservation::shortages(body)?;
    ensure!(!shortages.is_empty(), "nothing is short");
    for shortage in &shortages {
        let Shortage {
            product_id: product,
            location,
            requested,
            available,
        } = shortage;
        let its = wishes.iter().filter(|(id, _)| id == product);
        let its = its.filter(|(_, wish)| wish.place.location() == *location);
        let its: Vec<u64> = its.map(|(_, wish)| wish.requested).collect();
        ensure!(
            its.contains(requested),
            "{its:?} of {product} were asked for"
        );
        ensure!(available < requested, "there is enough of {product}");
    }
    let mut calls = Calls::new();
    for (number, product) in products.iter().enumerate() {
        let its = wishes.iter().filter(|(id, _)| *id == product.id);
        let its: Vec<Wish> = its.map(|(_, wish)| *wish).collect();
        let said = shortages.iter().filter(|it| it.product_id == product.id);
        let said = said.map(|it| Lack {
            location: it.location,
            requested: it.requested,
            available: it.available,
        });
        if !its.is_empty() {
            let op = Op::Short(its, said.collect());
            calls.push((number, Call::of(record, op)));
        }
    }
    Ok(calls)
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
        let position = (product, item.place.location());
        ensure!(
            (line.product_id, line.location) == position,
            "lines are out of order"
        );
        let due = requested.get(&position).copied().unwrap_or_default();
        ensure!(line.requested == due, "{due} of {product} were asked for");
        let is_so = line.sufficient == (due <= line.available);
        ensure!(is_so, "it isn't so that this is enough or too little");
        let before = said.insert(position, line.available);
        ensure!(
            before.is_none_or(|it| it == line.available),
            "lines contradict each other"
        );
    }
    Ok(said)
}
