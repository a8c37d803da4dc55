//! Settling: booking expired holds in the ledgers, dated at their expiry.

use std::collections::{BTreeMap, BTreeSet};

use super::moves::annotation;
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LedgerWriter, Needs, Refusal, State,
};
use crate::products::StockedProduct;
use crate::products::decide::need_visible_product;
use crate::stock::lookup::need_visible_stock;
use crate::stock::{Stock, StockKey};
use crate::values::{ProductId, Quantity};

/// Books the holds on these stocks that have expired up to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleStock {
    /// The stocks.
    pub stocks: BTreeSet<StockKey>,
}

/// Reads the stock of these products that the caller sees, all as of the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowStock {
    /// The products.
    pub products: BTreeSet<ProductId>,
}

/// Reads these products with their stock levels, all as of the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowProducts {
    /// The products.
    pub products: BTreeSet<ProductId>,
}

/// Releases the expired holds on stock that is due. This is done before anything is decided on stock. So
/// the pieces are available from the time of expiry on, and the ledger's time doesn't run backwards
/// although the entries are dated at the expiry.
pub(crate) fn settle(state: &mut State, context: &mut Context<'_>) -> Vec<Change> {
    context.idempotency_key = None;
    let due: BTreeMap<_, _> = std::mem::take(&mut state.due).into_iter().collect();
    let nobody = Actor::OPERATOR;
    let mut changes = Vec::new();
    for (key, due) in due {
        let Some(stock) = state.stocks.get(&key) else {
            continue;
        };
        let mut given_back: BTreeMap<_, Quantity> = BTreeMap::new();
        for hold in &due.holds {
            let quantity = given_back
                .entry((hold.expires_at, hold.reservation, hold.location))
                .or_default();
            *quantity = quantity.checked_add(hold.quantity).unwrap_or(Quantity::MAX);
        }
        let mut ledger = LedgerWriter::open(stock.clone(), &nobody, context);
        for ((expires_at, reservation, location), quantity) in given_back {
            ledger.turn_to(expires_at, annotation(reservation, None));
            ledger.release(location, quantity);
        }
        ledger.set_next_expiry(due.next);
        changes.extend(ledger.close().changes);
        changes.extend(due.holds.into_iter().map(Change::Settled));
    }
    changes
}

impl Decide for SettleStock {
    type Answer = ();

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "settle_stock"
    }

    fn weight(&self) -> usize {
        self.stocks.len()
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.stocks.extend(self.stocks.iter().copied());
    }

    /// The stocks are settled before anything is decided.
    fn decide(
        &self,
        _actor: &Actor,
        _state: &State,
        _context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        Ok(Decision::unchanged(()))
    }
}

impl Decide for ShowStock {
    type Answer = Vec<Stock>;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "show_stock"
    }

    fn weight(&self) -> usize {
        self.products.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for product in &self.products {
            need_visible_stock(needs, actor.acting, *product);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        _context: &mut Context<'_>,
    ) -> Result<Decision<Vec<Stock>>, Refusal> {
        let products = self.products.iter();
        let stocks = products.filter_map(|product| state.visible_stock(actor.acting, *product));
        Ok(Decision::unchanged(stocks.cloned().collect()))
    }
}

impl Decide for ShowProducts {
    type Answer = Vec<StockedProduct>;

    fn name(&self) -> &'static str {
        "show_products"
    }

    fn weight(&self) -> usize {
        self.products.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for product in &self.products {
            need_visible_product(needs, actor.acting, *product);
            need_visible_stock(needs, actor.acting, *product);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        _context: &mut Context<'_>,
    ) -> Result<Decision<Vec<StockedProduct>>, Refusal> {
        let products = self.products.iter();
        let products = products.filter_map(|id| state.visible_product(actor.acting, *id));
        let stocked = products.map(|product| {
            let stock = state.visible_stock(actor.acting, product.id);
            StockedProduct::new(product.clone(), stock)
        });
        Ok(Decision::unchanged(stocked.collect()))
    }
}
