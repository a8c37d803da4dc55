//! Transfers.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Transfer, TransferId};
use stockroom_sql::{ReceiptRow, Slugs, TransferLineRow, TransferRow};

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

    SLUG = "SELECT slug FROM locations WHERE organization_id = ?1 AND location_id = ?2";
}

/// The transfer with this id, if it exists.
pub(super) fn transfer(
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
