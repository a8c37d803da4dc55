//! The leases of jobs.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportId, OrganizationId, Timestamp};
use uuid::Uuid;

use crate::connection::statement::statements;

statements! {
    TAKE = "
        UPDATE imports SET lease_holder = ?3, leased_until = ?5
        WHERE organization_id = ?1
            AND import_id = ?2
            AND is_active = 1
            AND (lease_holder IS NULL OR leased_until < ?4 OR lease_holder = ?3)
    ";

    RELEASE = "
        UPDATE imports SET lease_holder = NULL, leased_until = NULL
        WHERE organization_id = ?1 AND import_id = ?2 AND lease_holder = ?3
    ";

    END_ALL = "
        UPDATE imports SET lease_holder = NULL, leased_until = NULL
        WHERE lease_holder IS NOT NULL
    ";
}

/// Leases a job until a time, if it is active and nobody else has its lease. Returns whether it is leased.
pub(super) fn take(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let parameters = params![
        organization.uuid(),
        id.uuid(),
        holder,
        now.as_milliseconds(),
        until.as_milliseconds()
    ];
    Ok(TAKE.execute(connection, parameters)? > 0)
}

/// Ends a lease, if `holder` has it.
pub(super) fn release(
    connection: &Connection,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
) -> Result<(), StoreError> {
    let parameters = params![organization.uuid(), id.uuid(), holder];
    RELEASE.execute(connection, parameters).map(drop)
}

/// Ends the leases of all jobs: those of the process that had the file open before this one.
pub(crate) fn end_all(connection: &Connection) -> Result<(), StoreError> {
    END_ALL.execute(connection, []).map(drop)
}
