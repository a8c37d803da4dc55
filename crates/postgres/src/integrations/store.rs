//! Stores integrations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{IntegrationChange, IntegrationId, OrganizationId};
use stockroom_sql::{IntegrationRow, integer};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Creates the integration, or changes it if it exists.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    change: &IntegrationChange,
) -> Result<(), StoreError> {
    let row = IntegrationRow::of(change, organization)?;
    if !update(session, organization, &row).await? {
        insert(session, organization, &row).await?;
    }
    if row.enabled {
        activate(session, organization, row.integration_id).await
    } else {
        deactivate(session, organization, row.integration_id).await
    }
}

async fn update(
    session: &mut Session,
    organization: OrganizationId,
    row: &IntegrationRow,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        r#"
        UPDATE integrations SET
            name = $3,
            description = $4,
            enabled = $5,
            observes = $6,
            configuration = $7,
            secrets = $8,
            version = $9,
            disabled_reason = $10,
            updated_at = $11
        WHERE organization_id = $1 AND integration_id = $2
        "#,
        organization.uuid(),
        row.integration_id,
        row.name,
        row.description,
        row.enabled,
        row.observes,
        row.configuration,
        row.secrets.expose(),
        row.version,
        row.disabled_reason,
        row.updated_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(updated.rows_affected() > 0)
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    row: &IntegrationRow,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"
        INSERT INTO integrations (
            organization_id, integration_id, owner_id, name, description, enabled, observes,
            configuration, secrets, version, disabled_reason, created_at, updated_at, position
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        organization.uuid(),
        row.integration_id,
        row.owner_id,
        row.name,
        row.description,
        row.enabled,
        row.observes,
        row.configuration,
        row.secrets.expose(),
        row.version,
        row.disabled_reason,
        row.created_at,
        row.updated_at,
        row.position,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn activate(
    session: &mut Session,
    organization: OrganizationId,
    integration_id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"
        INSERT INTO active_integrations (organization_id, integration_id) VALUES ($1, $2)
        ON CONFLICT (organization_id, integration_id) DO NOTHING
        "#,
        organization.uuid(),
        integration_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn deactivate(
    session: &mut Session,
    organization: OrganizationId,
    integration_id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM active_integrations WHERE organization_id = $1 AND integration_id = $2",
        organization.uuid(),
        integration_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Notes that the events from this position on are sent again. If two are asked for at once, the earlier
/// position includes the other.
pub(crate) async fn replay(
    session: &mut Session,
    organization: OrganizationId,
    id: IntegrationId,
    from: u64,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        UPDATE integrations SET replay_from = least(replay_from, $3)
        WHERE organization_id = $1 AND integration_id = $2
        "#,
        organization.uuid(),
        id.uuid(),
        integer(from),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("integrations", 1, &result)
}

/// Deletes the integration, and everything about its deliveries. Servers that deliver lock the row of the
/// integration before they touch its logs; so does this.
pub(crate) async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    id: IntegrationId,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let integration_id = id.uuid();
    sqlx::query!(
        r#"
        SELECT integration_id FROM integrations
        WHERE organization_id = $1 AND integration_id = $2
        FOR UPDATE
        "#,
        organization_id,
        integration_id,
    )
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "DELETE FROM integration_logs WHERE organization_id = $1 AND integration_id = $2",
        organization_id,
        integration_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    deactivate(session, organization, integration_id).await?;
    let result = sqlx::query!(
        "DELETE FROM integrations WHERE organization_id = $1 AND integration_id = $2",
        organization_id,
        integration_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("integrations", 1, &result)
}
