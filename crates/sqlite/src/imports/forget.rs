//! Forgets files, jobs, and uploads of which no job was made. Each function is a transaction of its own, and
//! does a part of the work, so that others wait only briefly for their turn to write.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportId, OrganizationId, Timestamp};
use uuid::Uuid;

use crate::connection::statement::{expect_rows, statements};

statements! {
    DROP = "
        DELETE FROM import_chunks
        WHERE organization_id = ?1
            AND import_id = ?2
            AND chunk IN (
                SELECT chunk FROM import_chunks
                WHERE organization_id = ?1 AND import_id = ?2 AND created_at < ?3
                ORDER BY chunk
                LIMIT ?4
            )
            AND NOT EXISTS (
                SELECT 1 FROM imports WHERE organization_id = ?1 AND import_id = ?2
            )
    ";

    ABANDONED = "
        SELECT DISTINCT import_id FROM import_chunks INDEXED BY import_chunks_kept
        WHERE organization_id = ?1
            AND created_at < ?2
            AND bytes IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM imports
                WHERE imports.organization_id = ?1
                    AND imports.import_id = import_chunks.import_id
            )
    ";

    FORGET_FILES = "
        UPDATE import_chunks SET content = NULL, bytes = NULL
        WHERE organization_id = ?1
            AND (import_id, chunk) IN (
                SELECT chunks.import_id, chunks.chunk
                FROM import_chunks AS chunks INDEXED BY import_chunks_kept
                CROSS JOIN imports
                    ON imports.organization_id = ?1
                    AND imports.import_id = chunks.import_id
                    AND imports.is_active = 0
                WHERE chunks.organization_id = ?1
                    AND chunks.created_at < ?2
                    AND chunks.bytes IS NOT NULL
                LIMIT ?3
            )
    ";

    OLDEST = "
        SELECT import_id FROM imports INDEXED BY imports_in_time
        WHERE organization_id = ?1 AND created_at < ?2 AND is_active = 0
        ORDER BY created_at
        LIMIT 1
    ";

    DELETE_ERRORS = "DELETE FROM import_errors WHERE organization_id = ?1 AND import_id = ?2";

    DELETE_CHANGES = "DELETE FROM import_changes WHERE organization_id = ?1 AND import_id = ?2";

    DELETE_CHUNKS = "DELETE FROM import_chunks WHERE organization_id = ?1 AND import_id = ?2";

    DELETE = "DELETE FROM imports WHERE organization_id = ?1 AND import_id = ?2";
}

/// The most chunks whose content one transaction drops: each has up to 8 MiB.
const CHUNKS_MAX: u32 = 16;

/// Drops some chunks of a file of which no job was made, and that were stored before a time, if there is one.
/// Returns whether there may be more.
pub(super) fn drop_chunks(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    before: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let before = before.map_or(i64::MAX, Timestamp::as_milliseconds);
    let parameters = params![organization.uuid(), id.uuid(), before, CHUNKS_MAX];
    Ok(is_full(DROP.execute(connection, parameters)?))
}

/// The files with chunks that were stored before a time and of which no job was made.
pub(super) fn abandoned(
    connection: &Connection,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<Vec<ImportId>, StoreError> {
    let parameters = params![organization.uuid(), before.as_milliseconds()];
    let ids: Vec<(Uuid,)> = ABANDONED.rows(connection, parameters)?;
    Ok(ids.into_iter().map(|(id,)| id.into()).collect())
}

/// Deletes the content of some chunks that were stored before a time and whose jobs are not active. Returns
/// whether there may be more.
pub(super) fn files(
    connection: &Connection,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let parameters = params![organization.uuid(), before.as_milliseconds(), CHUNKS_MAX];
    Ok(is_full(FORGET_FILES.execute(connection, parameters)?))
}

/// Deletes the oldest of the jobs that were made before a time and are not active, with everything about it.
/// Returns whether there was one.
pub(super) fn job(
    connection: &Connection,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let parameters = params![organization.uuid(), before.as_milliseconds()];
    let Some((id,)) = OLDEST.row::<(Uuid,)>(connection, parameters)? else {
        return Ok(false);
    };
    let key = params![organization.uuid(), id];
    DELETE_ERRORS.execute(connection, key)?;
    DELETE_CHANGES.execute(connection, key)?;
    DELETE_CHUNKS.execute(connection, key)?;
    expect_rows("imports", 1, DELETE.execute(connection, key)?)?;
    Ok(true)
}

fn is_full(changed: usize) -> bool {
    changed >= CHUNKS_MAX as usize
}
