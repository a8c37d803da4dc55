//! Reads integrations.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, IntegrationReader, IntegrationState, LogsOf, StoreError,
    StoredIntegration,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{IntegrationId, OrganizationId, Owner};
use stockroom_sql::{JobRow, LogRow, Row};
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::statement::{columns, statements};

statements! {
    PAGE = "
        SELECT integration_id FROM integrations
        WHERE organization_id = ?1 AND owner_id = ?2 AND integration_id > ?3
        ORDER BY integration_id
        LIMIT ?4 OFFSET ?5
    ";

    OF_OWNER = logs(
        "INDEXED BY integration_logs_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2 AND ?3 IS NULL",
    );
    COUNT_OF_OWNER = "
        SELECT count(*) FROM integration_logs INDEXED BY integration_logs_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
    ";

    OF_INTEGRATION =
        logs("WHERE organization_id = ?1 AND integration_id = ?2 AND ?3 IS NULL");
    COUNT_OF_INTEGRATION = "
        SELECT count(*) FROM integration_logs INDEXED BY integration_logs_of_job
        WHERE organization_id = ?1 AND integration_id = ?2
    ";

    OF_JOB = logs(
        "INDEXED BY integration_logs_of_job
        WHERE organization_id = ?1 AND integration_id = ?2 AND event_id = ?3",
    );
    COUNT_OF_JOB = "
        SELECT count(*) FROM integration_logs INDEXED BY integration_logs_of_job
        WHERE organization_id = ?1 AND integration_id = ?2 AND event_id = ?3
    ";

    JOBS = "
        SELECT event_id, max(succeeded), max(attempt), min(created_at), max(created_at)
        FROM integration_logs INDEXED BY integration_logs_of_job
        WHERE organization_id = ?1 AND integration_id = ?2
        GROUP BY event_id
        ORDER BY 5 DESC, event_id
        LIMIT ?3 OFFSET ?4
    ";
    COUNT_JOBS = "
        SELECT count(DISTINCT event_id) FROM integration_logs INDEXED BY integration_logs_of_job
        WHERE organization_id = ?1 AND integration_id = ?2
    ";
}

fn logs(from: &str) -> String {
    format!(
        "SELECT {} FROM integration_logs {from} ORDER BY log_id DESC LIMIT ?4 OFFSET ?5",
        columns("integration_logs", LogRow::COLUMNS)
    )
}

#[async_trait]
impl IntegrationReader for SqliteDatabase {
    async fn integration(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        self.read(move |snapshot| {
            let found = rows::integration(snapshot, organization, id)?;
            Ok(found.filter(|found| found.integration.owner == owner))
        })
        .await
    }

    async fn list_integrations(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<IntegrationId>,
    ) -> Result<Page<IntegrationState, IntegrationId>, StoreError> {
        // Every id comes after the nil id.
        let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
        let owner_id = owner.to_uuid(organization);
        self.read(move |snapshot| {
            let (limit, offset) = (page.enough(), page.offset());
            let parameters = params![organization.uuid(), owner_id, after, limit, offset];
            let mut ids: Vec<(Uuid,)> = PAGE.rows(snapshot, parameters)?;
            let next = page.cut(&mut ids, |(id,)| IntegrationId::new(*id));
            let items = ids.into_iter().map(|(id,)| IntegrationId::new(id));
            let items = items.map(|id| rows::integration(snapshot, organization, id));
            let items = items.filter_map(Result::transpose);
            let items = items.map(|found| found.map(IntegrationState::from));
            let items = items.collect::<Result<_, _>>()?;
            let total = Some(rows::count(snapshot, organization, owner)?);
            Ok(Page { items, total, next })
        })
        .await
    }

    async fn delivery_logs(
        &self,
        organization: OrganizationId,
        of: LogsOf,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryLog>, u64), StoreError> {
        let (logs, count, id, event_id) = match of {
            LogsOf::Owner(owner) => {
                let owner_id = owner.to_uuid(organization);
                (&OF_OWNER, &COUNT_OF_OWNER, owner_id, None)
            }
            LogsOf::Integration(id) => (&OF_INTEGRATION, &COUNT_OF_INTEGRATION, id.uuid(), None),
            LogsOf::Job(id, event) => (&OF_JOB, &COUNT_OF_JOB, id.uuid(), Some(event.uuid())),
        };
        self.read(move |snapshot| {
            let organization_id = organization.uuid();
            let parameters = params![organization_id, id, event_id, limit, offset];
            let rows: Vec<LogRow> = logs.rows(snapshot, parameters)?;
            let total = match event_id {
                None => count.number(snapshot, params![organization_id, id])?,
                Some(event_id) => count.number(snapshot, params![organization_id, id, event_id])?,
            };
            let logs = rows.into_iter().map(|row| row.decode(organization));
            let total = Row::new("integration_logs", id).valid("log_id", u64::try_from(total))?;
            Ok((logs.collect::<Result<_, _>>()?, total))
        })
        .await
    }

    async fn delivery_jobs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryJob>, u64), StoreError> {
        let (organization_id, id) = (organization.uuid(), id.uuid());
        self.read(move |snapshot| {
            let jobs: Vec<JobRow> =
                JOBS.rows(snapshot, params![organization_id, id, limit, offset])?;
            let total = COUNT_JOBS.number(snapshot, params![organization_id, id])?;
            let jobs = jobs.into_iter().map(JobRow::decode);
            let total = Row::new("integration_logs", id).valid("event_id", u64::try_from(total))?;
            Ok((jobs.collect::<Result<_, _>>()?, total))
        })
        .await
    }
}
