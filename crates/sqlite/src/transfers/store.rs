//! Stores changes of transfers.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, TransferChange, TransferId};
use stockroom_sql::{ChangedLines, ReceiptRow, TransferLineRow, TransferRow};

use crate::connection::statement::{assignments, insert, of_organization, statements};

statements! {
    INSERT = insert("transfers", TransferRow::COLUMNS);

    UPDATE = format!(
        "UPDATE transfers SET {} WHERE organization_id = ?1 AND transfer_id = ?2",
        assignments(TransferRow::COLUMNS, TransferRow::CONSTANT)
    );

    DELETE = "
        DELETE FROM transfers
        WHERE organization_id = ?1 AND transfer_id = ?2 AND state = 'draft'
    ";

    INSERT_LINE = insert("transfer_lines", TransferLineRow::COLUMNS);

    UPDATE_LINE = format!(
        "UPDATE transfer_lines SET {}
        WHERE organization_id = ?1 AND transfer_id = ?2 AND line = ?3",
        assignments(TransferLineRow::COLUMNS, TransferLineRow::CONSTANT)
    );

    DELETE_LINES = "DELETE FROM transfer_lines WHERE organization_id = ?1 AND transfer_id = ?2";

    // A receipt is added once, and undone once.
    STORE_RECEIPT = format!(
        "{}
        ON CONFLICT (organization_id, transfer_id, receipt)
            DO UPDATE SET undone_at = excluded.undone_at
            WHERE transfer_receipts.undone_at IS NULL AND excluded.undone_at IS NOT NULL",
        insert("transfer_receipts", ReceiptRow::COLUMNS)
    );
}

/// Creates a transfer, or changes it.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    change: &TransferChange,
) -> Result<(), StoreError> {
    let row = TransferRow::of(&change.after, organization);
    let write = match change.before {
        None => &INSERT,
        Some(_) => &UPDATE,
    };
    let values = of_organization(organization, row.values());
    write.change(connection, "transfers", values)?;
    let (write, lines) = match ChangedLines::of(change) {
        ChangedLines::Updated(lines) => (&UPDATE_LINE, lines),
        ChangedLines::Replaced(lines) => {
            DELETE_LINES.execute(connection, params![organization.uuid(), row.transfer_id])?;
            (&INSERT_LINE, lines)
        }
    };
    for line in lines {
        let values = of_organization(organization, line.values());
        write.change(connection, "transfer_lines", values)?;
    }
    for receipt in ReceiptRow::of_change(change) {
        let values = of_organization(organization, receipt.values());
        STORE_RECEIPT.change(connection, "transfer_receipts", values)?;
    }
    Ok(())
}

/// Deletes a draft.
pub(crate) fn delete(
    connection: &Connection,
    organization: OrganizationId,
    id: TransferId,
) -> Result<(), StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    DELETE_LINES.execute(connection, key)?;
    DELETE.change(connection, "transfers", key)
}
