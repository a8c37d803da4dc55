//! The figures of a line.

use super::{Arrival, TransferLine, TransferProgress, TransferState};
use crate::values::{ProductId, Quantity};

impl TransferLine {
    /// A line of a draft.
    pub(super) const fn new(product: ProductId, quantity: Quantity) -> Self {
        Self {
            product,
            stock: None,
            quantity,
            allocated: Quantity::ZERO,
            in_transit: Quantity::ZERO,
            received: Quantity::ZERO,
            damaged: Quantity::ZERO,
            missing: Quantity::ZERO,
            cancelled: Quantity::ZERO,
            surplus: Quantity::ZERO,
        }
    }

    /// The pieces that are allocated or under way.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.allocated.saturating_add(self.in_transit)
    }

    /// All that has arrived, or is given up.
    pub(super) const fn arrived(&self) -> Arrival {
        Arrival {
            received: self.received,
            damaged: self.damaged,
            missing: self.missing,
            surplus: self.surplus,
        }
    }

    /// Whether the quantity is the sum of the other figures; in a draft, all of them are zero.
    pub(super) fn adds_up(&self, state: TransferState) -> bool {
        if state == TransferState::Draft {
            return *self == Self::new(self.product, self.quantity);
        }
        let parts = [
            self.allocated,
            self.in_transit,
            self.received,
            self.damaged,
            self.missing,
            self.cancelled,
        ];
        let mut parts = parts.into_iter();
        let sum = parts.try_fold(Quantity::ZERO, Quantity::checked_add);
        sum == Some(self.quantity)
    }
}

impl TransferProgress {
    /// Whether pieces of any line are allocated or under way.
    pub(super) fn has_open(&self) -> bool {
        self.lines.iter().any(|line| !line.open().is_zero())
    }
}

impl Arrival {
    /// Pieces that have all arrived in order.
    #[must_use]
    pub const fn received(pieces: Quantity) -> Self {
        Self {
            received: pieces,
            damaged: Quantity::ZERO,
            missing: Quantity::ZERO,
            surplus: Quantity::ZERO,
        }
    }

    /// The number of pieces that are no longer under way: received, damaged and missing ones.
    #[must_use]
    pub fn taken(&self) -> u64 {
        let parts = [self.received, self.damaged, self.missing];
        parts.into_iter().map(Quantity::get).sum()
    }
}
