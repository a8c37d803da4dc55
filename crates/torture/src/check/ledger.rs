//! A ledger by itself: gapless, in the order of time, and adding up to the stock.

use crate::ask::{Kind, Product};
use crate::ledger::{Entry, Reading};
use crate::model::{Action, Stock};

use super::Fault;

/// A ledger that is sound by itself.
pub(super) struct Ledger<'a> {
    pub(super) product: usize,
    pub(super) reading: &'a Reading,
    /// What the stock is after none of the entries, after one, and so on.
    pub(super) states: Vec<Stock>,
    /// How many entries the creation of the stock wrote.
    pub(super) created: usize,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        number: usize,
        product: &Product,
        reading: &'a Reading,
    ) -> Result<Self, Box<Fault>> {
        let mut ledger = Self {
            product: number,
            reading,
            states: vec![Stock::default()],
            created: 0,
        };
        for (place, entry) in reading.history.iter().enumerate() {
            let sound = ledger.add(place, product, entry);
            sound.map_err(|sentence| Box::new(Fault::new(sentence).on(number).at(place)))?;
        }
        let created = ledger.check_creation(product);
        created.map_err(|sentence| Box::new(Fault::new(sentence).on(number).at(0)))?;
        let stock = ledger.check_stock();
        stock.map_err(|sentence| {
            let last = reading.history.len().saturating_sub(1);
            Box::new(Fault::new(sentence).on(number).at(last))
        })?;
        Ok(ledger)
    }

    pub(super) fn entries(&self) -> &'a [Entry] {
        &self.reading.history
    }

    fn add(&mut self, place: usize, product: &Product, entry: &Entry) -> Result<(), String> {
        let attributes = &entry.attributes;
        let sequence = u64::try_from(place + 1).unwrap_or(u64::MAX);
        if attributes.sequence != sequence {
            let found = attributes.sequence;
            return Err(format!(
                "the sequence has a gap: {found} where {sequence} is due"
            ));
        }
        if attributes.product_id != product.id {
            let other = attributes.product_id;
            return Err(format!("entry {sequence} is another product's: {other}"));
        }
        let before = place.checked_sub(1);
        let before = before.and_then(|before| self.reading.history.get(before));
        if before.is_some_and(|it| it.meta.timestamps.created_at > entry.meta.timestamps.created_at)
        {
            return Err(format!("time runs backwards before entry {sequence}"));
        }
        let mut stock = self.states.last().cloned().unwrap_or_default();
        let movement = entry.movement();
        let balance = stock.record(movement.location, movement.action, movement.quantity);
        let Some(balance) = balance else {
            let state = self.states.last().cloned().unwrap_or_default();
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
        self.states.push(stock);
        Ok(())
    }

    /// The first entries are the creation's. They refer to nothing.
    fn check_creation(&mut self, product: &Product) -> Result<(), String> {
        if product.kind == Kind::Fleeting {
            self.created = 1.min(self.reading.history.len());
        } else {
            let positions = product.located.values().chain([&product.available]);
            let positions = positions.filter(|available| **available > 0);
            self.created = positions.count().max(1);
            let created = self.states.get(self.created);
            if created.is_none() || created != product.stock().as_ref() {
                return Err("the ledger doesn't begin with the stock that was created".to_owned());
            }
        }
        let mut created = self.reading.history.iter().take(self.created);
        let is_creation = |entry: &Entry| {
            entry.attributes.action == Action::Increment && entry.attributes.reference.is_none()
        };
        if created.all(is_creation) {
            Ok(())
        } else {
            Err("the ledger doesn't begin with the creation of the stock".to_owned())
        }
    }

    /// The stock is the sum of its ledger, on every server.
    fn check_stock(&self) -> Result<(), String> {
        let sum = self.states.last().cloned().unwrap_or_default();
        for (server, stock) in (1..).zip(&self.reading.stocks) {
            match stock {
                Some(stock) if !stock.shows(&sum) => {
                    return Err(format!(
                        "server {server} shows a stock of {stock}, and its ledger adds up to {sum}"
                    ));
                }
                None if !self.reading.history.is_empty() => {
                    return Err(format!("server {server} shows no stock, but a ledger"));
                }
                Some(_) if self.reading.history.is_empty() => {
                    return Err(format!("server {server} shows a stock without a ledger"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
