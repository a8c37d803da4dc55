//! Changes of a reservation: payment, release, fulfilment, extension, expiry.

use std::collections::BTreeMap;

use super::moves::{annotation, no_longer_aside, time_of};
use super::parts::parts;
use super::{
    ExpiresIn, Reservation, ReservationItem, ReservationRef, ReservationState, ReservedLine,
};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LedgerWriter, Needs, Refusal, State,
};
use crate::stock::StockKey;
use crate::values::{LocationId, Quantity, Timestamp};

/// Records that a reservation is paid for: it no longer expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
}

/// Releases pieces that a reservation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The quantities concerned; `None` for all open pieces.
    pub items: Option<Vec<ReservationItem>>,
}

/// Records that pieces that a reservation holds were shipped, or written off if they were set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The quantities concerned; `None` for all open pieces.
    pub items: Option<Vec<ReservationItem>>,
}

/// Sets the time of expiry of a reservation anew, counted from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The time after which it expires.
    pub expires_in: ExpiresIn,
}

/// Stores the expiry of a reservation, if it has expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpireReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
}

type Decided = Result<Decision<Reservation>, Refusal>;

impl Decide for PayReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "pay"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
    }

    fn decide(&self, actor: &Actor, state: &State, context: &mut Context<'_>) -> Decided {
        let (reservation, now) = self.reservation.current(actor, state, context.now)?;
        match reservation.state {
            ReservationState::Pending { .. } => Ok(changed(Reservation {
                state: ReservationState::Paid,
                ..reservation.touched(now)
            })),
            ReservationState::Paid => Ok(Decision::unchanged(reservation)),
            state => Err(Refusal::ReservationIs(state)),
        }
    }
}

impl Decide for ReleaseReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "release"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
    }

    fn decide(&self, actor: &Actor, state: &State, context: &mut Context<'_>) -> Decided {
        let (mut reservation, now) = self.reservation.current(actor, state, context.now)?;
        match reservation.state {
            ReservationState::Pending { .. } | ReservationState::Paid | ReservationState::Held => {}
            ReservationState::Released | ReservationState::Expired => {
                return Ok(Decision::unchanged(reservation));
            }
            state @ ReservationState::Fulfilled => return Err(Refusal::ReservationIs(state)),
        }
        let taken = open_of(&reservation, self.items.as_deref())?;

        // Point of no return: everything below must succeed.
        let release: Step = |ledger, location, pieces| {
            ledger.release(location, pieces);
        };
        let mut changes = moves(&reservation, &taken, release, actor, state, context);
        for (line, quantity) in reservation.lines.iter_mut().zip(&taken) {
            line.released = line.released.saturating_add(*quantity);
        }
        if is_done(&reservation) {
            reservation.state = ReservationState::Released;
        }
        let reservation = reservation.touched(now);
        changes.push(Change::Reservation(reservation.clone()));
        Ok(Decision {
            changes,
            answer: reservation,
        })
    }
}

impl Decide for FulfilReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "fulfil"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
    }

    fn decide(&self, actor: &Actor, state: &State, context: &mut Context<'_>) -> Decided {
        let (mut reservation, now) = self.reservation.current(actor, state, context.now)?;
        match reservation.state {
            ReservationState::Paid | ReservationState::Held => {}
            ReservationState::Fulfilled => return Ok(Decision::unchanged(reservation)),
            state => return Err(Refusal::ReservationIs(state)),
        }
        let taken = open_of(&reservation, self.items.as_deref())?;

        // Point of no return: everything below must succeed.
        let ship: Step = |ledger, location, pieces| ledger.ship(location, pieces);
        let mut changes = moves(&reservation, &taken, ship, actor, state, context);
        for (line, quantity) in reservation.lines.iter_mut().zip(&taken) {
            line.fulfilled = line.fulfilled.saturating_add(*quantity);
        }
        if is_done(&reservation) {
            reservation.state = ReservationState::Fulfilled;
        }
        let reservation = reservation.touched(now);
        changes.push(Change::Reservation(reservation.clone()));
        Ok(Decision {
            changes,
            answer: reservation,
        })
    }
}

impl Decide for ExtendReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "extend"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
    }

    fn decide(&self, actor: &Actor, state: &State, context: &mut Context<'_>) -> Decided {
        let (reservation, now) = self.reservation.current(actor, state, context.now)?;
        if !matches!(reservation.state, ReservationState::Pending { .. }) {
            return Err(Refusal::ReservationIs(reservation.state));
        }

        // Point of no return: everything below must succeed.
        let expires_at = self.expires_in.from(now);
        let sooner = self.reservation.stocks.iter().filter_map(|key| {
            let mut stock = state.stocks.get(key)?.clone();
            let is_sooner = stock.next_expiry.is_none_or(|next| expires_at < next);
            stock.next_expiry = Some(expires_at);
            is_sooner.then_some(Change::Stock(stock))
        });
        let mut changes: Vec<Change> = sooner.collect();
        let mut decision = changed(Reservation {
            state: ReservationState::Pending { expires_at },
            ..reservation.touched(now)
        });
        changes.append(&mut decision.changes);
        decision.changes = changes;
        Ok(decision)
    }
}

