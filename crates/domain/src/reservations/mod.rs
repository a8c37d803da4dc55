//! Reservations: stock that is kept for a buyer until it is paid for, or the time is over.

pub(crate) mod availability;
mod moves;
pub(crate) mod reserve;
pub(crate) mod settle;
pub(crate) mod transition;

pub use availability::CheckAvailability;
pub use reserve::Reserve;
pub use settle::{SettleStock, ShowProducts, ShowStock};
pub use transition::{
    ExpireReservation, ExtendReservation, FulfilReservation, PayReservation, ReleaseReservation,
};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::stock::{Stock, StockKey};
use crate::values::{
    Invalid, LocationId, OrderId, Owner, ProductId, Quantity, ReservationId, Slug, StockId,
    Timestamp,
};

/// For how long stock is reserved, unless it is paid for: 1 second to 31 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpiresIn(u32);

impl ExpiresIn {
    /// As long as anything is reserved: 31 days. (Source: the HTTP contract.)
    pub const SECONDS_MAX: u32 = 2_678_400;

    /// So many seconds.
    ///
    /// # Errors
    /// [`Invalid`] if that is none, or too many.
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

    /// When it is over if it begins now.
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

/// How far a reservation has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationState {
    /// Not paid for yet. From `expires_at` on it holds nothing.
    Pending {
        /// When it is over, unless it is paid for before.
        expires_at: Timestamp,
    },
    /// Paid for, and not all shipped yet.
    Paid,
    /// All that wasn't given back is shipped.
    Fulfilled,
    /// What wasn't shipped is given back.
    Released,
    /// It wasn't paid for in time.
    Expired,
}

/// The states by their names alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is what the state of its name is")]
pub enum ReservationStatus {
    Pending,
    Paid,
    Fulfilled,
    Released,
    Expired,
}

impl ReservationStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Paid,
        Self::Fulfilled,
        Self::Released,
        Self::Expired,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    /// The status that [`as_str`](Self::as_str) gives `word` for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl ReservationState {
    /// The state of this status, and with this end if it is one that has an end.
    #[must_use]
    pub const fn new(status: ReservationStatus, expires_at: Option<Timestamp>) -> Option<Self> {
        match (status, expires_at) {
            (ReservationStatus::Pending, Some(expires_at)) => Some(Self::Pending { expires_at }),
            (ReservationStatus::Paid, None) => Some(Self::Paid),
            (ReservationStatus::Fulfilled, None) => Some(Self::Fulfilled),
            (ReservationStatus::Released, None) => Some(Self::Released),
            (ReservationStatus::Expired, None) => Some(Self::Expired),
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
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.status().as_str()
    }

    /// When it is over, as long as it isn't paid for.
    #[must_use]
    pub const fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending { expires_at } => Some(expires_at),
            Self::Paid | Self::Fulfilled | Self::Released | Self::Expired => None,
        }
    }

    /// Whether an order that has it can have no other.
    #[must_use]
    pub const fn is_living(self) -> bool {
        match self {
            Self::Pending { .. } | Self::Paid | Self::Fulfilled => true,
            Self::Released | Self::Expired => false,
        }
    }
}

/// What is to be reserved, given back or shipped of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationItem {
    /// The product.
    pub product: ProductId,
    /// In which location; the unlocated pool if none is named. A text that is no slug names no
    /// location, and is refused like any other unknown one.
    pub location: Option<String>,
    /// How many pieces.
    pub quantity: Quantity,
}

/// What a reservation holds, or held, of one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    /// The stock.
    pub stock: StockId,
    /// What the stock is found by.
    pub key: StockKey,
    /// The location, unless it is the unlocated pool, and the name that it has now.
    pub location: Option<(LocationId, Slug)>,
    /// How many pieces were reserved.
    pub quantity: Quantity,
    /// How many of them were shipped.
    pub fulfilled: Quantity,
    /// How many of them were given back.
    pub released: Quantity,
}

impl ReservedLine {
    /// How many pieces are neither shipped nor given back.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.unfulfilled()
            .checked_sub(self.released)
            .unwrap_or_default()
    }

    fn unfulfilled(&self) -> Quantity {
        self.quantity
            .checked_sub(self.fulfilled)
            .unwrap_or_default()
    }

    /// Gives back all that is open.
    pub fn release(&mut self) {
        self.released = self.unfulfilled();
    }

    pub(crate) fn location_id(&self) -> Option<LocationId> {
        self.location.as_ref().map(|(id, _)| *id)
    }

    pub(crate) fn slug(&self) -> Option<&str> {
        self.location.as_ref().map(|(_, slug)| slug.as_str())
    }
}

/// Stock that is kept for a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Names it.
    pub id: ReservationId,
    /// Whose buyer it is.
    pub owner: Owner,
    /// What it is for, in the shop.
    pub order: Option<OrderId>,
    /// How far it has got.
    pub state: ReservationState,
    /// What is reserved, a line for each as it was asked for.
    pub lines: Vec<ReservedLine>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state, or a line, was last changed.
    pub updated_at: Timestamp,
}

