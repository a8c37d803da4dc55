//! The lengths of lists, updated with every change.

use std::collections::BTreeMap;

use stockroom_domain::{
    OrganizationId, ReservationChange, ReservationId, ReservationStatus, Stock,
};
use uuid::Uuid;

/// The kinds of items that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Current stock.
    Stock,
    /// A store's stock of products of which the organization also has stock.
    ShadowingStock,
    /// Registered products.
    Product,
    /// Locations that aren't deleted.
    Location,
    /// Reservations in this stored status.
    Reservation(ReservationStatus),
}

impl Kind {
    /// The word that databases store for this kind.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::ShadowingStock => "shadowing_stock",
            Self::Product => "product",
            Self::Location => "location",
            Self::Reservation(ReservationStatus::Pending) => "reservation_pending",
            Self::Reservation(ReservationStatus::Paid) => "reservation_paid",
            Self::Reservation(ReservationStatus::Fulfilled) => "reservation_fulfilled",
            Self::Reservation(ReservationStatus::Released) => "reservation_released",
            Self::Reservation(ReservationStatus::Expired) => "reservation_expired",
            Self::Reservation(ReservationStatus::Held) => "reservation_held",
        }
    }
}

/// The growth of each count; negative if it shrinks.
#[derive(Debug, Default)]
pub struct Growth(BTreeMap<(Uuid, Kind), i64>);

impl Growth {
    /// Adds to the count of an owner.
    pub fn add(&mut self, owner_id: Uuid, kind: Kind, by: i64) {
        *self.0.entry((owner_id, kind)).or_default() += by;
    }

    /// Counts stock that is created (`by` 1) or deleted (−1).
    pub fn add_stocks<'a>(
        &mut self,
        organization: OrganizationId,
        stocks: impl IntoIterator<Item = &'a Stock>,
        by: i64,
    ) {
        for stock in stocks {
            self.add(stock.owner.to_uuid(organization), Kind::Stock, by);
        }
    }

    /// Counts reservations by their status.
    pub fn add_reservations(
        &mut self,
        organization: OrganizationId,
        changes: &BTreeMap<ReservationId, ReservationChange>,
    ) {
        for ReservationChange { before, after } in changes.values() {
            let owner_id = after.owner.to_uuid(organization);
            for (reservation, by) in before.iter().map(|it| (it, -1)).chain([(after, 1)]) {
                let kind = Kind::Reservation(reservation.state.status());
                self.add(owner_id, kind, by);
            }
        }
    }

    /// The growth of one count so far.
    #[must_use]
    pub fn by(&self, owner_id: Uuid, kind: Kind) -> i64 {
        self.0.get(&(owner_id, kind)).copied().unwrap_or(0)
    }

    /// The counts that are other than before, in the order of their owners and kinds.
    pub fn changed(&self) -> impl Iterator<Item = (Uuid, Kind, i64)> {
        let changed = self.0.iter().filter(|(_, by)| **by != 0);
        changed.map(|((owner_id, kind), by)| (*owner_id, *kind, *by))
    }
}
