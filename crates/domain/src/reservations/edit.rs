//! Editing an order: its reservation becomes other items.

use std::collections::{BTreeMap, BTreeSet};

use super::find::{Freed, Request, RequestPlace, Taking, check_count, find, free};
use super::items::{Draft, ItemPlace, Named, add};
use super::moves::{Shifts, shift_all, shifts};
use super::reserve::{lines, need_items};
use super::transition::is_done;
use super::{
    ExpiresIn, Reservation, ReservationItem, ReservationRef, ReservationState, ReservedLine,
    SentPlace, Shortage,
};
use crate::decision::{Actor, Change, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::Stock;
use crate::stock::lookup::location_for;
use crate::values::{ProductId, Quantity};

/// Makes a reservation one of these items, in one step: all of it or nothing. Pieces that are shipped stay
/// so, and all others of the items are reserved, those that were released as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditReservation {
    /// The reservation, as it was read before the command is decided.
    pub reservation: ReservationRef,
    /// The items that it is to have. Items for which places were chosen keep these.
    pub items: Vec<ReservationItem>,
    /// The time after which it expires, counted from now, if it is to be another.
    pub expires_in: Option<ExpiresIn>,
    /// The version that the caller believes it to have, if it says so.
    pub expect_version: Option<u64>,
}

impl Decide for EditReservation {
    type Answer = Reservation;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "edit_reservation"
    }

    fn weight(&self) -> usize {
        self.items.len().max(self.reservation.stocks.len())
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        self.reservation.needs(actor, needs);
        needs.layout = true;
        need_items(&self.items, None, actor, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reservation>, Refusal> {
        let (before, now) = self.reservation.current(actor, state, context.now)?;
        let mut parts = Parts::of(&self.items, &before, actor, state)?;
        match (before.state, self.expires_in) {
            (ReservationState::Pending { .. }, _) | (ReservationState::Paid, None) => {}
            (state, _) => return Err(Refusal::ReservationIs(state)),
        }
        let version = before.version;
        let expected = self.expect_version.unwrap_or(version);
        let outdated = (expected != version).then_some(Refusal::VersionIs { version });
        let found = parts.keep(&before).and_then(|()| parts.find_more(&before));
        found.map_err(|refusal| outdated.clone().unwrap_or(refusal))?;
        let drafts = parts.divide(&self.items);
        let (lines, sent) = Draft::close(drafts, before.sourcing().cloned());
        let shifts = shifts(&before.lines, &lines);
        let edited = Reservation {
            lines,
            sent,
            ..before.clone()
        };
        let is_same = edited.wanted() == before.wanted() && !moves_any(&shifts);
        if is_same && self.expires_in.is_none() {
            return Ok(Decision::unchanged(before));
        }
        // Whoever sends once more what was done already isn't refused.
        if let Some(outdated) = outdated {
            return Err(outdated);
        }

        // Point of no return: everything below must succeed.
        let mut after = edited.touched(now);
        if is_done(&after) {
            after.state = ReservationState::Fulfilled;
        } else if let Some(expires_in) = self.expires_in {
            let expires_at = expires_in.from(now);
            after.state = ReservationState::Pending { expires_at };
        }
        let mut changes = shift_all(&shifts, Some("edited"), &after, actor, state, context);
        changes.push(Change::Reservation(after.clone()));
        Ok(Decision {
            changes,
            answer: after,
        })
    }
}

/// The items of one product and place, together.
struct Part<'a> {
    product: ProductId,
    stock: Option<&'a Stock>,
    place: RequestPlace,
    /// The number of pieces wanted.
    wanted: u64,
    /// The lines that serve them: first those that stay.
    lines: Vec<ReservedLine>,
    /// The number of pieces that are to be found in addition.
    more: Quantity,
}

