//! Loads what commands need of transfers.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, Needs, OrganizationId, State, StockId, StockKey};
use stockroom_sql::OpenLineRow;
use uuid::Uuid;

use super::expected::expected;
use super::rows;
use crate::connection::error::failed;
use crate::connection::session::Session;

/// Loads the transfers that `needs` names, the open lines of current stock in `state`, and which of the needed
/// locations open transfers have.
pub(crate) async fn transfers(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    if !needs.transfers.is_empty() {
        let ids = needs.transfers.iter().copied();
        let found = rows::transfers(session, organization, ids).await?;
        state.transfers = found.into_iter().map(|it| (it.id, it)).collect();
    }
    let wanted = needs.open_transfers.iter();
    let wanted = wanted.filter_map(|key| Some((state.stocks.get(key)?.id.uuid(), *key)));
    let wanted: BTreeMap<Uuid, StockKey> = wanted.collect();
    if !wanted.is_empty() {
        let ids: Vec<Uuid> = wanted.keys().copied().collect();
        let mut lines: BTreeMap<Uuid, Vec<OpenLineRow>> = BTreeMap::new();
        for (stock, line) in open_lines(session, organization, &ids).await? {
            lines.entry(stock).or_default().push(line);
        }
        for (stock, lines) in lines {
            if let Some(key) = wanted.get(&stock) {
                let open = OpenLineRow::sum(lines)?;
                state.open_transfers.insert(*key, open);
            }
        }
    }
    let wanted = needs.expected.iter();
    let wanted = wanted.filter_map(|key| Some((state.stocks.get(key)?.id, *key)));
    let wanted: BTreeMap<StockId, StockKey> = wanted.collect();
    if !wanted.is_empty() {
        let found = expected(session, organization, wanted.keys().copied()).await?;
        let found = found.into_iter();
        let found = found.filter_map(|(stock, expected)| Some((*wanted.get(&stock)?, expected)));
        state.expected.extend(found);
    }
    for location in &needs.location_use {
        if is_in_transfer(session, organization, *location).await? {
            state.locations_in_transfers.insert(*location);
        }
    }
    Ok(())
}

/// The open lines of these stocks.
async fn open_lines(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &[Uuid],
) -> Result<Vec<(Uuid, OpenLineRow)>, StoreError> {
    let found = sqlx::query!(
        r#"
        SELECT
            wanted.stock_id AS "stock_id!",
            lines.transfer_id AS "transfer_id!",
            lines.allocated AS "allocated!",
            lines.in_transit AS "in_transit!",
            transfers.from_location_id AS "from_location_id?",
            transfers.to_location_id AS "to_location_id?"
        FROM unnest($2::uuid[]) AS wanted (stock_id)
        CROSS JOIN LATERAL (
            SELECT transfer_id, allocated, in_transit FROM transfer_lines
            WHERE transfer_lines.organization_id = $1
                AND transfer_lines.stock_id = wanted.stock_id
                AND transfer_lines.is_open
            OFFSET 0
        ) AS lines
        CROSS JOIN LATERAL (
            SELECT from_location_id, to_location_id FROM transfers
            WHERE transfers.organization_id = $1 AND transfers.transfer_id = lines.transfer_id
            OFFSET 0
        ) AS transfers
        "#,
        organization.uuid(),
        stocks,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let lines = found.into_iter().map(|found| {
        let line = OpenLineRow {
            transfer_id: found.transfer_id,
            from_location_id: found.from_location_id,
            to_location_id: found.to_location_id,
            allocated: found.allocated,
            in_transit: found.in_transit,
        };
        (found.stock_id, line)
    });
    Ok(lines.collect())
}

async fn is_in_transfer(
    session: &mut Session,
    organization: OrganizationId,
    location: LocationId,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM transfers
            WHERE organization_id = $1 AND from_location_id = $2 AND is_open
        ) OR EXISTS (
            SELECT 1 FROM transfers
            WHERE organization_id = $1 AND to_location_id = $2 AND is_open
        ) AS "in_transfer!"
        "#,
        organization.uuid(),
        location.uuid(),
    )
    .fetch_one(session)
    .await
    .map_err(failed)
}
