//! What a thing wrote to ledgers, which are the stocks' own: entries that refer to it by its id.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ask::Product;
use crate::ledger::Entry;
use crate::model::Action;
use crate::reservation::Position;

use super::Fault;
use super::ledger::Ledger;
use super::spec::Call;
use super::stock::{Calls, Op, stray};

/// The entries of a step: those of each position in their order.
pub(super) type Moves = Vec<(Position, Action, u64)>;

/// For each product, the number of a thing's entries that are explained.
pub(super) type Explained = BTreeMap<usize, usize>;

/// The entries of a thing.
pub(super) struct Written<'a> {
    products: &'a [Product],
    ledgers: &'a [Ledger<'a>],
    /// For each product, items of its ledger.
    items: BTreeMap<usize, Vec<usize>>,
}

/// The entries of all things by their ids.
pub(super) fn by_id<'a>(
    products: &'a [Product],
    ledgers: &'a [Ledger<'a>],
) -> HashMap<Uuid, Written<'a>> {
    let mut all = HashMap::new();
    for ledger in ledgers {
        for item in 0..ledger.items.len() {
            if let Some(id) = ledger.entry(item).and_then(Entry::reservation) {
                let its = all.entry(id);
                let its = its.or_insert_with(|| Written::none(products, ledgers));
                its.items.entry(ledger.product).or_default().push(item);
            }
        }
    }
    all
}

impl<'a> Written<'a> {
    pub(super) fn none(products: &'a [Product], ledgers: &'a [Ledger<'a>]) -> Self {
        Self {
            products,
            ledgers,
            items: BTreeMap::new(),
        }
    }

    /// Holds a step against the entries that are next, which give this reason, and have this time if it
    /// is known.
    pub(super) fn explain(
        &self,
        explained: &mut Explained,
        moves: &Moves,
        reason: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<(), String> {
        for (number, product) in self.products.iter().enumerate() {
            let due = moves.iter().filter(|((id, _), ..)| *id == product.id);
            let due: Vec<_> = due.collect();
            if due.is_empty() {
                continue;
            }
            let lacks = || format!("lacks entries of product {number}");
            let ledger = self.ledgers.get(number).ok_or_else(lacks)?;
            let items = self.items.get(&number).ok_or_else(lacks)?;
            let explained = explained.entry(number).or_default();
            let next = items.get(*explained..*explained + due.len());
            let next = next.ok_or_else(lacks)?;
            *explained += due.len();
            let entry = |item: &usize| Some((*item, ledger.entry(*item)?));
            // Nothing is given back before it is taken, whatever the clock says.
            let first = items.first().and_then(entry);
            let at = at.max(at.and(first.map(|(_, first)| first.created_at)));
            let mut next: Vec<_> = next.iter().filter_map(entry).collect();
            next.sort_by_key(|(_, entry)| entry.movement.location);
            for ((item, entry), ((_, location), action, quantity)) in next.into_iter().zip(due) {
                let of = &entry.movement;
                let is_so = (of.location, of.action, of.quantity)
                    == (*location, *action, *quantity)
                    && entry.reason.as_deref() == reason
                    && at.is_none_or(|at| at == entry.created_at);
                if !is_so {
                    let entry = ledger.number(item);
                    return Err(format!(
                        "moves other stock than entry {entry} of product {number}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Everything is explained, or else some entry isn't.
    pub(super) fn end(&self, explained: &Explained) -> Result<(), String> {
        for (product, items) in &self.items {
            let explained = explained.get(product).copied().unwrap_or_default();
            if let (Some(item), Some(ledger)) = (items.get(explained), self.ledgers.get(*product)) {
                let entry = ledger.number(*item);
                return Err(format!(
                    "nothing explains entry {entry} of product {product}"
                ));
            }
        }
        Ok(())
    }

    /// All entries, of a thing that nobody knows.
    pub(super) fn strays(&self) -> Vec<Fault> {
        let items = self.items.iter();
        let items = items.flat_map(|(product, items)| items.iter().map(|item| (*product, *item)));
        let strays =
            items.filter_map(|(product, item)| Some(stray(self.ledgers.get(product)?, item)));
        strays.collect()
    }

    /// What a call wrote, if it came between these two, as calls on stock.
    pub(super) fn between<'b, T>(
        &self,
        before: &Explained,
        after: &Explained,
        call: &Call<T>,
    ) -> Calls<'b> {
        let count = |explained: &Explained, product| explained.get(product).copied();
        let written = self.items.iter().filter_map(|(product, items)| {
            let from = count(before, product).unwrap_or_default();
            let items = items.get(from..count(after, product).unwrap_or_default())?;
            let call = Call {
                name: Arc::clone(&call.name),
                invoked: call.invoked,
                returned: call.returned,
                is_optional: false,
                op: Op::Moved(items.to_vec()),
            };
            (!items.is_empty()).then_some((*product, call))
        });
        written.collect()
    }
}
