//! Transfers: stock that moves from one place to another, and deliveries, which come from a supplier.
//!
//! These are the rules of their figures, of the entries that each step makes, and of what can be promised. What is
//! under way lies in no position, so the document alone accounts for it.

mod figures;
mod promise;
mod receipts;
mod steps;

pub use promise::{Expected, Forecast, ForecastStep, Promise};
pub use steps::{TransferStep, TransferStepRefused};

use std::collections::BTreeMap;

use crate::ledger::EntryAction;
use crate::values::{ProductId, Quantity, ReceiptId, Timestamp};

/// The state of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferState {
    /// Nothing has happened yet: the transfer can still be edited and deleted.
    Draft,
    /// Pieces are allocated at the origin, and none was ever under way.
    Ready,
    /// Pieces are under way, or some were shipped and others are still allocated at the origin.
    InTransit,
    /// Nothing is allocated or under way, and the last step was a receipt.
    Received,
    /// Nothing is allocated or under way, and the last step was a cancellation.
    Cancelled,
}

impl TransferState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Ready,
        Self::InTransit,
        Self::Received,
        Self::Cancelled,
    ];

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Ready => "ready",
            Self::InTransit => "in_transit",
            Self::Received => "received",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether pieces are allocated or under way.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Ready | Self::InTransit => true,
            Self::Draft | Self::Received | Self::Cancelled => false,
        }
    }
}

/// The figures of one product of a transfer, in pieces. In every state but `draft`, the quantity is the sum of
/// all others apart from `surplus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferLine {
    /// The product.
    pub product: ProductId,
    /// The pieces to be moved.
    pub quantity: Quantity,
    /// The pieces allocated at the origin.
    pub allocated: Quantity,
    /// The pieces that have left the origin and haven't arrived.
    pub in_transit: Quantity,
    /// The pieces that have arrived in order.
    pub received: Quantity,
    /// The pieces that have arrived damaged, and were written off at once.
    pub damaged: Quantity,
    /// The pieces that were declared missing.
    pub missing: Quantity,
    /// The pieces that were given back to the origin.
    pub cancelled: Quantity,
    /// The pieces that have arrived beyond those that were shipped.
    pub surplus: Quantity,
}

/// The pieces of one product that a receipt records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The pieces that have arrived in order.
    pub received: Quantity,
    /// The pieces that have arrived damaged.
    pub damaged: Quantity,
    /// The pieces that are given up.
    pub missing: Quantity,
    /// The pieces that have arrived beyond those under way.
    pub surplus: Quantity,
}

/// A receipt: all that arrived at one time. It can be undone once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The id of the receipt, which is also that of the batch of its entries.
    pub id: ReceiptId,
    /// Time of the receipt.
    pub at: Timestamp,
    /// The pieces of each product, in the order of the transfer's lines.
    pub items: Vec<(ProductId, Arrival)>,
    /// Time at which it was undone, if it was.
    pub undone_at: Option<Timestamp>,
}

/// The origin of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferKind {
    /// The pieces come from a position of the same stock.
    Internal,
    /// The pieces come from a supplier: they are in no stock before they arrive.
    Delivery,
}

/// The progress of a transfer: all that its steps change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferProgress {
    /// Its origin.
    pub kind: TransferKind,
    /// Its state.
    pub state: TransferState,
    /// A line for each product.
    pub lines: Vec<TransferLine>,
    /// The receipts, oldest first, with those that are undone.
    pub receipts: Vec<Receipt>,
}

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

/// A number of pieces for each product that a step names. Each product is named once.
pub type TransferParts = BTreeMap<ProductId, Quantity>;

impl TransferProgress {
    /// The largest number of lines. (Source: the contract of transfers.)
    pub const LINES_MAX: usize = 500;
    /// The largest number of receipts, with those that are undone. (Source: the contract of transfers.)
    pub const RECEIPTS_MAX: usize = 100;

    /// A draft of these products, each named once, in this order.
    pub fn draft(
        kind: TransferKind,
        items: impl IntoIterator<Item = (ProductId, Quantity)>,
    ) -> Self {
        let items = items.into_iter();
        Self {
            kind,
            state: TransferState::Draft,
            lines: items
                .map(|(product, quantity)| TransferLine::new(product, quantity))
                .collect(),
            receipts: Vec::new(),
        }
    }
}
