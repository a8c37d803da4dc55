//! Loads the needs of an optimistic commit, from the caches or else from the database.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    IdempotencyKey, Needs, OrderId, OrganizationId, Owner, Reservation, ReservationId, State,
    Stock, StockKey,
};

use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::reservations::load::of_orders;
use crate::revision::{Loaded, Revised};
use crate::stock_cache::KnownStock;
use crate::{reservations, stock};

/// Loads stock and reservations; `None` if some of it needs locks: stock in locations, and reservations
/// that have ended, or whose order or stock isn't what it was.
pub(super) async fn load(
    session: &mut Session,
    database: &PostgresDatabase,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<Option<Loaded>, StoreError> {
    let cache = &database.stock_cache;
    let mut loaded = Loaded::default();
    let mut unknown = BTreeSet::new();
    let mut is_located = false;
    needs.stocks.read(|key| match cache.get(organization, key) {
        Some(KnownStock::Unlocated(stock)) => {
            loaded.add_stock(stock);
            true
        }
        Some(KnownStock::Located) => {
            is_located = true;
            true
        }
        Some(KnownStock::Absent) => false,
        None => {
            unknown.insert(key);
            false
        }
    });
    if is_located {
        return Ok(None);
    }
    if !unknown.is_empty() {
        let keys = unknown.iter().copied();
        for stock in stock::rows::stocks(session, organization, keys).await? {
            let key = stock.item.key();
            unknown.remove(&key);
            is_located |= !stock.item.located.is_empty();
            cache.remember(organization, key, Some(stock.clone()));
            loaded.add_stock(stock);
        }
        for key in unknown {
            cache.remember(organization, key, None);
        }
        if is_located {
            return Ok(None);
        }
    }
    if needs.reservations.is_empty() && needs.orders.is_empty() {
        return Ok(Some(loaded));
    }
    let is_plain = load_reservations(session, database, organization, needs, &mut loaded).await?;
    Ok(is_plain.then_some(loaded))
}

/// Loads the needed reservations, and the orders. False if any of them needs locks.
async fn load_reservations(
    session: &mut Session,
    database: &PostgresDatabase,
    organization: OrganizationId,
    needs: &Needs,
    loaded: &mut Loaded,
) -> Result<bool, StoreError> {
    let cache = &database.reservation_cache;
    let orders = needs.orders.iter();
    let of_orders = orders.filter_map(|(owner, it)| cache.of_order(organization, *owner, it));
    let mut ids: BTreeSet<ReservationId> = of_orders.collect();
    ids.extend(&needs.reservations);
    let mut unknown = Vec::new();
    for id in ids {
        match cache.get(organization, id) {
            Some(reservation) => loaded.add_reservation(reservation),
            None => unknown.push(id),
        }
    }
    if !unknown.is_empty() {
        let found = load_unknown(session, organization, unknown).await?;
        let Some(found) = found else {
            return Ok(false);
        };
        for reservation in found {
            cache.remember(organization, reservation.clone());
            loaded.add_reservation(reservation);
        }
    }
    let State {
        stocks,
        reservations,
        orders,
        ..
    } = &mut loaded.state;
    for reservation in reservations.values() {
        if let Some(order) = &reservation.order {
            let order = (reservation.owner, order.clone());
            if needs.orders.contains(&order) {
                orders.insert(order, reservation.id);
            }
        }
        // Its expiry may be booked already, which its stock tells if it is still the same.
        let is_whole = reservation.lines.iter().all(|line| {
            let stock = stocks.get(&line.key);
            line.location.is_none() && stock.is_some_and(|stock| stock.id == line.stock)
        });
        if !is_whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Loads reservations that the cache lacks; `None` unless all of them live, and each is the last one of
/// its order. The orders are read later than the reservations: if an order gets another reservation in
/// between, the one that was loaded has another revision by then.
async fn load_unknown(
    session: &mut Session,
    organization: OrganizationId,
    ids: Vec<ReservationId>,
) -> Result<Option<Vec<Revised<Reservation>>>, StoreError> {
    let wanted = ids.len();
    let found = reservations::rows::reservations(session, organization, ids).await?;
    let all = || found.iter().map(|found| &found.item);
    let ordered = all().filter_map(|it| Some((it.owner, it.order.clone()?)));
    let mut state = State::default();
    of_orders(session, organization, &ordered.collect(), &mut state).await?;
    let is_last = |it: &Reservation| {
        let order = it.order.as_ref().map(|order| (it.owner, order.clone()));
        order.is_none_or(|order| state.orders.get(&order) == Some(&it.id))
    };
    let is_plain = found.len() == wanted && all().all(|it| it.state.is_living() && is_last(it));
    Ok(is_plain.then_some(found))
}

/// What a batch has read, as it was then.
pub(super) struct Seen {
    /// The revisions of stock; `None` where there is none.
    pub(super) stocks: BTreeMap<StockKey, Option<i64>>,
    pub(super) reservations: BTreeMap<ReservationId, i64>,
    /// Orders without a reservation.
    pub(super) free_orders: BTreeSet<(Owner, OrderId)>,
    /// Idempotency keys that are taken to have no record.
    pub(super) free_keys: BTreeSet<(Owner, IdempotencyKey)>,
    /// The stocks of the reservations.
    pub(super) reserved: BTreeMap<StockKey, Revised<Stock>>,
}

impl Seen {
    pub(super) fn new(needs: &Needs, Loaded { state, revisions }: &Loaded) -> Self {
        let lines = state.reservations.values().flat_map(|it| &it.lines);
        let reserved: BTreeSet<StockKey> = lines.map(|line| line.key).collect();
        let mut read = needs.stocks.read(|key| state.stocks.contains_key(&key));
        read.extend(&reserved);
        let revision = |key| (key, revisions.stocks.get(&key).copied());
        let stocks = read.into_iter().map(revision);
        let reserved = reserved.into_iter().filter_map(|key| {
            let stock = Revised {
                item: state.stocks.get(&key)?.clone(),
                revision: revisions.of_stock(key),
            };
            Some((key, stock))
        });
        let orders = needs.orders.iter();
        let free_orders = orders.filter(|order| !state.orders.contains_key(*order));
        Self {
            stocks: stocks.collect(),
            reservations: revisions.reservations.clone().into_iter().collect(),
            free_orders: free_orders.cloned().collect(),
            free_keys: BTreeSet::new(),
            reserved: reserved.collect(),
        }
    }

    /// Whether there is nothing to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.stocks.is_empty()
            && self.reservations.is_empty()
            && self.free_orders.is_empty()
            && self.free_keys.is_empty()
    }

    /// Evicts all of it from the caches.
    pub(super) fn forget(self, database: &PostgresDatabase, organization: OrganizationId) {
        for key in self.stocks.into_keys() {
            database.stock_cache.forget(organization, key);
        }
        for id in self.reservations.into_keys() {
            database.reservation_cache.forget(organization, id);
        }
    }
}
