//! The chunks of files.

use stockroom_application::ports::{FileChunk, StoreError};
use stockroom_domain::{AppliedChunk, ImportId, OrganizationId};
use stockroom_sql::{AppliedRow, ChunkRow, KeptChunkRow};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Stores a chunk.
pub(super) async fn add(
    session: &mut Session,
    organization: OrganizationId,
    chunk: ChunkRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO import_chunks (
            organization_id, import_id, chunk, first_line, lines, bytes, created_at, content
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        organization.uuid(),
        chunk.import_id,
        chunk.chunk,
        chunk.first_line,
        chunk.lines,
        chunk.bytes,
        chunk.created_at,
        chunk.content,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("import_chunks", 1, &result)
}

/// A chunk, if its content is kept.
pub(super) async fn chunk(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    number: u32,
) -> Result<Option<FileChunk>, StoreError> {
    let row = sqlx::query_as!(
        ChunkRow,
        r#"
        SELECT
            import_id AS "import_id!",
            chunk AS "chunk!",
            first_line AS "first_line!",
            lines AS "lines!",
            bytes AS "bytes?",
            created_at AS "created_at!",
            content AS "content?"
        FROM import_chunks
        WHERE organization_id = $1 AND import_id = $2 AND chunk = $3
        "#,
        organization.uuid(),
        id.uuid(),
        i64::from(number),
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    row.map_or(Ok(None), ChunkRow::decode)
}

/// The number of the chunk in which a line stands, if its content is kept.
pub(super) async fn of_line(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    line: u32,
) -> Result<Option<u32>, StoreError> {
    let row = sqlx::query_as!(
        KeptChunkRow,
        r#"
        SELECT
            import_id AS "import_id!",
            chunk AS "chunk!",
            bytes AS "bytes?"
        FROM import_chunks
        WHERE organization_id = $1 AND import_id = $2 AND first_line <= $3 AND lines >= 0
        ORDER BY first_line DESC LIMIT 1
        "#,
        organization.uuid(),
        id.uuid(),
        i64::from(line),
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    row.map_or(Ok(None), |row| row.kept_number())
}

/// The entries that a chunk made, if it made any.
pub(super) async fn applied(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    number: u32,
) -> Result<Option<AppliedChunk>, StoreError> {
    let row = sqlx::query_as!(
        AppliedRow,
        r#"
        SELECT
            import_id AS "import_id!",
            chunk AS "chunk!",
            batch_id AS "batch_id?",
            batch_lines AS "batch_lines?"
        FROM import_chunks
        WHERE organization_id = $1 AND import_id = $2 AND chunk = $3
        "#,
        organization.uuid(),
        id.uuid(),
        i64::from(number),
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    row.map_or(Ok(None), AppliedRow::decode)
}
