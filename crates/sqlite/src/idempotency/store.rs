//! Idempotency records: the answers to requests that may be sent again.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use stockroom_application::ports::{StoreError, outcome_from_text, outcome_to_text};
use stockroom_domain::{
    IdempotencyKey, IdempotencyRecord, IdempotencyRecords, OrganizationId, Owner, RequestDigest,
    Timestamp,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::row::Row;

/// Stores idempotency records, in place of expired ones.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    answers: &[IdempotencyRecord],
) -> Result<(), StoreError> {
    for kept in answers {
        let organization_id = organization.uuid();
        let owner_id = kept.owner.to_uuid(organization);
        let key = kept.key.as_str();
        let request_digest = kept.request.0.as_slice();
        let outcome = outcome_to_text(kept)?;
        let expires_at = kept.expires_at.as_milliseconds();
        sqlx::query!(
            r#"
            INSERT INTO idempotency_keys (
                organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
                request_digest = excluded.request_digest,
                outcome = excluded.outcome,
                expires_at = excluded.expires_at
            "#,
            organization_id,
            owner_id,
            key,
            request_digest,
            outcome,
            expires_at,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// Deletes at most `limit` idempotency records that had expired at `now`, and returns their number.
pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let organization_id = organization.uuid();
    let now = now.as_milliseconds();
    let result = sqlx::query!(
        r#"
        DELETE FROM idempotency_keys
        WHERE rowid IN (
            SELECT rowid FROM idempotency_keys
            WHERE organization_id = ?1 AND expires_at <= ?2
            ORDER BY expires_at
            LIMIT ?3
        )
        "#,
        organization_id,
        now,
        limit,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(result.rows_affected())
}

/// Adds the idempotency records of these keys.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    keys: &BTreeSet<(Owner, IdempotencyKey)>,
    idempotency_records: &mut IdempotencyRecords,
) -> Result<(), StoreError> {
    for (owner, key) in keys {
        let organization_id = organization.uuid();
        let owner_id = owner.to_uuid(organization);
        let key_text = key.as_str();
        let row = sqlx::query_as!(
            IdempotencyRow,
            r#"
            SELECT request_digest, outcome, expires_at
            FROM idempotency_keys
            WHERE organization_id = ?1 AND owner_id = ?2 AND idempotency_key = ?3
            "#,
            organization_id,
            owner_id,
            key_text,
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
        if let Some(row) = row {
            idempotency_records.add(row.decode(owner_id, *owner, key)?);
        }
    }
    Ok(())
}

/// An idempotency record without its key.
pub(crate) struct IdempotencyRow {
    pub(crate) request_digest: Vec<u8>,
    pub(crate) outcome: String,
    pub(crate) expires_at: i64,
}

impl IdempotencyRow {
    /// Decodes the idempotency record of this key.
    pub(crate) fn decode(
        self,
        owner_id: Uuid,
        owner: Owner,
        key: &IdempotencyKey,
    ) -> Result<IdempotencyRecord, StoreError> {
        let row = Row::new("idempotency_keys", owner_id);
        let request = <[u8; 32]>::try_from(self.request_digest);
        let outcome = outcome_from_text(owner, &self.outcome);
        Ok(IdempotencyRecord {
            owner,
            key_owner: outcome.key_owner,
            key: key.clone(),
            request: RequestDigest(row.valid("request_digest", request)?),
            outcome: outcome.outcome,
            expires_at: row.timestamp("expires_at", self.expires_at)?,
        })
    }
}
