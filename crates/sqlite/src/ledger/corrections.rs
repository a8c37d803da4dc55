//! Loads the entries that correct the books of stock.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Correction, Corrections, EntryAction, LocationId, OrganizationId, State, StockKey, Timestamp,
    TransactionId,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// Adds the corrections in the ledgers of the current stock in `state` that were made after these
/// times.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    wanted: &BTreeSet<(StockKey, Timestamp)>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    let mut stocks = Vec::new();
    for (key, at) in wanted {
        if let Some(stock) = state.stocks.get(key) {
            keys.push((*key, *at));
            stocks.push((stocks.len(), hex(stock.id), at.as_milliseconds()));
            let none = Corrections::default();
            state.corrections.insert((*key, *at), none);
        }
    }
    if stocks.is_empty() {
        return Ok(());
    }
    let organization_id = organization.uuid();
    let wanted = json(stocks)?;
    let rows = sqlx::query!(
        r#"
        SELECT
            wanted.value ->> 0 AS "place!: i64",
            entries.transaction_id AS "transaction_id!: Uuid",
            entries.location_id AS "location_id?: Uuid",
            entries.action AS "action!",
            entries.quantity AS "quantity!",
            entries.as_of AS "as_of?",
            entries.undoes AS "undoes?: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN entries INDEXED BY entries_correcting
            ON entries.organization_id = ?1
            AND entries.stock_id = unhex(wanted.value ->> 1)
            AND entries.created_at > wanted.value ->> 2
            AND (entries.as_of IS NOT NULL OR entries.undoes IS NOT NULL)
        ORDER BY wanted.value ->> 0, entries.sequence
        "#,
        organization_id,
        wanted,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    for correction in rows {
        let place = usize::try_from(correction.place).ok();
        let Some(key) = place.and_then(|place| keys.get(place)) else {
            continue;
        };
        let row = Row::new("entries", correction.transaction_id);
        let action = EntryAction::from_word(&correction.action).ok_or(());
        let corrections = state.corrections.entry(*key).or_default();
        let location = correction.location_id.map(LocationId::new);
        let correction = Correction {
            id: TransactionId::new(correction.transaction_id),
            action: row.valid("action", action)?,
            quantity: row.quantity("quantity", correction.quantity)?,
            as_of: row.optional_timestamp("as_of", correction.as_of)?,
            undoes: correction.undoes.map(TransactionId::new),
        };
        corrections.add(location, correction);
    }
    Ok(())
}
