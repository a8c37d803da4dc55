//! The reservation cache: living reservations as this server last saw them, for decisions without locks.

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use stockroom_domain::{OrderId, OrganizationId, Owner, Reservation, ReservationId};

use crate::revision::Revised;

/// The most reservations and lines in the cache: about 20 MB.
const WEIGHT_MAX: u64 = 64 * 1024;

/// The most orders in the cache: about 5 MB.
const ORDERS_MAX: usize = 32 * 1024;

type Key = (OrganizationId, ReservationId);
type Order = (OrganizationId, Owner, OrderId);

/// The reservations that a server remembers. Each of them is stored as living with its revision, and is
/// the last one of its order, if it has one. Both stay so as long as the row has this revision.
pub(crate) struct ReservationCache {
    reservations: Cache<Key, Revised<Reservation>, Lines>,
    orders: Cache<Order, ReservationId>,
}

/// Weighs a reservation by its lines.
#[derive(Debug, Clone)]
struct Lines;

impl Weighter<Key, Revised<Reservation>> for Lines {
    fn weight(&self, _key: &Key, reservation: &Revised<Reservation>) -> u64 {
        let lines = u64::try_from(reservation.item.lines.len()).unwrap_or(u64::MAX);
        lines.saturating_add(1)
    }
}

impl Default for ReservationCache {
    fn default() -> Self {
        Self {
            reservations: Cache::with_weighter(ORDERS_MAX, WEIGHT_MAX, Lines),
            orders: Cache::new(ORDERS_MAX),
        }
    }
}

impl ReservationCache {
    /// The reservation, if it is remembered.
    pub(crate) fn get(
        &self,
        organization: OrganizationId,
        id: ReservationId,
    ) -> Option<Revised<Reservation>> {
        self.reservations.get(&(organization, id))
    }

    /// The id of the last reservation of an order, as far as this server knows.
    pub(crate) fn of_order(
        &self,
        organization: OrganizationId,
        owner: Owner,
        order: &OrderId,
    ) -> Option<ReservationId> {
        self.orders.get(&(organization, owner, order.clone()))
    }

    /// Caches the last reservation of an order.
    pub(crate) fn remember_order(
        &self,
        organization: OrganizationId,
        owner: Owner,
        order: OrderId,
        id: ReservationId,
    ) {
        self.orders.insert((organization, owner, order), id);
    }

    /// Caches a reservation as it was just stored or loaded, if it lives. It has to be the last one of
    /// its order.
    pub(crate) fn remember(&self, organization: OrganizationId, reservation: Revised<Reservation>) {
        let id = reservation.item.id;
        if reservation.item.state.is_living() {
            self.reservations.insert((organization, id), reservation);
        } else {
            self.forget(organization, id);
        }
    }

    /// Forgets a reservation. It is loaded again when it is next needed, also by its order.
    pub(crate) fn forget(&self, organization: OrganizationId, id: ReservationId) {
        self.reservations.remove(&(organization, id));
    }
}
