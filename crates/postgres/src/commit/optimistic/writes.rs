//! The changes of an optimistic commit, sorted by what the statement does with them.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_domain::{
    Batch, Changes, Decided, Entry, Event, IdempotencyRecord, OrganizationId, ReservationChange,
    ReservationId, Stock, StockChange, StockKey,
};

use super::load::Seen;
use crate::columns::StockColumns;
use crate::reservations::orders::Orders;
use crate::revision::{Revised, Revisions, next_of_stock};
use crate::stock::rows::locking_order;

/// Everything that a batch stores and compares.
pub(super) struct Writes<'a> {
    /// Stock to update, as it will be, with its revision before.
    stocks: Vec<(&'a Stock, i64)>,
    pub(super) entries: &'a [Entry],
    pub(super) events: &'a [Event],
    pub(super) batches: &'a [Batch],
    pub(super) reservations: &'a BTreeMap<ReservationId, ReservationChange>,
    /// The revisions of everything that was loaded.
    pub(super) revisions: &'a Revisions,
    pub(super) idempotency_records: &'a [IdempotencyRecord],
    pub(super) orders: Orders,
    /// Stock that only gets another revision: that of reservations that change.
    pub(super) revised: Vec<Revised<Stock>>,
    /// The rest of what was read, which has to be as it was.
    pub(super) seen: Seen,
}

impl<'a> Writes<'a> {
    /// Sorts what was decided; `None` if some of it can only be stored under locks. `orders` are those
    /// that were loaded.
    pub(super) fn new(
        decided: &'a Decided,
        revisions: &'a Revisions,
        mut seen: Seen,
        mut orders: Orders,
    ) -> Option<Self> {
        // Destructured in full, so that every new kind of change is either stored here or keeps batches
        // off this path.
        let Changes {
            stocks,
            deleted_stocks,
            entries,
            batches,
            settled,
            reservations,
            records,
            events,
        } = &decided.changes;
        orders.add_made(reservations);
        // An order has one reservation after the other. The one before has to be among those that change:
        // its revision tells that it was still the last.
        let mut replaced = orders.replaced().iter();
        // The statement makes plain lines, and of others it stores only how far they are.
        let is_plain = |it: &ReservationChange| match it.before {
            None => it.after.sent.is_none() && it.after.hold_reason.is_none(),
            Some(_) => !it.is_rearranged(),
        };
        if !deleted_stocks.is_empty()
            || !settled.is_empty()
            || !records.is_empty()
            || !reservations.values().all(is_plain)
            || !replaced.all(|id| reservations.contains_key(id))
        {
            return None;
        }
        let updated = stocks.iter().map(|(key, change)| {
            let stock = updated(change)?;
            Some((stock, revisions.of_stock(*key)))
        });
        let updated = updated.collect::<Option<Vec<_>>>()?;
        let mut revised = Vec::new();
        let lines = reservations.values().flat_map(|it| &it.after.lines);
        let held: BTreeSet<StockKey> = lines.map(|line| line.key).collect();
        for key in held.into_iter().filter(|key| !stocks.contains_key(key)) {
            revised.push(seen.reserved.remove(&key)?);
            seen.stocks.remove(&key);
        }
        seen.stocks.retain(|key, _| !stocks.contains_key(key));
        seen.reservations
            .retain(|id, _| !reservations.contains_key(id));
        seen.free_orders.retain(|order| !orders.is_made(order));
        for kept in &decided.idempotency_records {
            seen.free_keys.remove(&(kept.owner, kept.key.clone()));
        }
        Some(Self {
            stocks: updated,
            entries,
            events,
            batches,
            reservations,
            revisions,
            idempotency_records: &decided.idempotency_records,
            orders,
            revised,
            seen,
        })
    }

    /// All stock to update, in the locking order.
    pub(super) fn updated_stocks(&self, organization: OrganizationId) -> UpdatedStocks {
        let revised = self.revised.iter().map(|it| (&it.item, it.revision));
        let mut stocks: Vec<(&Stock, i64)> = self.stocks.iter().copied().chain(revised).collect();
        stocks.sort_unstable_by_key(|(stock, _)| locking_order(organization, stock.key()));
        let next = |(stock, before): &(&Stock, i64)| next_of_stock(*before, stock);
        UpdatedStocks {
            columns: StockColumns::new(organization, stocks.iter().map(|(stock, _)| *stock)),
            revisions_before: stocks.iter().map(|(_, revision)| *revision).collect(),
            revisions: stocks.iter().map(next).collect(),
        }
    }

    /// Whether nothing has to be compared but the stock that is updated, and nothing stored but stock,
    /// entries and reservations.
    pub(super) fn is_plain(&self) -> bool {
        self.seen.is_empty() && self.batches.is_empty() && self.idempotency_records.is_empty()
    }
}

/// Stock to update, by columns.
pub(super) struct UpdatedStocks {
    pub(super) columns: StockColumns,
    pub(super) revisions_before: Vec<i64>,
    pub(super) revisions: Vec<i64>,
}

/// The stock after the change, if it is still the same stock, lies in no location, has the same policy, with
/// the same alerts on, and as much of it is set aside.
fn updated(change: &StockChange) -> Option<&Stock> {
    let (before, after) = change.before.as_ref().zip(change.after.as_ref())?;
    let is_plain = before.id == after.id
        && after.located.is_empty()
        && before.unlocated_set_aside == after.unlocated_set_aside;
    (is_plain && before.policy == after.policy).then_some(after)
}
