//! What is so of each reservation, whatever the order of all was.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::ask::Request;
use crate::model::{Action, Location};
use crate::reservation::{Act, State};

use super::life::Life;
use super::{Found, Judge};

/// What the ledgers say of a position.
#[derive(Clone, Copy, Default)]
struct Sums {
    allocations: u64,
    allocated: u64,
    deallocated: u64,
    decremented: u64,
}

/// What is wrong, if anything.
pub(super) fn broken(judge: &Judge<'_>, found: &Found<'_>) -> Option<String> {
    let sums = sums(judge, found);
    allocated(found, &sums)
        .or_else(|| given_back(found, &sums))
        .or_else(|| paid(judge, found))
}

fn sums(judge: &Judge<'_>, found: &Found<'_>) -> BTreeMap<(Uuid, Option<Location>), Sums> {
    let mut all: BTreeMap<_, Sums> = BTreeMap::new();
    for (product, items) in &found.entries {
        let Some(ledger) = judge.ledgers.get(*product) else {
            continue;
        };
        for entry in items.iter().filter_map(|item| ledger.entry(*item)) {
            let attributes = &entry.attributes;
            let position = (attributes.product_id, attributes.location);
            let sums = all.entry(position).or_default();
            let quantity = attributes.quantity;
            match attributes.action {
                Action::Allocate => {
                    sums.allocations += 1;
                    sums.allocated += quantity;
                }
                Action::Deallocate => sums.deallocated += quantity,
                _ => sums.decremented += quantity,
            }
        }
    }
    all
}

type AllSums = BTreeMap<(Uuid, Option<Location>), Sums>;

/// All of it was allocated, and once.
fn allocated(found: &Found<'_>, sums: &AllSums) -> Option<String> {
    let reserved = Life::new(found.shown).reserved();
    let stray = sums
        .keys()
        .find(|position| !reserved.contains_key(position));
    if let Some((product, _)) = stray {
        return Some(format!(
            "it moves stock of {product}, which it never reserved"
        ));
    }
    reserved.iter().find_map(|((product, location), reserved)| {
        let sums = sums
            .get(&(*product, *location))
            .copied()
            .unwrap_or_default();
        if (sums.allocations, sums.allocated) == (1, *reserved) {
            return None;
        }
        let location = location.map_or("unlocated", Location::slug);
        let Sums {
            allocations,
            allocated,
            ..
        } = sums;
        Some(format!(
            "it reserves {reserved} of {product} {location}, and allocated {allocated} in \
             {allocations} entries"
        ))
    })
}

/// What is given back and shipped is so in the ledgers.
fn given_back(found: &Found<'_>, sums: &AllSums) -> Option<String> {
    let mut shown: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for item in &found.shown.attributes.items {
        let (released, fulfilled) = shown.entry((item.product_id, item.location)).or_default();
        *released += item.released;
        *fulfilled += item.fulfilled;
    }
    shown.iter().find_map(|(position, (released, fulfilled))| {
        let sums = sums.get(position).copied().unwrap_or_default();
        let (back, out) = (sums.deallocated, sums.decremented);
        if (released + fulfilled, *fulfilled) == (back, out) {
            return None;
        }
        let location = position.1.map_or("unlocated", Location::slug);
        Some(format!(
            "of {} {location}, {released} are released and {fulfilled} fulfilled, and the ledger \
             deallocates {back} and decrements {out}",
            position.0
        ))
    })
}

/// What is paid for doesn't expire.
fn paid(judge: &Judge<'_>, found: &Found<'_>) -> Option<String> {
    if found.shown.attributes.state != State::Expired {
        return None;
    }
    let records = found.asked.iter();
    let mut records = records.filter_map(|number| judge.evidence.records.get(*number));
    let paid = records.find(|record| {
        let pays = matches!(record.request, Request::Act { act: Act::Pay, .. });
        pays && record.answer().is_some_and(|answer| answer.status == 200)
    });
    paid.map(|record| {
        format!(
            "{} was acknowledged as paid, and it has expired",
            record.name
        )
    })
}
