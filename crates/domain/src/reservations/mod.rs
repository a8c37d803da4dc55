//! Reservations: stock held for a buyer until it is paid for, or the reservation expires; and stock set aside
//! with a reason.

pub(crate) mod availability;
pub(crate) mod edit;
mod find;
mod items;
mod moves;
mod parts;
mod placement;
pub(crate) mod relocate;
pub(crate) mod reserve;
pub(crate) mod returns;
pub(crate) mod set_aside;
pub(crate) mod settle;
mod sourcing;
pub(crate) mod transition;

pub use availability::CheckAvailability;
pub use edit::EditReservation;
pub use items::{ItemPlace, ReservationItem, ReservedItem, SentItem, SentItems, SentPlace};
pub use placement::{LineShortage, SOURCING_CANDIDATES_MAX, Share, WantedLine, place_lines};
pub use relocate::{MoveReservation, MovedItem};
pub use reserve::Reserve;
pub use returns::{ReturnReservation, ReturnedItem};
pub use set_aside::SetAside;
pub use settle::{SettleStock, ShowProducts, ShowStock};
pub use sourcing::{Sourcing, SourcingOrder};
pub use transition::{
    ExpireReservation, ExtendReservation, FulfilReservation, PayReservation, ReleaseReservation,
};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::keys::ActingKey;
use crate::stock::StockKey;
use crate::values::{
    Invalid, LocationId, OrderId, Owner, ProductId, Quantity, Reason, ReservationId, Slug, StockId,
    Timestamp, first_version, next_version, no_pieces,
};

/// The time for which stock is reserved, unless it is paid for: 1 second to 31 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpiresIn(u32);

impl ExpiresIn {
    /// The longest reservation: 31 days. (Source: the HTTP contract.)
    pub const SECONDS_MAX: u32 = 2_678_400;

    /// The time of this number of seconds.
    ///
    /// # Errors
    /// [`Invalid`] if the number is zero or too large.
    pub fn from_seconds(seconds: u64) -> Result<Self, Invalid> {
        u32::try_from(seconds)
            .ok()
            .filter(|seconds| (1..=Self::SECONDS_MAX).contains(seconds))
            .map(Self)
            .ok_or_else(|| {
                let rule = format!("a whole number of seconds from 1 to {}", Self::SECONDS_MAX);
                Invalid::new("expires_in", rule)
            })
    }

    /// Time of expiry if the reservation begins `now`.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        now.plus_milliseconds(i64::from(self.0).saturating_mul(1_000))
    }
}

impl Default for ExpiresIn {
    /// A quarter of an hour. (Source: the HTTP contract.)
    fn default() -> Self {
        Self(900)
    }
}

/// The state of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationState {
    /// The reservation is not paid for yet. From `expires_at` on it holds nothing.
    Pending {
        /// Time of expiry, unless it is paid for before.
        expires_at: Timestamp,
    },
    /// It is paid for, and not all pieces are shipped yet.
    Paid,
    /// All pieces that weren't released are shipped.
    Fulfilled,
    /// All pieces that weren't shipped are released.
    Released,
    /// It wasn't paid for in time.
    Expired,
    /// The pieces are set aside with a reason, and not all are released or written off yet. It never
    /// expires.
    Held,
}

/// The name of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is what the state of its name is")]
pub enum ReservationStatus {
    Pending,
    Paid,
    Fulfilled,
    Released,
    Expired,
    Held,
}

