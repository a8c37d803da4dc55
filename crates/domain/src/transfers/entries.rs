//! The entries that steps of transfers make.

use super::TransferKind;
use crate::ledger::EntryAction;
use crate::values::{ProductId, Quantity};

/// The end of a transfer at which pieces move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferEnd {
    /// The position from which the pieces come.
    Origin,
    /// The position to which they go.
    Destination,
}

/// The reason of an entry that a transfer makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the reason of its name")]
pub enum TransferReason {
    Moved,
    Damaged,
    Surplus,
    Cancelled,
    Undone,
}

impl TransferReason {
    /// The text in the ledger. (Source: the contract of transfers.)
    #[must_use]
    pub const fn text(self, kind: TransferKind) -> &'static str {
        match (kind, self) {
            (TransferKind::Internal, Self::Moved) => "transfer",
            (TransferKind::Internal, Self::Damaged) => "transfer damaged",
            (TransferKind::Internal, Self::Surplus) => "transfer surplus",
            (TransferKind::Internal, Self::Cancelled) => "transfer cancelled",
            (TransferKind::Internal, Self::Undone) => "transfer undone",
            (TransferKind::Delivery, Self::Moved) => "delivery",
            (TransferKind::Delivery, Self::Damaged) => "delivery damaged",
            (TransferKind::Delivery, Self::Surplus) => "delivery surplus",
            // Cancelling a delivery makes no entry: nothing has left a shelf.
            (TransferKind::Delivery, Self::Cancelled) => "delivery cancelled",
            (TransferKind::Delivery, Self::Undone) => "delivery undone",
        }
    }
}

/// An entry that a step makes in the ledger of a line's stock. Pieces are allocated and deallocated only at the
/// origin; while they are allocated, the transfer holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferEntry {
    /// The product of the line.
    pub product: ProductId,
    /// The position.
    pub end: TransferEnd,
    /// The action.
    pub action: EntryAction,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The reason.
    pub reason: TransferReason,
}
