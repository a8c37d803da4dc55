//! Revisions: every change of a row of `stocks` or `reservations` counts its revision up, so that one
//! comparison shows whether a row is still as it was seen.

use std::collections::HashMap;

use stockroom_domain::{Reservation, ReservationId, State, Stock, StockKey};

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
    /// The revision that a stock had when it was loaded; 0, which no row has, if it wasn't.
    pub(crate) fn of_stock(&self, key: StockKey) -> i64 {
        self.stocks.get(&key).copied().unwrap_or_default()
    }

    /// The revision that a reservation had when it was loaded; 0, which no row has, if it is new.
    pub(crate) fn of_reservation(&self, id: ReservationId) -> i64 {
        self.reservations.get(&id).copied().unwrap_or_default()
    }
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
