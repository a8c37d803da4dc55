//! Idempotency records: the answers to requests that may be sent again.

use stockroom_application::ports::{StoreError, outcome_from_text, outcome_to_text};
use stockroom_domain::{IdempotencyKey, IdempotencyRecord, OrganizationId, Owner, RequestDigest};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

row! {
    /// A row of `idempotency_keys`.
    IdempotencyRow {
        owner_id: Uuid,
        idempotency_key: String,
        request_digest: Vec<u8>,
        outcome: String,
        expires_at: i64,
    }
}

impl IdempotencyRow {
    /// The row of a record.
    ///
    /// # Errors
    /// [`StoreError`] if the outcome can't be written as JSON.
    pub fn of(
        record: &IdempotencyRecord,
        organization: OrganizationId,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            owner_id: record.owner.to_uuid(organization),
            idempotency_key: record.key.as_str().to_owned(),
            request_digest: record.request.0.to_vec(),
            outcome: outcome_to_text(record)?,
            expires_at: record.expires_at.as_milliseconds(),
        })
    }

    /// Decodes the record.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<IdempotencyRecord, StoreError> {
        let row = Row::new("idempotency_keys", self.owner_id);
        let owner = Owner::from_uuid(self.owner_id, organization);
        let key = IdempotencyKey::new(&self.idempotency_key);
        let request = <[u8; 32]>::try_from(self.request_digest);
        let outcome = outcome_from_text(owner, &self.outcome);
        Ok(IdempotencyRecord {
            owner,
            key_owner: outcome.key_owner,
            key: row.valid("idempotency_key", key)?,
            request: RequestDigest(row.valid("request_digest", request)?),
            outcome: outcome.outcome,
            expires_at: row.timestamp("expires_at", self.expires_at)?,
        })
    }
}
