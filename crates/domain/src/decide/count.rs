//! Counts: what somebody found on the shelf.

use super::stock::{check_location_count, location_for, need_location, need_visible_stock};
use super::transaction::EntryOf;
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Annotation, Balance, CountStock, Counted, Needs, Reason, Refusal, State, StockKey,
    TransactionAction,
};

/// What the ledger gives as the reason of an entry that makes up for the difference.
const REASON: &str = "count";

impl Request for CountStock {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        need_location(needs, actor.acting, self.location.as_deref());
        for owner in actor.acting.visible() {
            let product = self.product;
            needs.past.insert((StockKey { product, owner }, self.as_of));
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Counted>, Refusal> {
        let stock = state.visible_stock(actor.acting, self.product);
        let location = match &self.location {
            None => None,
            Some(slug) => Some(location_for(state, actor, stock, slug)?),
        };
        if self.as_of > context.now {
            return Err(Refusal::AsOfToCome);
        }
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        let location_id = location.map(|location| location.id);
        let position = stock.balance(location_id);
        if position.is_none() {
            check_location_count(stock.located.len().saturating_add(1))?;
        }
        let past = state.past.get(&(stock.key(), self.as_of));
        let then = past.ok_or(Refusal::NotManagedThen)?.balance(location_id);
        // What is allocated still lies on the shelf.
        let expected = then.map(Balance::total).unwrap_or_default();
        let (action, difference) = match self.counted.checked_sub(expected) {
            Some(more) => (TransactionAction::Increment, more),
            None => (
                TransactionAction::Decrement,
                expected.checked_sub(self.counted).unwrap_or_default(),
            ),
        };
        let entry = EntryOf {
            location: location.map(|location| (location.id, &location.slug)),
            annotation: Annotation {
                reason: Reason::new("reason", REASON).ok(),
                reference: self.reference.clone(),
            },
            undoes: None,
        };
        let current = position.unwrap_or_default();
        let decision = entry.write(stock, current, action, difference, actor, context)?;
        Ok(decision.map(|recorded| Counted {
            expected,
            counted: self.counted,
            as_of: self.as_of,
            recorded,
        }))
    }
}
