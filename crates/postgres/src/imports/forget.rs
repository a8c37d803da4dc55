//! Forgets files, jobs, and uploads of which no job was made. Each function but the search is for a
//! transaction of its own, and does a part of the work, so that no transaction lasts long.

use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportId, OrganizationId, Timestamp};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// The most chunks whose content one transaction drops.
const CHUNKS_MAX: u32 = 100;

/// Drops some chunks of a file of which no job was made, and that were stored before a time, if there is one.
/// Returns whether there may be more.
pub(super) async fn drop_chunks(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    before: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let result = sqlx::query!(
        r#"
        DELETE FROM import_chunks
        WHERE organization_id = $1
            AND import_id = $2
            AND chunk IN (
                SELECT chunk FROM import_chunks
                WHERE organization_id = $1 AND import_id = $2 AND created_at < $3
                ORDER BY chunk
                LIMIT $4
            )
            AND NOT EXISTS (
                SELECT FROM imports WHERE organization_id = $1 AND import_id = $2
            )
        "#,
        organization.uuid(),
        id.uuid(),
        before.map_or(i64::MAX, Timestamp::as_milliseconds),
        i64::from(CHUNKS_MAX),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(result.rows_affected() >= u64::from(CHUNKS_MAX))
}

/// The files with chunks that were stored before a time and of which no job was made.
pub(super) async fn abandoned(
    session: &mut Session,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<Vec<ImportId>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT DISTINCT import_chunks.import_id AS "import_id!"
        FROM import_chunks
        WHERE import_chunks.organization_id = $1
            AND import_chunks.created_at < $2
            AND import_chunks.bytes IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM imports
                WHERE imports.organization_id = $1
                    AND imports.import_id = import_chunks.import_id
            )
        "#,
        organization.uuid(),
        before.as_milliseconds(),
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(ImportId::new).collect())
}

/// Deletes the content of some chunks that were stored before a time and whose jobs are not active. Returns
/// whether there may be more.
pub(super) async fn files(
    session: &mut Session,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let result = sqlx::query!(
        r#"
        UPDATE import_chunks SET content = NULL, bytes = NULL
        WHERE organization_id = $1
            AND (import_id, chunk) IN (
                SELECT chunks.import_id, chunks.chunk
                FROM import_chunks AS chunks
                JOIN imports
                    ON imports.organization_id = $1
                    AND imports.import_id = chunks.import_id
                    AND NOT imports.is_active
                WHERE chunks.organization_id = $1
                    AND chunks.created_at < $2
                    AND chunks.bytes IS NOT NULL
                LIMIT $3
            )
        "#,
        organization.uuid(),
        before.as_milliseconds(),
        i64::from(CHUNKS_MAX),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(result.rows_affected() >= u64::from(CHUNKS_MAX))
}

/// Deletes the oldest of the jobs that were made before a time and are not active, with everything about it.
/// Returns whether there was one. A job that another transaction has locked is left for another time. Batches
/// lock a job before they touch what belongs to it; so does this.
pub(super) async fn job(
    session: &mut Session,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let oldest = sqlx::query_scalar!(
        r#"
        SELECT import_id FROM imports
        WHERE organization_id = $1 AND created_at < $2 AND NOT is_active
        ORDER BY created_at LIMIT 1
        FOR UPDATE SKIP LOCKED
        "#,
        organization_id,
        before.as_milliseconds(),
    )
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    let Some(import_id) = oldest else {
        return Ok(false);
    };
    sqlx::query!(
        "DELETE FROM import_errors WHERE organization_id = $1 AND import_id = $2",
        organization_id,
        import_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "DELETE FROM import_changes WHERE organization_id = $1 AND import_id = $2",
        organization_id,
        import_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "DELETE FROM import_chunks WHERE organization_id = $1 AND import_id = $2",
        organization_id,
        import_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    let result = sqlx::query!(
        "DELETE FROM imports WHERE organization_id = $1 AND import_id = $2",
        organization_id,
        import_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("imports", 1, &result)?;
    Ok(true)
}