impl Reservation {
    /// How many lines there may be. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 500;

    /// Whether its time is over, unless it is being paid for at this moment.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let expires_at = self.state.expires_at();
        expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// As it is at this time: one that isn't paid for in time holds nothing any more, whether or
    /// not that is stored yet.
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

    /// What never changes of it.
    #[must_use]
    pub fn reference(&self) -> ReservationRef {
        ReservationRef {
            id: self.id,
            order: self.order.clone(),
            stocks: self.lines.iter().map(|line| line.key).collect(),
        }
    }

    /// How many pieces it holds of one position of a stock.
    fn open_of(&self, stock: StockId, location: Option<LocationId>) -> Quantity {
        let lines = self.lines.iter();
        let lines = lines.filter(|line| line.stock == stock && line.location_id() == location);
        lines.fold(Quantity::ZERO, |sum, line| {
            sum.checked_add(line.open()).unwrap_or(Quantity::MAX)
        })
    }

    /// How much it reserved of each position, as clients name them.
    pub(crate) fn positions(&self) -> BTreeMap<(ProductId, Option<&str>), u64> {
        let lines = self.lines.iter();
        sums(lines.map(|line| (line.key.product, line.slug(), line.quantity)))
    }
}

/// Adds up what is named several times.
pub(crate) fn sums<'a>(
    items: impl Iterator<Item = (ProductId, Option<&'a str>, Quantity)>,
) -> BTreeMap<(ProductId, Option<&'a str>), u64> {
    let mut sums: BTreeMap<_, u64> = BTreeMap::new();
    for (product, slug, quantity) in items {
        let sum = sums.entry((product, slug)).or_default();
        *sum = sum.saturating_add(quantity.get());
    }
    sums
}

/// What has to be known of a reservation before it is locked, and never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationRef {
    /// Names it.
    pub id: ReservationId,
    /// What it is for, in the shop.
    pub order: Option<OrderId>,
    /// The stock that it reserved of.
    pub stocks: BTreeSet<StockKey>,
}

/// What a line of a reservation holds of a stock for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LapsedLine {
    /// Whose line it is.
    pub reservation: ReservationId,
    /// Its place in the reservation, counted from 0.
    pub line: usize,
    /// The position.
    pub location: Option<LocationId>,
    /// How many pieces.
    pub quantity: Quantity,
    /// When that is over.
    pub expires_at: Timestamp,
}

/// What has run out of the holds on a stock and isn't in its ledger yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LapsedLines {
    /// These, in any order.
    pub holds: Vec<LapsedLine>,
    /// When the next one after them runs out, if there is one that does.
    pub next: Option<Timestamp>,
}

/// A position of which there isn't enough for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The product.
    pub product: ProductId,
    /// The location, unless it is the unlocated pool.
    pub location: Option<Slug>,
    /// How many pieces were to be reserved, all lines together.
    pub requested: u64,
    /// How many there were.
    pub available: Quantity,
}

/// Whether there is enough of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAvailability {
    /// The product.
    pub product: ProductId,
    /// The location, unless it is the unlocated pool.
    pub location: Option<String>,
    /// How many pieces are wanted of the position, all items together.
    pub requested: u64,
    /// How many there are.
    pub available: Quantity,
}

impl ItemAvailability {
    /// For each of these items, in order, given the stock of their products that the caller sees.
    /// What the order's own reservation holds of that stock counts as available.
    #[must_use]
    pub fn of<S: std::hash::BuildHasher>(
        items: &[ReservationItem],
        stocks: &HashMap<ProductId, &Stock, S>,
        own: Option<&Reservation>,
    ) -> Vec<Self> {
        let all = items.iter();
        let requested = sums(all.map(|it| (it.product, it.location.as_deref(), it.quantity)));
        let available = |product: ProductId, slug: Option<&str>| {
            let stock = stocks.get(&product)?;
            let location = match slug {
                None => None,
                Some(slug) => {
                    let mut positions = stock.located.iter();
                    let found = positions.find(|(_, position)| position.slug.as_str() == slug)?;
                    Some(*found.0)
                }
            };
            let available = stock.balance(location)?.available;
            let held = own.map(|own| own.open_of(stock.id, location));
            available.checked_add(held.unwrap_or_default())
        };
        items
            .iter()
            .map(|item| {
                let slug = item.location.as_deref();
                let requested = requested.get(&(item.product, slug));
                Self {
                    product: item.product,
                    location: item.location.clone(),
                    requested: requested.copied().unwrap_or_default(),
                    available: available(item.product, slug).unwrap_or_default(),
                }
            })
            .collect()
    }

    /// Whether there is enough.
    #[must_use]
    pub const fn is_sufficient(&self) -> bool {
        self.requested <= self.available.get()
    }
}

/// The answer to who reserves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The reservation.
    pub reservation: Reservation,
    /// Whether it was made for this; else the order had it already.
    pub is_new: bool,
}