impl Decide for ExpireReservation {
    type Answer = bool;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "expire_reservation"
    }

    fn weight(&self) -> usize {
        self.reservation.stocks.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
    }

    /// Its pieces are released before anything is decided. So only the state remains to be stored; the
    /// lines stay as they are stored.
    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<bool>, Refusal> {
        let (reservation, _) = self.reservation.current(actor, state, context.now)?;
        let stored = state.reservations.get(&reservation.id);
        let stored = stored.filter(|stored| stored.state != reservation.state);
        let expired = stored.filter(|_| reservation.state == ReservationState::Expired);
        let change = expired.map(|stored| {
            Change::Reservation(Reservation {
                state: reservation.state,
                ..stored.clone().touched(reservation.updated_at)
            })
        });
        Ok(Decision {
            answer: change.is_some(),
            changes: change.into_iter().collect(),
        })
    }
}

impl ReservationRef {
    pub(super) fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.reservations.insert(self.id);
        needs.stocks.extend(self.stocks.iter().copied());
        if let Some(order) = &self.order {
            needs.orders.insert((actor.acting, order.clone()));
        }
    }

    /// The reservation as it is now, and [the time to use for it](time_of).
    ///
    /// # Errors
    /// [`Refusal::ReservationNotFound`]; [`Refusal::ReservationEdited`] if it holds other stock by now.
    pub(super) fn current(
        &self,
        actor: &Actor,
        state: &State,
        now: Timestamp,
    ) -> Result<(Reservation, Timestamp), Refusal> {
        let stored = state
            .reservations
            .get(&self.id)
            .filter(|reservation| reservation.owner == actor.acting)
            .ok_or(Refusal::ReservationNotFound)?;
        let is_locked = |line: &ReservedLine| self.stocks.contains(&line.key);
        if !stored.lines.iter().all(is_locked) {
            return Err(Refusal::ReservationEdited);
        }
        let now = time_of(stored, state, now);
        let mut reservation = stored.clone().at(now);
        if let Some(order) = &stored.order
            && let Some(last) = state.orders.get(&(stored.owner, order.clone()))
            && *last != stored.id
            && let Some(expires_at) = stored.state.expires_at()
        {
            // The order has got another reservation since. So this one has expired by a clock that is
            // ahead.
            reservation = reservation.at(now.max(expires_at));
        }
        Ok((reservation, now))
    }
}

fn changed(reservation: Reservation) -> Decision<Reservation> {
    Decision {
        changes: vec![Change::Reservation(reservation.clone())],
        answer: reservation,
    }
}

pub(super) fn is_done(reservation: &Reservation) -> bool {
    reservation.lines.iter().all(|line| line.open().is_zero())
}

/// The pieces concerned of each line: all open ones, or those of these items.
fn open_of(
    reservation: &Reservation,
    items: Option<&[ReservationItem]>,
) -> Result<Vec<Quantity>, Refusal> {
    let mut taken: Vec<Quantity> = reservation.lines.iter().map(ReservedLine::open).collect();
    let Some(items) = items else {
        return Ok(taken);
    };
    let parts = parts(reservation, items.iter(), ReservedLine::open);
    let parts = parts.map_err(|few| Refusal::NotSoManyOpen {
        product: few.product,
        open: few.there,
    })?;
    taken.fill(Quantity::ZERO);
    for part in parts {
        if let Some(taken) = taken.get_mut(part.line) {
            *taken = taken.saturating_add(part.quantity);
        }
    }
    Ok(taken)
}

/// A movement of held pieces of a position.
type Step = fn(&mut LedgerWriter<'_, '_>, Option<LocationId>, Quantity);

/// Moves the given pieces of each line, with one step for each position.
fn moves(
    reservation: &Reservation,
    taken: &[Quantity],
    step: Step,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Vec<Change> {
    let mut stocks: BTreeMap<StockKey, BTreeMap<Option<LocationId>, Quantity>> = BTreeMap::new();
    let lines = reservation.lines.iter().zip(taken);
    for (line, quantity) in lines.filter(|(_, quantity)| !quantity.is_zero()) {
        let positions = stocks.entry(line.key).or_default();
        let moved = positions.entry(line.location_id()).or_default();
        *moved = moved.saturating_add(*quantity);
    }
    let mut changes = Vec::new();
    for (key, positions) in stocks {
        // Held stock always exists: it can't be deleted.
        let Some(stock) = state.stocks.get(&key) else {
            continue;
        };
        let ledger = LedgerWriter::open(stock.clone(), actor, context);
        let reason = reservation.hold_reason.clone();
        let mut ledger = ledger.annotated(annotation(reservation.id, reason));
        for (location, quantity) in positions {
            step(&mut ledger, location, quantity);
            if reservation.hold_reason.is_some() {
                no_longer_aside(&mut ledger, location, quantity);
            }
        }
        changes.extend(ledger.close().changes);
    }
    changes
}
