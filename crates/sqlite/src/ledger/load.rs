//! Loads the past that commands need.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    OrganizationId, State, StockId, StockKey, StockPeriod, Timestamp, TransactionId,
};

use super::past::stocks_at;
use crate::connection::statement::statements;

statements! {
    UNDONE = "
        SELECT count(*) FROM entries INDEXED BY entries_undone
        WHERE organization_id = ?1 AND stock_id = ?2 AND undoes = ?3
    ";
}

/// Adds the undone ones of these entries to `state`.
pub(crate) fn undone(
    connection: &Connection,
    organization: OrganizationId,
    entries: &BTreeSet<(StockId, TransactionId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    for (stock, entry) in entries {
        let key = params![organization.uuid(), stock.uuid(), entry.uuid()];
        if UNDONE.number(connection, key)? > 0 {
            state.undone.insert(*entry);
        }
    }
    Ok(())
}

/// Adds the current stock in `state` as it stood at these times.
pub(crate) fn past(
    connection: &Connection,
    organization: OrganizationId,
    wanted: &BTreeSet<(StockKey, Timestamp)>,
    state: &mut State,
) -> Result<(), StoreError> {
    // A count of many stocks is for one time.
    let mut periods: BTreeMap<Timestamp, Vec<StockPeriod>> = BTreeMap::new();
    for (key, at) in wanted {
        let stock = state.stocks.get(key).map(StockPeriod::from);
        periods.entry(*at).or_default().extend(stock);
    }
    for (at, periods) in periods {
        let stocks = stocks_at(connection, organization, &periods, at)?;
        let past = stocks.into_iter().map(|stock| ((stock.key(), at), stock));
        state.past.extend(past);
    }
    Ok(())
}
