//! Transactions.

use std::collections::HashMap;

use super::ledger::{Ledger, difference};
use super::stock::{check_location_count, location_for, need_visible_stock};
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Balance, Batch, BatchEntry, BatchId, Change, EntryAction, Needs, Quantity, Recorded,
    Refusal, Slug, State, Stock, StockKey, Transact, TransactMany, TransactionAction,
};

impl Request for Transact {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        if let Some(slug) = self.location.as_ref().and_then(|slug| Slug::new(slug).ok()) {
            for owner in actor.acting.visible() {
                needs.location_slugs.insert((owner, slug.clone()));
            }
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let stock = state.visible_stock(actor.acting, self.product);
        self.decide_on(stock, actor, state, context)
    }
}

impl Transact {
    /// The decision on the stock that the caller sees, if any.
    fn decide_on(
        &self,
        stock: Option<&Stock>,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let location = match &self.location {
            None => None,
            Some(slug) => Some(location_for(state, actor, stock, slug)?),
        };
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        let position = stock.balance(location.map(|location| location.id));
        let may_add = matches!(
            self.action,
            TransactionAction::Increment | TransactionAction::Set
        );
        if position.is_none() && may_add {
            check_location_count(stock.located.len().saturating_add(1))?;
        }
        let current = position.unwrap_or_default();
        if !self.expectation.is_met(current) {
            return Err(Refusal::ExpectationFailed(current));
        }
        if position.is_none() && !may_add {
            return Err(Refusal::InsufficientStock);
        }
        let (action, quantity, balance) = movement(self.action, self.quantity, current)?;
        if action == EntryAction::Increment {
            stock
                .sums()
                .total()
                .checked_add(quantity)
                .ok_or(Refusal::TotalWouldOverflow)?;
        }

        // From here on it is certain.
        let mut ledger =
            Ledger::open(stock.clone(), actor, context).annotated(self.annotation.clone());
        if let Some(location) = location {
            ledger.add_location(location.id, location.slug.clone());
        }
        let location_id = location.map(|location| location.id);
        let entry = ledger.write(location_id, action, quantity, balance);
        Ok(ledger.close().map(|stock| Recorded {
            entry,
            product: stock.product,
            slug: location.map(|location| location.slug.clone()),
            actor_name: actor.key_name.clone(),
            undone_by: None,
        }))
    }
}

impl Request for TransactMany {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for transaction in self.lines.iter().flatten() {
            transaction.needs(actor, needs);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<Result<Recorded, Refusal>>>, Refusal> {
        let id = BatchId::new(context.ids.next_id(context.now));
        context.batch = Some(id);
        let decision = self.decide_lines(actor, state, context);
        context.batch = None;
        let mut decision = decision?;
        let entries: Vec<BatchEntry> = decision.answer.iter().flatten().map(entry).collect();
        if !entries.is_empty() {
            let owner = actor.acting;
            let batch = Batch { id, owner, entries };
            decision.changes.push(Change::Batch(batch));
        }
        Ok(decision)
    }
}

fn entry(recorded: &Recorded) -> BatchEntry {
    BatchEntry {
        product: recorded.product,
        stock: recorded.entry.stock,
        sequence: recorded.entry.sequence,
    }
}

impl TransactMany {
    fn decide_lines(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<Result<Recorded, Refusal>>>, Refusal> {
        let mut after: HashMap<StockKey, Stock> = HashMap::new();
        let mut changes = Vec::new();
        let mut answer = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            let decision = line
                .as_ref()
                .ok_or(Refusal::NoTransaction)
                .and_then(|line| {
                    let product = line.product;
                    let mut keys = actor
                        .acting
                        .visible()
                        .map(|owner| StockKey { product, owner });
                    let stock =
                        keys.find_map(|key| after.get(&key).or_else(|| state.stocks.get(&key)));
                    line.decide_on(stock, actor, state, context)
                });
            match decision {
                Ok(decision) => {
                    for change in &decision.changes {
                        if let Change::Stock(stock) = change {
                            after.insert(stock.key(), stock.clone());
                        }
                    }
                    changes.extend(decision.changes);
                    answer.push(Ok(decision.answer));
                }
                Err(refusal) if self.atomic => {
                    let refusal = Box::new(refusal);
                    return Err(Refusal::Line { index, refusal });
                }
                Err(refusal) => answer.push(Err(refusal)),
            }
        }
        Ok(Decision { changes, answer })
    }
}

/// What an action with a quantity makes of a position's figures, as the ledger records it.
fn movement(
    action: TransactionAction,
    quantity: Quantity,
    current: Balance,
) -> Result<(EntryAction, Quantity, Balance), Refusal> {
    let Balance {
        available,
        allocated,
    } = current;
    let insufficient = Refusal::InsufficientStock;
    let (entry_action, quantity, available, allocated) = match action {
        TransactionAction::Increment => (
            EntryAction::Increment,
            quantity,
            available.checked_add(quantity),
            Some(allocated),
        ),
        TransactionAction::Decrement => (
            EntryAction::Decrement,
            quantity,
            Some(available.checked_sub(quantity).ok_or(insufficient)?),
            Some(allocated),
        ),
        TransactionAction::Allocate => (
            EntryAction::Allocate,
            quantity,
            Some(available.checked_sub(quantity).ok_or(insufficient)?),
            allocated.checked_add(quantity),
        ),
        TransactionAction::Deallocate => {
            let allocated = allocated.checked_sub(quantity).ok_or(insufficient)?;
            let available = available.checked_add(quantity);
            (
                EntryAction::Deallocate,
                quantity,
                available,
                Some(allocated),
            )
        }
        TransactionAction::Set => {
            let target = quantity.checked_sub(allocated).ok_or(insufficient)?;
            let (entry_action, difference) = difference(available, target);
            (entry_action, difference, Some(target), Some(allocated))
        }
    };
    let balance = available
        .zip(allocated)
        .map(|(available, allocated)| Balance {
            available,
            allocated,
        })
        .filter(|balance| balance.available.checked_add(balance.allocated).is_some())
        .ok_or(Refusal::TotalWouldOverflow)?;
    Ok((entry_action, quantity, balance))
}
