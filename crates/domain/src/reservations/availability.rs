//! The check whether there is enough stock for an order, which may already have a reservation.

use std::collections::HashMap;

use super::moves::living;
use super::{ItemAvailability, ReservationItem};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::Stock;
use crate::stock::lookup::need_visible_stock;
use crate::values::{OrderId, ProductId};

/// Returns the availability of each item, for an order that may already hold some of it. It changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAvailability {
    /// The order whose own reservation counts as available.
    pub order: OrderId,
    /// The items.
    pub items: Vec<ReservationItem>,
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
        needs.orders.insert((actor.acting, self.order.clone()));
        for item in &self.items {
            need_visible_stock(needs, actor.acting, item.product);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<ItemAvailability>>, Refusal> {
        let items = self.items.iter();
        let stocks = items.filter_map(|it| state.visible_stock(actor.acting, it.product));
        let stocks: HashMap<ProductId, &Stock> = stocks.map(|it| (it.product, it)).collect();
        let own = living(&self.order, actor.acting, state, context.now);
        let items = ItemAvailability::of(&self.items, &stocks, own.as_ref());
        Ok(Decision::unchanged(items))
    }
}
