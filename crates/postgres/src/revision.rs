//! Revisions: every change of a row of `stocks` or `reservations` gives it another revision, so that one
//! comparison shows whether a row is still as it was seen.
//!
//! A revision is a hash of the one before and of what is new, not a count: if PostgreSQL fails over to a
//! standby that has missed some changes, other changes take their place, and must not be taken for them.

use std::collections::HashMap;

use stockroom_domain::{Reservation, ReservationId, State, Stock, StockKey, Timestamp};

use crate::hash::hash;

/// The content of a row, and its revision.
#[derive(Debug, Clone)]
pub(crate) struct Revised<T> {
    pub(crate) item: T,
    pub(crate) revision: i64,
}

/// The revisions of the rows that commands are decided on.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    pub(crate) stocks: HashMap<StockKey, i64>,
    pub(crate) reservations: HashMap<ReservationId, i64>,
}

impl Revisions {
    /// The revision that a stock had when it was loaded; 0 if there was none.
    pub(crate) fn of_stock(&self, key: StockKey) -> i64 {
        self.stocks.get(&key).copied().unwrap_or_default()
    }

    /// The revision that a reservation had when it was loaded; 0 if there was none.
    pub(crate) fn of_reservation(&self, id: ReservationId) -> i64 {
        self.reservations.get(&id).copied().unwrap_or_default()
    }

    /// The revision of a stock after a change.
    pub(crate) fn after_stock(&self, stock: &Stock) -> i64 {
        next_of_stock(self.of_stock(stock.key()), stock)
    }

    /// The revision of a reservation after a change.
    pub(crate) fn after_reservation(&self, reservation: &Reservation) -> i64 {
        let Reservation {
            id,
            state,
            updated_at,
            ..
        } = reservation;
        let expires_at = state.expires_at().map_or(0, Timestamp::as_milliseconds);
        next(&[
            &self.of_reservation(*id).to_le_bytes(),
            state.as_str().as_bytes(),
            &expires_at.to_le_bytes(),
            &updated_at.as_milliseconds().to_le_bytes(),
        ])
    }
}

/// The revision of a stock after a change, if it had this revision before.
pub(crate) fn next_of_stock(before: i64, stock: &Stock) -> i64 {
    let next_expiry = stock.next_expiry.map_or(0, Timestamp::as_milliseconds);
    next(&[
        &before.to_le_bytes(),
        &stock.last_hash.0,
        &next_expiry.to_le_bytes(),
    ])
}

fn next(parts: &[&[u8]]) -> i64 {
    i64::from_le_bytes(hash(parts).to_le_bytes())
}

/// What commands are decided on, and its revisions.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) state: State,
    pub(crate) revisions: Revisions,
}

impl Loaded {
    pub(crate) fn add_stock(&mut self, Revised { item, revision }: Revised<Stock>) {
        let key = item.key();
        self.state.stocks.insert(key, item);
        self.revisions.stocks.insert(key, revision);
    }

    pub(crate) fn add_reservation(&mut self, Revised { item, revision }: Revised<Reservation>) {
        let id = item.id;
        self.state.reservations.insert(id, item);
        self.revisions.reservations.insert(id, revision);
    }
}
