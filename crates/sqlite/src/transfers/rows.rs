//! Transfers.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Transfer, TransferId};
use stockroom_sql::{ReceiptRow, Slugs, TransferLineRow, TransferRow};
use uuid::Uuid;

use crate::connection::statement::{columns, statements};

statements! {
    TRANSFER = format!(
        "SELECT {} FROM transfers WHERE organization_id = ?1 AND transfer_id = ?2",
        columns("transfers", TransferRow::COLUMNS)
    );

    LINES = format!(
        "SELECT {} FROM transfer_lines WHERE organization_id = ?1 AND transfer_id = ?2 ORDER BY line",
        columns("transfer_lines", TransferLineRow::COLUMNS)
    );

    RECEIPTS = format!(
        "SELECT {} FROM transfer_receipts
        WHERE organization_id = ?1 AND transfer_id = ?2
        ORDER BY receipt",
        columns("transfer_receipts", ReceiptRow::COLUMNS)
    );

    IDS_AFTER = "
        SELECT transfer_id FROM transfers
        WHERE organization_id = ?1 AND transfer_id > ?2
        ORDER BY transfer_id
        LIMIT ?3
    ";

    SLUG = "SELECT slug FROM locations WHERE organization_id = ?1 AND location_id = ?2";
}

/// The ids of at most `limit` transfers after this one, in order.
pub(crate) fn ids_after(
    connection: &Connection,
    organization: OrganizationId,
    after: TransferId,
    limit: u32,
) -> Result<Vec<TransferId>, StoreError> {
    let parameters = params![organization.uuid(), after.uuid(), limit];
    let ids: Vec<(Uuid,)> = IDS_AFTER.rows(connection, parameters)?;
    Ok(ids.into_iter().map(|(id,)| TransferId::new(id)).collect())
}

/// The transfer with this id, if it exists.
pub(crate) fn transfer(
    connection: &Connection,
    organization: OrganizationId,
    id: TransferId,
) -> Result<Option<Transfer>, StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    let Some(row) = TRANSFER.row::<TransferRow>(connection, key)? else {
        return Ok(None);
    };
    let mut slugs = Slugs::new();
    for location in row.locations() {
        let slug: Option<(String,)> =
            SLUG.row(connection, params![organization.uuid(), location])?;
        slugs.extend(slug.map(|(slug,)| (location, slug)));
    }
    let lines: Vec<TransferLineRow> = LINES.rows(connection, key)?;
    let receipts: Vec<ReceiptRow> = RECEIPTS.rows(connection, key)?;
    row.decode(organization, &slugs, lines, receipts).map(Some)
}
