//! Reads imports, and what is beside them.

use stockroom_application::ports::{ImportUsage, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Import, ImportId, LineChange, LineError, OrganizationId, Owner};
use stockroom_sql::{LineChangeRow, LineErrorRow, Row};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::session::Session;

/// A page of an owner's jobs, in the order of creation.
pub(super) async fn list(
    snapshot: &mut Session,
    organization: OrganizationId,
    owner: Owner,
    page: PageRequest<ImportId>,
) -> Result<Page<Import, ImportId>, StoreError> {
    // Every id comes after the nil id.
    let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
    let owner_id = owner.to_uuid(organization);
    let mut ids = sqlx::query_scalar!(
        r#"
        SELECT import_id AS "import_id!" FROM imports
        WHERE organization_id = $1 AND owner_id = $2 AND import_id > $3 AND created_at >= 0
        ORDER BY import_id LIMIT $4 OFFSET $5
        "#,
        organization.uuid(),
        owner_id,
        after,
        i64::from(page.enough()),
        i64::from(page.offset()),
    )
    .fetch_all(&mut *snapshot)
    .await
    .map_err(failed)?;
    let next = page.cut(&mut ids, |id| ImportId::new(*id));
    let ids = ids.into_iter().map(ImportId::new);
    let items = rows::imports(snapshot, organization, ids).await?;
    let total = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!" FROM imports
        WHERE organization_id = $1 AND owner_id = $2 AND created_at >= 0
        "#,
        organization.uuid(),
        owner_id,
    )
    .fetch_one(snapshot)
    .await
    .map_err(failed)?;
    let total = Row::new("imports", owner_id).valid("import_id", u64::try_from(total))?;
    Ok(Page {
        items,
        total: Some(total),
        next,
    })
}

/// At most `limit` errors of a job from the one with this place on.
pub(super) async fn errors(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    from: u32,
    limit: u32,
) -> Result<Vec<LineError>, StoreError> {
    sqlx::query_as!(
        LineErrorRow,
        r#"
        SELECT import_id AS "import_id!", place AS "place!", document AS "document!"
        FROM import_errors
        WHERE organization_id = $1 AND import_id = $2 AND place >= $3
        ORDER BY place LIMIT $4
        "#,
        organization.uuid(),
        id.uuid(),
        i64::from(from),
        i64::from(limit),
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(LineErrorRow::decode)
    .collect()
}

/// At most `limit` changes that a job would make, from the one with this place on.
pub(super) async fn changes(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    from: u32,
    limit: u32,
) -> Result<Vec<LineChange>, StoreError> {
    sqlx::query_as!(
        LineChangeRow,
        r#"
        SELECT import_id AS "import_id!", place AS "place!", document AS "document!"
        FROM import_changes
        WHERE organization_id = $1 AND import_id = $2 AND place >= $3
        ORDER BY place LIMIT $4
        "#,
        organization.uuid(),
        id.uuid(),
        i64::from(from),
        i64::from(limit),
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(LineChangeRow::decode)
    .collect()
}

/// The files and waiting jobs of an organization.
pub(super) async fn usage(
    snapshot: &mut Session,
    organization: OrganizationId,
) -> Result<ImportUsage, StoreError> {
    let waiting = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!" FROM imports
        WHERE organization_id = $1 AND status = 'pending'
        "#,
        organization.uuid(),
    )
    .fetch_one(&mut *snapshot)
    .await
    .map_err(failed)?;
    // Few and small rows of an index: the files of an organization are limited.
    let file_bytes = sqlx::query_scalar!(
        r#"
        SELECT coalesce(sum(bytes), 0)::bigint AS "bytes!" FROM import_chunks
        WHERE organization_id = $1 AND bytes IS NOT NULL
        "#,
        organization.uuid(),
    )
    .fetch_one(snapshot)
    .await
    .map_err(failed)?;
    let chunks = Row::new("import_chunks", organization.uuid());
    Ok(ImportUsage {
        waiting: u64::try_from(waiting).unwrap_or_default(),
        file_bytes: chunks.valid("bytes", u64::try_from(file_bytes))?,
    })
}

/// The active jobs of all organizations, in the order of creation.
pub(super) async fn active(
    session: &mut Session,
) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
    let active =
        sqlx::query!("SELECT organization_id, import_id FROM active_imports ORDER BY import_id")
            .fetch_all(session)
            .await
            .map_err(failed)?;
    let active = active.into_iter();
    Ok(active
        .map(|row| (row.organization_id.into(), row.import_id.into()))
        .collect())
}
