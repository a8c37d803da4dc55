//! Moving what a reservation holds from one place to another.

use std::collections::BTreeMap;

use super::find::{Place, location_of};
use super::items::{Draft, add};
use super::moves::{Shifts, shift_all};
use super::{Reservation, ReservationRef, ReservationState, ReservedLine, Shortage};
use crate::decision::{Actor, Change, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::StockKey;
use crate::stock::lookup::{known_location, need_location};
use crate::values::{LocationId, ProductId, Quantity};

/// Moves open pieces of a reservation to other places of the same stock: all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The pieces to be moved.
    pub items: Vec<MovedItem>,
}

/// Pieces of a product that are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedItem {
    /// The product.
    pub product: ProductId,
    /// The slug of the location that holds them; `None` for the unlocated pool.
    pub from: Option<String>,
    /// The slug of the location that is to hold them; `None` for the unlocated pool.
    pub to: Option<String>,
    /// The number of pieces.
    pub quantity: Quantity,
}

/// Pieces of a stock that are moved.
struct Step {
    stock: StockKey,
    from: Place,
    to: Place,
    quantity: Quantity,
}

impl Decide for MoveReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "move_reservation"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
        needs.layout = true;
        for item in &self.items {
            need_location(needs, actor.acting, item.from.as_deref());
            need_location(needs, actor.acting, item.to.as_deref());
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reservation>, Refusal> {
        let (reservation, now) = self.reservation.current(actor, state, context.now)?;
        let steps = self.items.iter();
        let steps = steps.map(|item| step(item, &reservation, actor, state));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        match reservation.state {
            ReservationState::Pending { .. } | ReservationState::Paid => {}
            state => return Err(Refusal::ReservationIs(state)),
        }
        check_open(&reservation, &steps)?;
        check_sellable(&steps, state)?;

        // Point of no return: everything below must succeed.
        let mut shifts = Shifts::new();
        for step in &steps {
            let shifts = shifts.entry(step.stock).or_default();
            let from = shifts.entry(location_of(&step.from)).or_default();
            from.released = from.released.saturating_add(step.quantity);
            let to = shifts.entry(location_of(&step.to)).or_default();
            to.reserved = to.reserved.saturating_add(step.quantity);
        }
        let mut drafts = Draft::of(&reservation);
        relocate(&mut drafts, &steps);
        let sourcing = reservation.sourcing().cloned();
        let (lines, sent) = Draft::close(drafts, sourcing);
        let reservation = Reservation {
            lines,
            sent,
            ..reservation.touched(now)
        };
        let mut changes = shift_all(&shifts, Some("moved"), &reservation, actor, state, context);
        changes.push(Change::Reservation(reservation.clone()));
        Ok(Decision {
            changes,
            answer: reservation,
        })
    }
}

/// Finds the stock and the places of an item.
fn step(
    item: &MovedItem,
    reservation: &Reservation,
    actor: &Actor,
    state: &State,
) -> Result<Step, Refusal> {
    if item.from == item.to {
        return Err(Refusal::SamePlace);
    }
    let of_product = |line: &&ReservedLine| line.key.product == item.product;
    let lines = || reservation.lines.iter().filter(of_product);
    let line = lines().find(|line| line.slug() == item.from.as_deref());
    let stock = line.or_else(|| lines().next()).map(|line| line.key);
    let place = |slug: &Option<String>| -> Result<Place, Refusal> {
        let Some(slug) = slug else { return Ok(None) };
        let owners = stock.map(|stock| vec![stock.owner]);
        let owners = owners.unwrap_or_else(|| actor.acting.visible().collect());
        let mut found = owners.iter();
        let found = found.find_map(|owner| known_location(state, *owner, slug).ok());
        let location = found.ok_or_else(|| Refusal::unknown_location(slug))?;
        Ok(Some((location.id, location.slug.clone())))
    };
    let (from, to) = (place(&item.from)?, place(&item.to)?);
    let stock = stock.ok_or(Refusal::NotSoManyOpen {
        product: item.product,
        open: 0,
    })?;
    Ok(Step {
        stock,
        from,
        to,
        quantity: item.quantity,
    })
}

/// Adds up the pieces of each stock and place.
fn totals(
    steps: &[Step],
    place: impl Fn(&Step) -> &Place,
) -> BTreeMap<(StockKey, Option<LocationId>), u64> {
    let mut totals: BTreeMap<_, u64> = BTreeMap::new();
    for step in steps {
        let total = totals
            .entry((step.stock, location_of(place(step))))
            .or_default();
        *total = total.saturating_add(step.quantity.get());
    }
    totals
}

fn check_open(reservation: &Reservation, steps: &[Step]) -> Result<(), Refusal> {
    for ((stock, from), wanted) in totals(steps, |step| &step.from) {
        let lines = reservation.lines.iter();
        let lines = lines.filter(|line| line.key == stock && line.location_id() == from);
        let open = lines.map(|line| line.open().get()).sum();
        if open < wanted {
            return Err(Refusal::NotSoManyOpen {
                product: stock.product,
                open,
            });
        }
    }
    Ok(())
}

/// Checks that the new places have enough that can be sold. Pieces that leave a place in the same request
/// are free for others that come to it. Since what is taken is given back elsewhere, all positions together
/// have enough.
fn check_sellable(steps: &[Step], state: &State) -> Result<(), Refusal> {
    let freed = totals(steps, |step| &step.from);
    let mut wanted = totals(steps, |step| &step.to);
    let shortages = steps.iter().filter_map(|step| {
        let place = (step.stock, location_of(&step.to));
        // Each place is told once, where it is first named.
        let requested = wanted.remove(&place)?;
        let stock = state.stocks.get(&step.stock)?;
        let freed = freed.get(&place).and_then(|freed| Quantity::new(*freed));
        let available = stock
            .sellable_at(place.1)
            .saturating_add(freed.unwrap_or_default());
        (available.get() < requested).then(|| Shortage {
            product: step.stock.product,
            location: step.to.as_ref().map(|(_, slug)| slug.clone()),
            requested,
            available,
        })
    });
    let shortages: Vec<Shortage> = shortages.collect();
    if shortages.is_empty() {
        Ok(())
    } else {
        Err(Refusal::ReservationShort(shortages))
    }
}

/// Moves the pieces of the lines: of each item, the first ones at the place. Pieces that have come to a place
/// by a step aren't moved on by a later one.
fn relocate(drafts: &mut [Draft], steps: &[Step]) {
    let mut arrived: Vec<(usize, ReservedLine)> = Vec::new();
    for step in steps {
        let mut left = step.quantity;
        for (index, draft) in drafts.iter_mut().enumerate() {
            for line in &mut draft.lines {
                let is_there = line.location_id() == location_of(&step.from);
                if line.key != step.stock || !is_there || left.is_zero() {
                    continue;
                }
                let moved = left.min(line.open());
                if moved.is_zero() {
                    continue;
                }
                draft.place.note_moved(line);
                left = left.checked_sub(moved).unwrap_or_default();
                line.quantity = line.quantity.checked_sub(moved).unwrap_or_default();
                arrived.push((index, line.open_at(step.to.clone(), moved)));
            }
        }
    }
    for (index, line) in arrived {
        if let Some(draft) = drafts.get_mut(index) {
            add(&mut draft.lines, line);
        }
    }
    for draft in drafts {
        draft.lines.retain(|line| !line.quantity.is_zero());
    }
}
