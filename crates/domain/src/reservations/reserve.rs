//! Making a reservation.

use std::collections::{BTreeMap, BTreeSet};

use super::moves::{annotation, living, reserve};
use super::{
    ExpiresIn, Reservation, ReservationItem, ReservationState, Reserved, ReservedLine, Shortage,
    sums,
};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LedgerWriter, Needs, Refusal, State,
};
use crate::locations::Location;
use crate::stock::lookup::{location_for, need_location, need_visible_stock};
use crate::stock::{Stock, StockKey};
use crate::values::{LocationId, OrderId, ProductId, Quantity, ReservationId, first_version};

/// Reserves stock for a buyer: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The order in the shop, if one is named. An order has at most one reservation.
    pub order: Option<OrderId>,
    /// The time after which the reservation expires, unless it is paid for.
    pub expires_in: ExpiresIn,
    /// The items to be reserved.
    pub items: Vec<ReservationItem>,
}

/// An item with its stock and its location.
struct Found<'a> {
    item: &'a ReservationItem,
    stock: Option<&'a Stock>,
    location: Option<&'a Location>,
}

impl Found<'_> {
    fn available(&self) -> Quantity {
        let location = self.location.map(|location| location.id);
        self.stock
            .and_then(|stock| stock.balance(location))
            .unwrap_or_default()
            .available
    }
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
        for item in &self.items {
            need_visible_stock(needs, actor.acting, item.product);
            need_location(needs, actor.acting, item.location.as_deref());
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reserved>, Refusal> {
        let mut found = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let stock = state.visible_stock(actor.acting, item.product);
            let location = item.location.as_deref();
            let location = location.map(|slug| location_for(state, actor, stock, slug));
            found.push(Found {
                item,
                stock,
                location: location.transpose()?,
            });
        }
        let order = self.order.as_ref();
        let living = order.and_then(|order| living(order, actor.acting, state, context.now));
        if let Some(reservation) = living {
            return if reservation.positions() == self.positions() {
                Ok(Decision::unchanged(Reserved {
                    reservation,
                    is_new: false,
                }))
            } else {
                Err(Refusal::OrderReserved)
            };
        }
        let shortages = self.shortages(&found);
        if !shortages.is_empty() {
            return Err(Refusal::ReservationShort(shortages));
        }

        // Point of no return: everything below must succeed.
        let now = context.now;
        let id = ReservationId::new(context.ids.next_id(now));
        let expires_at = self.expires_in.from(now);
        let mut changes = Vec::new();
        for (stock, positions) in by_stock(&found).into_values() {
            let ledger = LedgerWriter::open(stock.clone(), actor, context);
            let mut ledger = ledger.annotated(annotation(id));
            for (location, quantity) in positions {
                reserve(&mut ledger, location, quantity);
            }
            let next_expiry = stock
                .next_expiry
                .map_or(expires_at, |it| it.min(expires_at));
            ledger.set_next_expiry(Some(next_expiry));
            changes.extend(ledger.close().changes);
        }
        let reservation = Reservation {
            id,
            owner: actor.acting,
            order: self.order.clone(),
            state: ReservationState::Pending { expires_at },
            lines: found.iter().filter_map(line).collect(),
            created_at: now,
            updated_at: now,
            version: first_version(),
        };
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

impl Reserve {
    /// The quantity wanted of each position.
    fn positions(&self) -> BTreeMap<(ProductId, Option<&str>), u64> {
        let items = self.items.iter();
        sums(items.map(|item| (item.product, item.location.as_deref(), item.quantity)))
    }

    /// All positions that don't have enough stock, in the order in which they are named.
    fn shortages(&self, found: &[Found<'_>]) -> Vec<Shortage> {
        let requested = self.positions();
        let mut named = BTreeSet::new();
        let mut shortages = Vec::new();
        for wanted in found {
            let position = (wanted.item.product, wanted.item.location.as_deref());
            let requested = requested.get(&position).copied().unwrap_or_default();
            let available = wanted.available();
            if named.insert(position) && available.get() < requested {
                shortages.push(Shortage {
                    product: wanted.item.product,
                    location: wanted.location.map(|location| location.slug.clone()),
                    requested,
                    available,
                });
            }
        }
        shortages
    }
}

type Positions = BTreeMap<Option<LocationId>, Quantity>;

/// The quantities wanted of each stock, by position.
fn by_stock<'a>(found: &[Found<'a>]) -> BTreeMap<StockKey, (&'a Stock, Positions)> {
    let mut stocks = BTreeMap::new();
    for wanted in found {
        let Some(stock) = wanted.stock else { continue };
        let (_, positions): &mut (_, Positions) = stocks
            .entry(stock.key())
            .or_insert_with(|| (stock, Positions::new()));
        let location = wanted.location.map(|location| location.id);
        let quantity = positions.entry(location).or_default();
        *quantity = quantity
            .checked_add(wanted.item.quantity)
            .unwrap_or(Quantity::MAX);
    }
    stocks
}

fn line(wanted: &Found<'_>) -> Option<ReservedLine> {
    let stock = wanted.stock?;
    let location = wanted.location;
    Some(ReservedLine {
        stock: stock.id,
        key: stock.key(),
        location: location.map(|location| (location.id, location.slug.clone())),
        quantity: wanted.item.quantity,
        fulfilled: Quantity::ZERO,
        released: Quantity::ZERO,
    })
}
