//! The one statement that stores all changes, or none if anything has changed meanwhile.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Changes, Decided, OrganizationId, Stock, StockChange, Timestamp};
use uuid::Uuid;

use super::Seen;
use crate::columns::{EntryColumns, StockColumns};
use crate::connection::error::{expect_none, expect_rows, failed};
use crate::connection::parameter::integer;
use crate::connection::session::Session;
use crate::idempotency::store::IdempotencyColumns;
use crate::ledger::batches::BatchColumns;
use crate::stock::rows::locking_order;

/// Updates stock, adds entries, runs the additional `WITH` clauses in `$others`, and fails if the sum
/// in `$outdated` isn't 0.
macro_rules! statement {
    ($columns:ident, $others:literal, $outdated:literal, $($more:tt)*) => {
        sqlx::query!(
            r#"
            WITH changed AS (
                UPDATE stocks SET
                    available = after.available,
                    allocated = after.allocated,
                    unlocated_available = after.available,
                    unlocated_allocated = after.allocated,
                    sequence = after.sequence,
                    last_hash = after.last_hash,
                    updated_at = after.updated_at
                FROM unnest(
                    $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
                    $13::bytea[], $14::bigint[], $15::bigint[]
                ) AS after (
                    product_id, owner_id, stock_id, available_before, allocated_before,
                    sequence_before, last_hash_before, next_expiry_before, available, allocated,
                    sequence, last_hash, updated_at, unlocated_held_before
                )
                CROSS JOIN LATERAL (
                    SELECT ctid FROM stocks
                    WHERE organization_id = $1
                        AND product_id = after.product_id
                        AND owner_id = after.owner_id
                    OFFSET 0
                ) AS found
                -- Names a row, and leaves PostgreSQL no other way to it. It is the only condition
                -- that PostgreSQL doesn't look at again after it had to wait for someone else's
                -- change.
                WHERE stocks.ctid = found.ctid
                    AND stocks.organization_id IS NOT DISTINCT FROM $1
                    AND stocks.stock_id = after.stock_id
                    AND stocks.available = after.available_before
                    AND stocks.allocated = after.allocated_before
                    AND stocks.sequence = after.sequence_before
                    AND stocks.last_hash = after.last_hash_before
                    AND stocks.next_expiry IS NOT DISTINCT FROM after.next_expiry_before
                    AND stocks.unlocated_held = after.unlocated_held_before
                    AND NOT stocks.located
                RETURNING 1
            )
            "# + $others + r#"
            INSERT INTO entries (
                organization_id, stock_id, sequence, transaction_id, location_id, action, quantity,
                available, allocated, sum_available, sum_allocated, reason, reference,
                idempotency_key, batch_id, undoes, actor_key_id, as_of, created_at, hash
            )
            SELECT $1::uuid, added.*
            FROM unnest(
                $16::uuid[], $17::bigint[], $18::uuid[], $19::uuid[], $20::text[], $21::bigint[],
                $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::text[],
                $27::text[], $28::text[], $29::uuid[], $30::uuid[], $31::uuid[], $32::bigint[],
                $33::bigint[], $34::bytea[]
            ) AS added
            -- Fails, and undoes all of it, if any row is outdated. The text is what the log shows.
            WHERE (
                SELECT CASE WHEN rows = 0 THEN true ELSE (rows || ' rows are outdated')::boolean END
                FROM (
                    SELECT cardinality($2) - (SELECT count(*) FROM changed)
            "# + $outdated + r#"
                    AS rows
                ) AS outdated
            )
            "#,
            $columns.organization_id,
            &$columns.before.product_ids,
            &$columns.before.owner_ids,
            &$columns.before.stock_ids,
            &$columns.before.available,
            &$columns.before.allocated,
            &$columns.before.sequences,
            &$columns.before.last_hashes,
            &$columns.before.next_expiry as &[Option<i64>],
            &$columns.after.available,
            &$columns.after.allocated,
            &$columns.after.sequences,
            &$columns.after.last_hashes,
            &$columns.after.updated_at,
            &$columns.before.unlocated_held,
            &$columns.entries.stock_ids,
            &$columns.entries.sequences,
            &$columns.entries.transaction_ids,
            &$columns.entries.location_ids as &[Option<Uuid>],
            &$columns.entries.actions as &[&'static str],
            &$columns.entries.quantities,
            &$columns.entries.available,
            &$columns.entries.allocated,
            &$columns.entries.sum_available as &[Option<i64>],
            &$columns.entries.sum_allocated as &[Option<i64>],
            &$columns.entries.reasons as &[Option<&str>],
            &$columns.entries.references as &[Option<&str>],
            &$columns.entries.idempotency_keys as &[Option<&str>],
            &$columns.entries.batch_ids as &[Option<Uuid>],
            &$columns.entries.undoes as &[Option<Uuid>],
            &$columns.entries.actor_key_ids as &[Option<Uuid>],
            &$columns.entries.as_of as &[Option<i64>],
            &$columns.entries.created_at,
            &$columns.entries.hashes,
            $($more)*
        )
    };
}

/// The columns that most batches consist of.
struct Columns<'a> {
    organization_id: Uuid,
    before: StockColumns,
    after: StockColumns,
    entries: EntryColumns<'a>,
}

