//! Writing to a stock and its ledger, together.

use super::actor::Actor;
use super::changes::Change;
use super::context::{Context, Decision};
use crate::ledger::{Annotation, Balance, Entry, EntryAction};
use crate::locations::Location;
use crate::stock::{Position, Stock};
use crate::values::{LocationId, Quantity, Timestamp, TransactionId};

/// The increment or decrement that leads from one available figure to another.
pub(crate) fn difference(from: Quantity, to: Quantity) -> (EntryAction, Quantity) {
    match to.checked_sub(from) {
        Some(more) => (EntryAction::Increment, more),
        None => (
            EntryAction::Decrement,
            from.checked_sub(to).unwrap_or(Quantity::ZERO),
        ),
    }
}

/// A stock with its ledger opened for writing: the one place where figures and entries are written,
/// always together.
pub(crate) struct LedgerWriter<'a, 'b> {
    stock: Stock,
    entries: Vec<Entry>,
    annotation: Annotation,
    undoes: Option<TransactionId>,
    as_of: Option<Timestamp>,
    now: Timestamp,
    actor: &'a Actor,
    context: &'a mut Context<'b>,
}

impl<'a, 'b> LedgerWriter<'a, 'b> {
    pub(crate) fn open(stock: Stock, actor: &'a Actor, context: &'a mut Context<'b>) -> Self {
        Self {
            stock,
            entries: Vec::new(),
            annotation: Annotation::default(),
            undoes: None,
            as_of: None,
            now: context.now,
            actor,
            context,
        }
    }

    /// Sets the annotation of the entries.
    pub(crate) fn annotated(mut self, annotation: Annotation) -> Self {
        self.annotation = annotation;
        self
    }

    /// Sets the entry that the new entry undoes, if any.
    pub(crate) const fn undoing(mut self, entry: Option<TransactionId>) -> Self {
        self.undoes = entry;
        self
    }

    /// Makes the entry a count for this time, if there is one.
    pub(crate) const fn counting(mut self, as_of: Option<Timestamp>) -> Self {
        self.as_of = as_of;
        self
    }

    /// Sets the time and the annotation of all entries written from here on.
    pub(crate) fn turn_to(&mut self, at: Timestamp, annotation: Annotation) {
        self.now = at;
        self.annotation = annotation;
    }

    pub(crate) const fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Sets the number of pieces that are held in a position.
    pub(crate) fn set_held(&mut self, location: Option<LocationId>, held: Quantity) {
        match location {
            None => self.stock.unlocated_held = held,
            Some(location) => {
                if let Some(position) = self.stock.located.get_mut(&location) {
                    position.held = held;
                }
            }
        }
    }

    /// Sets the number of pieces of a position that are set aside.
    pub(crate) fn set_set_aside(&mut self, location: Option<LocationId>, set_aside: Quantity) {
        match location {
            None => self.stock.unlocated_set_aside = set_aside,
            Some(location) => {
                if let Some(position) = self.stock.located.get_mut(&location) {
                    position.set_aside = set_aside;
                }
            }
        }
    }

    /// Sets the earliest time at which a reservation of the stock expires.
    pub(crate) const fn set_next_expiry(&mut self, next_expiry: Option<Timestamp>) {
        self.stock.next_expiry = next_expiry;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Advances `updated_at`. Time never runs backwards within a stock, even if the clocks of the
    /// servers differ.
    fn advance(&mut self) {
        self.stock.updated_at = self.stock.updated_at.max(self.now);
    }

    pub(crate) fn add_location(&mut self, location: &Location) {
        if self.stock.balance(Some(location.id)).is_none() {
            let position = Position::empty(location);
            self.stock.located.insert(location.id, position);
            self.advance();
        }
    }

    pub(crate) fn remove_location(&mut self, location: LocationId) {
        if self.stock.located.remove(&location).is_some() {
            self.advance();
        }
    }

    pub(crate) fn write(
        &mut self,
        location: Option<LocationId>,
        action: EntryAction,
        quantity: Quantity,
        balance: Balance,
    ) -> Entry {
        self.advance();
        match location {
            None => self.stock.unlocated = balance,
            Some(location) => {
                if let Some(position) = self.stock.located.get_mut(&location) {
                    position.balance = balance;
                }
            }
        }
        self.stock.sequence = self.stock.sequence.saturating_add(1);
        let created_at = self.stock.updated_at;
        let previous = self.stock.last_hash;
        let mut entry = Entry {
            id: TransactionId::new(self.context.ids.next_id(created_at)),
            stock: self.stock.id,
            sequence: self.stock.sequence,
            location,
            action,
            quantity,
            balance,
            sums: self.stock.sums(),
            annotation: self.annotation.clone(),
            idempotency_key: self.context.idempotency_key.clone(),
            batch: self.context.batch,
            undoes: self.undoes,
            actor: self.actor.key,
            as_of: self.as_of,
            created_at,
            hash: previous,
        };
        entry.hash = entry.seal(previous);
        self.stock.last_hash = entry.hash;
        self.entries.push(entry.clone());
        entry
    }

    /// Allocates available pieces of a position and holds them.
    pub(crate) fn hold(&mut self, location: Option<LocationId>, quantity: Quantity) {
        let held = self.stock.held(location).saturating_add(quantity);
        let balance = self.stock.balance(location).unwrap_or_default();
        let balance = Balance {
            available: balance.available.saturating_sub(quantity),
            allocated: balance.allocated.saturating_add(quantity),
        };
        self.write(location, EntryAction::Allocate, quantity, balance);
        self.set_held(location, held);
    }

    /// Releases held pieces, so that they are available again, and returns their number. It never releases
    /// more than are allocated, so that damaged data never creates stock.
    pub(crate) fn release(&mut self, location: Option<LocationId>, quantity: Quantity) -> Quantity {
        let held = self.stock.held(location).saturating_sub(quantity);
        let balance = self.stock.balance(location).unwrap_or_default();
        let moved = quantity.min(balance.allocated);
        let balance = Balance {
            available: balance.available.saturating_add(moved),
            allocated: balance.allocated.saturating_sub(moved),
        };
        self.write(location, EntryAction::Deallocate, moved, balance);
        self.set_held(location, held);
        moved
    }

    /// Removes held pieces from stock. It never removes more than are allocated.
    pub(crate) fn ship(&mut self, location: Option<LocationId>, quantity: Quantity) {
        let shipped = self.release(location, quantity);
        self.apply(location, EntryAction::Decrement, shipped);
    }

    /// Writes an action that is known to be possible.
    pub(crate) fn apply(
        &mut self,
        location: Option<LocationId>,
        action: EntryAction,
        quantity: Quantity,
    ) {
        let balance = self.stock.balance(location).unwrap_or_default();
        if let Some(balance) = action.apply(quantity, balance) {
            self.write(location, action, quantity, balance);
        }
    }

    pub(crate) fn close(self) -> Decision<Stock> {
        let stock = Change::Stock(self.stock.clone());
        let entries = self.entries.into_iter().map(Change::Entry);
        Decision {
            changes: std::iter::once(stock).chain(entries).collect(),
            answer: self.stock,
        }
    }
}
