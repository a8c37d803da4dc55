//! Reads imports, and what is beside them.

use rusqlite::{Connection, params};
use stockroom_application::ports::{ImportUsage, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Import, ImportId, LineChange, LineError, OrganizationId, Owner};
use stockroom_sql::{LineChangeRow, LineErrorRow, Row};
use uuid::Uuid;

use super::rows;
use crate::connection::statement::{columns, statements};

statements! {
    PAGE = "
        SELECT import_id FROM imports
        WHERE organization_id = ?1 AND owner_id = ?2 AND import_id > ?3
        ORDER BY import_id
        LIMIT ?4 OFFSET ?5
    ";

    COUNT = "
        SELECT count(*) FROM imports INDEXED BY imports_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
    ";

    ERRORS = format!(
        "SELECT {} FROM import_errors
        WHERE organization_id = ?1 AND import_id = ?2 AND place >= ?3
        ORDER BY place
        LIMIT ?4",
        columns("import_errors", LineErrorRow::COLUMNS)
    );

    CHANGES = format!(
        "SELECT {} FROM import_changes
        WHERE organization_id = ?1 AND import_id = ?2 AND place >= ?3
        ORDER BY place
        LIMIT ?4",
        columns("import_changes", LineChangeRow::COLUMNS)
    );

    WAITING = "
        SELECT count(*) FROM imports INDEXED BY imports_waiting
        WHERE organization_id = ?1 AND status = 'pending'
    ";

    // Few and small rows of an index: the files of an organization are limited.
    FILE_BYTES = "
        SELECT coalesce(sum(bytes), 0) FROM import_chunks INDEXED BY import_chunks_kept
        WHERE organization_id = ?1 AND bytes IS NOT NULL
    ";

    ACTIVE = "SELECT organization_id, import_id FROM active_imports ORDER BY import_id";
}

/// A page of an owner's jobs, in the order of creation.
pub(super) fn list(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    page: PageRequest<ImportId>,
) -> Result<Page<Import, ImportId>, StoreError> {
    // Every id comes after the nil id.
    let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
    let owner_id = owner.to_uuid(organization);
    let (limit, offset) = (page.enough(), page.offset());
    let parameters = params![organization.uuid(), owner_id, after, limit, offset];
    let mut ids: Vec<(Uuid,)> = PAGE.rows(connection, parameters)?;
    let next = page.cut(&mut ids, |(id,)| ImportId::new(*id));
    let items = ids.into_iter().map(|(id,)| ImportId::new(id));
    let items = items.map(|id| rows::import(connection, organization, id));
    let items = items.filter_map(Result::transpose);
    let items = items.collect::<Result<_, _>>()?;
    let total = COUNT.number(connection, params![organization.uuid(), owner_id])?;
    let total = Row::new("imports", owner_id).valid("import_id", u64::try_from(total))?;
    Ok(Page {
        items,
        total: Some(total),
        next,
    })
}

/// At most `limit` errors of a job from the one with this place on.
pub(super) fn errors(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    from: u32,
    limit: u32,
) -> Result<Vec<LineError>, StoreError> {
    let parameters = params![organization.uuid(), id.uuid(), from, limit];
    let rows: Vec<LineErrorRow> = ERRORS.rows(connection, parameters)?;
    rows.into_iter().map(LineErrorRow::decode).collect()
}

/// At most `limit` changes that a job would make, from the one with this place on.
pub(super) fn changes(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    from: u32,
    limit: u32,
) -> Result<Vec<LineChange>, StoreError> {
    let parameters = params![organization.uuid(), id.uuid(), from, limit];
    let rows: Vec<LineChangeRow> = CHANGES.rows(connection, parameters)?;
    rows.into_iter().map(LineChangeRow::decode).collect()
}

/// The files and waiting jobs of an organization.
pub(super) fn usage(
    connection: &Connection,
    organization: OrganizationId,
) -> Result<ImportUsage, StoreError> {
    let waiting = WAITING.number(connection, params![organization.uuid()])?;
    let file_bytes = FILE_BYTES.number(connection, params![organization.uuid()])?;
    let chunks = Row::new("import_chunks", organization.uuid());
    Ok(ImportUsage {
        waiting: u64::try_from(waiting).unwrap_or_default(),
        file_bytes: chunks.valid("bytes", u64::try_from(file_bytes))?,
    })
}

/// The active jobs of all organizations, in the order of creation.
pub(super) fn active(
    connection: &Connection,
) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
    let active: Vec<(Uuid, Uuid)> = ACTIVE.rows(connection, [])?;
    let active = active.into_iter();
    Ok(active
        .map(|(organization, id)| (organization.into(), id.into()))
        .collect())
}
