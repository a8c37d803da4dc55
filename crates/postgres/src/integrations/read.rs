//! Reads integrations.

use async_trait::async_trait;
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, IntegrationReader, IntegrationState, LogsOf, StoreError,
    StoredIntegration,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{IntegrationId, OrganizationId, Owner};
use stockroom_sql::{JobRow, LogRow, Row};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;

#[async_trait]
impl IntegrationReader for PostgresDatabase {
    async fn integration(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        let mut session = self.reader().await?;
        let mut found = rows::integrations(&mut session, organization, [id]).await?;
        session.commit().await?;
        Ok(found.pop().filter(|found| found.integration.owner == owner))
    }

    async fn list_integrations(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<IntegrationId>,
    ) -> Result<Page<IntegrationState, IntegrationId>, StoreError> {
        // Every id comes after the nil id.
        let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
        let mut snapshot = self.read().await?;
        let mut ids = sqlx::query_scalar!(
            r#"
            SELECT integration_id AS "integration_id!" FROM integrations
            WHERE organization_id = $1 AND owner_id = $2 AND integration_id > $3
            ORDER BY integration_id LIMIT $4 OFFSET $5
            "#,
            organization.uuid(),
            owner.to_uuid(organization),
            after,
            i64::from(page.enough()),
            i64::from(page.offset()),
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let next = page.cut(&mut ids, |id| IntegrationId::new(*id));
        let ids = ids.into_iter().map(IntegrationId::new);
        let items = rows::integrations(&mut snapshot, organization, ids).await?;
        let total = Some(rows::count(&mut snapshot, organization, owner).await?);
        snapshot.commit().await?;
        let items = items.into_iter().map(IntegrationState::from).collect();
        Ok(Page { items, total, next })
    }

    async fn delivery_logs(
        &self,
        organization: OrganizationId,
        of: LogsOf,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryLog>, u64), StoreError> {
        let window = (i64::from(limit), i64::from(offset));
        let mut snapshot = self.read().await?;
        let (logs, total) = match of {
            LogsOf::Owner(owner) => {
                let owner_id = owner.to_uuid(organization);
                logs_of_owner(&mut snapshot, organization, owner_id, window).await?
            }
            LogsOf::Integration(id) => {
                logs_of_integration(&mut snapshot, organization, id.uuid(), window).await?
            }
            LogsOf::Job(id, event) => {
                let job = (id.uuid(), event.uuid());
                logs_of_job(&mut snapshot, organization, job, window).await?
            }
        };
        snapshot.commit().await?;
        let logs = logs.into_iter().map(|row| row.decode(organization));
        Ok((
            logs.collect::<Result<_, _>>()?,
            length(organization, total)?,
        ))
    }

    async fn delivery_jobs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryJob>, u64), StoreError> {
        let mut snapshot = self.read().await?;
        let jobs = sqlx::query_as!(
            JobRow,
            r#"
            SELECT
                event_id AS "event_id!",
                bool_or(succeeded) AS "succeeded!",
                max(attempt) AS "attempts!",
                min(created_at) AS "created_at!",
                max(created_at) AS "updated_at!"
            FROM integration_logs
            WHERE organization_id = $1 AND integration_id = $2
            GROUP BY event_id
            ORDER BY max(created_at) DESC, event_id
            LIMIT $3 OFFSET $4
            "#,
            organization.uuid(),
            id.uuid(),
            i64::from(limit),
            i64::from(offset),
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let total = sqlx::query_scalar!(
            r#"
            SELECT count(DISTINCT event_id) AS "count!" FROM integration_logs
            WHERE organization_id = $1 AND integration_id = $2
            "#,
            organization.uuid(),
            id.uuid(),
        )
        .fetch_one(&mut snapshot)
        .await
        .map_err(failed)?;
        snapshot.commit().await?;
        let jobs = jobs.into_iter().map(JobRow::decode);
        Ok((
            jobs.collect::<Result<_, _>>()?,
            length(organization, total)?,
        ))
    }
}

/// A number of logs that was counted.
fn length(organization: OrganizationId, count: i64) -> Result<u64, StoreError> {
    Row::new("integration_logs", organization.uuid()).valid("log_id", u64::try_from(count))
}

/// The logs that fulfil a condition, and their number. The condition names the second and the third parameter.
macro_rules! logs {
    ($session:ident, $condition:literal, ($limit:ident, $offset:ident), $($parameter:expr),+) => {{
        let logs = sqlx::query_as!(
            LogRow,
            r#"
            SELECT
                integration_id AS "integration_id!",
                log_id AS "log_id!",
                owner_id AS "owner_id!",
                event_id AS "event_id!",
                succeeded AS "succeeded!: bool",
                attempt AS "attempt!",
                status_code AS "status_code?",
                error_detail AS "error_detail?",
                body AS "body?",
                created_at AS "created_at!"
            FROM integration_logs
            WHERE organization_id = $1 AND "# + $condition + r#"
            ORDER BY log_id DESC LIMIT $4 OFFSET $5
            "#,
            $($parameter,)+
            $limit,
            $offset,
        )
        .fetch_all(&mut *$session)
        .await
        .map_err(failed)?;
        let total = sqlx::query_scalar!(
            r#"
            SELECT count(*) AS "count!" FROM integration_logs
            WHERE organization_id = $1 AND "# + $condition,
            $($parameter,)+
        )
        .fetch_one($session)
        .await
        .map_err(failed)?;
        Ok((logs, total))
    }};
}

async fn logs_of_owner(
    session: &mut Session,
    organization: OrganizationId,
    owner_id: Uuid,
    (limit, offset): (i64, i64),
) -> Result<(Vec<LogRow>, i64), StoreError> {
    logs!(
        session,
        "owner_id = $2 AND $3::uuid IS NULL",
        (limit, offset),
        organization.uuid(),
        owner_id,
        None::<Uuid>
    )
}

async fn logs_of_integration(
    session: &mut Session,
    organization: OrganizationId,
    integration_id: Uuid,
    (limit, offset): (i64, i64),
) -> Result<(Vec<LogRow>, i64), StoreError> {
    logs!(
        session,
        "integration_id = $2 AND $3::uuid IS NULL",
        (limit, offset),
        organization.uuid(),
        integration_id,
        None::<Uuid>
    )
}

async fn logs_of_job(
    session: &mut Session,
    organization: OrganizationId,
    (integration_id, event_id): (Uuid, Uuid),
    (limit, offset): (i64, i64),
) -> Result<(Vec<LogRow>, i64), StoreError> {
    logs!(
        session,
        "integration_id = $2 AND event_id = $3",
        (limit, offset),
        organization.uuid(),
        integration_id,
        event_id
    )
}
