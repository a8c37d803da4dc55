//! Reservations, and what they hold of stock.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use stockroom_domain::{
    OrderId, OrganizationId, Owner, Quantity, Reservation, ReservationId, ReservationRef,
    ReservationState, ReservationStatus, Slug, StockId, StockKey, Timestamp,
};

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::{Page, PageRequest};

use stockroom_domain::ProductId;

/// A condition on reservations, as they are at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationCondition {
    /// It has got as far as one of these.
    Status(Vec<ReservationStatus>),
    /// The order that it is for.
    OrderId(TextCondition),
    /// One of its lines is of one of these products.
    Product(Vec<ProductId>),
    /// One of its lines is in a location with such a slug; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// When it expires. One that doesn't fulfils no such condition.
    ExpiresAt(Comparison<Timestamp>),
    /// When it was made.
    CreatedAt(Comparison<Timestamp>),
}

impl ReservationCondition {
    /// Whether `reservation` fulfils the condition.
    #[must_use]
    pub fn matches(&self, reservation: &Reservation) -> bool {
        let mut lines = reservation.lines.iter();
        match self {
            Self::Status(statuses) => statuses.contains(&reservation.state.status()),
            Self::OrderId(condition) => {
                condition.matches(reservation.order.as_ref().map(OrderId::as_str))
            }
            Self::Product(products) => lines.any(|line| products.contains(&line.key.product)),
            Self::Location(condition) => lines.any(|line| {
                let location = line.location.as_ref();
                condition.matches(location.map(|(_, slug)| slug.as_str()))
            }),
            Self::ExpiresAt(comparison) => reservation
                .state
                .expires_at()
                .is_some_and(|expires_at| comparison.matches(&expires_at)),
            Self::CreatedAt(comparison) => comparison.matches(&reservation.created_at),
        }
    }
}

/// The place of a hold among those of a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldPlace {
    /// The reservation.
    pub reservation: ReservationId,
    /// The line of the reservation, counted from 0.
    pub line: u32,
}

/// What a line of a reservation holds of a stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldLine {
    /// Whose line it is.
    pub reservation: ReservationId,
    /// Which of the reservation's lines it is, counted from 0.
    pub line: u32,
    /// Whose that is.
    pub owner: Owner,
    /// What that is for, in the shop.
    pub order: Option<OrderId>,
    /// How far it has got.
    pub state: ReservationState,
    /// In which location, unless it is the unlocated pool.
    pub slug: Option<Slug>,
    /// How many pieces are open.
    pub quantity: Quantity,
}

impl HoldLine {
    /// Its place among the holds of the stock.
    #[must_use]
    pub const fn place(&self) -> HoldPlace {
        HoldPlace {
            reservation: self.reservation,
            line: self.line,
        }
    }
}

/// What is watched of an organization's reservations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservationFigures {
    /// How many are stored as being so far.
    pub by_status: BTreeMap<ReservationStatus, u64>,
    /// When the oldest of those that are pending was made.
    pub oldest_pending: Option<Timestamp>,
}

/// Reads reservations. Everybody sees their own. Each is given as it is stored, where one whose time
/// is over may still be pending.
#[async_trait]
pub trait ReservationReader: Send + Sync {
    /// One reservation, if there is such a one.
    async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError>;

    /// All reservations that fulfil every condition at the time named, in the order of creation.
    async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        now: Timestamp,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError>;

    /// What reservations of any owner hold of a stock, in the order of their creation, one item for
    /// each line of which anything is open.
    async fn holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
        now: Timestamp,
        page: PageRequest<HoldPlace>,
    ) -> Result<Page<HoldLine, HoldPlace>, StoreError>;

    /// At most `limit` stocks of which something was held that has run out, and isn't in their
    /// ledgers yet.
    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError>;

    /// At most `limit` reservations that have expired and aren't stored as such yet, those first
    /// that have done so first, and whose they are.
    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError>;

    /// What is watched of all owners' reservations.
    async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError>;
}
