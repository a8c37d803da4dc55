//! Looking whether alerts go on or off.

use std::collections::BTreeSet;

use super::{AlertCause, StockAlert};
use crate::decision::{Change, State};
use crate::ledger::Entry;
use crate::stock::{Stock, StockKey};

/// Looks at the alerts of the stock that these changes of one request have left in `state`, once for each
/// stock.
pub(crate) fn look(stocks: &BTreeSet<StockKey>, entries: &[Entry], state: &State) -> Vec<Change> {
    let mut changes = Vec::new();
    for key in stocks {
        if let Some(stock) = state.stocks.get(key) {
            changes.extend(look_at(stock, entries));
        }
    }
    changes
}

fn look_at(stock: &Stock, entries: &[Entry]) -> Vec<Change> {
    let sums = stock.sums();
    let mut after = stock.clone();
    let mut changed = Vec::new();
    let places = after.located.iter_mut();
    let places = places.map(|(id, position)| {
        let place = Some((*id, position.slug.clone()));
        (place, position.balance, &mut position.policy)
    });
    for (place, balance, policy) in std::iter::once((None, sums, &mut after.policy)).chain(places) {
        let alerts = policy.turn_alerts(balance.available);
        let alerts = alerts.into_iter();
        changed.extend(alerts.map(|alert| (place.clone(), balance, alert)));
    }
    let mut made = entries.iter().rev();
    let by = made.find(|entry| entry.stock == stock.id);
    let by = by.map(|entry| AlertCause {
        transaction: entry.id,
        annotation: entry.annotation.clone(),
    });
    let changed = changed.into_iter();
    let changed = changed.map(|(location, balance, alert)| {
        let sellable = match &location {
            None => after.sellable(),
            Some((id, _)) => after.sellable_at(Some(*id)),
        };
        let alert = StockAlert {
            stock: stock.id,
            product: stock.product,
            owner: stock.owner,
            location,
            alert,
            balance,
            sellable,
            sequence: stock.sequence,
            by: by.clone(),
            changed_at: stock.updated_at,
        };
        Change::Alert(Box::new((after.clone(), alert)))
    });
    changed.collect()
}
