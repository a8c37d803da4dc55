//! Loads the entries that correct the books of stock.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Correction, Corrections, EntryAction, LocationId, OrganizationId, State, StockKey, Timestamp,
    TransactionId,
};
use stockroom_sql::Row;
use uuid::Uuid;

use crate::connection::statement::statements;

statements! {
    CORRECTIONS = "
        SELECT transaction_id, location_id, action, quantity, as_of, undoes
        FROM entries INDEXED BY entries_correcting
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND created_at > ?3
            AND (as_of IS NOT NULL OR undoes IS NOT NULL)
        ORDER BY sequence
    ";
}

type CorrectionRow = (Uuid, Option<Uuid>, String, i64, Option<i64>, Option<Uuid>);

/// Adds the corrections in the ledgers of the current stock in `state` that were made after these
/// times.
pub(crate) fn load(
    connection: &Connection,
    organization: OrganizationId,
    wanted: &BTreeSet<(StockKey, Timestamp)>,
    state: &mut State,
) -> Result<(), StoreError> {
    for (key, at) in wanted {
        let Some(stock) = state.stocks.get(key) else {
            continue;
        };
        let after = params![organization.uuid(), stock.id.uuid(), at.as_milliseconds()];
        let mut corrections = Corrections::default();
        for row in CORRECTIONS.rows(connection, after)? {
            let (location, correction) = decode(row)?;
            corrections.add(location, correction);
        }
        state.corrections.insert((*key, *at), corrections);
    }
    Ok(())
}

fn decode(
    (transaction_id, location_id, action, quantity, as_of, undoes): CorrectionRow,
) -> Result<(Option<LocationId>, Correction), StoreError> {
    let row = Row::new("entries", transaction_id);
    let action = EntryAction::from_word(&action).ok_or(());
    let correction = Correction {
        id: TransactionId::new(transaction_id),
        action: row.valid("action", action)?,
        quantity: row.quantity("quantity", quantity)?,
        as_of: row.optional_timestamp("as_of", as_of)?,
        undoes: undoes.map(TransactionId::new),
    };
    Ok((location_id.map(LocationId::new), correction))
}
