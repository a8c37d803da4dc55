//! Entries that lines make, or would make.

use std::collections::HashMap;

use super::{ChangedProduct, LineChange};
use crate::ledger::{Balance, Recorded};
use crate::values::ProductId;

/// An entry that a line makes.
pub(super) struct Made {
    /// The number of the line.
    pub(super) line: u32,
    /// The figures of the position before.
    pub(super) before: Balance,
    /// The entry.
    pub(super) recorded: Recorded,
}

impl Made {
    /// What is told of the entry after a dry run, which has also `registered` these products.
    pub(super) fn change(self, registered: &HashMap<ProductId, ChangedProduct>) -> LineChange {
        let Recorded {
            entry,
            product,
            slug,
            ..
        } = self.recorded;
        let known = ChangedProduct::Known(product);
        LineChange {
            line: self.line,
            product: registered.get(&product).cloned().unwrap_or(known),
            location: slug,
            action: entry.action,
            quantity: entry.quantity,
            before: self.before,
            after: entry.balance,
        }
    }
}
