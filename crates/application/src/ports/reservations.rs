//! The port for reservations and the stock that they hold.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use stockroom_domain::{
    OrderId, OrganizationId, Owner, ProductId, Quantity, Reason, Reservation, ReservationId,
    ReservationRef, ReservationState, ReservationStatus, Slug, StockId, StockKey, Timestamp,
};

use uuid::Uuid;

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::{Comparison, TextCondition};
use crate::page::{Page, PageRequest};

/// A condition on reservations as of a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationCondition {
    /// Its state is one of these.
    Status(Vec<ReservationStatus>),
    /// The order that it is for.
    OrderId(TextCondition),
    /// The reason why its pieces are set aside.
    HoldReason(TextCondition),
    /// One of its lines is of one of these products.
    Product(Vec<ProductId>),
    /// One of its lines is in a location whose slug fulfils this; `IsNull` is for the unlocated pool.
    Location(TextCondition),
    /// Time of expiry. A reservation that doesn't expire never fulfils this condition.
    ExpiresAt(Comparison<Timestamp>),
    /// Time of creation.
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
            Self::HoldReason(condition) => {
                condition.matches(reservation.hold_reason.as_ref().map(Reason::as_str))
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

/// The place of a line in the list of lines that hold a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldPlace {
    /// The id of the reservation or transfer.
    pub document: Uuid,
    /// The line of it, counted from 0.
    pub line: u32,
}

/// An open line of a reservation that holds stock, for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldLine {
    /// The reservation.
    pub reservation: ReservationId,
    /// The number of the line in the reservation, counted from 0.
    pub line: u32,
    /// The owner of the reservation.
    pub owner: Owner,
    /// The order of the reservation, if one was named.
    pub order: Option<OrderId>,
    /// The state of the reservation.
    pub state: ReservationState,
    /// The reason why its pieces are set aside; `None` if they are for a buyer.
    pub reason: Option<Reason>,
    /// The slug of the location; `None` for the unlocated pool.
    pub slug: Option<Slug>,
    /// The number of open pieces.
    pub quantity: Quantity,
}

impl HoldLine {
    /// Its place in the list of lines that hold the stock.
    #[must_use]
    pub const fn place(&self) -> HoldPlace {
        HoldPlace {
            document: self.reservation.uuid(),
            line: self.line,
        }
    }
}

/// The figures of an organization's reservations, for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservationFigures {
    /// The number of reservations per stored status.
    pub by_status: BTreeMap<ReservationStatus, u64>,
    /// Time of creation of the oldest pending reservation.
    pub oldest_pending: Option<Timestamp>,
}

/// Reads reservations. Each owner sees its own. Reservations are returned as stored: an expired one may
/// still be pending there.
#[async_trait]
pub trait ReservationReader: Send + Sync {
    /// One reservation, if it exists.
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

    /// The open lines of reservations of all owners that hold a stock, in the order of creation of the
    /// reservations.
    async fn holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
        now: Timestamp,
        page: PageRequest<HoldPlace>,
    ) -> Result<Page<HoldLine, HoldPlace>, StoreError>;

    /// At most `limit` stocks with expired holds that their ledgers haven't booked yet.
    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError>;

    /// At most `limit` reservations that have expired and aren't stored as expired yet, with their
    /// owners, in the order of expiry.
    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError>;

    /// The figures of the reservations of all owners.
    async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError>;
}
