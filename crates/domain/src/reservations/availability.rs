//! The check whether there is enough stock for an order, which may already have a reservation.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::find::{Found, Freed, Request, RequestPlace, Taking, check_count, find, held_by};
use super::items::{ItemPlace, Named, wanted};
use super::moves::living;
use super::reserve::check_only;
use super::sourcing::Sourcing;
use super::{ItemAvailability, ReservationItem, Source};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::lookup::need_visible_stock;
use crate::stock::{Stock, StockKey};
use crate::transfers::{Expected, Promise};
use crate::values::{OrderId, ProductId, Timestamp};

/// Returns the availability of each item, for an order that may already hold some of it. It changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAvailability {
    /// The order whose own reservation counts as available, if one is named.
    pub order: Option<OrderId>,
    /// The items.
    pub items: Vec<ReservationItem>,
    /// The rules by which locations are chosen for items that name none.
    pub sourcing: Option<Sourcing>,
    /// The time by which pieces that are under way count as available, too, if one is named.
    pub by: Option<Timestamp>,
}

impl Decide for CheckAvailability {
    type Answer = Vec<ItemAvailability>;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "check_availability"
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
            if self.by.is_some() {
                let product = item.product;
                let keys = actor
                    .acting
                    .visible()
                    .map(|owner| StockKey { product, owner });
                needs.expected.extend(keys);
            }
        }
        if let Some(sourcing) = &self.sourcing {
            sourcing.needs(actor.acting, needs);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<ItemAvailability>>, Refusal> {
        let sourcing = self.sourcing.as_ref();
        check_only(sourcing, actor, state)?;
        let items = self.items.iter();
        let stocks = items.filter_map(|it| state.visible_stock(actor.acting, it.product));
        let stocks: HashMap<ProductId, &Stock> = stocks.map(|it| (it.product, it)).collect();
        let order = self.order.as_ref();
        let own = order.and_then(|order| living(order, actor.acting, state, context.now));
        let held = own.as_ref().map(held_by).unwrap_or_default();
        let requests = requests(&self.items, sourcing, &stocks);
        check_count(requests.iter().map(|request| &request.place))?;
        let mut items = check(&self.items, &requests, sourcing, &held);
        if let Some(by) = self.by {
            let stocks = stocks_by(&stocks, by, context.now, &state.expected);
            let stocks = stocks.iter().map(|(product, stock)| (*product, stock));
            let stocks: HashMap<ProductId, &Stock> = stocks.collect();
            let requests = self::requests(&self.items, sourcing, &stocks);
            let later = check(&self.items, &requests, sourcing, &held);
            ItemAvailability::add(&mut items, later);
        }
        Ok(Decision::unchanged(items))
    }
}

impl ItemAvailability {
    /// The availability of each of these items, in order, given the stock of their products that the
    /// caller sees.
    #[must_use]
    pub fn of<S: BuildHasher>(
        items: &[ReservationItem],
        stocks: &HashMap<ProductId, &Stock, S>,
    ) -> Vec<Self> {
        let requests = requests(items, None, stocks);
        check(items, &requests, None, &Freed::new())
    }
}

impl ItemAvailability {
    /// The same by a time at which some of the pieces that are under way will have come.
    #[must_use]
    pub fn by<S: BuildHasher>(
        items: &[ReservationItem],
        stocks: &HashMap<ProductId, &Stock, S>,
        by: Timestamp,
        now: Timestamp,
        expected: &HashMap<StockKey, Vec<Expected>>,
    ) -> Vec<Self> {
        let mut available = Self::of(items, stocks);
        let stocks = stocks_by(stocks, by, now, expected);
        let stocks = stocks.iter().map(|(product, stock)| (*product, stock));
        let stocks: HashMap<ProductId, &Stock> = stocks.collect();
        Self::add(&mut available, Self::of(items, &stocks));
        available
    }

    /// Adds what there will be later to each item.
    fn add(items: &mut [Self], later: Vec<Self>) {
        for (item, later) in items.iter_mut().zip(later) {
            item.available_by = Some(later.available);
            item.sources = later.sources;
        }
    }
}

/// Each stock as it will be at a time.
fn stocks_by<S: BuildHasher>(
    stocks: &HashMap<ProductId, &Stock, S>,
    by: Timestamp,
    now: Timestamp,
    expected: &HashMap<StockKey, Vec<Expected>>,
) -> HashMap<ProductId, Stock> {
    let stocks = stocks.iter().map(|(product, stock)| {
        let expected = expected.get(&stock.key()).map_or(&[][..], Vec::as_slice);
        let promise = Promise {
            stock,
            expected,
            now,
        };
        (*product, promise.stock_by(by))
    });
    stocks.collect()
}

fn requests<'a, S: BuildHasher>(
    items: &[ReservationItem],
    sourcing: Option<&Sourcing>,
    stocks: &HashMap<ProductId, &'a Stock, S>,
) -> Vec<Request<'a>> {
    let requests = items.iter().map(|item| {
        let stock = stocks.get(&item.product).copied();
        let place = match (&item.place, sourcing) {
            (ItemPlace::Location(slug), _) => match stock.and_then(|it| it.place_of(slug)) {
                Some(place) => RequestPlace::At(Some(place)),
                None => RequestPlace::Missing(slug.clone()),
            },
            (ItemPlace::Unnamed, Some(_)) => RequestPlace::Anywhere,
            (ItemPlace::Unnamed | ItemPlace::Unlocated, _) => RequestPlace::At(None),
        };
        Request {
            product: item.product,
            stock,
            place,
            quantity: item.quantity,
        }
    });
    requests.collect()
}

/// The availability of each item, in order. Pieces that are `held` count as available.
fn check(
    items: &[ReservationItem],
    requests: &[Request<'_>],
    sourcing: Option<&Sourcing>,
    held: &Freed,
) -> Vec<ItemAvailability> {
    let (found, _) = find(requests, Taking::ForSale(sourcing), held);
    let requested = wanted(items, sourcing.is_some());
    let items = items.iter().zip(requests).zip(found);
    let items = items.map(|((item, request), found)| {
        let place = Named::of(item, sourcing.is_some());
        let requested = requested.get(&(item.product, place)).copied();
        ItemAvailability {
            product: item.product,
            location: item.place.slug().map(str::to_owned),
            requested: requested.unwrap_or_default(),
            available: found.available,
            available_by: None,
            sources: match request.place {
                RequestPlace::Anywhere => Some(sources(found)),
                RequestPlace::At(_) | RequestPlace::Missing(_) => None,
            },
        }
    });
    items.collect()
}

fn sources(found: Found) -> Vec<Source> {
    let sources = found.sources.into_iter();
    let sources = sources.map(|(place, quantity)| Source {
        location: place.map(|(_, slug)| slug),
        quantity,
    });
    sources.collect()
}
