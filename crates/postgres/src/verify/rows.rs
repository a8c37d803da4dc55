//! Statements for raw rows, and their decoding. Faults that PostgreSQL's types make impossible aren't
//! checked for: every id is an id.

use std::collections::BTreeSet;

use stockroom_application::ports::{Chunk, Cursor, LedgerRange, StoreError};
use stockroom_domain::{
    Annotation, Balance, BatchId, Entry, EntryAction, EntryHash, IdempotencyKey, KeyId, LocationId,
    OrganizationId, Quantity, RawEntry, RawStock, Reason, Reference, StockId, StockKey, Timestamp,
    TransactionId,
};
use uuid::Uuid;

use super::stock_row::StockRow;
use crate::connection::error::failed;
use crate::connection::session::Session;

/// The ids of current and deleted stock after `after`, and the cursor for the next ids.
pub(crate) async fn ids_after(
    session: &mut Session,
    organization: OrganizationId,
    after: &Cursor,
    limit: u32,
) -> Result<(Vec<Uuid>, Option<Cursor>), StoreError> {
    let limit = i64::from(limit);
    let found = sqlx::query!(
        r#"
        (
            SELECT true AS "is_current!", stock_id AS "stock_id!"
            FROM stocks
            WHERE organization_id = $1 AND stock_id > $2 AND created_at < 9223372036854775807
            ORDER BY stock_id
            LIMIT $3
        )
        UNION ALL
        (
            SELECT false, stock_id
            FROM deleted_stocks
            WHERE organization_id = $1 AND stock_id > $2
            ORDER BY stock_id
            LIMIT $3
        )
        "#,
        organization.uuid(),
        after.stock_id().uuid(),
        limit,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    // If one of the tables has more rows, the rows of the other after that point have to wait.
    let last = |is_current| {
        let ids = found.iter().filter(|row| row.is_current == is_current);
        let ids: Vec<Uuid> = ids.map(|row| row.stock_id).collect();
        let goes_on = i64::try_from(ids.len()).is_ok_and(|count| count >= limit);
        ids.into_iter().max().filter(|_| goes_on)
    };
    let last = [last(true), last(false)].into_iter().flatten().min();
    let ids: BTreeSet<Uuid> = found.iter().map(|row| row.stock_id).collect();
    let ids = ids
        .into_iter()
        .filter(|id| last.is_none_or(|last| *id <= last));
    let next = last.map(|last| Cursor::before(StockId::new(last)));
    Ok((ids.collect(), next))
}

/// Current and deleted stock with these ids, in the order of the ids.
#[expect(clippy::too_many_lines, reason = "it is one statement")]
pub(crate) async fn stocks(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Result<Vec<RawStock>, StoreError> {
    let rows = sqlx::query_as!(
        StockRow,
        r#"
        SELECT
            stocks.is_current AS "is_current!",
            stocks.stock_id AS "stock_id!",
            stocks.product_id AS "product_id!",
            stocks.owner_id AS "owner_id!",
            stocks.product_owner_id AS "product_owner_id!",
            stocks.available AS "available!",
            stocks.allocated AS "allocated!",
            stocks.unlocated_available AS "unlocated_available!",
            stocks.unlocated_allocated AS "unlocated_allocated!",
            stocks.sequence AS "sequence!",
            stocks.last_hash AS "last_hash!",
            stocks.created_at AS "created_at!",
            stocks.updated_at AS "updated_at!",
            stocks.unlocated_held AS "unlocated_held!",
            stocks.unlocated_set_aside AS "unlocated_set_aside!",
            stocks.next_expiry AS "next_expiry?",
            stocks.policy AS "policy?",
            stocks.low AS "low!",
            positions.location_ids AS "location_ids?",
            positions.available AS "located_available?",
            positions.allocated AS "located_allocated?",
            positions.held AS "located_held?",
            positions.set_aside AS "located_set_aside?",
            positions.policies AS "located_policies?: Vec<Option<String>>",
            positions.low AS "located_low?",
            lines.location_ids AS "line_location_ids?: Vec<Option<Uuid>>",
            lines.open AS "line_open?",
            lines.set_aside AS "line_set_aside?",
            lines.first_expiry AS "first_expiry?"
        FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (stock_id, place)
        CROSS JOIN LATERAL (
            (
                SELECT
                    true AS is_current, stock_id, product_id, owner_id, product_owner_id,
                    available, allocated, unlocated_available, unlocated_allocated, sequence,
                    last_hash, created_at, updated_at, located, unlocated_held,
                    unlocated_set_aside, next_expiry, policy, low
                FROM stocks
                WHERE organization_id = $1
                    AND stock_id = wanted.stock_id
                    AND created_at < 9223372036854775807
            )
            UNION ALL
            (
                SELECT
                    false, stock_id, product_id, owner_id, product_owner_id, available, allocated,
                    unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
                    updated_at, false, 0, 0, NULL, NULL, false
                FROM deleted_stocks
                WHERE organization_id = $1 AND stock_id = wanted.stock_id
            )
            OFFSET 0
        ) AS stocks
        LEFT JOIN LATERAL (
            SELECT
                array_agg(location_id) AS location_ids,
                array_agg(available) AS available,
                array_agg(allocated) AS allocated,
                array_agg(held) AS held,
                array_agg(set_aside) AS set_aside,
                array_agg(policy) AS policies,
                array_agg(low) AS low
            FROM positions
            WHERE organization_id = $1 AND stock_id = stocks.stock_id
        ) AS positions ON stocks.located
        LEFT JOIN LATERAL (
            SELECT
                array_agg(location_id) AS location_ids,
                array_agg(least(9223372036854775807, open)::bigint) AS open,
                array_agg(least(9223372036854775807, set_aside)::bigint) AS set_aside,
                min(first_expiry) AS first_expiry
            FROM (
                SELECT
                    location_id,
                    sum(open) AS open,
                    coalesce(sum(open) FILTER (WHERE is_aside), 0) AS set_aside,
                    min(expires_at) AS first_expiry
                FROM (
                    SELECT
                        location_id,
                        quantity::numeric - fulfilled - released AS open,
                        reservation_lines.expires_at,
                        coalesce(reservations.is_aside, false) AS is_aside
                    FROM reservation_lines
                    LEFT JOIN LATERAL (
                        SELECT hold_reason IS NOT NULL AS is_aside
                        FROM reservations
                        WHERE reservations.organization_id = $1
                            AND reservations.reservation_id = reservation_lines.reservation_id
                        OFFSET 0
                    ) AS reservations ON true
                    WHERE organization_id = $1
                        AND stock_id = stocks.stock_id
                        AND quantity > fulfilled + released
                    UNION ALL
                    SELECT transfers.from_location_id, transfer_lines.allocated, NULL, false
                    FROM transfer_lines
                    LEFT JOIN LATERAL (
                        SELECT from_location_id FROM transfers
                        WHERE transfers.organization_id = $1
                            AND transfers.transfer_id = transfer_lines.transfer_id
                        OFFSET 0
                    ) AS transfers ON true
                    WHERE organization_id = $1 AND stock_id = stocks.stock_id AND is_open
                ) AS open_lines
                GROUP BY location_id
            ) AS by_location
        ) AS lines ON stocks.is_current
        ORDER BY wanted.place, stocks.is_current DESC
        "#,
        organization.uuid(),
        ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| row.decode(organization))
        .collect())
}

/// The current stock with a key.
pub(crate) async fn current(
    session: &mut Session,
    organization: OrganizationId,
    key: StockKey,
) -> Result<Option<RawStock>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"
        SELECT stock_id AS "stock_id!"
        FROM stocks
        WHERE organization_id = $1 AND product_id = $2 AND owner_id = $3
        "#,
        organization.uuid(),
        key.product.uuid(),
        key.owner.to_uuid(organization),
    )
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    let Some(id) = id else {
        return Ok(None);
    };
    let stocks = stocks(session, organization, &[id]).await?;
    Ok(stocks.into_iter().find(|stock| stock.is_current))
}

