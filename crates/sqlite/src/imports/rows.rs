//! Imports.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Import, ImportId, OrganizationId};
use stockroom_sql::ImportRow;

use crate::connection::statement::{columns, statements};

statements! {
    IMPORT = format!(
        "SELECT {} FROM imports WHERE organization_id = ?1 AND import_id = ?2",
        columns("imports", ImportRow::COLUMNS)
    );
}

/// The job with this id, if it exists.
pub(crate) fn import(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
) -> Result<Option<Import>, StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    let row: Option<ImportRow> = IMPORT.row(connection, key)?;
    row.map(|row| row.decode(organization)).transpose()
}
