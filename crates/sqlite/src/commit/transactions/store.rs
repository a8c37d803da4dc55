//! Stores the changes of transactions.

use rusqlite::{Connection, params};
use stockroom_application::ports::{StoreError, outcome_to_text};
use stockroom_domain::{
    Batch, BatchEntry, BatchId, Changes, Decided, Entry, IdempotencyKey, IdempotencyRecord, KeyId,
    LocationId, OrganizationId, Position, Reason, Reference, Stock, StockId, Timestamp,
    TransactionId,
};

use crate::connection::error::{Fault, failed_directly as failed};
use crate::connection::parameter::integer;

pub(crate) const UPDATE: &str = "
    UPDATE stocks SET
        available = ?6,
        allocated = ?7,
        unlocated_available = ?8,
        unlocated_allocated = ?9,
        sequence = ?10,
        last_hash = ?11,
        updated_at = ?12
    WHERE organization_id = ?1
        AND product_id = ?2
        AND owner_id = ?3
        AND stock_id = ?4
        AND sequence = ?5
";

pub(crate) const STORE_POSITION: &str = "
    INSERT INTO positions (organization_id, stock_id, location_id, available, allocated)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (organization_id, stock_id, location_id)
        DO UPDATE SET available = excluded.available, allocated = excluded.allocated
";

pub(crate) const ADD: &str = "
    INSERT INTO entries (
        organization_id, stock_id, sequence, transaction_id, location_id, action,
        quantity, available, allocated, sum_available, sum_allocated, reason, reference,
        idempotency_key, batch_id, undoes, actor_key_id, as_of, created_at, hash
    )
    VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20
    )
";

pub(crate) const BEGIN_SPAN: &str = "
    INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
    VALUES (?1, ?2, ?3, ?4)
";

pub(crate) const ADD_BATCH: &str = "
    INSERT INTO batches (organization_id, batch_id, owner_id, entries) VALUES (?1, ?2, ?3, ?4)
";

pub(crate) const KEEP: &str = "
    INSERT INTO idempotency_keys (
        organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
    )
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
        request_digest = excluded.request_digest,
        outcome = excluded.outcome,
        expires_at = excluded.expires_at
";

/// Stores the changes of transactions: existing stock, its positions, and the ledgers.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    decided: &Decided,
) -> Result<(), StoreError> {
    // Destructured in full, so that the compiler asks for every new kind of change to be stored here.
    let Changes {
        stocks,
        deleted_stocks,
        entries,
        batches,
        settled,
        reservations,
        records,
    } = &decided.changes;
    let others = [
        ("deleted_stocks", deleted_stocks.len()),
        ("reservation_lines", settled.len()),
        ("reservations", reservations.len()),
        ("records", records.len()),
    ];
    if let Some((table, rows)) = others.into_iter().find(|(_, rows)| *rows > 0) {
        return Err(guard(table, rows));
    }
    for change in stocks.values() {
        let (Some(before), Some(after)) = (&change.before, &change.after) else {
            return Err(guard("stocks", 0));
        };
        update(connection, organization, before, after)?;
        for (location, position) in &after.located {
            let balance = before.balance(Some(*location));
            if balance != Some(position.balance) {
                store_position(connection, organization, after.id, *location, position)?;
            }
            if balance.is_none() {
                begin_span(connection, organization, after, *location)?;
            }
        }
    }
    for entry in entries {
        add(connection, organization, entry)?;
    }
    for batch in batches {
        add_batch(connection, organization, batch)?;
    }
    for kept in &decided.idempotency_records {
        keep(connection, organization, kept)?;
    }
    Ok(())
}

/// Stores the time at which a position begins.
fn begin_span(
    connection: &Connection,
    organization: OrganizationId,
    stock: &Stock,
    location: LocationId,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(BEGIN_SPAN).map_err(failed)?;
    let begun = statement.execute(params![
        organization.uuid(),
        stock.id.uuid(),
        location.uuid(),
        stock.updated_at.as_milliseconds(),
    ]);
    expect_row("position_spans", begun)
}