/// All items that are wanted.
struct Parts<'i, 'a> {
    /// In the order in which they are first named.
    all: Vec<Part<'a>>,
    /// For each item, the place of its part.
    of_items: Vec<usize>,
    by_place: BTreeMap<(ProductId, Named<'i>), usize>,
    freed: Freed,
}

impl<'i, 'a> Parts<'i, 'a> {
    fn of(
        items: &'i [ReservationItem],
        before: &Reservation,
        actor: &Actor,
        state: &'a State,
    ) -> Result<Self, Refusal> {
        let anywhere = found_anywhere(items, before);
        let mut parts = Self {
            all: Vec::new(),
            of_items: Vec::with_capacity(items.len()),
            by_place: BTreeMap::new(),
            freed: Freed::new(),
        };
        for item in items {
            let is_sourced = before.sourcing().is_some() || anywhere.contains(&item.product);
            let named = Named::of(item, is_sourced);
            let stock = state.visible_stock(actor.acting, item.product);
            let place = match (&item.place, named) {
                (ItemPlace::Location(slug), _) => {
                    let location = location_for(state, actor, stock, slug)?;
                    RequestPlace::At(Some((location.id, location.slug.clone())))
                }
                (_, Named::Anywhere) => RequestPlace::Anywhere,
                (_, Named::At(_)) => RequestPlace::At(None),
            };
            let next = parts.all.len();
            let index = parts.by_place.entry((item.product, named));
            let index = *index.or_insert(next);
            if index == next {
                parts.all.push(Part {
                    product: item.product,
                    stock,
                    place,
                    wanted: 0,
                    lines: Vec::new(),
                    more: Quantity::ZERO,
                });
            }
            if let Some(part) = parts.all.get_mut(index) {
                part.wanted = part.wanted.saturating_add(item.quantity.get());
            }
            parts.of_items.push(index);
        }
        let of_items = parts.of_items.iter();
        let of_items = of_items.filter_map(|index| parts.all.get(*index));
        check_count(of_items.map(|part| &part.place))?;
        Ok(parts)
    }

    /// Keeps of the lines before the pieces that are shipped, and as many of the open ones as are wanted, the
    /// first sources first. Notes the others as freed.
    ///
    /// # Errors
    /// [`Refusal::AlreadyFulfilled`] if fewer are wanted than are shipped.
    fn keep(&mut self, before: &Reservation) -> Result<(), Refusal> {
        let mut old: BTreeMap<Option<usize>, Vec<&ReservedLine>> = BTreeMap::new();
        for item in before.items() {
            let at = |named| self.by_place.get(&(item.product, named));
            let found = at(item.named()).or_else(|| {
                // Pieces that were moved are those of an item that names no place, too.
                item.is_sourced().then(|| at(Named::Anywhere))?
            });
            old.entry(found.copied()).or_default().extend(item.lines);
        }
        let dropped = old.remove(&None).unwrap_or_default();
        if let Some(line) = dropped.iter().find(|line| !line.fulfilled.is_zero()) {
            let of_product = dropped
                .iter()
                .filter(|it| it.key.product == line.key.product);
            return Err(Refusal::AlreadyFulfilled {
                product: line.key.product,
                fulfilled: of_product.map(|line| line.fulfilled.get()).sum(),
            });
        }
        for line in dropped {
            free(&mut self.freed, line, line.open());
        }
        for (index, part) in self.all.iter_mut().enumerate() {
            let lines = old.remove(&Some(index)).unwrap_or_default();
            let fulfilled = lines.iter().map(|line| line.fulfilled.get()).sum();
            let Some(mut left) = part.wanted.checked_sub(fulfilled) else {
                return Err(Refusal::AlreadyFulfilled {
                    product: part.product,
                    fulfilled,
                });
            };
            for line in lines {
                let open = line.open();
                let kept = Quantity::new(left).map_or(open, |left| left.min(open));
                left = left.saturating_sub(kept.get());
                free(
                    &mut self.freed,
                    line,
                    open.checked_sub(kept).unwrap_or_default(),
                );
                let quantity = line.fulfilled.saturating_add(kept);
                if !quantity.is_zero() {
                    let line = ReservedLine {
                        quantity,
                        released: Quantity::ZERO,
                        ..line.clone()
                    };
                    add(&mut part.lines, line);
                }
            }
            part.more = Quantity::new(left).unwrap_or(Quantity::MAX);
        }
        Ok(())
    }

