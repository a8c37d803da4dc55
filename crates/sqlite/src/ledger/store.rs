//! Stores rows that never change: ledger entries, and stock as it was when it was deleted.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    DeletedStock, Entry, IdempotencyKey, OrganizationId, Reason, Reference, Timestamp,
};

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, json};

/// Stores stock as it was when it was deleted.
pub(crate) async fn store_deleted(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stocks: &[DeletedStock],
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let deleted = json(stocks.iter().map(|DeletedStock { stock, deleted_at }| {
        let sums = stock.sums();
        (
            hex(stock.id),
            hex(stock.product),
            hex(stock.owner.to_uuid(organization)),
            hex(stock.product_owner.to_uuid(organization)),
            sums.available.get(),
            sums.allocated.get(),
            stock.unlocated.available.get(),
            stock.unlocated.allocated.get(),
            stock.sequence,
            stock.last_hash,
            stock.created_at.as_milliseconds(),
            stock.updated_at.as_milliseconds(),
            deleted_at.as_milliseconds(),
        )
    }))?;
    let organization_id = organization.uuid();
    let result = sqlx::query!(
        r#"
        INSERT INTO deleted_stocks (
            organization_id, stock_id, product_id, owner_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, deleted_at
        )
        SELECT
            ?1,
            unhex(deleted.value ->> 0),
            unhex(deleted.value ->> 1),
            unhex(deleted.value ->> 2),
            unhex(deleted.value ->> 3),
            deleted.value ->> 4,
            deleted.value ->> 5,
            deleted.value ->> 6,
            deleted.value ->> 7,
            deleted.value ->> 8,
            unhex(deleted.value ->> 9),
            deleted.value ->> 10,
            deleted.value ->> 11,
            deleted.value ->> 12
        FROM json_each(?2) AS deleted
        "#,
        organization_id,
        deleted,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("deleted_stocks", stocks.len(), &result)
}

/// Adds entries to the ledgers. The primary key ensures that a ledger has each number only once.
pub(crate) async fn store_entries(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    entries: &[Entry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let added = json(entries.iter().map(|entry| {
        let sums = entry.other_sums();
        let annotation = &entry.annotation;
        // Nested, because `Serialize` is implemented for tuples of up to sixteen values.
        (
            (
                hex(entry.stock),
                entry.sequence,
                hex(entry.id),
                entry.location.map(hex),
                entry.action.as_str(),
                entry.quantity.get(),
                entry.balance.available.get(),
                entry.balance.allocated.get(),
                sums.map(|sums| sums.available.get()),
                sums.map(|sums| sums.allocated.get()),
            ),
            annotation.reason.as_ref().map(Reason::as_str),
            annotation.reference.as_ref().map(Reference::as_str),
            entry.idempotency_key.as_ref().map(IdempotencyKey::as_str),
            entry.batch.map(hex),
            entry.undoes.map(hex),
            entry.actor.map(hex),
            entry.as_of.map(Timestamp::as_milliseconds),
            entry.created_at.as_milliseconds(),
            entry.hash,
        )
    }))?;
    let organization_id = organization.uuid();
    let result = sqlx::query!(
        r#"
        INSERT INTO entries (
            organization_id, stock_id, sequence, transaction_id, location_id, action, quantity,
            available, allocated, sum_available, sum_allocated, reason, reference, idempotency_key,
            batch_id, undoes, actor_key_id, as_of, created_at, hash
        )
        SELECT
            ?1,
            unhex(added.value ->> '$[0][0]'),
            added.value ->> '$[0][1]',
            unhex(added.value ->> '$[0][2]'),
            unhex(added.value ->> '$[0][3]'),
            added.value ->> '$[0][4]',
            added.value ->> '$[0][5]',
            added.value ->> '$[0][6]',
            added.value ->> '$[0][7]',
            added.value ->> '$[0][8]',
            added.value ->> '$[0][9]',
            added.value ->> 1,
            added.value ->> 2,
            added.value ->> 3,
            unhex(added.value ->> 4),
            unhex(added.value ->> 5),
            unhex(added.value ->> 6),
            added.value ->> 7,
            added.value ->> 8,
            unhex(added.value ->> 9)
        FROM json_each(?2) AS added
        "#,
        organization_id,
        added,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("entries", entries.len(), &result)
}
