//! Receipts: pieces that arrive, and receipts that are undone.

use std::collections::BTreeMap;

use super::figures::{less, sum};
use super::{Arrival, Receipt, TransferLine, TransferProgress};
use crate::values::{ProductId, Quantity};

impl TransferProgress {
    /// Whether the figures add up: in every line, to the quantity if the transfer isn't a draft; open pieces
    /// only in open states; and all that arrived in the receipts that aren't undone.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let is_open = self.lines.iter().any(TransferLine::is_open);
        let arrived = sums(&self.receipts);
        let adds_up = |line: &TransferLine| {
            let arrived = arrived.get(&line.product).copied().unwrap_or_default();
            line.adds_up(self.state) && line.arrived() == arrived
        };
        is_open == self.state.is_open() && self.lines.iter().all(adds_up)
    }
}

/// All that arrived of each product, without the receipts that are undone.
fn sums(receipts: &[Receipt]) -> BTreeMap<ProductId, Arrival> {
    let mut sums: BTreeMap<ProductId, Arrival> = BTreeMap::new();
    let valid = receipts.iter().filter(|it| it.undone_at.is_none());
    for (product, arrival) in valid.flat_map(|receipt| &receipt.items) {
        let of_product = sums.entry(*product).or_default();
        *of_product = of_product.and(arrival);
    }
    sums
}

impl Arrival {
    fn and(&self, other: &Self) -> Self {
        Self {
            received: sum(self.received, other.received),
            damaged: sum(self.damaged, other.damaged),
            missing: sum(self.missing, other.missing),
            surplus: sum(self.surplus, other.surplus),
        }
    }

    fn without(&self, other: &Self) -> Self {
        Self {
            received: less(self.received, other.received),
            damaged: less(self.damaged, other.damaged),
            missing: less(self.missing, other.missing),
            surplus: less(self.surplus, other.surplus),
        }
    }
}

impl TransferLine {
    /// Books pieces that arrive: no more than are under way, apart from the surplus.
    pub(super) fn arrive(&mut self, arrival: &Arrival) {
        self.in_transit = less(self.in_transit, taken(arrival));
        self.set_arrived(self.arrived().and(arrival));
    }

    /// Takes an arrival back: its pieces are under way again.
    pub(super) fn take_back(&mut self, arrival: &Arrival) {
        self.in_transit = sum(self.in_transit, taken(arrival));
        self.set_arrived(self.arrived().without(arrival));
    }

    const fn set_arrived(&mut self, arrived: Arrival) {
        let Arrival {
            received,
            damaged,
            missing,
            surplus,
        } = arrived;
        self.received = received;
        self.damaged = damaged;
        self.missing = missing;
        self.surplus = surplus;
    }
}

fn taken(arrival: &Arrival) -> Quantity {
    Quantity::new(arrival.taken()).unwrap_or(Quantity::MAX)
}
