//! Stores rows that never change: ledger entries, and stock as it was when it was deleted.

use stockroom_application::ports::StoreError;
use stockroom_domain::{DeletedStock, Entry, OrganizationId};
use uuid::Uuid;

use crate::columns::{EntryColumns, StockColumns};
use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Stores stock as it was when it was deleted.
pub(crate) async fn store_deleted(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &[DeletedStock],
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let deleted = StockColumns::new(organization, stocks.iter().map(|deleted| &deleted.stock));
    let deleted_at: Vec<i64> = stocks
        .iter()
        .map(|deleted| deleted.deleted_at.as_milliseconds())
        .collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO deleted_stocks (
            organization_id, stock_id, product_id, owner_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, deleted_at
        )
        SELECT $1::uuid, deleted.*
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[],
            $13::bigint[], $14::bigint[]
        ) AS deleted
        "#,
        organization.uuid(),
        &deleted.stock_ids,
        &deleted.product_ids,
        &deleted.owner_ids,
        &deleted.product_owner_ids,
        &deleted.available,
        &deleted.allocated,
        &deleted.unlocated_available,
        &deleted.unlocated_allocated,
        &deleted.sequences,
        &deleted.last_hashes,
        &deleted.created_at,
        &deleted.updated_at,
        &deleted_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("deleted_stocks", stocks.len(), &result)
}

/// Adds entries to the ledgers. The primary key ensures that a ledger has each number only once.
pub(crate) async fn store_entries(
    session: &mut Session,
    organization: OrganizationId,
    entries: &[Entry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let added = EntryColumns::new(entries);
    let result = sqlx::query!(
        r#"
        INSERT INTO entries (
            organization_id, stock_id, sequence, transaction_id, location_id, action, quantity,
            available, allocated, sum_available, sum_allocated, reason, reference, idempotency_key,
            batch_id, undoes, actor_key_id, as_of, created_at, hash
        )
        SELECT $1::uuid, added.*
        FROM unnest(
            $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[],
            $14::text[], $15::uuid[], $16::uuid[], $17::uuid[], $18::bigint[], $19::bigint[],
            $20::bytea[]
        ) AS added
        "#,
        organization.uuid(),
        &added.stock_ids,
        &added.sequences,
        &added.transaction_ids,
        &added.location_ids as &[Option<Uuid>],
        &added.actions as &[&'static str],
        &added.quantities,
        &added.available,
        &added.allocated,
        &added.sum_available as &[Option<i64>],
        &added.sum_allocated as &[Option<i64>],
        &added.reasons as &[Option<&str>],
        &added.references as &[Option<&str>],
        &added.idempotency_keys as &[Option<&str>],
        &added.batch_ids as &[Option<Uuid>],
        &added.undoes as &[Option<Uuid>],
        &added.actor_key_ids as &[Option<Uuid>],
        &added.as_of as &[Option<i64>],
        &added.created_at,
        &added.hashes,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("entries", entries.len(), &result)
}
