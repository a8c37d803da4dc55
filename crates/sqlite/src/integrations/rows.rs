//! Integrations.

use rusqlite::{Connection, params};
use stockroom_application::ports::{StoreError, StoredIntegration};
use stockroom_domain::{IntegrationId, OrganizationId, Owner};
use stockroom_sql::{IntegrationRow, Row};

use crate::connection::statement::{columns, statements};

statements! {
    INTEGRATION = format!(
        "SELECT {} FROM integrations WHERE organization_id = ?1 AND integration_id = ?2",
        columns("integrations", IntegrationRow::COLUMNS)
    );

    COUNT = "
        SELECT count(*) FROM integrations INDEXED BY integrations_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
    ";
}

/// The integration with this id, if it exists.
pub(crate) fn integration(
    connection: &Connection,
    organization: OrganizationId,
    id: IntegrationId,
) -> Result<Option<StoredIntegration>, StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    let row: Option<IntegrationRow> = INTEGRATION.row(connection, key)?;
    row.map(|row| row.decode(organization)).transpose()
}

/// The number of an owner's integrations, which is never large.
pub(crate) fn count(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let owner_id = owner.to_uuid(organization);
    let count = COUNT.number(connection, params![organization.uuid(), owner_id])?;
    Row::new("integrations", owner_id).valid("integration_id", u64::try_from(count))
}