/// A value after every id.
const LAST: Uuid = Uuid::max();

/// Entries of the ledgers in a range.
pub(crate) async fn entries(
    session: &mut Session,
    organization: OrganizationId,
    range: &LedgerRange,
    limit: u32,
) -> Result<Chunk<RawEntry>, StoreError> {
    let LedgerRange { after, until } = range;
    let until = until.as_ref().map_or(LAST, |until| until.stock_id().uuid());
    let limit = i64::from(limit);
    let rows: Vec<RawEntry> = sqlx::query_as!(
        EntryRow,
        r#"
        SELECT
            stock_id AS "stock_id!",
            sequence AS "sequence!",
            transaction_id AS "transaction_id?",
            location_id AS "location_id?",
            action AS "action?",
            quantity AS "quantity?",
            available AS "available?",
            allocated AS "allocated?",
            sum_available AS "sum_available?",
            sum_allocated AS "sum_allocated?",
            reason AS "reason?",
            reference AS "reference?",
            idempotency_key AS "idempotency_key?",
            batch_id AS "batch_id?",
            undoes AS "undoes?",
            actor_key_id AS "actor_key_id?",
            as_of AS "as_of?",
            created_at AS "created_at?",
            hash AS "hash?"
        FROM entries
        WHERE organization_id = $1 AND (stock_id, sequence) > ($2, $3) AND stock_id <= $4
        ORDER BY stock_id, sequence
        LIMIT $5
        "#,
        organization.uuid(),
        after.stock_id().uuid(),
        after.sequence,
        until,
        limit,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(EntryRow::stored)
    .collect();
    let goes_on = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let last = rows.last().filter(|_| goes_on);
    Ok(Chunk {
        next: last.map(|entry| Cursor::at(entry.stock, entry.sequence)),
        unreadable: Vec::new(),
        rows,
    })
}

struct EntryRow {
    stock_id: Uuid,
    sequence: i64,
    transaction_id: Option<Uuid>,
    location_id: Option<Uuid>,
    action: Option<String>,
    quantity: Option<i64>,
    available: Option<i64>,
    allocated: Option<i64>,
    sum_available: Option<i64>,
    sum_allocated: Option<i64>,
    reason: Option<String>,
    reference: Option<String>,
    idempotency_key: Option<String>,
    batch_id: Option<Uuid>,
    undoes: Option<Uuid>,
    actor_key_id: Option<Uuid>,
    as_of: Option<i64>,
    created_at: Option<i64>,
    hash: Option<Vec<u8>>,
}

/// A value, or the name of the column that holds no such value.
type Read<T> = Result<T, &'static str>;

impl EntryRow {
    fn stored(self) -> RawEntry {
        let hash = hash(self.hash.as_deref().unwrap_or_default());
        RawEntry {
            stock: StockId::new(self.stock_id),
            sequence: self.sequence,
            hash: hash.ok(),
            content: hash.and_then(|hash| self.decode(hash)),
        }
    }

    fn decode(self, hash: EntryHash) -> Read<Entry> {
        let balance = Balance {
            available: quantity("available", self.available)?,
            allocated: quantity("allocated", self.allocated)?,
        };
        let sums = match (self.sum_available, self.sum_allocated) {
            (None, None) => balance,
            (available, allocated) => Balance {
                available: quantity("sum_available", available)?,
                allocated: quantity("sum_allocated", allocated)?,
            },
        };
        let action = self.action.as_deref().and_then(EntryAction::from_word);
        let created_at = self.created_at.and_then(Timestamp::from_milliseconds);
        let as_of = self.as_of.map(Timestamp::from_milliseconds);
        let as_of = as_of.map(|as_of| as_of.ok_or("as_of"));
        let reason = self.reason.map(|text| Reason::new("reason", text));
        let reference = self.reference.map(|text| Reference::new("reference", text));
        let key = self.idempotency_key.as_deref().map(IdempotencyKey::new);
        Ok(Entry {
            id: TransactionId::new(self.transaction_id.ok_or("transaction_id")?),
            stock: StockId::new(self.stock_id),
            sequence: u64::try_from(self.sequence).map_err(|_| "sequence")?,
            location: self.location_id.map(LocationId::new),
            action: action.ok_or("action")?,
            quantity: quantity("quantity", self.quantity)?,
            balance,
            sums,
            annotation: Annotation {
                reason: reason.transpose().map_err(|_| "reason")?,
                reference: reference.transpose().map_err(|_| "reference")?,
            },
            idempotency_key: key.transpose().map_err(|_| "idempotency_key")?,
            batch: self.batch_id.map(BatchId::new),
            undoes: self.undoes.map(TransactionId::new),
            actor: self.actor_key_id.map(KeyId::new),
            as_of: as_of.transpose()?,
            created_at: created_at.ok_or("created_at")?,
            hash,
        })
    }
}

pub(super) fn hash(bytes: &[u8]) -> Read<EntryHash> {
    bytes.try_into().map(EntryHash).map_err(|_| "hash")
}

fn quantity(column: &'static str, pieces: Option<i64>) -> Read<Quantity> {
    let quantity = pieces.and_then(|pieces| Quantity::try_from(pieces).ok());
    quantity.ok_or(column)
}

/// The approximate number of entries. Reads all stock of an organization.
pub(crate) async fn count_entries(
    session: &mut Session,
    organization: OrganizationId,
) -> Result<u64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"
        SELECT least(
            9223372036854775807,
            (SELECT coalesce(sum(sequence), 0) FROM stocks WHERE organization_id = $1)
            + (SELECT coalesce(sum(sequence), 0) FROM deleted_stocks WHERE organization_id = $1)
        )::bigint AS "count!"
        "#,
        organization.uuid(),
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
