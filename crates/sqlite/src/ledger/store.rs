//! Stores rows that never change: ledger entries, batches, and stock as it was when it was deleted.

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Batch, DeletedStock, Entry, OrganizationId};
use stockroom_sql::{BatchRow, DeletedStockRow, EntryRow};

use crate::connection::statement::{insert, of_organization, statements};

statements! {
    INSERT_DELETED = insert("deleted_stocks", DeletedStockRow::COLUMNS);
    /// The primary key ensures that a ledger has each number only once.
    INSERT_ENTRY = insert("entries", EntryRow::COLUMNS);
    INSERT_BATCH = insert("batches", BatchRow::COLUMNS);
}

/// Stores stock as it was when it was deleted.
pub(crate) fn store_deleted(
    connection: &Connection,
    organization: OrganizationId,
    stocks: &[DeletedStock],
) -> Result<(), StoreError> {
    for stock in stocks {
        let row = DeletedStockRow::of(stock, organization);
        let values = of_organization(organization, row.values());
        INSERT_DELETED.change(connection, "deleted_stocks", values)?;
    }
    Ok(())
}

/// Adds entries to the ledgers.
pub(crate) fn store_entries(
    connection: &Connection,
    organization: OrganizationId,
    entries: &[Entry],
) -> Result<(), StoreError> {
    for entry in entries {
        let row = EntryRow::of(entry);
        let values = of_organization(organization, row.values());
        INSERT_ENTRY.change(connection, "entries", values)?;
    }
    Ok(())
}

/// Stores the entries that were made by one request for many.
pub(crate) fn store_batches(
    connection: &Connection,
    organization: OrganizationId,
    batches: &[Batch],
) -> Result<(), StoreError> {
    for batch in batches {
        let row = BatchRow::of(batch, organization);
        let values = of_organization(organization, row.values());
        INSERT_BATCH.change(connection, "batches", values)?;
    }
    Ok(())
}
