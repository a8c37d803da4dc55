//! Loads the past that commands need.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    OrganizationId, State, StockId, StockKey, StockPeriod, Timestamp, TransactionId,
};
use uuid::Uuid;

use super::past::stocks_at;
use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};

/// Adds the undone ones of these entries to `state`.
pub(crate) async fn undone(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    entries: &BTreeSet<(StockId, TransactionId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let wanted = json(
        entries
            .iter()
            .map(|(stock, entry)| (hex(*stock), hex(*entry))),
    )?;
    let organization_id = organization.uuid();
    let undone = sqlx::query_scalar!(
        r#"
        SELECT entries.undoes AS "undoes!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN entries INDEXED BY entries_undone
            ON entries.organization_id = ?1
            AND entries.stock_id = unhex(wanted.value ->> 0)
            AND entries.undoes = unhex(wanted.value ->> 1)
        "#,
        organization_id,
        wanted,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let undone = undone.into_iter().map(TransactionId::new);
    state.undone.extend(undone);
    Ok(())
}

/// Adds the current stock in `state` as it stood at these times.
pub(crate) async fn past(
    connection: &mut SqliteConnection,
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
        let stocks = stocks_at(connection, organization, &periods, at).await?;
        let past = stocks.into_iter().map(|stock| ((stock.key(), at), stock));
        state.past.extend(past);
    }
    Ok(())
}
