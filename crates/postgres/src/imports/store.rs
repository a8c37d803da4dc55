//! Stores changes of imports.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    AppliedChunk, ImportChange, ImportId, ImportStatus, LineChange, LineError, OrganizationId,
};
use stockroom_sql::{AppliedRow, ImportRow, LineChangeRow, LineErrorRow};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Creates the job, or changes it, and adds these errors, and what its lines would change, at their places.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    change: &ImportChange,
    errors: &[(u32, LineError)],
) -> Result<(), StoreError> {
    let import = &change.import;
    let row = ImportRow::of(import, organization)?;
    match change.before {
        None => insert(session, organization, &row).await?,
        Some(_) => update(session, organization, &row).await?,
    }
    let was_active = change.before.is_some_and(ImportStatus::is_active);
    match (was_active, row.is_active) {
        (false, true) => activate(session, organization, row.import_id).await?,
        (true, false) => deactivate(session, organization, row.import_id).await?,
        _ => {}
    }
    if !errors.is_empty() {
        add_errors(session, organization, import.id, errors).await?;
    }
    if !change.changes.is_empty() {
        add_changes(session, organization, import.id, &change.changes).await?;
    }
    match &change.applied {
        None => Ok(()),
        Some(applied) => apply(session, organization, import.id, applied).await,
    }
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    row: &ImportRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO imports (
            organization_id, import_id, owner_id, created_at, status, is_active, document
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        "#,
        organization.uuid(),
        row.import_id,
        row.owner_id,
        row.created_at,
        row.status,
        row.is_active,
        row.document,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("imports", 1, &result)
}

async fn update(
    session: &mut Session,
    organization: OrganizationId,
    row: &ImportRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        UPDATE imports SET status = $3, is_active = $4, document = $5
        WHERE organization_id = $1 AND import_id = $2
        "#,
        organization.uuid(),
        row.import_id,
        row.status,
        row.is_active,
        row.document,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("imports", 1, &result)
}

async fn activate(
    session: &mut Session,
    organization: OrganizationId,
    import_id: Uuid,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        "INSERT INTO active_imports (organization_id, import_id) VALUES ($1, $2)",
        organization.uuid(),
        import_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("active_imports", 1, &result)
}

async fn deactivate(
    session: &mut Session,
    organization: OrganizationId,
    import_id: Uuid,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        "DELETE FROM active_imports WHERE organization_id = $1 AND import_id = $2",
        organization.uuid(),
        import_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("active_imports", 1, &result)
}

async fn add_errors(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    errors: &[(u32, LineError)],
) -> Result<(), StoreError> {
    let mut places = Vec::with_capacity(errors.len());
    let mut documents = Vec::with_capacity(errors.len());
    for (place, error) in errors {
        let row = LineErrorRow::of(id, *place, error)?;
        places.push(row.place);
        documents.push(row.document);
    }
    let result = sqlx::query!(
        r#"
        INSERT INTO import_errors (organization_id, import_id, place, document)
        SELECT $1::uuid, $2::uuid, added.* FROM unnest($3::bigint[], $4::text[]) AS added
        "#,
        organization.uuid(),
        id.uuid(),
        &places,
        &documents,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("import_errors", errors.len(), &result)
}

async fn add_changes(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    changes: &[(u32, LineChange)],
) -> Result<(), StoreError> {
    let mut places = Vec::with_capacity(changes.len());
    let mut documents = Vec::with_capacity(changes.len());
    for (place, change) in changes {
        let row = LineChangeRow::of(id, *place, change)?;
        places.push(row.place);
        documents.push(row.document);
    }
    let result = sqlx::query!(
        r#"
        INSERT INTO import_changes (organization_id, import_id, place, document)
        SELECT $1::uuid, $2::uuid, added.* FROM unnest($3::bigint[], $4::text[]) AS added
        "#,
        organization.uuid(),
        id.uuid(),
        &places,
        &documents,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("import_changes", changes.len(), &result)
}

/// Notes the entries that a chunk made. No chunk is applied twice.
async fn apply(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    applied: &AppliedChunk,
) -> Result<(), StoreError> {
    let row = AppliedRow::of(id, applied);
    let result = sqlx::query!(
        r#"
        UPDATE import_chunks SET batch_id = $4, batch_lines = $5
        WHERE organization_id = $1 AND import_id = $2 AND chunk = $3 AND batch_id IS NULL
        "#,
        organization.uuid(),
        row.import_id,
        row.chunk,
        row.batch_id,
        row.batch_lines,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("import_chunks", 1, &result)
}