impl ReservationStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Paid,
        Self::Fulfilled,
        Self::Released,
        Self::Expired,
        Self::Held,
    ];

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Held => "held",
        }
    }

    /// The status for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl ReservationState {
    /// The state with this name; `expires_at` is used if it is one that expires.
    #[must_use]
    pub const fn new(status: ReservationStatus, expires_at: Option<Timestamp>) -> Option<Self> {
        match (status, expires_at) {
            (ReservationStatus::Pending, Some(expires_at)) => Some(Self::Pending { expires_at }),
            (ReservationStatus::Paid, None) => Some(Self::Paid),
            (ReservationStatus::Fulfilled, None) => Some(Self::Fulfilled),
            (ReservationStatus::Released, None) => Some(Self::Released),
            (ReservationStatus::Expired, None) => Some(Self::Expired),
            (ReservationStatus::Held, None) => Some(Self::Held),
            _ => None,
        }
    }

    /// The name of the state.
    #[must_use]
    pub const fn status(self) -> ReservationStatus {
        match self {
            Self::Pending { .. } => ReservationStatus::Pending,
            Self::Paid => ReservationStatus::Paid,
            Self::Fulfilled => ReservationStatus::Fulfilled,
            Self::Released => ReservationStatus::Released,
            Self::Expired => ReservationStatus::Expired,
            Self::Held => ReservationStatus::Held,
        }
    }

    /// The word for the state in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.status().as_str()
    }

    /// Time of expiry, while it isn't paid for.
    #[must_use]
    pub const fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending { expires_at } => Some(expires_at),
            Self::Paid | Self::Fulfilled | Self::Released | Self::Expired | Self::Held => None,
        }
    }

    /// Whether an order with a reservation in this state can't have another one.
    #[must_use]
    pub const fn is_living(self) -> bool {
        match self {
            Self::Pending { .. } | Self::Paid | Self::Fulfilled | Self::Held => true,
            Self::Released | Self::Expired => false,
        }
    }
}

/// A line of a reservation: the pieces of one position that it holds, or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    /// The stock.
    pub stock: StockId,
    /// The key by which the stock is found.
    pub key: StockKey,
    /// The location and its current name; `None` for the unlocated pool.
    pub location: Option<(LocationId, Slug)>,
    /// The number of pieces reserved.
    pub quantity: Quantity,
    /// The number of pieces shipped.
    pub fulfilled: Quantity,
    /// The number of pieces released.
    pub released: Quantity,
    /// The number of shipped pieces that came back, and weren't reserved again.
    #[serde(default, skip_serializing_if = "no_pieces")]
    pub returned: Quantity,
}

impl ReservedLine {
    /// The number of open pieces: neither shipped nor released.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.unfulfilled()
            .checked_sub(self.released)
            .unwrap_or_default()
    }

    /// The number of pieces that can come back: shipped, and not returned yet.
    #[must_use]
    pub fn returnable(&self) -> Quantity {
        self.fulfilled
            .checked_sub(self.returned)
            .unwrap_or_default()
    }

    /// A line of open pieces of the same stock, at another place.
    pub(crate) fn open_at(&self, location: Option<(LocationId, Slug)>, pieces: Quantity) -> Self {
        Self {
            location,
            quantity: pieces,
            fulfilled: Quantity::ZERO,
            released: Quantity::ZERO,
            returned: Quantity::ZERO,
            ..self.clone()
        }
    }

    fn unfulfilled(&self) -> Quantity {
        self.quantity
            .checked_sub(self.fulfilled)
            .unwrap_or_default()
    }

    /// Releases all open pieces.
    pub fn release(&mut self) {
        self.released = self.unfulfilled();
    }

    pub(crate) fn location_id(&self) -> Option<LocationId> {
        self.location.as_ref().map(|(id, _)| *id)
    }

    /// The current name of the location; `None` for the unlocated pool.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.location.as_ref().map(|(_, slug)| slug.as_str())
    }
}

/// A reservation: stock held for a buyer, or set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The id of the reservation.
    pub id: ReservationId,
    /// The owner whose buyer it is for.
    pub owner: Owner,
    /// The order in the shop, if one was named.
    pub order: Option<OrderId>,
    /// The reason why the pieces are set aside; `None` if they are for a buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_reason: Option<Reason>,
    /// The state of the reservation.
    pub state: ReservationState,
    /// The reserved quantities: one line for each item, unless [`sent`](Self::sent) says more.
    pub lines: Vec<ReservedLine>,
    /// The items as they were sent, if locations were chosen for any, or pieces were moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<SentItems>>,
    /// The application key that made it; `None` for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActingKey>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change of its state or of a line.
    pub updated_at: Timestamp,
    /// The number of its changes, the first of which made it.
    #[serde(default = "first_version")]
    pub version: u64,
}

