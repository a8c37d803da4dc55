//! Figures of a position.

use serde::{Deserialize, Serialize};

use crate::values::Quantity;

/// The figures of one position: pieces that can be sold, and pieces that are reserved or paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Pieces that can still be allocated.
    pub available: Quantity,
    /// Pieces that are already assigned to buyers.
    pub allocated: Quantity,
}

impl Balance {
    /// Available and allocated together. Both are parts of one stock, whose total is at most
    /// [`Quantity::MAX`].
    #[must_use]
    pub fn total(self) -> Quantity {
        self.available
            .checked_add(self.allocated)
            .unwrap_or(Quantity::MAX)
    }

    /// Both figures added, or `None` if the total passes [`Quantity::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = Self {
            available: self.available.checked_add(other.available)?,
            allocated: self.allocated.checked_add(other.allocated)?,
        };
        sum.available.checked_add(sum.allocated).map(|_| sum)
    }
}
