//! Stores integrations.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{IntegrationChange, IntegrationId, OrganizationId};
use stockroom_sql::{IntegrationRow, integer};

use crate::connection::statement::{assignments, insert, of_organization, statements};

statements! {
    UPDATE = format!(
        "UPDATE integrations SET {} WHERE organization_id = ?1 AND integration_id = ?2",
        assignments(IntegrationRow::COLUMNS, IntegrationRow::CONSTANT)
    );

    INSERT = insert("integrations", IntegrationRow::COLUMNS);

    ACTIVATE = "
        INSERT INTO active_integrations (organization_id, integration_id) VALUES (?1, ?2)
        ON CONFLICT (organization_id, integration_id) DO NOTHING
    ";

    DEACTIVATE = "
        DELETE FROM active_integrations WHERE organization_id = ?1 AND integration_id = ?2
    ";

    // If two are asked for at once, the earlier position includes the other.
    REPLAY = "
        UPDATE integrations SET replay_from = min(coalesce(replay_from, ?3), ?3)
        WHERE organization_id = ?1 AND integration_id = ?2
    ";

    DELETE_LOGS = "DELETE FROM integration_logs WHERE organization_id = ?1 AND integration_id = ?2";

    DELETE = "DELETE FROM integrations WHERE organization_id = ?1 AND integration_id = ?2";
}

/// Creates the integration, or changes it if it exists.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    change: &IntegrationChange,
) -> Result<(), StoreError> {
    let row = IntegrationRow::of(change, organization)?;
    let values = || of_organization(organization, row.values());
    if UPDATE.execute(connection, values())? == 0 {
        INSERT.change(connection, "integrations", values())?;
    }
    let key = params![organization.uuid(), row.integration_id];
    if row.enabled {
        ACTIVATE.execute(connection, key)?;
    } else {
        DEACTIVATE.execute(connection, key)?;
    }
    Ok(())
}

/// Notes that the events from this position on are sent again.
pub(crate) fn replay(
    connection: &Connection,
    organization: OrganizationId,
    id: IntegrationId,
    from: u64,
) -> Result<(), StoreError> {
    let parameters = params![organization.uuid(), id.uuid(), integer(from)];
    REPLAY.change(connection, "integrations", parameters)
}

/// Deletes the integration, and everything about its deliveries.
pub(crate) fn delete(
    connection: &Connection,
    organization: OrganizationId,
    id: IntegrationId,
) -> Result<(), StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    DEACTIVATE.execute(connection, key)?;
    DELETE_LOGS.execute(connection, key)?;
    DELETE.change(connection, "integrations", key)
}
