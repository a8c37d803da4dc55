//! Shipped pieces that come back: to be sold again, damaged, or because their shipment was cancelled.

use std::collections::{BTreeMap, BTreeSet};

use super::find::{Place, location_of};
use super::items::{Draft, ItemPlace, add};
use super::moves::{annotation, living, set_aside};
use super::parts::{Part, parts};
use super::{Reservation, ReservationItem, ReservationRef, ReservationState, ReservedLine};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LedgerWriter, Needs, Refusal, RefusedMovement, State,
};
use crate::ledger::EntryAction;
use crate::locations::Location;
use crate::stock::lookup::{check_location_count, known_location, need_location};
use crate::stock::{Stock, StockKey};
use crate::values::{LocationId, Quantity, Reason, Timestamp};

/// The reason of entries for pieces that come back.
const RETURN: &str = "return";
/// The reason of entries for pieces that come back damaged.
const RETURN_DAMAGED: &str = "return damaged";

/// Brings shipped pieces back into the stock, whatever the state of their reservation: all of these or none.
/// (Source: the contract of transfers.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The pieces that come back.
    pub items: Vec<ReturnedItem>,
    /// Whether they are reserved again at once: their shipment was cancelled.
    pub reserve: bool,
}

/// Pieces of a product that come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedItem {
    /// The pieces, and the place that they were shipped from.
    pub item: ReservationItem,
    /// The place that they come to; [`ItemPlace::Unnamed`] for the one that they were shipped from.
    pub to: ItemPlace,
    /// Whether they are damaged, and so written off at once. They aren't reserved again.
    pub damaged: bool,
}

impl Decide for ReturnReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "return"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
        // The layout keeps it off the path without locks, which stores no pieces that came back.
        needs.layout = true;
        for item in &self.items {
            need_location(needs, actor.acting, item.item.place.slug());
            need_location(needs, actor.acting, item.to.slug());
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reservation>, Refusal> {
        let (reservation, now) = self.reservation.current(actor, state, context.now)?;
        let targets = self.items.iter().map(|it| target(it, &reservation, state));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        if self.reserve {
            check_order(&reservation, state, context.now)?;
        }
        let items = self.items.iter().map(|it| &it.item);
        let parts = parts(&reservation, items, ReservedLine::returnable);
        let parts = parts.map_err(|few| Refusal::NotSoManyShipped {
            product: few.product,
            open: few.there,
        })?;
        let steps = self.steps(&reservation, &parts, &targets, state)?;
        check_stocks(&steps)?;

        // Point of no return: everything below must succeed.
        let mut after = reservation.touched(now);
        if self.reserve {
            reopen(&mut after, &steps);
        } else {
            for step in &steps {
                if let Some(line) = after.lines.get_mut(step.line) {
                    line.returned = line.returned.saturating_add(step.quantity);
                }
            }
        }
        let mut changes = self.bring_back(&steps, &after, actor, context);
        changes.push(Change::Reservation(after.clone()));
        Ok(Decision {
            changes,
            answer: after,
        })
    }
}

/// Pieces of a line that come to a place.
struct Step<'a> {
    /// The place of the line in the reservation.
    line: usize,
    stock: &'a Stock,
    to: Place,
    /// The location, if the stock isn't in it yet.
    added: Option<&'a Location>,
    quantity: Quantity,
    damaged: bool,
}

/// The location that an item names for its pieces to come to, if it does.
enum Target<'a> {
    Origin,
    Unlocated,
    Location(&'a Location),
}

/// Finds the place that an item names.
///
/// # Errors
/// [`Refusal::UnknownLocation`].
fn target<'a>(
    item: &ReturnedItem,
    reservation: &Reservation,
    state: &'a State,
) -> Result<Target<'a>, Refusal> {
    match &item.to {
        ItemPlace::Unnamed => Ok(Target::Origin),
        ItemPlace::Unlocated => Ok(Target::Unlocated),
        ItemPlace::Location(slug) => {
            let lines = reservation.lines.iter();
            let mut lines = lines.filter(|line| line.key.product == item.item.product);
            let owner = lines
                .next()
                .map_or(reservation.owner, |line| line.key.owner);
            known_location(state, owner, slug).map(Target::Location)
        }
    }
}

/// Checks that the order of a reservation has no other one that lives: it has one at a time.
///
/// # Errors
/// [`Refusal::OrderReserved`] if it has.
fn check_order(reservation: &Reservation, state: &State, now: Timestamp) -> Result<(), Refusal> {
    let order = reservation.order.as_ref();
    let other = order.and_then(|order| living(order, reservation.owner, state, now));
    match other {
        Some(other) if other.id != reservation.id => Err(Refusal::OrderReserved),
        _ => Ok(()),
    }
}

