//! Stores changes of imports.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportChange, ImportStatus, LineError, OrganizationId};
use stockroom_sql::{AppliedRow, ImportRow, LineChangeRow, LineErrorRow};

use crate::connection::statement::{assignments, insert, of_organization, statements};

statements! {
    INSERT = insert("imports", ImportRow::COLUMNS);

    UPDATE = format!(
        "UPDATE imports SET {} WHERE organization_id = ?1 AND import_id = ?2",
        assignments(ImportRow::COLUMNS, ImportRow::CONSTANT)
    );

    ACTIVATE = "INSERT INTO active_imports (organization_id, import_id) VALUES (?1, ?2)";

    DEACTIVATE = "DELETE FROM active_imports WHERE organization_id = ?1 AND import_id = ?2";

    INSERT_ERROR = insert("import_errors", LineErrorRow::COLUMNS);

    INSERT_CHANGE = insert("import_changes", LineChangeRow::COLUMNS);

    // No chunk is applied twice.
    APPLY = "
        UPDATE import_chunks SET batch_id = ?4, batch_lines = ?5
        WHERE organization_id = ?1 AND import_id = ?2 AND chunk = ?3 AND batch_id IS NULL
    ";
}

/// Creates the job, or changes it, and adds these errors, and what its lines would change, at their places.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    change: &ImportChange,
    errors: &[(u32, LineError)],
) -> Result<(), StoreError> {
    let import = &change.import;
    let row = ImportRow::of(import, organization)?;
    let write = match change.before {
        None => &INSERT,
        Some(_) => &UPDATE,
    };
    let values = of_organization(organization, row.values());
    write.change(connection, "imports", values)?;
    let key = params![organization.uuid(), row.import_id];
    let was_active = change.before.is_some_and(ImportStatus::is_active);
    match (was_active, row.is_active) {
        (false, true) => ACTIVATE.change(connection, "active_imports", key)?,
        (true, false) => DEACTIVATE.change(connection, "active_imports", key)?,
        _ => {}
    }
    for (place, error) in errors {
        let error = LineErrorRow::of(import.id, *place, error)?;
        let values = of_organization(organization, error.values());
        INSERT_ERROR.change(connection, "import_errors", values)?;
    }
    for (place, foreseen) in &change.changes {
        let foreseen = LineChangeRow::of(import.id, *place, foreseen)?;
        let values = of_organization(organization, foreseen.values());
        INSERT_CHANGE.change(connection, "import_changes", values)?;
    }
    if let Some(applied) = &change.applied {
        let applied = AppliedRow::of(import.id, applied);
        let values = of_organization(organization, applied.values());
        APPLY.change(connection, "import_chunks", values)?;
    }
    Ok(())
}
