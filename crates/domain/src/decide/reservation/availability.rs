//! Whether there is enough for an order that may have a reservation already.

use std::collections::HashMap;

use super::living;
use crate::command::Request;
use crate::decide::stock::need_visible_stock;
use crate::decide::{Context, Decision};
use crate::{Actor, CheckAvailability, ItemAvailability, Needs, ProductId, Refusal, State, Stock};

impl Request for CheckAvailability {
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
