//! What a commit notes in the caches.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_domain::{
    Changes, IdempotencyKey, OrderId, OrganizationId, Owner, Reservation, ReservationId, Stock,
    StockKey,
};

use crate::connection::open::PostgresDatabase;
use crate::reservations::orders::Orders;
use crate::revision::{Revised, Revisions, next_of_stock};

/// The rows that a batch has changed, as it leaves them; `None` for those that are gone, or that the
/// batch doesn't know in full.
#[derive(Default)]
pub(crate) struct Notes {
    stocks: BTreeMap<StockKey, Option<Revised<Stock>>>,
    reservations: BTreeMap<ReservationId, Option<Revised<Reservation>>>,
    orders: BTreeMap<(Owner, OrderId), ReservationId>,
    keys: BTreeSet<(Owner, IdempotencyKey)>,
}

impl Notes {
    /// Adds the changes of a group. `revisions` are those before it.
    pub(crate) fn add(&mut self, changes: Changes, revisions: &Revisions) {
        // Only stock and reservations are remembered.
        let Changes {
            stocks,
            deleted_stocks: _,
            entries: _,
            batches: _,
            settled,
            reservations,
            records: _,
            events: _,
        } = changes;
        for (key, change) in stocks {
            let after = change.after.map(|item| Revised {
                revision: revisions.after_stock(&item),
                item,
            });
            self.stocks.insert(key, after);
        }
        for line in settled {
            self.reservations.insert(line.reservation, None);
        }
        for (id, change) in reservations {
            let after = Revised {
                revision: revisions.after_reservation(&change.after),
                item: change.after,
            };
            self.reservations.insert(id, Some(after));
        }
    }

    /// Adds stock that has got another revision, and is otherwise as before.
    pub(crate) fn add_revised(&mut self, stocks: impl IntoIterator<Item = Revised<Stock>>) {
        for Revised { item, revision } in stocks {
            let revision = next_of_stock(revision, &item);
            self.stocks
                .insert(item.key(), Some(Revised { item, revision }));
        }
    }

    /// Adds the idempotency keys that were used.
    pub(crate) fn add_keys(&mut self, keys: BTreeSet<(Owner, IdempotencyKey)>) {
        self.keys.extend(keys);
    }

    /// Adds the orders of a batch. Of the reservations, those are remembered that are the last of theirs.
    pub(crate) fn add_orders(&mut self, orders: Orders) {
        for reservation in self.reservations.values_mut() {
            reservation.take_if(|it| !orders.is_last(&it.item));
        }
        self.orders = orders.into_last();
    }

    /// Updates the caches after a commit. If nothing was stored, evicts everything, because its state is
    /// unknown.
    pub(crate) fn apply(
        self,
        database: &PostgresDatabase,
        organization: OrganizationId,
        is_stored: bool,
    ) {
        for (key, stock) in self.stocks {
            if is_stored {
                database.stock_cache.remember(organization, key, stock);
            } else {
                database.stock_cache.forget(organization, key);
            }
        }
        for (owner, key) in self.keys {
            database.key_cache.remember(organization, owner, key);
        }
        let cache = &database.reservation_cache;
        if is_stored {
            for ((owner, order), id) in self.orders {
                cache.remember_order(organization, owner, order, id);
            }
        }
        for (id, reservation) in self.reservations {
            match reservation.filter(|_| is_stored) {
                Some(reservation) => cache.remember(organization, reservation),
                None => cache.forget(organization, id),
            }
        }
    }
}