    /// Finds the pieces that are wanted in addition.
    ///
    /// # Errors
    /// [`Refusal::ReservationShort`] with all parts that are short.
    fn find_more(&mut self, before: &Reservation) -> Result<(), Refusal> {
        let requests = self.all.iter().map(|part| Request {
            product: part.product,
            stock: part.stock,
            place: part.place.clone(),
            quantity: part.more,
        });
        let requests: Vec<Request<'_>> = requests.collect();
        let (found, shortages) = find(&requests, Taking::ForSale(before.sourcing()), &self.freed);
        if !shortages.is_empty() {
            let shortages = shortages.iter().filter_map(|(index, shortage)| {
                let part = self.all.get(*index)?;
                Some(part.shortage(shortage.available))
            });
            return Err(Refusal::ReservationShort(shortages.collect()));
        }
        let more = requests.iter().zip(&found);
        let more: Vec<_> = more.map(|(request, found)| lines(request, found)).collect();
        for (part, more) in self.all.iter_mut().zip(more) {
            for line in more {
                add(&mut part.lines, line);
            }
        }
        Ok(())
    }

    /// Divides the lines of each part among its items.
    fn divide(mut self, items: &[ReservationItem]) -> Vec<Draft> {
        let items = items.iter().zip(&self.of_items);
        let drafts = items.filter_map(|(item, index)| {
            let part = self.all.get_mut(*index)?;
            let lines = take(&mut part.lines, item.quantity);
            let place = match &part.place {
                RequestPlace::Anywhere => SentPlace::Unnamed,
                RequestPlace::At(place) => match &*lines {
                    [line] if line.location == *place => SentPlace::Named,
                    _ => SentPlace::Moved(place.as_ref().map(|(_, slug)| slug.clone())),
                },
                RequestPlace::Missing(_) => return None,
            };
            Some(Draft { place, lines })
        });
        drafts.collect()
    }
}

/// The products whose items that name no place are meant to be wherever they are, though the order never had
/// locations chosen: some of their pieces were moved, so that they are shown without a place. Unless there is
/// an item of the unlocated pool that they can be.
fn found_anywhere(items: &[ReservationItem], before: &Reservation) -> BTreeSet<ProductId> {
    let mut moved = BTreeSet::new();
    let mut unlocated = BTreeSet::new();
    for item in before.items() {
        if item.is_sourced() {
            moved.insert(item.product);
        }
        if item.named() == Named::At(None) {
            unlocated.insert(item.product);
        }
    }
    let named = items
        .iter()
        .filter(|item| item.place == ItemPlace::Unlocated);
    let named: BTreeSet<ProductId> = named.map(|item| item.product).collect();
    moved.retain(|product| !unlocated.contains(product) || named.contains(product));
    moved
}

impl Part<'_> {
    /// Tells that fewer pieces than wanted can be had: those that it has, and `more`.
    fn shortage(&self, more: Quantity) -> Shortage {
        let has = self.lines.iter().map(|line| line.quantity);
        let has = has.fold(Quantity::ZERO, Quantity::saturating_add);
        Shortage {
            product: self.product,
            location: match &self.place {
                RequestPlace::At(place) => place.as_ref().map(|(_, slug)| slug.clone()),
                RequestPlace::Missing(_) | RequestPlace::Anywhere => None,
            },
            requested: self.wanted,
            available: has.saturating_add(more),
        }
    }
}

/// Takes pieces off the lines, the first ones first, and of each those that are shipped first.
fn take(lines: &mut Vec<ReservedLine>, pieces: Quantity) -> Vec<ReservedLine> {
    let mut left = pieces;
    let mut taken = Vec::new();
    for line in &mut *lines {
        let quantity = left.min(line.quantity);
        if quantity.is_zero() {
            continue;
        }
        let fulfilled = quantity.min(line.fulfilled);
        let returned = fulfilled.min(line.returned);
        left = left.checked_sub(quantity).unwrap_or_default();
        taken.push(ReservedLine {
            quantity,
            fulfilled,
            returned,
            ..line.clone()
        });
        line.quantity = line.quantity.checked_sub(quantity).unwrap_or_default();
        line.fulfilled = line.fulfilled.checked_sub(fulfilled).unwrap_or_default();
        line.returned = line.returned.checked_sub(returned).unwrap_or_default();
    }
    lines.retain(|line| !line.quantity.is_zero());
    taken
}

fn moves_any(shifts: &Shifts) -> bool {
    let mut shifts = shifts.values().flat_map(BTreeMap::values);
    shifts.any(|shift| !shift.released.is_zero() || !shift.reserved.is_zero())
}
