//! Idempotency records: the answers to requests that may be sent again.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    IdempotencyKey, IdempotencyRecord, IdempotencyRecords, OrganizationId, Owner, Timestamp,
};
use stockroom_sql::IdempotencyRow;

use crate::connection::statement::{columns, insert, of_organization, statements};

statements! {
    STORE = format!(
        "{}
        ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
            request_digest = excluded.request_digest,
            outcome = excluded.outcome,
            expires_at = excluded.expires_at",
        insert("idempotency_keys", IdempotencyRow::COLUMNS)
    );

    FORGET = "
        DELETE FROM idempotency_keys
        WHERE rowid IN (
            SELECT rowid FROM idempotency_keys
            WHERE organization_id = ?1 AND expires_at <= ?2
            ORDER BY expires_at
            LIMIT ?3
        )
    ";

    RECORD = format!(
        "SELECT {} FROM idempotency_keys
        WHERE organization_id = ?1 AND owner_id = ?2 AND idempotency_key = ?3",
        columns("idempotency_keys", IdempotencyRow::COLUMNS)
    );
}

/// Stores idempotency records, in place of expired ones.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    records: &[IdempotencyRecord],
) -> Result<(), StoreError> {
    for record in records {
        let row = IdempotencyRow::of(record, organization)?;
        let values = of_organization(organization, row.values());
        STORE.change(connection, "idempotency_keys", values)?;
    }
    Ok(())
}

/// Deletes at most `limit` idempotency records that had expired at `now`, and returns their number.
pub(crate) fn forget(
    connection: &Connection,
    organization: OrganizationId,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let parameters = params![organization.uuid(), now.as_milliseconds(), limit];
    let forgotten = FORGET.execute(connection, parameters)?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}

/// The idempotency records of these keys.
pub(crate) fn load(
    connection: &Connection,
    organization: OrganizationId,
    keys: &BTreeSet<(Owner, IdempotencyKey)>,
) -> Result<IdempotencyRecords, StoreError> {
    let mut records = IdempotencyRecords::default();
    for (owner, key) in keys {
        let key = params![
            organization.uuid(),
            owner.to_uuid(organization),
            key.as_str()
        ];
        if let Some(row) = RECORD.row::<IdempotencyRow>(connection, key)? {
            records.add(row.decode(organization)?);
        }
    }
    Ok(records)
}
