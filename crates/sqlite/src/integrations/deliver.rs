//! Stores deliveries: leases, progress and logs. One process has the file open, so its clock measures
//! the leases.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{
    DeliveryLog, DeliveryProgress, DeliveryStore, StoreError, StoredIntegration,
};
use stockroom_domain::{IntegrationId, OrganizationId, Timestamp};
use stockroom_sql::{LogRow, integer};
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::statement::{insert, of_organization, statements};
use crate::imports;

statements! {
    ACTIVE = "SELECT organization_id, integration_id FROM active_integrations";

    ALL = "SELECT integration_id FROM integrations WHERE organization_id = ?1";

    DISABLED = "
        SELECT count(*) FROM integrations
        WHERE organization_id = ?1 AND disabled_reason IS NOT NULL
    ";

    TAKE = "
        UPDATE integrations SET lease_holder = ?3, leased_until = ?5
        WHERE organization_id = ?1
            AND integration_id = ?2
            AND enabled = 1
            AND (leased_until IS NULL OR leased_until < ?4 OR lease_holder = ?3)
    ";

    RENEW = "
        UPDATE integrations SET leased_until = ?4
        WHERE organization_id = ?1 AND integration_id = ?2 AND lease_holder = ?3 AND enabled = 1
    ";

    HELD = "
        SELECT count(*) FROM integrations
        WHERE organization_id = ?1 AND integration_id = ?2 AND lease_holder = ?3 AND enabled = 1
    ";

    RELEASE = "
        UPDATE integrations SET lease_holder = NULL, leased_until = NULL
        WHERE organization_id = ?1 AND integration_id = ?2 AND lease_holder = ?3
    ";

    END_ALL = "
        UPDATE integrations SET lease_holder = NULL, leased_until = NULL
        WHERE lease_holder IS NOT NULL
    ";

    SAVE = "
        UPDATE integrations
        SET position = ?4,
            progress = ?5,
            failing_since = ?6,
            replay_from = nullif(replay_from, ?7)
        WHERE organization_id = ?1 AND integration_id = ?2 AND lease_holder = ?3
    ";

    INSERT_LOG = format!(
        "{} ON CONFLICT (organization_id, integration_id, log_id) DO NOTHING",
        insert("integration_logs", LogRow::COLUMNS)
    );

    TRIM = "
        DELETE FROM integration_logs
        WHERE organization_id = ?1
            AND integration_id = ?2
            AND (
                created_at < ?3
                OR log_id <= (
                    SELECT log_id FROM integration_logs
                    WHERE organization_id = ?1 AND integration_id = ?2
                    ORDER BY log_id DESC
                    LIMIT 1 OFFSET ?4
                )
                OR succeeded = 1 AND log_id <= (
                    SELECT log_id FROM integration_logs
                    WHERE organization_id = ?1 AND integration_id = ?2 AND succeeded = 1
                    ORDER BY log_id DESC
                    LIMIT 1 OFFSET ?5
                )
            )
    ";
}

#[async_trait]
impl DeliveryStore for SqliteDatabase {
    async fn active_integrations(
        &self,
    ) -> Result<Vec<(OrganizationId, IntegrationId)>, StoreError> {
        self.own_read(|snapshot| {
            let active: Vec<(Uuid, Uuid)> = ACTIVE.rows(snapshot, [])?;
            let active = active.into_iter();
            Ok(active
                .map(|(organization, id)| (organization.into(), id.into()))
                .collect())
        })
        .await
    }

    async fn integrations(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<IntegrationId>, StoreError> {
        self.own_read(move |snapshot| {
            let ids: Vec<(Uuid,)> = ALL.rows(snapshot, params![organization.uuid()])?;
            Ok(ids.into_iter().map(|(id,)| id.into()).collect())
        })
        .await
    }

    async fn disabled_integrations(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        self.own_read(move |snapshot| {
            let count = DISABLED.number(snapshot, params![organization.uuid()])?;
            Ok(u64::try_from(count).unwrap_or_default())
        })
        .await
    }

    async fn take_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        let environment = self.environment.clone();
        self.write(move |transaction| {
            let now = environment.now();
            let until = now.plus_milliseconds(milliseconds.into());
            let parameters = params![
                organization.uuid(),
                id.uuid(),
                holder,
                now.as_milliseconds(),
                until.as_milliseconds()
            ];
            if TAKE.execute(transaction, parameters)? == 0 {
                return Ok(None);
            }
            rows::integration(transaction, organization, id)
        })
        .await
    }

    async fn renew_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<bool, StoreError> {
        let environment = self.environment.clone();
        self.write(move |transaction| {
            let until = environment.now().plus_milliseconds(milliseconds.into());
            let until = until.as_milliseconds();
            let parameters = params![organization.uuid(), id.uuid(), holder, until];
            Ok(RENEW.execute(transaction, parameters)? > 0)
        })
        .await
    }

    async fn leased(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        self.own_read(move |snapshot| {
            let parameters = params![organization.uuid(), id.uuid(), holder];
            if HELD.number(snapshot, parameters)? == 0 {
                return Ok(None);
            }
            rows::integration(snapshot, organization, id)
        })
        .await
    }

    async fn release_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let parameters = params![organization.uuid(), id.uuid(), holder];
            RELEASE.execute(transaction, parameters).map(drop)
        })
        .await
    }

    async fn end_abandoned_leases(&self) -> Result<(), StoreError> {
        self.write(|transaction| {
            END_ALL.execute(transaction, [])?;
            imports::lease::end_all(transaction)
        })
        .await
    }

    async fn save_progress(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        progress: &DeliveryProgress,
    ) -> Result<bool, StoreError> {
        let progress = progress.clone();
        self.write(move |transaction| {
            let parameters = params![
                organization.uuid(),
                id.uuid(),
                holder,
                integer(progress.position),
                progress.details,
                progress.failing_since.map(Timestamp::as_milliseconds),
                progress.replay_from.map(integer)
            ];
            Ok(SAVE.execute(transaction, parameters)? > 0)
        })
        .await
    }

    async fn add_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        logs: &[DeliveryLog],
    ) -> Result<(), StoreError> {
        let logs: Vec<LogRow> = logs.iter().map(|it| LogRow::of(it, organization)).collect();
        self.write(move |transaction| {
            if rows::integration(transaction, organization, id)?.is_none() {
                return Ok(());
            }
            for log in &logs {
                let values = of_organization(organization, log.values());
                INSERT_LOG.execute(transaction, values)?;
            }
            Ok(())
        })
        .await
    }

    async fn trim_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = now.plus_milliseconds(-DeliveryLog::KEPT_MILLISECONDS);
        self.write(move |transaction| {
            let parameters = params![
                organization.uuid(),
                id.uuid(),
                oldest.as_milliseconds(),
                DeliveryLog::PER_INTEGRATION_MAX,
                DeliveryLog::SUCCESSES_MAX
            ];
            let deleted = TRIM.execute(transaction, parameters)?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }
}