impl Reservation {
    /// The largest number of items. (Source: the HTTP contract.)
    pub const ITEMS_MAX: usize = 500;

    /// Whether its time of expiry has passed. It may be being paid for at this moment.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let expires_at = self.state.expires_at();
        expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// The reservation at this time. If it wasn't paid for in time it holds nothing, even if its expiry
    /// isn't stored yet.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if let Some(expires_at) = self.state.expires_at()
            && expires_at <= now
        {
            self.state = ReservationState::Expired;
            self.updated_at = self.updated_at.max(expires_at);
        }
        if self.state == ReservationState::Expired {
            self.lines.iter_mut().for_each(ReservedLine::release);
        }
        self
    }

    /// The reservation with another change, made now. Its time never runs backwards, even if the clocks
    /// of the servers differ.
    pub(crate) fn touched(mut self, now: Timestamp) -> Self {
        self.updated_at = self.updated_at.max(now);
        self.version = next_version(self.version);
        self
    }

    /// The reservation's name, and the stocks that it holds now.
    #[must_use]
    pub fn reference(&self) -> ReservationRef {
        ReservationRef {
            id: self.id,
            order: self.order.clone(),
            stocks: self.lines.iter().map(|line| line.key).collect(),
        }
    }
}

/// The name of a reservation, and the stocks to be locked with it. Who edits the reservation changes its
/// stocks: a command with others than it has by then is refused with
/// [`ReservationEdited`](crate::Refusal::ReservationEdited), to be decided anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationRef {
    /// The id of the reservation.
    pub id: ReservationId,
    /// The order in the shop, if one was named.
    pub order: Option<OrderId>,
    /// The stocks that its lines were of when it was read.
    pub stocks: BTreeSet<StockKey>,
}

/// An open line of a reservation that holds stock until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LapsedLine {
    /// The reservation.
    pub reservation: ReservationId,
    /// Its place in the reservation, counted from 0.
    pub line: usize,
    /// The position.
    pub location: Option<LocationId>,
    /// The number of pieces.
    pub quantity: Quantity,
    /// Time of expiry.
    pub expires_at: Timestamp,
}

/// The expired lines on a stock that its ledger has not booked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LapsedLines {
    /// The lines, in any order.
    pub holds: Vec<LapsedLine>,
    /// Time at which the next line expires, if any.
    pub next: Option<Timestamp>,
}

/// A position that doesn't have enough stock for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The product.
    pub product: ProductId,
    /// The location; `None` for the unlocated pool, and where locations were to be chosen.
    pub location: Option<Slug>,
    /// The number of pieces asked for, all items together.
    pub requested: u64,
    /// The number of pieces that could have been reserved.
    pub available: Quantity,
}

/// The availability of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAvailability {
    /// The product.
    pub product: ProductId,
    /// The location; `None` for the unlocated pool, and where locations are chosen.
    pub location: Option<String>,
    /// The number of pieces wanted of the position, all items together.
    pub requested: u64,
    /// The number of pieces that can be reserved, or that the order holds already.
    pub available: Quantity,
    /// The same by the time that was asked for, with pieces that are expected until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_by: Option<Quantity>,
    /// The places that would serve the item, if they are chosen for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
}

/// The pieces of an item that one place serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The location; `None` for the unlocated pool.
    pub location: Option<Slug>,
    /// The number of pieces.
    pub quantity: Quantity,
}

impl ItemAvailability {
    /// Whether there is enough, by the time that was asked for if there is one.
    #[must_use]
    pub fn is_sufficient(&self) -> bool {
        self.requested <= self.in_time().get()
    }

    /// The number of pieces that can be reserved by the time that was asked for; now, if there is none.
    #[must_use]
    pub fn in_time(&self) -> Quantity {
        self.available_by.unwrap_or(self.available)
    }
}

/// The answer to a request to reserve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The reservation.
    pub reservation: Reservation,
    /// Whether it was made for this request. If not, the order already had it.
    pub is_new: bool,
}
