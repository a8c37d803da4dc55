//! Stores deliveries: leases, progress and logs. The clock of the database measures the leases. Servers
//! whose clocks differ agree on it; it is read with `now()`, which Citus accepts in an `UPDATE`.

use async_trait::async_trait;
use sqlx::postgres::PgQueryResult;
use stockroom_application::ports::{
    DeliveryLog, DeliveryProgress, DeliveryStore, StoreError, StoredIntegration,
};
use stockroom_domain::{IntegrationId, OrganizationId, Timestamp};
use stockroom_sql::{LogRow, integer};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;

#[async_trait]
impl DeliveryStore for PostgresDatabase {
    async fn active_integrations(
        &self,
    ) -> Result<Vec<(OrganizationId, IntegrationId)>, StoreError> {
        let mut session = self.own_reader().await?;
        let active =
            sqlx::query!("SELECT organization_id, integration_id FROM active_integrations")
                .fetch_all(&mut session)
                .await
                .map_err(failed)?;
        session.commit().await?;
        let active = active.into_iter();
        Ok(active
            .map(|row| (row.organization_id.into(), row.integration_id.into()))
            .collect())
    }

    async fn integrations(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<IntegrationId>, StoreError> {
        let mut session = self.own_reader().await?;
        let ids = sqlx::query_scalar!(
            "SELECT integration_id FROM integrations WHERE organization_id = $1",
            organization.uuid(),
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        Ok(ids.into_iter().map(Into::into).collect())
    }

    async fn disabled_integrations(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let mut session = self.own_reader().await?;
        let count = sqlx::query_scalar!(
            r#"
            SELECT count(*) AS "count!" FROM integrations
            WHERE organization_id = $1 AND disabled_reason IS NOT NULL
            "#,
            organization.uuid(),
        )
        .fetch_one(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn take_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        let mut session = self.write().await?;
        let taken = sqlx::query!(
            r#"
            UPDATE integrations
            SET lease_holder = $3, leased_until = (extract(epoch FROM now()) * 1000)::bigint + $4
            WHERE organization_id = $1
                AND integration_id = $2
                AND enabled
                AND (
                    leased_until IS NULL
                    OR leased_until < (extract(epoch FROM now()) * 1000)::bigint
                    OR lease_holder = $3
                )
            "#,
            organization.uuid(),
            id.uuid(),
            holder,
            i64::from(milliseconds),
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        // Read in the same transaction, which holds the row.
        let leased = if has_changed(&taken) {
            rows::integrations(&mut session, organization, [id])
                .await?
                .pop()
        } else {
            None
        };
        session.commit().await?;
        Ok(leased)
    }

    async fn renew_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<bool, StoreError> {
        let mut session = self.write().await?;
        let renewed = sqlx::query!(
            r#"
            UPDATE integrations
            SET leased_until = (extract(epoch FROM now()) * 1000)::bigint + $4
            WHERE organization_id = $1 AND integration_id = $2 AND lease_holder = $3 AND enabled
            "#,
            organization.uuid(),
            id.uuid(),
            holder,
            i64::from(milliseconds),
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        Ok(has_changed(&renewed))
    }

    async fn leased(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        let mut session = self.own_reader().await?;
        let held = sqlx::query_scalar!(
            r#"
            SELECT integration_id FROM integrations
            WHERE organization_id = $1 AND integration_id = $2 AND lease_holder = $3 AND enabled
            "#,
            organization.uuid(),
            id.uuid(),
            holder,
        )
        .fetch_optional(&mut session)
        .await
        .map_err(failed)?;
        let held = held.map(IntegrationId::new);
        let found = rows::integrations(&mut session, organization, held).await?;
        session.commit().await?;
        Ok(found.into_iter().next())
    }

    async fn release_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        sqlx::query!(
            r#"
            UPDATE integrations SET lease_holder = NULL, leased_until = NULL
            WHERE organization_id = $1 AND integration_id = $2 AND lease_holder = $3
            "#,
            organization.uuid(),
            id.uuid(),
            holder,
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await
    }

    async fn save_progress(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        progress: &DeliveryProgress,
    ) -> Result<bool, StoreError> {
        let mut session = self.write().await?;
        let saved = sqlx::query!(
            r#"
            UPDATE integrations
            SET position = $4,
                progress = $5,
                failing_since = $6,
                replay_from = nullif(replay_from, $7)
            WHERE organization_id = $1 AND integration_id = $2 AND lease_holder = $3
            "#,
            organization.uuid(),
            id.uuid(),
            holder,
            integer(progress.position),
            progress.details,
            progress.failing_since.map(Timestamp::as_milliseconds),
            progress.replay_from.map(integer),
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        Ok(has_changed(&saved))
    }

    async fn add_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        logs: &[DeliveryLog],
    ) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        if hold(&mut session, organization, id).await? {
            for log in logs {
                insert(&mut session, organization, &LogRow::of(log, organization)).await?;
            }
        }
        session.commit().await
    }

    async fn trim_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = now.plus_milliseconds(-DeliveryLog::KEPT_MILLISECONDS);
        let mut session = self.write().await?;
        let mut deleted = 0;
        if hold(&mut session, organization, id).await? {
            let trimmed = sqlx::query!(
                r#"
                DELETE FROM integration_logs
                WHERE organization_id = $1
                    AND integration_id = $2
                    AND (
                        created_at < $3
                        OR log_id <= (
                            SELECT log_id FROM integration_logs
                            WHERE organization_id = $1 AND integration_id = $2
                            ORDER BY log_id DESC
                            LIMIT 1 OFFSET $4
                        )
                        OR succeeded AND log_id <= (
                            SELECT log_id FROM integration_logs
                            WHERE organization_id = $1 AND integration_id = $2 AND succeeded
                            ORDER BY log_id DESC
                            LIMIT 1 OFFSET $5
                        )
                    )
                "#,
                organization.uuid(),
                id.uuid(),
                oldest.as_milliseconds(),
                i64::from(DeliveryLog::PER_INTEGRATION_MAX),
                i64::from(DeliveryLog::SUCCESSES_MAX),
            )
            .execute(&mut session)
            .await
            .map_err(failed)?;
            deleted = trimmed.rows_affected();
        }
        session.commit().await?;
        Ok(deleted)
    }
}

fn has_changed(result: &PgQueryResult) -> bool {
    result.rows_affected() > 0
}

/// Locks an integration, so that it isn't deleted, and returns whether it exists.
async fn hold(
    session: &mut Session,
    organization: OrganizationId,
    id: IntegrationId,
) -> Result<bool, StoreError> {
    let held = sqlx::query_scalar!(
        r#"
        SELECT integration_id FROM integrations
        WHERE organization_id = $1 AND integration_id = $2
        FOR KEY SHARE
        "#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    Ok(held.is_some())
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    row: &LogRow,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"
        INSERT INTO integration_logs (
            organization_id, integration_id, log_id, owner_id, event_id, succeeded, attempt,
            status_code, error_detail, body, created_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (organization_id, integration_id, log_id) DO NOTHING
        "#,
        organization.uuid(),
        row.integration_id,
        row.log_id,
        row.owner_id,
        row.event_id,
        row.succeeded,
        row.attempt,
        row.status_code,
        row.error_detail,
        row.body,
        row.created_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}