fn add_batch(
    connection: &Connection,
    organization: OrganizationId,
    batch: &Batch,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(ADD_BATCH).map_err(failed)?;
    let added = statement.execute(params![
        organization.uuid(),
        batch.id.uuid(),
        batch.owner.to_uuid(organization),
        BatchEntry::to_bytes(&batch.entries),
    ]);
    expect_row("batches", added)
}

fn keep(
    connection: &Connection,
    organization: OrganizationId,
    kept: &IdempotencyRecord,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(KEEP).map_err(failed)?;
    let stored = statement.execute(params![
        organization.uuid(),
        kept.owner.to_uuid(organization),
        kept.key.as_str(),
        kept.request.0,
        outcome_to_text(kept)?,
        kept.expires_at.as_milliseconds(),
    ]);
    expect_row("idempotency_keys", stored)
}

/// Updates a stock, provided that its row is as it was when the change was decided.
fn update(
    connection: &Connection,
    organization: OrganizationId,
    before: &Stock,
    after: &Stock,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(UPDATE).map_err(failed)?;
    let sums = after.sums();
    let updated = statement.execute(params![
        organization.uuid(),
        after.product.uuid(),
        after.owner.to_uuid(organization),
        after.id.uuid(),
        integer(before.sequence),
        i64::from(sums.available),
        i64::from(sums.allocated),
        i64::from(after.unlocated.available),
        i64::from(after.unlocated.allocated),
        integer(after.sequence),
        after.last_hash.0,
        after.updated_at.as_milliseconds(),
    ]);
    expect_row("stocks", updated)
}

fn store_position(
    connection: &Connection,
    organization: OrganizationId,
    stock: StockId,
    location: LocationId,
    position: &Position,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(STORE_POSITION).map_err(failed)?;
    let stored = statement.execute(params![
        organization.uuid(),
        stock.uuid(),
        location.uuid(),
        i64::from(position.balance.available),
        i64::from(position.balance.allocated),
    ]);
    expect_row("positions", stored)
}

/// Adds an entry to a ledger. The primary key ensures that a ledger has each number only once.
fn add(
    connection: &Connection,
    organization: OrganizationId,
    entry: &Entry,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(ADD).map_err(failed)?;
    let sums = entry.other_sums();
    let annotation = &entry.annotation;
    let added = statement.execute(params![
        organization.uuid(),
        entry.stock.uuid(),
        integer(entry.sequence),
        entry.id.uuid(),
        entry.location.map(LocationId::uuid),
        entry.action.as_str(),
        i64::from(entry.quantity),
        i64::from(entry.balance.available),
        i64::from(entry.balance.allocated),
        sums.map(|sums| i64::from(sums.available)),
        sums.map(|sums| i64::from(sums.allocated)),
        annotation.reason.as_ref().map(Reason::as_str),
        annotation.reference.as_ref().map(Reference::as_str),
        entry.idempotency_key.as_ref().map(IdempotencyKey::as_str),
        entry.batch.map(BatchId::uuid),
        entry.undoes.map(TransactionId::uuid),
        entry.actor.map(KeyId::uuid),
        entry.as_of.map(Timestamp::as_milliseconds),
        entry.created_at.as_milliseconds(),
        entry.hash.0,
    ]);
    expect_row("entries", added)
}

fn expect_row(table: &'static str, changed: rusqlite::Result<usize>) -> Result<(), StoreError> {
    match changed.map_err(failed)? {
        1 => Ok(()),
        rows => Err(guard(table, rows)),
    }
}

fn guard(table: &'static str, rows: usize) -> StoreError {
    let fault = Fault::Guard {
        table,
        expected: 1,
        actual: u64::try_from(rows).unwrap_or(u64::MAX),
    };
    fault.into()
}
