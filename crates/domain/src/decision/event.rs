//! The events that changes make. No decision names them, so none can forget them.

use std::collections::BTreeMap;

use super::changes::{Change, RecordChange};
use super::state::State;
use crate::events::{Event, StockEnd};
use crate::integrations::{IntegrationChange, IntegrationChangeKind};
use crate::reservations::{Reservation, ReservationState, ReservedLine};
use crate::transfers::{Transfer, TransferChange, TransferLine, TransferState};
use crate::values::{
    LocationId, Quantity, ReservationStep, StockId, TransferChangeKind, first_version,
};

/// The event that a change makes on `state`, if it is one. An entry is an event itself.
pub(super) fn event_of(change: &Change, state: &State) -> Option<Event> {
    match change {
        Change::Stock(stock) => {
            let before = state.stocks.get(&stock.key());
            let is_new = before.is_none_or(|before| before.id != stock.id);
            is_new.then(|| Event::StockCreated(stock.clone()))
        }
        Change::Policy(stock) => Some(Event::PolicyUpdated(stock.clone())),
        Change::Alert(change) => {
            let (_, alert) = &**change;
            let event = if alert.alert.is_on {
                Event::StockLow
            } else {
                Event::StockRecovered
            };
            Some(event(Box::new(alert.clone())))
        }
        Change::StockDeleted(key, deleted_at) => {
            let stock = state.stocks.get(key)?;
            Some(Event::StockDeleted(StockEnd {
                id: stock.id,
                product: stock.product,
                owner: stock.owner,
                sequence: stock.sequence,
                deleted_at: *deleted_at,
            }))
        }
        Change::Reservation(after) => Some(match state.reservations.get(&after.id) {
            None => Event::ReservationCreated(after.clone()),
            Some(before) => updated(before, after),
        }),
        Change::Record(record) => event_of_record(record),
        // What they belong to is an event, or an entry.
        Change::Entry(_) | Change::Batch(_) | Change::Settled(_) => None,
    }
}

fn event_of_record(record: &RecordChange) -> Option<Event> {
    let is_new = |version: u64| version == first_version();
    match record {
        RecordChange::Location(location) if is_new(location.version) => {
            Some(Event::LocationCreated(location.clone()))
        }
        RecordChange::Location(location) => Some(Event::LocationUpdated(location.clone())),
        RecordChange::LocationDeleted(location, _) => {
            Some(Event::LocationDeleted(location.clone()))
        }
        RecordChange::Product(product) if is_new(product.version) => {
            Some(Event::ProductCreated(product.clone()))
        }
        RecordChange::Product(product) => Some(Event::ProductUpdated(product.clone())),
        RecordChange::ProductDeleted(product) => Some(Event::ProductDeleted(product.clone())),
        RecordChange::Integration(change) => Some(event_of_integration(change)),
        RecordChange::IntegrationDeleted(integration) => {
            Some(Event::IntegrationDeleted(integration.clone()))
        }
        RecordChange::Import(change, _) => {
            let is_other = change.before != Some(change.import.status);
            is_other.then(|| Event::ImportUpdated(Box::new(change.import.clone())))
        }
        RecordChange::Transfer(change) => Some(event_of_transfer(change)),
        RecordChange::TransferDeleted(transfer) => {
            Some(Event::TransferDeleted(without_receipts(transfer)))
        }
        // Nobody keeps a copy of these.
        RecordChange::Organization(_)
        | RecordChange::Store(_)
        | RecordChange::OrganizationLevel(..)
        | RecordChange::Key(_)
        | RecordChange::KeyDeleted(_)
        | RecordChange::TokensRevoked(..)
        | RecordChange::EventsReplayed(..) => None,
    }
}

