//! Batches: the entries that were made by one request for many.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Batch, BatchEntry, BatchId, OrganizationId, Owner};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

row! {
    /// A row of `batches`.
    BatchRow {
        batch_id: Uuid,
        owner_id: Uuid,
        entries: Vec<u8>,
    }
}

impl BatchRow {
    /// The row of a batch.
    #[must_use]
    pub fn of(batch: &Batch, organization: OrganizationId) -> Self {
        Self {
            batch_id: batch.id.uuid(),
            owner_id: batch.owner.to_uuid(organization),
            entries: BatchEntry::to_bytes(&batch.entries),
        }
    }

    /// Decodes the batch.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<Batch, StoreError> {
        let row = Row::new("batches", self.batch_id);
        let entries = BatchEntry::from_bytes(&self.entries);
        Ok(Batch {
            id: BatchId::new(self.batch_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            entries: row.valid("entries", entries.ok_or(()))?,
        })
    }
}
