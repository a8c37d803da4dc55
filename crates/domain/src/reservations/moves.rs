//! Movements of stock by reservations: reserving, releasing and fulfilling.

use super::Reservation;
use crate::decision::{LedgerWriter, State};
use crate::ledger::{Annotation, Balance, EntryAction};
use crate::values::{LocationId, OrderId, Owner, Quantity, Reference, ReservationId, Timestamp};

/// The time to use for a reservation: the latest of `now` and the last changes of its stock. If another
/// server's clock is ahead, its expiry decisions stand.
pub(crate) fn time_of(reservation: &Reservation, state: &State, now: Timestamp) -> Timestamp {
    let stocks = reservation.lines.iter();
    let stocks = stocks.filter_map(|line| state.stocks.get(&line.key));
    stocks.fold(now, |now, stock| now.max(stock.updated_at))
}

/// The reservation of an order of `owner`, if it is neither released nor expired.
pub(crate) fn living(
    order: &OrderId,
    owner: Owner,
    state: &State,
    now: Timestamp,
) -> Option<Reservation> {
    let id = state.orders.get(&(owner, order.clone()))?;
    let stored = state.reservations.get(id)?;
    let reservation = stored.clone().at(time_of(stored, state, now));
    Some(reservation).filter(|reservation| reservation.state.is_living())
}

/// The annotation of the entries that a reservation makes.
pub(crate) fn annotation(reservation: ReservationId) -> Annotation {
    Annotation {
        reason: None,
        reference: Reference::new("reference", reservation.to_string()).ok(),
    }
}

/// Reserves available pieces of a position.
pub(crate) fn reserve(
    ledger: &mut LedgerWriter<'_, '_>,
    location: Option<LocationId>,
    quantity: Quantity,
) {
    let stock = ledger.stock();
    let Balance {
        available,
        allocated,
    } = stock.balance(location).unwrap_or_default();
    let held = stock.held(location).checked_add(quantity);
    let balance = Balance {
        available: available.checked_sub(quantity).unwrap_or_default(),
        allocated: allocated.checked_add(quantity).unwrap_or(Quantity::MAX),
    };
    ledger.write(location, EntryAction::Allocate, quantity, balance);
    ledger.set_held(location, held.unwrap_or(Quantity::MAX));
}

/// Releases pieces that reservations hold, so that they are available again, and returns their number.
/// It never releases more than are allocated, so that damaged data never creates stock.
pub(crate) fn release(
    ledger: &mut LedgerWriter<'_, '_>,
    location: Option<LocationId>,
    quantity: Quantity,
) -> Quantity {
    let stock = ledger.stock();
    let Balance {
        available,
        allocated,
    } = stock.balance(location).unwrap_or_default();
    let held = stock.held(location).checked_sub(quantity);
    let moved = quantity.min(allocated);
    let balance = Balance {
        available: available.checked_add(moved).unwrap_or(Quantity::MAX),
        allocated: allocated.checked_sub(moved).unwrap_or_default(),
    };
    ledger.write(location, EntryAction::Deallocate, moved, balance);
    ledger.set_held(location, held.unwrap_or_default());
    moved
}

/// Removes pieces that reservations hold from stock, and returns their number. It never removes more
/// than are allocated.
pub(crate) fn fulfil(
    ledger: &mut LedgerWriter<'_, '_>,
    location: Option<LocationId>,
    quantity: Quantity,
) -> Quantity {
    let shipped = release(ledger, location, quantity);
    let balance = ledger.stock().balance(location).unwrap_or_default();
    let available = balance.available.checked_sub(shipped).unwrap_or_default();
    let balance = Balance {
        available,
        ..balance
    };
    ledger.write(location, EntryAction::Decrement, shipped, balance);
    shipped
}
