//! Transactions.

use std::collections::HashMap;

use super::ledger::{Ledger, difference};
use super::stock::{check_location_count, location_for, need_location, need_visible_stock};
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Annotation, Balance, Batch, BatchEntry, BatchId, Change, EntryAction, LocationId, Needs,
    Owner, ProductId, Quantity, Recorded, Refusal, RefusedMovement, Slug, State, Stock, StockKey,
    Timestamp, Transact, TransactMany, TransactionAction, TransactionId,
};

impl Request for Transact {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        need_location(needs, actor.acting, self.location.as_deref());
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
            return Err(Refusal::InsufficientStock(RefusedMovement {
                requested: self.quantity,
                ..RefusedMovement::default()
            }));
        }
        let entry = EntryOf {
            location: location.map(|location| (location.id, &location.slug)),
            annotation: self.annotation.clone(),
            undoes: None,
            as_of: None,
        };
        entry.write(stock, current, self.action, self.quantity, actor, context)
    }
}

/// What an entry is about, apart from the figures.
pub(super) struct EntryOf<'a> {
    pub(super) location: Option<(LocationId, &'a Slug)>,
    pub(super) annotation: Annotation,
    pub(super) undoes: Option<TransactionId>,
    /// The time that the entry is a count for, if it is one.
    pub(super) as_of: Option<Timestamp>,
}

impl EntryOf<'_> {
    /// Does `action` to a position that holds `current`, if the stock allows it.
    pub(super) fn write(
        self,
        stock: &Stock,
        current: Balance,
        action: TransactionAction,
        quantity: Quantity,
        actor: &Actor,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let held = stock.held(self.location.map(|(location, _)| location));
        let refused = RefusedMovement {
            requested: quantity,
            balance: current,
            reserved: held,
        };
        let (action, quantity, balance) = movement(action, quantity, current, refused)?;
        if balance.allocated < held {
            return Err(Refusal::AllocatedForReservations {
                unreserved: current.allocated.checked_sub(held).unwrap_or_default(),
                movement: refused,
            });
        }
        if action == EntryAction::Increment {
            stock
                .sums()
                .total()
                .checked_add(quantity)
                .ok_or(Refusal::TotalWouldOverflow(refused))?;
        }

        // From here on it is certain.
        let ledger = Ledger::open(stock.clone(), actor, context);
        let ledger = ledger.annotated(self.annotation).undoing(self.undoes);
        let mut ledger = ledger.counting(self.as_of);
        if let Some((location, slug)) = self.location {
            ledger.add_location(location, slug.clone());
        }
        let location = self.location.map(|(location, _)| location);
        let entry = ledger.write(location, action, quantity, balance);
        Ok(ledger.close().map(|stock| Recorded {
            entry,
            product: stock.product,
            slug: self.location.map(|(_, slug)| slug.clone()),
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
    ) -> Result<Decision<Answers<Recorded>>, Refusal> {
        in_batch(actor, context, |context| {
            let mut lines = Lines::new(state);
            for (index, line) in self.lines.iter().enumerate() {
                let decision = line
                    .as_ref()
                    .ok_or(Refusal::NoTransaction)
                    .and_then(|line| {
                        let stock = lines.stock(actor.acting, line.product);
                        line.decide_on(stock, actor, state, context)
                    });
                match decision {
                    Ok(decision) => lines.add(decision),
                    Err(refusal) if self.atomic => return Err(in_line(index, refusal)),
                    Err(refusal) => lines.answer.push(Err(refusal)),
                }
            }
            Ok(lines.close())
        })
    }
}

/// What became of each line.
type Answers<T> = Vec<Result<T, Refusal>>;

/// The refusal of all because of one.
pub(super) fn in_line(index: usize, refusal: Refusal) -> Refusal {
    let refusal = Box::new(refusal);
    Refusal::Line { index, refusal }
}

/// Has the entries of a decision made in one batch.
pub(super) fn in_batch<T: AsRef<Recorded>>(
    actor: &Actor,
    context: &mut Context<'_>,
    decide: impl FnOnce(&mut Context<'_>) -> Result<Decision<Answers<T>>, Refusal>,
) -> Result<Decision<Answers<T>>, Refusal> {
    let id = BatchId::new(context.ids.next_id(context.now));
    context.batch = Some(id);
    let decision = decide(context);
    context.batch = None;
    let mut decision = decision?;
    let made = decision.answer.iter().flatten().map(AsRef::as_ref);
    let entries: Vec<BatchEntry> = made
        .map(|recorded: &Recorded| BatchEntry {
            product: recorded.product,
            stock: recorded.entry.stock,
            sequence: recorded.entry.sequence,
        })
        .collect();
    if !entries.is_empty() {
        let owner = actor.acting;
        let batch = Batch { id, owner, entries };
        decision.changes.push(Change::Batch(batch));
    }
    Ok(decision)
}

/// Transactions that are decided one after the other, each on what the ones before it left.
pub(super) struct Lines<'a, T> {
    state: &'a State,
    after: HashMap<StockKey, Stock>,
    changes: Vec<Change>,
    pub(super) answer: Answers<T>,
}

impl<'a, T> Lines<'a, T> {
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            state,
            after: HashMap::new(),
            changes: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// The stock of a product that `acting` sees, as the lines before have left it.
    pub(super) fn stock(&self, acting: Owner, product: ProductId) -> Option<&Stock> {
        acting.visible().find_map(|owner| {
            let key = StockKey { product, owner };
            self.after.get(&key).or_else(|| self.state.stocks.get(&key))
        })
    }

    pub(super) fn add(&mut self, decision: Decision<T>) {
        for change in &decision.changes {
            if let Change::Stock(stock) = change {
                self.after.insert(stock.key(), stock.clone());
            }
        }
        self.changes.extend(decision.changes);
        self.answer.push(Ok(decision.answer));
    }

    pub(super) fn close(self) -> Decision<Answers<T>> {
        Decision {
            changes: self.changes,
            answer: self.answer,
        }
    }
}

/// What an action with a quantity makes of a position's figures, as the ledger records it.
fn movement(
    action: TransactionAction,
    quantity: Quantity,
    current: Balance,
    refused: RefusedMovement,
) -> Result<(EntryAction, Quantity, Balance), Refusal> {
    let Balance {
        available,
        allocated,
    } = current;
    let insufficient = Refusal::InsufficientStock(refused);
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
        .ok_or(Refusal::TotalWouldOverflow(refused))?;
    Ok((entry_action, quantity, balance))
}