impl ReturnReservation {
    /// What becomes of each part.
    ///
    /// # Errors
    /// [`Refusal::ProductsWithoutStock`], [`Refusal::UnknownLocation`].
    fn steps<'a>(
        &self,
        reservation: &Reservation,
        parts: &[Part],
        targets: &[Target<'a>],
        state: &'a State,
    ) -> Result<Vec<Step<'a>>, Refusal> {
        let lines = parts.iter().filter_map(|it| reservation.lines.get(it.line));
        let gone = lines.filter(|line| !state.stocks.contains_key(&line.key));
        let gone: BTreeSet<_> = gone.map(|line| line.key.product).collect();
        if !gone.is_empty() {
            let products = gone.into_iter().collect();
            return Err(Refusal::ProductsWithoutStock { products });
        }
        let steps = parts.iter().filter_map(|part| {
            let line = reservation.lines.get(part.line)?;
            let stock = state.stocks.get(&line.key)?;
            let item = self.items.get(part.item)?;
            let place = match targets.get(part.item)? {
                Target::Origin => origin(line, stock, state),
                Target::Unlocated => Ok((None, None)),
                Target::Location(location) => {
                    let added = stock.balance(Some(location.id)).is_none();
                    let place = Some((location.id, location.slug.clone()));
                    Ok((place, Some(*location).filter(|_| added)))
                }
            };
            Some(place.map(|(to, added)| Step {
                line: part.line,
                stock,
                to,
                added,
                quantity: part.quantity,
                damaged: item.damaged,
            }))
        });
        steps.collect()
    }

    fn bring_back(
        &self,
        steps: &[Step<'_>],
        after: &Reservation,
        actor: &Actor,
        context: &mut Context<'_>,
    ) -> Vec<Change> {
        let now = context.now;
        let mut changes = Vec::new();
        for (stock, steps) in by_stock(steps) {
            let mut ledger = LedgerWriter::open(stock.clone(), actor, context);
            for added in steps.iter().filter_map(|step| step.added) {
                ledger.add_location(added);
            }
            for ((damaged, to), quantity) in sums(&steps) {
                let reason = if damaged { RETURN_DAMAGED } else { RETURN };
                let reason = Reason::new("reason", reason).ok();
                ledger.turn_to(now, annotation(after.id, reason));
                ledger.apply(to, EntryAction::Increment, quantity);
                if damaged {
                    ledger.apply(to, EntryAction::Decrement, quantity);
                }
                if self.reserve {
                    ledger.hold(to, quantity);
                }
                if self.reserve && after.hold_reason.is_some() {
                    set_aside(&mut ledger, to, quantity);
                }
            }
            changes.extend(ledger.close().changes);
        }
        changes
    }
}

/// The steps of each stock, in the order of their keys.
fn by_stock<'s, 'a>(steps: &'s [Step<'a>]) -> Vec<(&'a Stock, Vec<&'s Step<'a>>)> {
    let mut by_stock: BTreeMap<StockKey, (&Stock, Vec<&Step<'_>>)> = BTreeMap::new();
    for step in steps {
        let group = by_stock.entry(step.stock.key());
        let (_, steps) = group.or_insert_with(|| (step.stock, Vec::new()));
        steps.push(step);
    }
    by_stock.into_values().collect()
}

/// The place that pieces of a line were shipped from, and its location, if the stock is no longer in it.
fn origin<'a>(
    line: &ReservedLine,
    stock: &Stock,
    state: &'a State,
) -> Result<(Place, Option<&'a Location>), Refusal> {
    match &line.location {
        Some((id, slug)) if stock.balance(Some(*id)).is_none() => {
            let location = known_location(state, line.key.owner, slug.as_str())?;
            Ok((Some((location.id, location.slug.clone())), Some(location)))
        }
        place => Ok((place.clone(), None)),
    }
}

/// Checks that each stock can take all that comes back to it.
///
/// # Errors
/// [`Refusal::TotalWouldOverflow`], [`Refusal::TooManyStockLocations`].
fn check_stocks(steps: &[Step<'_>]) -> Result<(), Refusal> {
    for (stock, steps) in by_stock(steps) {
        let added = steps.iter().filter_map(|step| step.added);
        let added: BTreeSet<LocationId> = added.map(|location| location.id).collect();
        check_location_count(stock.located.len().saturating_add(added.len()))?;
        let balance = stock.sums();
        let pieces = steps.iter().map(|step| step.quantity);
        let requested = pieces.fold(Quantity::ZERO, Quantity::saturating_add);
        if balance.total().checked_add(requested).is_none() {
            return Err(Refusal::TotalWouldOverflow(RefusedMovement {
                requested,
                balance,
                reserved: Quantity::ZERO,
            }));
        }
    }
    Ok(())
}

/// The pieces that come to each place, sound ones first.
fn sums(steps: &[&Step<'_>]) -> BTreeMap<(bool, Option<LocationId>), Quantity> {
    let mut sums: BTreeMap<_, Quantity> = BTreeMap::new();
    for step in steps {
        let pieces = sums.entry((step.damaged, location_of(&step.to)));
        let pieces = pieces.or_default();
        *pieces = pieces.saturating_add(step.quantity);
    }
    sums
}

/// Makes the pieces open again: in their lines, or in others if they come to another place or stock.
fn reopen(reservation: &mut Reservation, steps: &[Step<'_>]) {
    reservation.state = match &reservation.hold_reason {
        Some(_) => ReservationState::Held,
        None => ReservationState::Paid,
    };
    let mut drafts = Draft::of(reservation);
    let mut numbers = 0_usize..;
    for draft in &mut drafts {
        let mut arrived = Vec::new();
        for (line, number) in draft.lines.iter_mut().zip(&mut numbers) {
            for step in steps.iter().filter(|step| step.line == number) {
                let less = |pieces: Quantity| pieces.checked_sub(step.quantity).unwrap_or_default();
                line.fulfilled = less(line.fulfilled);
                if line.location_id() != location_of(&step.to) || line.stock != step.stock.id {
                    draft.place.note_moved(line);
                    line.quantity = less(line.quantity);
                    arrived.push(ReservedLine {
                        stock: step.stock.id,
                        ..line.open_at(step.to.clone(), step.quantity)
                    });
                }
            }
        }
        for line in arrived {
            add(&mut draft.lines, line);
        }
        draft.lines.retain(|line| !line.quantity.is_zero());
    }
    let sourcing = reservation.sourcing().cloned();
    (reservation.lines, reservation.sent) = Draft::close(drafts, sourcing);
}
