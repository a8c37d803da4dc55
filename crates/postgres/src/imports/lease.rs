//! The leases of jobs. The clock of the database measures them, as it does those of integrations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Import, ImportId, OrganizationId};
use stockroom_sql::ImportRow;
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// Leases a job for some milliseconds from now, if it is active and nobody else has its lease. Gives the job
/// if it is leased.
pub(super) async fn take(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
    milliseconds: u32,
) -> Result<Option<Import>, StoreError> {
    let leased = sqlx::query_as!(
        ImportRow,
        r#"
        UPDATE imports
        SET lease_holder = $3, leased_until = (extract(epoch FROM now()) * 1000)::bigint + $4
        WHERE organization_id = $1
            AND import_id = $2
            AND is_active
            AND (
                lease_holder IS NULL
                OR leased_until < (extract(epoch FROM now()) * 1000)::bigint
                OR lease_holder = $3
            )
        RETURNING import_id, owner_id, created_at, status, is_active AS "is_active: bool", document
        "#,
        organization.uuid(),
        id.uuid(),
        holder,
        i64::from(milliseconds),
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    leased.map(|row| row.decode(organization)).transpose()
}

/// Ends a lease, if `holder` has it.
pub(super) async fn release(
    session: &mut Session,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"
        UPDATE imports SET lease_holder = NULL, leased_until = NULL
        WHERE organization_id = $1 AND import_id = $2 AND lease_holder = $3
        "#,
        organization.uuid(),
        id.uuid(),
        holder,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}
