//! What has run out goes back into stock, at the time at which it did.

use std::collections::BTreeMap;

use super::{annotation, let_go};
use crate::decide::Context;
use crate::decide::ledger::Ledger;
use crate::{Actor, Change, Quantity, State};

/// Gives back what has run out of the holds on stock that is due. Whoever decides on stock does so
/// first: that is how it is available from that instant on, and how the ledger's time doesn't run
/// backwards although the entries are dated when the time was over.
pub(crate) fn settle(state: &mut State, context: &mut Context<'_>) -> Vec<Change> {
    context.idempotency_key = None;
    let due: BTreeMap<_, _> = std::mem::take(&mut state.due).into_iter().collect();
    let nobody = Actor::OPERATOR;
    let mut changes = Vec::new();
    for (key, due) in due {
        let Some(stock) = state.stocks.get(&key) else {
            continue;
        };
        let mut given_back: BTreeMap<_, Quantity> = BTreeMap::new();
        for hold in &due.holds {
            let quantity = given_back
                .entry((hold.expires_at, hold.reservation, hold.location))
                .or_default();
            *quantity = quantity.checked_add(hold.quantity).unwrap_or(Quantity::MAX);
        }
        let mut ledger = Ledger::open(stock.clone(), &nobody, context);
        for ((expires_at, reservation, location), quantity) in given_back {
            ledger.turn_to(expires_at, annotation(reservation));
            let_go(&mut ledger, location, quantity);
        }
        ledger.set_next_expiry(due.next);
        changes.extend(ledger.close().changes);
        changes.extend(due.holds.into_iter().map(Change::Settled));
    }
    changes
}
