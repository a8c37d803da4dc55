//! Movements of stock by reservations.

use std::collections::BTreeMap;

use super::{Reservation, ReservedLine};
use crate::decision::{Actor, Change, Context, LedgerWriter, State};
use crate::ledger::Annotation;
use crate::stock::{Stock, StockKey};
use crate::values::{
    LocationId, OrderId, Owner, Quantity, Reason, Reference, ReservationId, Timestamp,
};

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

/// The annotation of the entries that a reservation makes, with this reason.
pub(crate) fn annotation(reservation: ReservationId, reason: Option<Reason>) -> Annotation {
    Annotation {
        reason,
        reference: Reference::new("reference", reservation.to_string()).ok(),
    }
}

/// The pieces that a reservation gives back and takes of one position.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shift {
    pub(crate) released: Quantity,
    pub(crate) reserved: Quantity,
}

/// The pieces that a reservation gives back and takes of each stock, by position.
pub(crate) type Shifts = BTreeMap<StockKey, BTreeMap<Option<LocationId>, Shift>>;

/// The pieces to be given back and taken of each stock.
pub(crate) fn shifts(before: &[ReservedLine], after: &[ReservedLine]) -> Shifts {
    let mut shifts = Shifts::new();
    let mut shift = |line: &ReservedLine, note: fn(&mut Shift) -> &mut Quantity| {
        let positions = shifts.entry(line.key).or_default();
        let pieces = note(positions.entry(line.location_id()).or_default());
        *pieces = pieces.saturating_add(line.open());
    };
    for line in before {
        shift(line, |shift| &mut shift.released);
    }
    for line in after {
        shift(line, |shift| &mut shift.reserved);
    }
    for shift in shifts.values_mut().flat_map(BTreeMap::values_mut) {
        // Pieces that stay where they are aren't moved.
        let stays = shift.released.min(shift.reserved);
        shift.released = shift.released.checked_sub(stays).unwrap_or_default();
        shift.reserved = shift.reserved.checked_sub(stays).unwrap_or_default();
    }
    shifts
}

/// Notes that more pieces of a position are set aside.
pub(crate) fn set_aside(
    ledger: &mut LedgerWriter<'_, '_>,
    location: Option<LocationId>,
    quantity: Quantity,
) {
    let set_aside = ledger.stock().set_aside(location).saturating_add(quantity);
    ledger.set_set_aside(location, set_aside);
}

/// Notes that fewer pieces of a position are set aside.
pub(crate) fn no_longer_aside(
    ledger: &mut LedgerWriter<'_, '_>,
    location: Option<LocationId>,
    quantity: Quantity,
) {
    let set_aside = ledger.stock().set_aside(location).checked_sub(quantity);
    ledger.set_set_aside(location, set_aside.unwrap_or_default());
}

/// Gives back pieces, and then takes others, of each of these stocks, for a reservation as it is afterwards.
pub(crate) fn shift_all(
    shifts: &Shifts,
    reason: Option<&str>,
    after: &Reservation,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for (key, shifts) in shifts {
        // Held stock always exists, and that of new lines was found.
        if let Some(stock) = state.stocks.get(key).cloned() {
            changes.extend(shift(stock, shifts, reason, after, actor, context));
        }
    }
    changes
}

/// The same for one stock.
fn shift(
    stock: Stock,
    shifts: &BTreeMap<Option<LocationId>, Shift>,
    reason: Option<&str>,
    after: &Reservation,
    actor: &Actor,
    context: &mut Context<'_>,
) -> Vec<Change> {
    let expires_at = after.state.expires_at();
    let next_expiry = stock.next_expiry.into_iter().chain(expires_at).min();
    let ledger = LedgerWriter::open(stock, actor, context);
    let reason = reason.and_then(|reason| Reason::new("reason", reason).ok());
    let mut ledger = ledger.annotated(annotation(after.id, reason));
    for (location, shift) in shifts.iter().filter(|(_, it)| !it.released.is_zero()) {
        ledger.release(*location, shift.released);
    }
    for (location, shift) in shifts.iter().filter(|(_, it)| !it.reserved.is_zero()) {
        ledger.hold(*location, shift.reserved);
        if after.hold_reason.is_some() {
            set_aside(&mut ledger, *location, shift.reserved);
        }
    }
    ledger.set_next_expiry(next_expiry);
    ledger.close().changes
}
