//! Imports.

use std::collections::BTreeSet;

use stockroom_application::ports::StoreError;
use stockroom_domain::{Import, ImportId, OrganizationId};
use stockroom_sql::ImportRow;

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// The jobs with these ids that exist, in the order of creation.
pub(crate) async fn imports(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = ImportId>,
) -> Result<Vec<Import>, StoreError> {
    let ids = uuids(ids);
    sqlx::query_as!(
        ImportRow,
        r#"
        SELECT
            imports.import_id AS "import_id!",
            imports.owner_id AS "owner_id!",
            imports.created_at AS "created_at!",
            imports.status AS "status!",
            imports.is_active AS "is_active!: bool",
            imports.document AS "document!"
        FROM unnest($2::uuid[]) AS wanted (import_id)
        CROSS JOIN LATERAL (
            SELECT * FROM imports
            WHERE imports.organization_id = $1 AND imports.import_id = wanted.import_id
            OFFSET 0
        ) AS imports
        ORDER BY imports.import_id
        "#,
        organization.uuid(),
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

/// Locks the jobs with these ids that exist, in the order of their ids. A command names one.
pub(crate) async fn lock(
    session: &mut Session,
    organization: OrganizationId,
    ids: BTreeSet<ImportId>,
) -> Result<(), StoreError> {
    for id in ids {
        sqlx::query!(
            r#"
            SELECT import_id FROM imports
            WHERE organization_id = $1 AND import_id = $2
            FOR UPDATE
            "#,
            organization.uuid(),
            id.uuid(),
        )
        .fetch_optional(&mut *session)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
