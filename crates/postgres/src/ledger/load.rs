//! Loads the past that commands need.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    OrganizationId, State, StockId, StockKey, StockPeriod, Timestamp, TransactionId,
};
use uuid::Uuid;

use super::past::stocks_at;
use crate::connection::error::failed;
use crate::connection::session::Session;

/// Adds the undone ones of these entries to `state`.
pub(crate) async fn undone(
    session: &mut Session,
    organization: OrganizationId,
    entries: &BTreeSet<(StockId, TransactionId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let wanted = entries.iter();
    let (stock_ids, transaction_ids): (Vec<Uuid>, Vec<Uuid>) = wanted
        .map(|(stock, entry)| (stock.uuid(), entry.uuid()))
        .unzip();
    let undone = sqlx::query_scalar!(
        r#"
        SELECT undoing.undoes AS "undoes!"
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (stock_id, transaction_id)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.undoes = wanted.transaction_id
            OFFSET 0
        ) AS undoing
        "#,
        organization.uuid(),
        &stock_ids,
        &transaction_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let undone = undone.into_iter().map(TransactionId::new);
    state.undone.extend(undone);
    Ok(())
}

/// Adds the current stock in `state` as it stood at these times.
pub(crate) async fn past(
    session: &mut Session,
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
        let stocks = stocks_at(session, organization, &periods, at).await?;
        let past = stocks.into_iter().map(|stock| ((stock.key(), at), stock));
        state.past.extend(past);
    }
    Ok(())
}
