//! What of a stock reservations have to leave, told anew from the contract: nothing of the server's code is
//! in here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Location, Stock};

/// The safety stock of a product. A round sets it before its load, and it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Safety {
    /// The pieces that stay of all positions together.
    pub(crate) in_all: u64,
    /// The pieces that stay in a location.
    pub(crate) located: BTreeMap<Location, u64>,
}

impl Safety {
    /// The body that sets it.
    pub(crate) fn body(&self) -> Value {
        let located = self.located.iter();
        let located: BTreeMap<&str, Value> = located
            .map(|(location, pieces)| (location.slug(), json!({ "safety_stock": pieces })))
            .collect();
        json!({ "data": {
            "type": "stock-policy",
            "attributes": { "safety_stock": self.in_all, "locations": located },
        } })
    }

    /// The pieces that stay at a position.
    fn at(&self, location: Option<Location>) -> u64 {
        let pieces = location.and_then(|location| self.located.get(&location));
        pieces.copied().unwrap_or_default()
    }

    /// The pieces of a position that reservations can have, if there are as many in all.
    pub(crate) fn sellable_at(&self, stock: &Stock, location: Option<Location>) -> u64 {
        let available = stock.position(location).unwrap_or_default().available;
        available.saturating_sub(self.at(location))
    }

    /// The pieces of the whole stock that reservations can have.
    pub(crate) fn sellable(&self, stock: &Stock) -> u64 {
        let by_position = stock.places().map(|place| self.sellable_at(stock, place));
        let available = stock.sums().unwrap_or_default().available;
        let in_all = available.saturating_sub(self.in_all);
        by_position.sum::<u64>().min(in_all)
    }

    /// Whether a step of a reservation may change a stock so: it leaves the safety stock, or as many pieces
    /// as there were if that was less.
    pub(crate) fn allows(&self, before: &Stock, after: &Stock) -> bool {
        let available = |stock: &Stock, place| stock.position(place).unwrap_or_default().available;
        let leaves = |safety: u64, before: u64, after: u64| after >= safety.min(before);
        let all = |stock: &Stock| stock.sums().unwrap_or_default().available;
        let mut places = after.places();
        leaves(self.in_all, all(before), all(after))
            && places.all(|place| {
                let (before, after) = (available(before, place), available(after, place));
                leaves(self.at(place), before, after)
            })
    }
}
