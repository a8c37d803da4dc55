//! Making a reservation.

use super::find::{Found, Freed, Request, RequestPlace, Taking, check_count, find};
use super::items::{Draft, ItemPlace, wanted};
use super::moves::{living, shift_all, shifts};
use super::sourcing::Sourcing;
use super::{ExpiresIn, Reservation, ReservationItem, ReservationState, Reserved, ReservedLine};
use crate::decision::{Actor, Change, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::Stock;
use crate::stock::lookup::{location_for, need_location, need_visible_stock};
use crate::values::{OrderId, Quantity, ReservationId, first_version};

/// Reserves stock for a buyer: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The order in the shop, if one is named. An order has at most one reservation.
    pub order: Option<OrderId>,
    /// The time after which the reservation expires, unless it is paid for.
    pub expires_in: ExpiresIn,
    /// The items to be reserved.
    pub items: Vec<ReservationItem>,
    /// The rules by which locations are chosen for items that name none. Without rules, these are taken from
    /// the unlocated pool.
    pub sourcing: Option<Sourcing>,
}

impl Decide for Reserve {
    type Answer = Reserved;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "reserve"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        if let Some(order) = &self.order {
            needs.orders.insert((actor.acting, order.clone()));
        }
        needs.layout |= self.sourcing.is_some();
        need_items(&self.items, self.sourcing.as_ref(), actor, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reserved>, Refusal> {
        let sourcing = self.sourcing.as_ref();
        let requests = requests(&self.items, sourcing, actor, state)?;
        let order = self.order.as_ref();
        let living = order.and_then(|order| living(order, actor.acting, state, context.now));
        if let Some(reservation) = living {
            let is_same = reservation.sourcing() == sourcing
                && reservation.wanted() == wanted(&self.items, sourcing.is_some());
            return if is_same {
                Ok(Decision::unchanged(Reserved {
                    reservation,
                    is_new: false,
                }))
            } else {
                Err(Refusal::OrderReserved)
            };
        }
        let (found, shortages) = find(&requests, Taking::ForSale(sourcing), &Freed::new());
        if !shortages.is_empty() {
            let shortages = shortages.into_iter().map(|(_, shortage)| shortage);
            return Err(Refusal::ReservationShort(shortages.collect()));
        }

        // Point of no return: everything below must succeed.
        let now = context.now;
        let id = ReservationId::new(context.ids.next_id(now));
        let expires_at = self.expires_in.from(now);
        let drafts = requests.iter().zip(&found);
        let drafts = drafts.map(|(request, found)| Draft {
            place: request.sent_place(),
            lines: lines(request, found),
        });
        let (lines, sent) = Draft::close(drafts.collect(), self.sourcing.clone());
        let shifts = shifts(&[], &lines);
        let reservation = Reservation {
            id,
            owner: actor.acting,
            order: self.order.clone(),
            hold_reason: None,
            state: ReservationState::Pending { expires_at },
            lines,
            sent,
            actor: actor.acting_key(),
            created_at: now,
            updated_at: now,
            version: first_version(),
        };
        let mut changes = shift_all(&shifts, None, &reservation, actor, state, context);
        changes.push(Change::Reservation(reservation.clone()));
        Ok(Decision {
            changes,
            answer: Reserved {
                reservation,
                is_new: true,
            },
        })
    }
}

/// Adds the stock of items, and the locations that are named, to the needs.
pub(super) fn need_items(
    items: &[ReservationItem],
    sourcing: Option<&Sourcing>,
    actor: &Actor,
    needs: &mut Needs,
) {
    for item in items {
        need_visible_stock(needs, actor.acting, item.product);
        need_location(needs, actor.acting, item.place.slug());
    }
    if let Some(sourcing) = sourcing {
        sourcing.needs(actor.acting, needs);
    }
}

/// The items with their stock and their places.
///
/// # Errors
/// [`Refusal::UnknownLocation`] if a location doesn't exist; [`Refusal::TooManyToPlace`].
pub(super) fn requests<'a>(
    items: &[ReservationItem],
    sourcing: Option<&Sourcing>,
    actor: &Actor,
    state: &'a State,
) -> Result<Vec<Request<'a>>, Refusal> {
    check_only(sourcing, actor, state)?;
    let requests = items.iter().map(|item| {
        let stock = state.visible_stock(actor.acting, item.product);
        let place = match (&item.place, sourcing) {
            (ItemPlace::Location(slug), _) => {
                let location = location_for(state, actor, stock, slug)?;
                RequestPlace::At(Some((location.id, location.slug.clone())))
            }
            (ItemPlace::Unnamed, Some(_)) => RequestPlace::Anywhere,
            (ItemPlace::Unnamed | ItemPlace::Unlocated, _) => RequestPlace::At(None),
        };
        Ok(Request {
            product: item.product,
            stock,
            place,
            quantity: item.quantity,
        })
    });
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    check_count(requests.iter().map(|request| &request.place))?;
    Ok(requests)
}

/// Checks that the only locations that may serve a reservation exist.
///
/// # Errors
/// [`Refusal::UnknownLocation`] if one doesn't.
pub(super) fn check_only(
    sourcing: Option<&Sourcing>,
    actor: &Actor,
    state: &State,
) -> Result<(), Refusal> {
    for slug in sourcing.iter().flat_map(|it| it.only.iter().flatten()) {
        location_for(state, actor, None, slug)?;
    }
    Ok(())
}

/// The lines that serve an item.
pub(super) fn lines(request: &Request<'_>, found: &Found) -> Vec<ReservedLine> {
    let lines = found.sources.iter().filter_map(|(place, quantity)| {
        let stock: &Stock = request.stock?;
        Some(ReservedLine {
            stock: stock.id,
            key: stock.key(),
            location: place.clone(),
            quantity: *quantity,
            fulfilled: Quantity::ZERO,
            released: Quantity::ZERO,
            returned: Quantity::ZERO,
        })
    });
    lines.collect()
}
