//! Loads the entries that correct the books of stock.

use std::collections::{BTreeSet, HashMap};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Correction, Corrections, EntryAction, LocationId, OrganizationId, State, StockKey, Timestamp,
    TransactionId,
};
use stockroom_sql::Row;
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// Adds the corrections in the ledgers of the current stock in `state` that were made after these
/// times.
pub(crate) async fn load(
    session: &mut Session,
    organization: OrganizationId,
    wanted: &BTreeSet<(StockKey, Timestamp)>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut stock_ids = Vec::new();
    let mut since = Vec::new();
    let mut keys: HashMap<(Uuid, i64), (StockKey, Timestamp)> = HashMap::new();
    for (key, at) in wanted {
        if let Some(stock) = state.stocks.get(key) {
            let (stock_id, milliseconds) = (stock.id.uuid(), at.as_milliseconds());
            stock_ids.push(stock_id);
            since.push(milliseconds);
            keys.insert((stock_id, milliseconds), (*key, *at));
            let none = Corrections::default();
            state.corrections.insert((*key, *at), none);
        }
    }
    if stock_ids.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"
        SELECT
            wanted.stock_id AS "stock_id!",
            wanted.since AS "since!",
            entries.transaction_id AS "transaction_id!",
            entries.location_id AS "location_id?",
            entries.action AS "action!",
            entries.quantity AS "quantity!",
            entries.as_of AS "as_of?",
            entries.undoes AS "undoes?"
        FROM unnest($2::uuid[], $3::bigint[]) AS wanted (stock_id, since)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.created_at > wanted.since
                AND (entries.as_of IS NOT NULL OR entries.undoes IS NOT NULL)
            OFFSET 0
        ) AS entries
        ORDER BY entries.stock_id, entries.sequence
        "#,
        organization.uuid(),
        &stock_ids,
        &since,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    for correction in rows {
        let Some(key) = keys.get(&(correction.stock_id, correction.since)) else {
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
