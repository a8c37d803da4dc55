//! A ledger by itself: gapless, in the order of time, and adding up to the stock.

use uuid::Uuid;

use crate::ask::{Kind, Product};
use crate::ledger::{Entry, Reading, StockBody};
use crate::model::{Action, Stock};
use crate::safety::Safety;

use super::Fault;

/// What happened to a product's stock, as the ledgers tell it, which are sound by themselves.
pub(super) struct Ledger<'a> {
    pub(super) product: usize,
    pub(super) safety: Safety,
    /// All that happened, in order.
    pub(super) items: Vec<Item<'a>>,
    /// What there is after none of it, after the first, and so on.
    pub(super) states: Vec<Option<Held>>,
    /// How many items the creation before the round wrote.
    pub(super) created: usize,
}

/// Something that happened to a product's stock.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    /// It was changed. `creates` is whether there had been none before, and `place` the entry's
    /// in the history that was read.
    Entry {
        entry: &'a Entry,
        creates: bool,
        place: usize,
    },
    /// It was deleted, after as many entries.
    Deletion { place: usize },
}

/// Stock that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Names this stock, among those that the product has had.
    pub(super) id: Uuid,
    pub(super) stock: Stock,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        number: usize,
        product: &Product,
        reading: &'a Reading,
    ) -> Result<Self, Box<Fault>> {
        let mut ledger = Self {
            product: number,
            safety: product.safety.clone(),
            items: Vec::new(),
            states: vec![None],
            created: 0,
        };
        let fault = |sentence, place| Box::new(Fault::new(sentence).on(number).at(place));
        for (place, entry) in reading.history.iter().enumerate() {
            let sound = ledger.add(place, product, entry);
            sound.map_err(|sentence| fault(sentence, place))?;
        }
        let end = reading.history.len();
        if reading.stocks.iter().all(Option::is_none) && product.kind == Kind::Fleeting {
            ledger.end_life(end);
        }
        let created = ledger.check_creation(product);
        created.map_err(|sentence| fault(sentence, 0))?;
        let stock = ledger.check_stock(reading);
        stock.map_err(|sentence| fault(sentence, end.saturating_sub(1)))?;
        Ok(ledger)
    }

    /// The entry that an item is, unless it is a deletion.
    pub(super) fn entry(&self, item: usize) -> Option<&'a Entry> {
        match self.items.get(item) {
            Some(Item::Entry { entry, .. }) => Some(entry),
            _ => None,
        }
    }

    /// Where an item is in the history that was read.
    pub(super) fn place(&self, item: usize) -> usize {
        match self.items.get(item).or(self.items.last()) {
            Some(Item::Entry { place, .. } | Item::Deletion { place }) => *place,
            None => 0,
        }
    }

    /// The number of an entry in the history that was read, for people.
    pub(super) fn number(&self, item: usize) -> usize {
        self.place(item) + 1
    }

    fn end_life(&mut self, place: usize) {
        if matches!(self.states.last(), Some(Some(_))) {
            self.items.push(Item::Deletion { place });
            self.states.push(None);
        }
    }

    fn add(&mut self, place: usize, product: &Product, entry: &'a Entry) -> Result<(), String> {
        let is_another = |held: &Held| held.id != entry.stock_id;
        if matches!(self.states.last(), Some(Some(held)) if is_another(held)) {
            if product.kind != Kind::Fleeting {
                return Err("there are entries of two stocks".to_owned());
            }
            self.end_life(place);
        }
        let held = self.states.last().cloned().flatten();
        let before = self.items.last();
        let before = before.filter(|_| held.is_some()).and_then(Item::entry);
        let creates = held.is_none();
        let mut held = held.unwrap_or(Held {
            id: entry.stock_id,
            stock: Stock::default(),
        });
        let due = before.map_or(0, |it| it.sequence) + 1;
        let sequence = entry.sequence;
        if sequence != due {
            return Err(format!(
                "the sequence has a gap: {sequence} where {due} is due"
            ));
        }
        if entry.product_id != product.id {
            let other = entry.product_id;
            return Err(format!("entry {sequence} is another product's: {other}"));
        }
        let created_at = entry.created_at;
        if before.is_some_and(|it| it.created_at > created_at) {
            return Err(format!("time runs backwards before entry {sequence}"));
        }
        let movement = entry.movement;
        let state = held.stock.clone();
        let (location, action, quantity) = (movement.location, movement.action, movement.quantity);
        let is_reserved = entry.reservation().is_some();
        let made = held.stock.record(location, action, quantity, is_reserved);
        let Some(balance) = made else {
            return Err(format!(
                "oversold: entry {sequence} takes more than there is ({state}), or adds more than \
                 there can be"
            ));
        };
        if balance != movement.balance {
            return Err(format!(
                "the balance of entry {sequence} is wrong: it should be {balance}"
            ));
        }
        self.items.push(Item::Entry {
            entry,
            creates,
            place,
        });
        self.states.push(Some(held));
        Ok(())
    }

    /// The first entries are of the creation before the round, which refers to nothing.
    fn check_creation(&mut self, product: &Product) -> Result<(), String> {
        let positions = product.located.values().chain([&product.available]);
        let positions = positions.filter(|available| **available > 0);
        let created = positions.count().max(1);
        for item in self.items.iter_mut().take(created) {
            let Item::Entry { entry, creates, .. } = item else {
                break;
            };
            *creates = true;
            if !is_creation(entry) {
                return Err("the ledger doesn't begin with the creation of the stock".to_owned());
            }
        }
        let state = self.states.get(created).and_then(Option::as_ref);
        if state.map(|held| &held.stock) != product.stock().as_ref() {
            return Err("the ledger doesn't begin with the stock that was created".to_owned());
        }
        self.created = created;
        Ok(())
    }

    /// The stock is what its ledger adds up to, on every server, and was so at times gone by.
    fn check_stock(&self, reading: &Reading) -> Result<(), String> {
        let sum = self.states.last().and_then(Option::as_ref);
        for (server, shown) in (1..).zip(&reading.stocks) {
            let is_so = match (shown, sum) {
                (Some(shown), Some(held)) => held.is(shown),
                (shown, sum) => shown.is_none() && sum.is_none(),
            };
            if !is_so {
                let none = || "nothing".to_owned();
                let shown = shown.as_ref().map_or_else(none, ToString::to_string);
                let sum = sum.map_or_else(none, |held| held.stock.to_string());
                return Err(format!(
                    "server {server} shows a stock of {shown}, and its ledger adds up to {sum}"
                ));
            }
        }
        for (at, shown) in &reading.past {
            let is_before = |item: &&Item<'_>| {
                let entry = item.entry();
                entry.is_some_and(|entry| entry.created_at <= *at)
            };
            let entries = self.items.iter().take_while(is_before).count();
            let held = self.states.get(entries).and_then(Option::as_ref);
            if !held.is_some_and(|held| held.is(shown)) {
                return Err(format!(
                    "the stock at {at} is shown as {shown}, which is not so after {entries} entries"
                ));
            }
        }
        Ok(())
    }
}

impl<'a> Item<'a> {
    pub(super) fn entry(&self) -> Option<&'a Entry> {
        match self {
            Self::Entry { entry, .. } => Some(entry),
            Self::Deletion { .. } => None,
        }
    }
}

impl Held {
    /// Whether a server shows this.
    pub(super) fn is(&self, shown: &StockBody) -> bool {
        shown.stock_id == self.id && shown.shows(&self.stock)
    }
}

/// Whether an entry may be the first of a ledger.
fn is_creation(entry: &Entry) -> bool {
    entry.movement.action == Action::Increment && entry.reference.is_none()
}
