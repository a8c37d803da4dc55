//! Integrations.

use stockroom_application::ports::{StoreError, StoredIntegration};
use stockroom_domain::{IntegrationId, OrganizationId, Owner};
use stockroom_sql::{IntegrationRow, Row};

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// The integrations with these ids that exist, in the order of creation.
pub(crate) async fn integrations(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = IntegrationId>,
) -> Result<Vec<StoredIntegration>, StoreError> {
    let ids = uuids(ids);
    let organization_id = organization.uuid();
    sqlx::query_as!(
        IntegrationRow,
        r#"
        SELECT
            integrations.integration_id AS "integration_id!",
            integrations.owner_id AS "owner_id!",
            integrations.name AS "name!",
            integrations.description AS "description?",
            integrations.enabled AS "enabled!: bool",
            integrations.observes AS "observes!",
            integrations.configuration AS "configuration!",
            integrations.secrets AS "secrets!",
            integrations.version AS "version!",
            integrations.disabled_reason AS "disabled_reason?",
            integrations.created_at AS "created_at!",
            integrations.updated_at AS "updated_at!",
            integrations.position AS "position!",
            integrations.progress AS "progress?",
            integrations.failing_since AS "failing_since?",
            integrations.replay_from AS "replay_from?"
        FROM unnest($2::uuid[]) AS wanted (integration_id)
        CROSS JOIN LATERAL (
            SELECT * FROM integrations
            WHERE integrations.organization_id = $1
                AND integrations.integration_id = wanted.integration_id
            OFFSET 0
        ) AS integrations
        ORDER BY integrations.integration_id
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

/// The number of an owner's integrations, which is never large.
pub(crate) async fn count(
    session: &mut Session,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let owner_id = owner.to_uuid(organization);
    let count = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!" FROM integrations
        WHERE organization_id = $1 AND owner_id = $2
        "#,
        organization.uuid(),
        owner_id,
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    Row::new("integrations", owner_id).valid("integration_id", u64::try_from(count))
}
