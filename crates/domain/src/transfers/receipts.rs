//! Receipts: pieces that arrive, and receipts that are undone.

use std::collections::BTreeMap;

use super::{Arrival, Receipt, TransferLine, TransferProgress};
use crate::values::{ProductId, Quantity};

impl TransferProgress {
    /// Whether the figures add up: in every line, to the quantity if the transfer isn't a draft; open pieces
    /// only in open states; and all that arrived in the receipts that aren't undone.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let arrived = sums(&self.receipts);
        let adds_up = |line: &TransferLine| {
            let arrived = arrived.get(&line.product).copied().unwrap_or_default();
            line.adds_up(self.state) && line.arrived() == arrived
        };
        self.has_open() == self.state.is_open() && self.lines.iter().all(adds_up)
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
            received: self.received.saturating_add(other.received),
            damaged: self.damaged.saturating_add(other.damaged),
            missing: self.missing.saturating_add(other.missing),
            surplus: self.surplus.saturating_add(other.surplus),
        }
    }

    fn without(&self, other: &Self) -> Self {
        Self {
            received: self.received.saturating_sub(other.received),
            damaged: self.damaged.saturating_sub(other.damaged),
            missing: self.missing.saturating_sub(other.missing),
            surplus: self.surplus.saturating_sub(other.surplus),
        }
    }
}

impl TransferLine {
    /// Books pieces that arrive: no more than are under way, apart from the surplus.
    pub(super) fn arrive(&mut self, arrival: &Arrival) {
        self.in_transit = self.in_transit.saturating_sub(taken(arrival));
        self.set_arrived(self.arrived().and(arrival));
    }

    /// Takes an arrival back: its pieces are under way again.
    pub(super) fn take_back(&mut self, arrival: &Arrival) {
        self.in_transit = self.in_transit.saturating_add(taken(arrival));
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
