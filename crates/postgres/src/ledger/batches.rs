//! Stores batches: the entries that were made by one request for many.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Batch, OrganizationId};
use stockroom_sql::BatchRow;
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Batches by columns.
#[derive(Default)]
pub(crate) struct BatchColumns {
    pub(crate) batch_ids: Vec<Uuid>,
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) entries: Vec<Vec<u8>>,
}

impl BatchColumns {
    pub(crate) fn new(organization: OrganizationId, batches: &[Batch]) -> Self {
        let mut columns = Self::default();
        for batch in batches {
            let row = BatchRow::of(batch, organization);
            columns.batch_ids.push(row.batch_id);
            columns.owner_ids.push(row.owner_id);
            columns.entries.push(row.entries);
        }
        columns
    }
}

pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    batches: &[Batch],
) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let columns = BatchColumns::new(organization, batches);
    let result = sqlx::query!(
        r#"
        INSERT INTO batches (organization_id, batch_id, owner_id, entries)
        SELECT $1::uuid, made.* FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS made
        "#,
        organization.uuid(),
        &columns.batch_ids,
        &columns.owner_ids,
        &columns.entries,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("batches", batches.len(), &result)
}
