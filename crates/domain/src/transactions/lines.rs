//! The lines of a batch.

use std::collections::HashMap;

use super::transact::{Answers, apply_action};
use crate::decision::{
    Actor, Change, Context, Decision, LedgerWriter, Refusal, RefusedMovement, State,
};
use crate::ledger::{
    Annotation, Balance, Batch, BatchEntry, EntryAction, Recorded, TransactionAction,
};
use crate::locations::Location;
use crate::stock::{Stock, StockKey};
use crate::values::{
    BatchId, LocationId, Owner, ProductId, Quantity, Slug, Timestamp, TransactionId,
};

/// The content of an entry, apart from the figures.
pub(super) struct EntryOf<'a> {
    pub(super) location: Option<(LocationId, &'a Slug)>,
    /// The location again, if the stock isn't in it yet. The entry adds it to the stock.
    pub(super) added: Option<&'a Location>,
    pub(super) annotation: Annotation,
    pub(super) undoes: Option<TransactionId>,
    /// The time that the entry is a count for, if it is one.
    pub(super) as_of: Option<Timestamp>,
}

impl EntryOf<'_> {
    /// Applies `action` to a position with the figures `current`, if the stock allows it.
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
        let (action, quantity, balance) = apply_action(action, quantity, current, refused)?;
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

        // Point of no return: everything below must succeed.
        let ledger = LedgerWriter::open(stock.clone(), actor, context);
        let ledger = ledger.annotated(self.annotation).undoing(self.undoes);
        let mut ledger = ledger.counting(self.as_of);
        if let Some(location) = self.added {
            ledger.add_location(location);
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

/// The refusal of all lines because of one.
pub(super) fn in_line(index: usize, refusal: Refusal) -> Refusal {
    let refusal = Box::new(refusal);
    Refusal::Line { index, refusal }
}

/// Makes the entries of a decision in one batch.
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

/// Transactions that are decided one after the other, each on the state after those before it.
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

    /// The stock of a product that `acting` sees, after the previous lines.
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
