//! Transfers: stock that moves from one place to another, and deliveries, which come from a supplier.
//!
//! These are the rules of their figures, of the entries that each step makes, and of what can be promised. What is
//! under way lies in no position, so the document alone accounts for it.

pub(crate) mod announce;
mod book;
pub(crate) mod edit;
mod entries;
mod figures;
mod lookup;
pub(crate) mod progress;
mod promise;
mod receipts;
mod steps;

pub use announce::AnnounceOverdue;
pub use edit::{CreateTransfer, DeleteTransfer, RequestedOrigin, RequestedPlace, UpdateTransfer};
pub use entries::{TransferEnd, TransferEntry, TransferReason};
pub use progress::{RequestedStep, TakeStep};
pub use promise::{Forecast, ForecastStep, Promise};
pub use steps::TransferStep;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::keys::ActingKey;
use crate::values::{
    LocationId, Note, Owner, ProductId, Quantity, ReceiptId, Reference, Slug, StockId, Supplier,
    Timestamp, TransferId, first_version,
};

/// The state of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// The product.
    pub product: ProductId,
    /// Its stock; `None` in a draft, which may name products that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockId>,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferKind {
    /// The pieces come from a position of the same stock.
    Internal,
    /// The pieces come from a supplier: they are in no stock before they arrive.
    Delivery,
}

/// The progress of a transfer: all that its steps change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The reason why a step is refused, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TransferStepRefused {
    /// A delivery is ordered as a whole.
    #[error("A delivery is shipped as a whole: items must be left out")]
    DeliveryInParts,
    /// The transfer has no such receipt.
    #[error("There is no such receipt")]
    ReceiptNotFound,
    /// Its state doesn't allow the step.
    #[error("The transfer is {}", .0.as_str())]
    TransferIs(TransferState),
    /// Fewer pieces of a product can take the step.
    #[error("Only {open} pieces of this product are there for it")]
    NotSoMany {
        /// The product.
        product: ProductId,
        /// The number of pieces that can; 0 of a product that the transfer doesn't have.
        open: Quantity,
    },
    /// The surplus of a line would pass [`Quantity::MAX`].
    #[error("The surplus of a product would exceed {}", Quantity::MAX)]
    SurplusTooLarge(ProductId),
    /// The receipt is undone already.
    #[error("The receipt has already been undone")]
    ReceiptUndone,
    /// A transfer has a limited number of receipts.
    #[error("A transfer can have at most {receipts_max} receipts")]
    TooManyReceipts {
        /// The limit.
        receipts_max: usize,
    },
}

/// A location with its current name, or the unlocated pool.
pub type TransferPlace = Option<(LocationId, Slug)>;

/// The origin of a transfer's pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferOrigin {
    /// A position of their stock.
    Place(TransferPlace),
    /// A supplier.
    Supplier(Supplier),
}

impl TransferOrigin {
    /// The kind of a transfer from here.
    #[must_use]
    pub const fn kind(&self) -> TransferKind {
        match self {
            Self::Place(_) => TransferKind::Internal,
            Self::Supplier(_) => TransferKind::Delivery,
        }
    }

    /// The location; `None` for the unlocated pool and for a supplier.
    #[must_use]
    pub const fn location(&self) -> Option<&(LocationId, Slug)> {
        match self {
            Self::Place(place) => place.as_ref(),
            Self::Supplier(_) => None,
        }
    }
}

/// A transfer or a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The id of the transfer.
    pub id: TransferId,
    /// The owner of its products' stock.
    pub owner: Owner,
    /// The origin.
    pub from: TransferOrigin,
    /// The destination.
    pub to: TransferPlace,
    /// Its state, lines and receipts.
    pub progress: TransferProgress,
    /// The thing in another system that it belongs to.
    pub reference: Option<Reference>,
    /// A note for people.
    pub note: Option<Note>,
    /// Time at which it is expected to arrive.
    pub expected_at: Option<Timestamp>,
    /// The `expected_at` of which it was announced that it has passed.
    pub announced: Option<Timestamp>,
    /// The application key that made it; `None` for the operator.
    pub actor: Option<ActingKey>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The number of its changes, the first of which made it.
    #[serde(default = "first_version")]
    pub version: u64,
}

impl Transfer {
    /// The largest number of lines of open transfers that one stock may have. (Source: the contract of
    /// transfers.)
    pub const OPEN_LINES_OF_STOCK_MAX: u64 = 1_000;

    /// Its name, and all that a change of it looks at.
    #[must_use]
    pub fn reference(&self) -> TransferRef {
        let places = self.from.location().into_iter().chain(self.to.as_ref());
        TransferRef {
            id: self.id,
            owner: self.owner,
            products: self.progress.lines.iter().map(|it| it.product).collect(),
            slugs: places.map(|(_, slug)| slug.clone()).collect(),
        }
    }

    /// Whether pieces are allocated or under way.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.progress.state.is_open()
    }

    /// The places between which its pieces move: a supplier is none.
    pub fn places(&self) -> impl Iterator<Item = &TransferPlace> {
        let from = match &self.from {
            TransferOrigin::Place(place) => Some(place),
            TransferOrigin::Supplier(_) => None,
        };
        from.into_iter().chain([&self.to])
    }

    /// Time from which it is overdue, if pieces are under way and that wasn't announced.
    #[must_use]
    pub fn to_be_announced(&self) -> Option<Timestamp> {
        let mut lines = self.progress.lines.iter();
        let is_under_way = lines.any(|line| !line.in_transit.is_zero());
        let expected_at = self.expected_at.filter(|_| is_under_way);
        expected_at.filter(|at| self.announced != Some(*at))
    }
}

/// The name of a transfer, and all that has to be locked with it. Who edits the transfer, or renames a
/// location, changes that: a command with others than there are by then is refused with
/// [`TransferEdited`](crate::Refusal::TransferEdited), to be decided anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRef {
    /// The id of the transfer.
    pub id: TransferId,
    /// The owner of its products' stock.
    pub owner: Owner,
    /// Its products.
    pub products: BTreeSet<ProductId>,
    /// The names of its locations.
    pub slugs: BTreeSet<Slug>,
}

/// The change of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferChange {
    /// The transfer before, if there was one.
    pub before: Option<Transfer>,
    /// The transfer after it.
    pub after: Transfer,
}

/// The lines of open transfers of one stock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenTransfers {
    /// Their number.
    pub lines: u64,
    /// The pieces that are allocated or under way.
    pub pieces: u64,
    /// The locations between which they move.
    pub locations: BTreeSet<LocationId>,
}

/// Pieces of a stock that are under way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The transfer.
    pub transfer: TransferId,
    /// The place that they go to.
    pub to: TransferPlace,
    /// Whether buyers can order from there.
    pub sells: bool,
    /// Time at which they are expected, if one is named.
    pub expected_at: Option<Timestamp>,
    /// The number of pieces.
    pub quantity: Quantity,
}