fn event_of_transfer(change: &TransferChange) -> Event {
    let TransferChange { before, after } = change;
    let transfer = without_receipts(after);
    let Some(before) = before else {
        return Event::TransferCreated(transfer);
    };
    if before.announced != after.announced {
        return Event::TransferOverdue(transfer);
    }
    let sum = |transfer: &Transfer, part: fn(&TransferLine) -> Quantity| {
        let parts = transfer.progress.lines.iter().map(|line| part(line).get());
        parts.fold(0, u64::saturating_add)
    };
    let grew = |part: fn(&TransferLine) -> Quantity| sum(after, part) > sum(before, part);
    let undone = |transfer: &Transfer| {
        let receipts = transfer.progress.receipts.iter();
        receipts
            .filter(|receipt| receipt.undone_at.is_some())
            .count()
    };
    let is_undone = undone(after) > undone(before);
    let receipts = |transfer: &Transfer| transfer.progress.receipts.len();
    let is_moved =
        before.progress != after.progress && after.progress.state != TransferState::Draft;
    let kinds = [
        (TransferChangeKind::Ready, grew(|line| line.allocated)),
        (
            TransferChangeKind::Shipped,
            !is_undone && grew(|line| line.in_transit),
        ),
        (
            TransferChangeKind::Received,
            receipts(after) > receipts(before),
        ),
        (TransferChangeKind::Cancelled, grew(|line| line.cancelled)),
        (TransferChangeKind::ReceiptUndone, is_undone),
        (TransferChangeKind::Edited, !is_moved),
    ];
    let kinds = kinds.into_iter().filter(|(_, is_made)| *is_made);
    Event::TransferUpdated(transfer, kinds.map(|(kind, _)| kind).collect())
}

/// Receipts are many: who wants them asks for them.
fn without_receipts(transfer: &Transfer) -> Box<Transfer> {
    let mut transfer = Box::new(transfer.clone());
    transfer.progress.receipts.clear();
    transfer
}

fn event_of_integration(change: &IntegrationChange) -> Event {
    let integration = change.integration.clone();
    match change.kind {
        IntegrationChangeKind::Created { .. } => Event::IntegrationCreated(integration),
        IntegrationChangeKind::Updated => Event::IntegrationUpdated(integration),
        IntegrationChangeKind::Disabled => Event::IntegrationDisabled(integration),
    }
}

fn updated(before: &Reservation, after: &Reservation) -> Event {
    let sum = |reservation: &Reservation, part: fn(&ReservedLine) -> Quantity| {
        let parts = reservation.lines.iter().map(|line| part(line).get());
        parts.fold(0, u64::saturating_add)
    };
    let grew = |part: fn(&ReservedLine) -> Quantity| sum(after, part) > sum(before, part);
    let became = |state: ReservationState| after.state == state && before.state != state;
    let expires_at = |reservation: &Reservation| reservation.state.expires_at();
    let is_extended = expires_at(after).is_some() && expires_at(after) != expires_at(before);
    let is_expired = became(ReservationState::Expired);
    let mut reservation = after.clone();
    if is_expired {
        // They may be stored as they were: that they hold nothing follows from the state.
        reservation.lines.iter_mut().for_each(ReservedLine::release);
    }
    // Adding up the items takes longer, and most changes leave them as they are.
    let is_rearranged = after.is_rearranged(before);
    // Shipped pieces are open again.
    let fulfilled = |reservation: &Reservation| sum(reservation, |line| line.fulfilled);
    let is_reopened = is_rearranged && fulfilled(after) < fulfilled(before);
    let is_edited = is_rearranged && !is_reopened && is_edited(before, after);
    let is_moved = is_rearranged && !is_edited && places(before) != places(after);
    let steps = [
        (
            ReservationStep::Paid,
            became(ReservationState::Paid) && !is_reopened,
        ),
        (ReservationStep::Extended, is_extended),
        (ReservationStep::Released, grew(|line| line.released)),
        (ReservationStep::Fulfilled, grew(|line| line.fulfilled)),
        (ReservationStep::Expired, is_expired),
        (ReservationStep::Moved, is_moved),
        (ReservationStep::Edited, is_edited),
        (
            ReservationStep::Returned,
            is_reopened || is_rearranged && grew(|line| line.returned),
        ),
    ];
    let steps = steps.into_iter().filter(|(_, is_taken)| *is_taken);
    Event::ReservationUpdated(reservation, steps.map(|(step, _)| step).collect())
}

/// Whether it has other items, or reserves again what was released of them.
fn is_edited(before: &Reservation, after: &Reservation) -> bool {
    let released = |reservation: &Reservation| {
        let lines = reservation.lines.iter();
        lines.map(|line| line.released.get()).sum::<u64>()
    };
    before.wanted() != after.wanted() || released(after) < released(before)
}

/// The pieces reserved at each place.
fn places(reservation: &Reservation) -> BTreeMap<(StockId, Option<LocationId>), u64> {
    let mut places: BTreeMap<_, u64> = BTreeMap::new();
    for line in &reservation.lines {
        let pieces = places.entry((line.stock, line.location_id())).or_default();
        *pieces = pieces.saturating_add(line.quantity.get());
    }
    places
}
