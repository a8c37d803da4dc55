//! Loads what commands need of transfers.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State};
use stockroom_sql::OpenLineRow;

use super::expected::expected;
use super::rows;
use crate::connection::statement::statements;

statements! {
    OPEN_LINES = "
        SELECT
            lines.transfer_id, transfers.from_location_id, transfers.to_location_id,
            lines.allocated, lines.in_transit
        FROM transfer_lines AS lines INDEXED BY transfer_lines_open
        CROSS JOIN transfers
            ON transfers.organization_id = ?1 AND transfers.transfer_id = lines.transfer_id
        WHERE lines.organization_id = ?1 AND lines.stock_id = ?2 AND lines.is_open = 1
    ";

    IS_IN_TRANSFER = "
        SELECT EXISTS (
            SELECT 1 FROM transfers INDEXED BY transfers_open_from
            WHERE organization_id = ?1 AND from_location_id = ?2 AND is_open = 1
        ) OR EXISTS (
            SELECT 1 FROM transfers INDEXED BY transfers_open_to
            WHERE organization_id = ?1 AND to_location_id = ?2 AND is_open = 1
        )
    ";
}

/// Loads the transfers that `needs` names, the open lines of current stock in `state`, and which of the needed
/// locations open transfers have.
pub(crate) fn transfers(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    for id in &needs.transfers {
        if let Some(transfer) = rows::transfer(connection, organization, *id)? {
            state.transfers.insert(*id, transfer);
        }
    }
    for key in &needs.open_transfers {
        let Some(stock) = state.stocks.get(key) else {
            continue;
        };
        let parameters = params![organization.uuid(), stock.id.uuid()];
        let lines: Vec<OpenLineRow> = OPEN_LINES.rows(connection, parameters)?;
        if !lines.is_empty() {
            let open = OpenLineRow::sum(lines)?;
            state.open_transfers.insert(*key, open);
        }
    }
    for key in &needs.expected {
        if let Some(stock) = state.stocks.get(key) {
            let expected = expected(connection, organization, stock.id)?;
            state.expected.insert(*key, expected);
        }
    }
    for location in &needs.location_use {
        let key = params![organization.uuid(), location.uuid()];
        if IS_IN_TRANSFER.number(connection, key)? > 0 {
            state.locations_in_transfers.insert(*location);
        }
    }
    Ok(())
}
