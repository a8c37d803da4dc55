//! The chunks of files.

use rusqlite::{Connection, params};
use stockroom_application::ports::{FileChunk, StoreError};
use stockroom_domain::{AppliedChunk, ImportId, OrganizationId};
use stockroom_sql::{AppliedRow, ChunkRow, KeptChunkRow};

use crate::connection::statement::{columns, insert, of_organization, statements};

statements! {
    INSERT = insert("import_chunks", ChunkRow::COLUMNS);

    CHUNK = format!(
        "SELECT {} FROM import_chunks
        WHERE organization_id = ?1 AND import_id = ?2 AND chunk = ?3",
        columns("import_chunks", ChunkRow::COLUMNS)
    );

    APPLIED = format!(
        "SELECT {} FROM import_chunks
        WHERE organization_id = ?1 AND import_id = ?2 AND chunk = ?3",
        columns("import_chunks", AppliedRow::COLUMNS)
    );

    BEGINNING_BEFORE = format!(
        "SELECT {} FROM import_chunks
        WHERE organization_id = ?1 AND import_id = ?2 AND first_line <= ?3
        ORDER BY first_line DESC
        LIMIT 1",
        columns("import_chunks", KeptChunkRow::COLUMNS)
    );
}

/// Stores a chunk.
pub(super) fn add(
    connection: &Connection,
    organization: OrganizationId,
    chunk: &ChunkRow,
) -> Result<(), StoreError> {
    let values = of_organization(organization, chunk.values());
    INSERT.change(connection, "import_chunks", values)
}

/// A chunk, if its content is kept.
pub(super) fn chunk(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    number: u32,
) -> Result<Option<FileChunk>, StoreError> {
    let key = params![organization.uuid(), id.uuid(), number];
    let row: Option<ChunkRow> = CHUNK.row(connection, key)?;
    row.map_or(Ok(None), ChunkRow::decode)
}

/// The number of the chunk in which a line stands, if its content is kept.
pub(super) fn of_line(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    line: u32,
) -> Result<Option<u32>, StoreError> {
    let parameters = params![organization.uuid(), id.uuid(), line];
    let row: Option<KeptChunkRow> = BEGINNING_BEFORE.row(connection, parameters)?;
    row.map_or(Ok(None), |row| row.kept_number())
}

/// The entries that a chunk made, if it made any.
pub(super) fn applied(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    number: u32,
) -> Result<Option<AppliedChunk>, StoreError> {
    let key = params![organization.uuid(), id.uuid(), number];
    let row: Option<AppliedRow> = APPLIED.row(connection, key)?;
    row.map_or(Ok(None), AppliedRow::decode)
}