/// Stores changes in one statement, or fails if anything that was read or changed is no longer as it
/// was.
#[expect(clippy::too_many_lines, reason = "most of it is a statement")]
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    decided: &Decided,
    seen: &Seen,
    now: Timestamp,
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
    for (table, rows) in [
        ("deleted_stocks", deleted_stocks.len()),
        ("reservation_lines", settled.len()),
        ("reservations", reservations.len()),
        ("records", records.len()),
        (
            "stocks",
            stocks.len() - stocks.values().filter_map(both).count(),
        ),
    ] {
        expect_none(table, rows)?;
    }
    let mut updated: Vec<(&Stock, &Stock)> = stocks.values().filter_map(both).collect();
    updated.sort_unstable_by_key(|(stock, _)| locking_order(organization, stock.key()));
    let columns = Columns {
        organization_id: organization.uuid(),
        before: StockColumns::new(organization, updated.iter().map(|(before, _)| *before)),
        after: StockColumns::new(organization, updated.iter().map(|(_, after)| *after)),
        entries: EntryColumns::new(entries),
    };
    let idempotency_records = &decided.idempotency_records;
    let is_plain = seen.0.is_empty() && batches.is_empty() && idempotency_records.is_empty();
    let result = if is_plain {
        // Empty parts are left out, because PostgreSQL needs time to set them up.
        statement!(columns, "", "",).execute(session).await
    } else {
        let batches = BatchColumns::new(organization, batches);
        let kept = IdempotencyColumns::new(organization, idempotency_records)?;
        let seen = SeenColumns::new(organization, seen);
        let statement = statement!(
            columns,
            r#"
            , kept AS (
                INSERT INTO idempotency_keys AS stored (
                    organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
                )
                SELECT $1::uuid, kept.*
                FROM unnest(
                    $35::uuid[], $36::text[], $37::bytea[], $38::text[], $39::bigint[]
                ) AS kept
                ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
                    request_digest = excluded.request_digest,
                    outcome = excluded.outcome,
                    expires_at = excluded.expires_at
                WHERE stored.expires_at <= $40
                RETURNING 1
            ),
            made AS (
                INSERT INTO batches (organization_id, batch_id, owner_id, entries)
                SELECT $1::uuid, made.* FROM unnest($41::uuid[], $42::uuid[], $43::bytea[]) AS made
            )
            "#,
            r#"
            + cardinality($35) - (SELECT count(*) FROM kept)
            + (
                SELECT count(*)
                FROM unnest(
                    $44::uuid[], $45::uuid[], $46::uuid[], $47::bigint[], $48::bigint[],
                    $49::bigint[], $50::bigint[], $51::bigint[]
                ) AS seen (
                    product_id, owner_id, stock_id, available, allocated, sequence, next_expiry,
                    unlocated_held
                )
                LEFT JOIN LATERAL (
                    SELECT stock_id, available, allocated, sequence, next_expiry, unlocated_held
                    FROM stocks
                    WHERE organization_id = $1
                        AND product_id = seen.product_id
                        AND owner_id = seen.owner_id
                    OFFSET 0
                ) AS stocks ON true
                WHERE stocks.stock_id IS DISTINCT FROM seen.stock_id
                    OR stocks.available IS DISTINCT FROM seen.available
                    OR stocks.allocated IS DISTINCT FROM seen.allocated
                    OR stocks.sequence IS DISTINCT FROM seen.sequence
                    OR stocks.next_expiry IS DISTINCT FROM seen.next_expiry
                    OR stocks.unlocated_held IS DISTINCT FROM seen.unlocated_held
            )
            "#,
            &kept.owner_ids,
            &kept.keys as &[&str],
            &kept.request_digests,
            &kept.outcomes,
            &kept.expires_at,
            now.as_milliseconds(),
            &batches.batch_ids,
            &batches.owner_ids,
            &batches.entries,
            &seen.product_ids,
            &seen.owner_ids,
            &seen.stock_ids as &[Option<Uuid>],
            &seen.available as &[Option<i64>],
            &seen.allocated as &[Option<i64>],
            &seen.sequences as &[Option<i64>],
            &seen.next_expiry as &[Option<i64>],
            &seen.unlocated_held as &[Option<i64>],
        );
        statement.execute(session).await
    };
    let result = result.map_err(failed)?;
    expect_rows("entries", entries.len(), &result)
}

fn both(change: &StockChange) -> Option<(&Stock, &Stock)> {
    change.before.as_ref().zip(change.after.as_ref())
}

/// The stock that was only read, by columns.
#[derive(Default)]
struct SeenColumns {
    product_ids: Vec<Uuid>,
    owner_ids: Vec<Uuid>,
    stock_ids: Vec<Option<Uuid>>,
    available: Vec<Option<i64>>,
    allocated: Vec<Option<i64>>,
    sequences: Vec<Option<i64>>,
    next_expiry: Vec<Option<i64>>,
    unlocated_held: Vec<Option<i64>>,
}

impl SeenColumns {
    fn new(organization: OrganizationId, seen: &Seen) -> Self {
        let mut columns = Self::default();
        for (key, stock) in &seen.0 {
            let stock = stock.as_ref();
            columns.product_ids.push(key.product.uuid());
            columns.owner_ids.push(key.owner.to_uuid(organization));
            columns.stock_ids.push(stock.map(|stock| stock.id.uuid()));
            let sums = stock.map(Stock::sums);
            columns
                .available
                .push(sums.map(|sums| sums.available.into()));
            columns
                .allocated
                .push(sums.map(|sums| sums.allocated.into()));
            columns
                .sequences
                .push(stock.map(|stock| integer(stock.sequence)));
            let next_expiry = stock.and_then(|stock| stock.next_expiry);
            columns
                .next_expiry
                .push(next_expiry.map(Timestamp::as_milliseconds));
            columns
                .unlocated_held
                .push(stock.map(|stock| stock.unlocated_held.into()));
        }
        columns
    }
}
