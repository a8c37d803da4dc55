//! How much there was, as far as that was said: to those who asked, and to those who couldn't reserve.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use uuid::Uuid;

use crate::ask::Product;
use crate::check::spec::Call;
use crate::model::{Location, Stock};
use crate::record::Record;
use crate::reservation::{self, Item, ItemPlace, Reserve, Shortage, positions, wanted};
use crate::safety::Safety;

use super::{Calls, Op};

/// Pieces of a product that are wanted at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) struct Wish {
    place: ItemPlace,
    requested: u64,
    /// How many leave that place with the same request, if pieces are moved within the stock.
    freed: Option<u64>,
}

/// Pieces of a product that are short, as a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) struct Lack {
    location: Option<Location>,
    requested: u64,
    available: u64,
}

/// All that is wished for, in the order in which it is named first.
type Wishes = Vec<(Uuid, Wish)>;

/// What was said of each wish, by product.
pub(super) fn calls<'a>(
    record: &'a Record,
    products: &[Product],
    said: &[(Uuid, Wish, u64)],
) -> Calls<'a> {
    let said = products.iter().enumerate().map(|(number, product)| {
        let its = said.iter().filter(|(id, ..)| *id == product.id);
        let its = its.map(|(_, wish, available)| (*wish, *available));
        (number, its.unzip::<_, _, Vec<Wish>, Vec<u64>>())
    });
    let said = said.filter(|(_, (wishes, _))| !wishes.is_empty());
    let calls = said
        .map(|(product, (wishes, said))| (product, Call::of(record, Op::Available(wishes, said))));
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
            freed: None,
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
        wish.freed = Some(freed.copied().unwrap_or_default());
    }
    wishes
}

/// The pieces that can be had for each wish: first, those have theirs that name a place, and then all that is
/// left is for the others, wherever it is. What names a place and is short takes nothing.
pub(super) fn supplies(stock: &Stock, safety: &Safety, wishes: &[Wish]) -> Vec<u64> {
    let mut left = safety.sellable(stock);
    let mut taken: BTreeMap<Option<Location>, u64> = BTreeMap::new();
    let named = wishes.iter().map(|wish| {
        let ItemPlace::At(location) = wish.place else {
            return None;
        };
        let there = safety.sellable_at(stock, location);
        if let Some(freed) = wish.freed {
            return Some(there + freed);
        }
        let available = there.min(left);
        if wish.requested <= available {
            left -= wish.requested;
            taken.insert(location, wish.requested);
        }
        Some(available)
    });
    let named: Vec<Option<u64>> = named.collect();
    let there = stock.places().map(|place| {
        let taken = taken.get(&place).copied().unwrap_or_default();
        safety.sellable_at(stock, place) - taken
    });
    let unnamed = there.sum::<u64>().min(left);
    let named = named.into_iter();
    named
        .map(|available| available.unwrap_or(unnamed))
        .collect()
}

/// What is short of a stock.
pub(super) fn lacks(stock: &Stock, safety: &Safety, wishes: &[Wish]) -> Vec<Lack> {
    let supplies = supplies(stock, safety, wishes);
    let lacks = wishes.iter().zip(supplies).filter_map(|(wish, available)| {
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

/// What is available is said line by line: what is said of each wish, in their order.
pub(super) fn available(
    items: &[Item],
    body: &Value,
    products: &[Product],
) -> anyhow::Result<Vec<(Uuid, Wish, u64)>> {
    let requested = positions(items, products);
    let lines = reservation::availabilities(body)?;
    ensure!(lines.len() == items.len(), "it isn't a line for each item");
    let mut said: Vec<(Uuid, Wish, u64)> = Vec::new();
    for (item, line) in items.iter().zip(lines) {
        let product = products.get(item.product).context("no product")?.id;
        let location = item.place.location();
        ensure!(
            (line.product_id, line.location) == (product, location),
            "lines are out of order"
        );
        let due = requested.get(&(product, location)).copied();
        let wish = Wish {
            place: ItemPlace::At(location),
            requested: due.unwrap_or_default(),
            freed: None,
        };
        let due = wish.requested;
        ensure!(line.requested == due, "{due} of {product} were asked for");
        let is_so = line.sufficient == (due <= line.available);
        ensure!(is_so, "it isn't so that this is enough or too little");
        let mut before = said
            .iter()
            .filter(|(id, it, _)| (*id, *it) == (product, wish));
        match before.next() {
            None => said.push((product, wish, line.available)),
            Some((.., available)) => {
                ensure!(line.available == *available, "lines contradict each other");
            }
        }
    }
    Ok(said)
}
