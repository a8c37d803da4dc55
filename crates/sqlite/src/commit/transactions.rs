//! Batches of transactions on stock, which is what most changes are, over the direct connection.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, params};
use stockroom_application::Environment;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Batch, BatchEntry, BatchId, Changes, Command, Context, Entry, IdempotencyKey, KeptAnswer,
    KeyId, LocationId, Needs, Operation, OrganizationId, Outcome, Owner, Position, Reason,
    Reference, Slug, State, Stock, StockId, StockKey, Timestamp, TransactionId, run,
};
use uuid::Uuid;

use super::kept::{self, KeptRow};
use crate::error::{Fault, failed_directly as failed};
use crate::parameter::integer;
use crate::rows::location::LocationRow;
use crate::rows::stock::{PositionRow, StockRow};

const STOCK: &str = "
    SELECT
        product_id, owner_id, stock_id, product_owner_id, available, allocated,
        unlocated_available, unlocated_allocated, unlocated_held, sequence, last_hash, created_at,
        updated_at, next_expiry
    FROM stocks
    WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
";

const POSITIONS: &str = "
    SELECT
        positions.location_id, locations.slug, positions.available, positions.allocated,
        positions.held
    FROM positions
    CROSS JOIN locations
        ON locations.organization_id = ?1
        AND locations.location_id = positions.location_id
    WHERE positions.organization_id = ?1 AND positions.stock_id = ?2
";

const LOCATION: &str = "
    SELECT
        location_id, owner_id, name, slug, external_ref, description, address, latitude,
        longitude, created_at, updated_at
    FROM locations
    WHERE organization_id = ?1 AND owner_id = ?2 AND slug = ?3 AND deleted_at IS NULL
";

const UPDATE: &str = "
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

const STORE_POSITION: &str = "
    INSERT INTO positions (organization_id, stock_id, location_id, available, allocated)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (organization_id, stock_id, location_id)
        DO UPDATE SET available = excluded.available, allocated = excluded.allocated
";

const ADD: &str = "
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

const BEGIN_SPAN: &str = "
    INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
    VALUES (?1, ?2, ?3, ?4)
";

const ADD_BATCH: &str = "
    INSERT INTO batches (organization_id, batch_id, owner_id, entries) VALUES (?1, ?2, ?3, ?4)
";

const KEPT: &str = "
    SELECT request_digest, outcome, expires_at
    FROM idempotency_keys
    WHERE organization_id = ?1 AND owner_id = ?2 AND idempotency_key = ?3
";

const KEEP: &str = "
    INSERT INTO idempotency_keys (
        organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
    )
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
        request_digest = excluded.request_digest,
        outcome = excluded.outcome,
        expires_at = excluded.expires_at
";

/// All of them, for a look at how they are carried out.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 10] = [
    STOCK,
    POSITIONS,
    LOCATION,
    UPDATE,
    STORE_POSITION,
    ADD,
    BEGIN_SPAN,
    ADD_BATCH,
    KEPT,
    KEEP,
];

/// Whether there is nothing but transactions.
pub(super) fn are_all(commands: &[Command]) -> bool {
    let mut operations = commands.iter().map(|command| &command.operation);
    operations.all(|it| matches!(it, Operation::Transact(_) | Operation::TransactMany(_)))
}

/// Decides and stores transactions; `None` if something has to be settled before, which is done
/// elsewhere.
pub(super) fn commit(
    connection: &mut Connection,
    organization: OrganizationId,
    commands: &[Command],
    environment: &Environment,
) -> Result<Option<Vec<Outcome>>, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let now = environment.now();
    let mut needs = Needs::default();
    for command in commands {
        command.needs(&mut needs);
    }
    let Some(state) = load(&transaction, organization, &needs)? else {
        return Ok(None);
    };
    if state.stocks.values().any(|stock| stock.due(now).is_some()) {
        return Ok(None);
    }
    let (outcomes, changes) =
        environment.with_ids(|ids| run(commands, state, &mut Context::new(now, ids)));
    store(&transaction, organization, &changes)?;
    transaction.commit().map_err(failed)?;
    Ok(Some(outcomes))
}

