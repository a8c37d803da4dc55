//! Idempotency records: the answers to requests that may be sent again.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::{StoreError, outcome_to_text};
use stockroom_domain::{
    IdempotencyKey, IdempotencyRecord, IdempotencyRecords, OrganizationId, Owner, Timestamp,
};
use stockroom_sql::IdempotencyRow;
use uuid::Uuid;

use crate::connection::error::{Fault, failed};
use crate::connection::parameter::owned;
use crate::connection::session::Session;

/// Idempotency records by columns, in the order of their keys. All batches add records in this order,
/// so that they never wait in a circle.
#[derive(Default)]
pub(crate) struct IdempotencyColumns<'a> {
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) keys: Vec<&'a str>,
    pub(crate) request_digests: Vec<Vec<u8>>,
    pub(crate) outcomes: Vec<String>,
    pub(crate) expires_at: Vec<i64>,
}

impl<'a> IdempotencyColumns<'a> {
    pub(crate) fn new(
        organization: OrganizationId,
        answers: &'a [IdempotencyRecord],
    ) -> Result<Self, StoreError> {
        // Of several records of one key, only the last one is stored: those before it expired at once.
        let answers: BTreeMap<(Owner, &IdempotencyKey), &IdempotencyRecord> = answers
            .iter()
            .map(|kept| ((kept.owner, &kept.key), kept))
            .collect();
        let mut columns = Self::default();
        for kept in answers.into_values() {
            columns.owner_ids.push(kept.owner.to_uuid(organization));
            columns.keys.push(kept.key.as_str());
            columns.request_digests.push(kept.request.0.to_vec());
            columns.outcomes.push(outcome_to_text(kept)?);
            columns.expires_at.push(kept.expires_at.as_milliseconds());
        }
        Ok(columns)
    }
}

/// Stores idempotency records, in place of ones that had expired at `now`.
///
/// # Errors
/// [`Fault::KeyTaken`] if another server has stored a record under one of these keys since they were
/// looked up.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    answers: &[IdempotencyRecord],
    now: Timestamp,
) -> Result<(), StoreError> {
    if answers.is_empty() {
        return Ok(());
    }
    let kept = IdempotencyColumns::new(organization, answers)?;
    // `here` always has one row: it sends the statement to the machine of the organization. Otherwise
    // Citus first reads the rows to add and then adds them, where no parameter is known to `ON
    // CONFLICT`, and rows that are left out are counted.
    let result = sqlx::query!(
        r#"
        INSERT INTO idempotency_keys AS stored (
            organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
        )
        SELECT here.organization_id, kept.*
        FROM (
            SELECT organization_id FROM organizations WHERE organization_id = $1 OFFSET 0
        ) AS here
        CROSS JOIN unnest($2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::bigint[]) AS kept
        ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
            request_digest = excluded.request_digest,
            outcome = excluded.outcome,
            expires_at = excluded.expires_at
        WHERE stored.expires_at <= $7
        "#,
        organization.uuid(),
        &kept.owner_ids,
        &kept.keys as &[&str],
        &kept.request_digests,
        &kept.outcomes,
        &kept.expires_at,
        now.as_milliseconds(),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    if u64::try_from(kept.keys.len()) == Ok(result.rows_affected()) {
        Ok(())
    } else {
        Err(Fault::KeyTaken.into())
    }
}

/// Deletes at most `limit` idempotency records that had expired at `now`, and returns their number.
pub(crate) async fn forget(
    session: &mut Session,
    organization: OrganizationId,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let result = sqlx::query!(
        r#"
        DELETE FROM idempotency_keys
        WHERE organization_id = $1
            AND (owner_id, idempotency_key) IN (
                SELECT owner_id, idempotency_key FROM idempotency_keys
                WHERE organization_id = $1 AND expires_at <= $2
                ORDER BY expires_at
                LIMIT $3
            )
            AND expires_at <= $2
        "#,
        organization.uuid(),
        now.as_milliseconds(),
        i64::from(limit),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(result.rows_affected())
}

/// Adds the idempotency records of these keys.
pub(crate) async fn load(
    session: &mut Session,
    organization: OrganizationId,
    keys: &BTreeSet<(Owner, IdempotencyKey)>,
    idempotency_records: &mut IdempotencyRecords,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let pairs = keys
        .iter()
        .map(|(owner, key)| (*owner, key.as_str().to_owned()));
    let (owner_ids, keys) = owned(organization, pairs);
    let rows = sqlx::query_as!(
        IdempotencyRow,
        r#"
        SELECT
            kept.owner_id AS "owner_id!",
            kept.idempotency_key AS "idempotency_key!",
            kept.request_digest AS "request_digest!",
            kept.outcome AS "outcome!",
            kept.expires_at AS "expires_at!"
        FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, idempotency_key)
        CROSS JOIN LATERAL (
            SELECT * FROM idempotency_keys
            WHERE idempotency_keys.organization_id = $1
                AND idempotency_keys.owner_id = wanted.owner_id
                AND idempotency_keys.idempotency_key = wanted.idempotency_key
            OFFSET 0
        ) AS kept
        "#,
        organization.uuid(),
        &owner_ids,
        &keys,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    for row in rows {
        idempotency_records.add(row.decode(organization)?);
    }
    Ok(())
}
