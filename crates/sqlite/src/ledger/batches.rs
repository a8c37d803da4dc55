//! Stores batches: the entries that were made by one request for many.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Batch, BatchEntry, OrganizationId};

use crate::connection::error::failed;

pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    batches: &[Batch],
) -> Result<(), StoreError> {
    for batch in batches {
        let organization_id = organization.uuid();
        let batch_id = batch.id.uuid();
        let owner_id = batch.owner.to_uuid(organization);
        let entries = BatchEntry::to_bytes(&batch.entries);
        sqlx::query!(
            r#"
            INSERT INTO batches (organization_id, batch_id, owner_id, entries)
            VALUES (?1, ?2, ?3, ?4)
            "#,
            organization_id,
            batch_id,
            owner_id,
            entries,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