/// The stock and the locations that transactions need.
fn load(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<Option<State>, StoreError> {
    // In full, so that a need that is added has to be loaded here, or keeps commands away.
    let Needs {
        organization: false,
        management,
        products,
        store_products,
        skus,
        external_refs,
        location_slugs,
        locations,
        location_use,
        location_counts,
        stocks,
        keys,
        key_totals,
        idempotency_keys,
        undone,
        reservations,
        orders,
        past,
        corrections,
    } = needs
    else {
        return Ok(None);
    };
    let needs_nothing_else = management.is_empty()
        && products.is_empty()
        && store_products.is_empty()
        && skus.is_empty()
        && external_refs.is_empty()
        && locations.is_empty()
        && location_use.is_empty()
        && location_counts.is_empty()
        && keys.is_empty()
        && key_totals.is_empty()
        && undone.is_empty()
        && reservations.is_empty()
        && orders.is_empty()
        && past.is_empty()
        && corrections.is_empty();
    if !needs_nothing_else {
        return Ok(None);
    }
    let mut state = State::default();
    for key in stocks {
        if let Some(row) = stock(connection, organization, *key).map_err(failed)? {
            let located = positions(connection, organization, row.stock_id)?;
            state
                .stocks
                .insert(*key, row.decode(organization, located)?);
        }
    }
    for (owner, slug) in location_slugs {
        if let Some(row) = location(connection, organization, *owner, slug).map_err(failed)? {
            state.add_location(row.decode(organization)?);
        }
    }
    for (owner, key) in idempotency_keys {
        let owner_id = owner.to_uuid(organization);
        if let Some(row) = kept_answer(connection, organization, owner_id, key).map_err(failed)? {
            state.keep(row.decode(owner_id, *owner, key)?);
        }
    }
    Ok(Some(state))
}

fn kept_answer(
    connection: &Connection,
    organization: OrganizationId,
    owner_id: Uuid,
    key: &IdempotencyKey,
) -> rusqlite::Result<Option<KeptRow>> {
    let mut statement = connection.prepare_cached(KEPT)?;
    let key = params![organization.uuid(), owner_id, key.as_str()];
    let row = statement.query_row(key, |row| {
        Ok(KeptRow {
            request_digest: row.get(0)?,
            outcome: row.get(1)?,
            expires_at: row.get(2)?,
        })
    });
    row.optional()
}

fn stock(
    connection: &Connection,
    organization: OrganizationId,
    key: StockKey,
) -> rusqlite::Result<Option<StockRow>> {
    let mut statement = connection.prepare_cached(STOCK)?;
    let owner_id = key.owner.to_uuid(organization);
    let key = params![organization.uuid(), key.product.uuid(), owner_id];
    let row = statement.query_row(key, |row| {
        Ok(StockRow {
            product_id: row.get(0)?,
            owner_id: row.get(1)?,
            stock_id: row.get(2)?,
            product_owner_id: row.get(3)?,
            available: row.get(4)?,
            allocated: row.get(5)?,
            unlocated_available: row.get(6)?,
            unlocated_allocated: row.get(7)?,
            unlocated_held: row.get(8)?,
            sequence: row.get(9)?,
            last_hash: row.get(10)?,
            created_at: row.get(11)?,
            updated_at: row.get(12)?,
            next_expiry: row.get(13)?,
        })
    });
    row.optional()
}

fn positions(
    connection: &Connection,
    organization: OrganizationId,
    stock_id: Uuid,
) -> Result<BTreeMap<LocationId, Position>, StoreError> {
    let mut statement = connection.prepare_cached(POSITIONS).map_err(failed)?;
    let mut rows = statement
        .query(params![organization.uuid(), stock_id])
        .map_err(failed)?;
    let mut located = BTreeMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (location, position) = position(row).map_err(failed)?.decode(stock_id)?;
        located.insert(location, position);
    }
    Ok(located)
}

fn position(row: &SqlRow<'_>) -> rusqlite::Result<PositionRow> {
    Ok(PositionRow {
        location_id: row.get(0)?,
        slug: row.get(1)?,
        available: row.get(2)?,
        allocated: row.get(3)?,
        held: row.get(4)?,
    })
}

fn location(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    slug: &Slug,
) -> rusqlite::Result<Option<LocationRow>> {
    let mut statement = connection.prepare_cached(LOCATION)?;
    let owner_id = owner.to_uuid(organization);
    let key = params![organization.uuid(), owner_id, slug.as_str()];
    let row = statement.query_row(key, |row| {
        Ok(LocationRow {
            location_id: row.get(0)?,
            owner_id: row.get(1)?,
            name: row.get(2)?,
            slug: row.get(3)?,
            external_ref: row.get(4)?,
            description: row.get(5)?,
            address: row.get(6)?,
            latitude: row.get(7)?,
            longitude: row.get(8)?,
            created_at: row.get(9)?,
            updated_at: row.get(10)?,
        })
    });
    row.optional()
}

/// Stores what transactions change: stock that there was, its positions, and the ledgers.
fn store(
    connection: &Connection,
    organization: OrganizationId,
    changes: &Changes,
) -> Result<(), StoreError> {
    // In full, so that a kind of change that is added has to be stored here.
    let Changes {
        stocks,
        deleted_stocks,
        entries,
        batches,
        settled,
        reservations,
        records,
        kept_answers,
    } = changes;
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
    for kept in kept_answers {
        keep(connection, organization, kept)?;
    }
    Ok(())
}

/// Notes since when there is a position.
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
    kept: &KeptAnswer,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(KEEP).map_err(failed)?;
    let stored = statement.execute(params![
        organization.uuid(),
        kept.owner.to_uuid(organization),
        kept.key.as_str(),
        kept.request.0,
        kept::text(kept)?,
        kept.expires_at.as_milliseconds(),
    ]);
    expect_row("idempotency_keys", stored)
}

/// Only a row that is as it was when the change was decided is changed.
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

/// Adds a line to a ledger. The primary key has a number only once in a ledger.
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
