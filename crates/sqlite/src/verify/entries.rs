//! Statements for raw entries, and their decoding.

use rusqlite::{Connection, Row, params};
use stockroom_application::ports::{Chunk, Cursor, LedgerRange, StoreError};
use stockroom_domain::{
    Annotation, Balance, BatchId, Entry, EntryAction, EntryHash, IdempotencyKey, KeyId, LocationId,
    OrganizationId, RawEntry, Reason, Reference, StockId, TransactionId,
};

use uuid::Uuid;

use super::value::{Read, Value, at, key, unreadable};
use crate::connection::statement::statements;

statements! {
    ENTRIES = "
        SELECT
            stock_id, sequence, transaction_id, location_id, action, quantity, available, allocated,
            sum_available, sum_allocated, reason, reference, idempotency_key, batch_id, undoes,
            actor_key_id, as_of, created_at, hash
        FROM entries NOT INDEXED
        WHERE organization_id = ?1 AND (stock_id, sequence) > (?2, ?3) AND stock_id <= ?4
        ORDER BY stock_id, sequence
        LIMIT ?5
    ";

    /// Reads all stock of an organization. `total` can add up the numbers, whatever they are.
    COUNT = "
        SELECT CAST(
            (SELECT total(sequence) FROM stocks WHERE organization_id = ?1)
            + (SELECT total(sequence) FROM deleted_stocks WHERE organization_id = ?1)
            AS INTEGER
        )
    ";
}

/// A value after every id.
const LAST: [u8; 17] = [0xff; 17];

/// Entries of the ledgers in a range.
pub(crate) fn entries(
    connection: &Connection,
    organization: OrganizationId,
    range: &LedgerRange,
    limit: u32,
) -> rusqlite::Result<Chunk<RawEntry>> {
    let LedgerRange { after, until } = range;
    let until = until.as_ref().map_or(&LAST[..], |until| &until.stock);
    let mut statement = connection.prepare_cached(ENTRIES.text())?;
    let mut rows = statement.query(params![
        organization.uuid(),
        after.stock,
        after.sequence,
        until,
        limit,
    ])?;
    let mut chunk = Chunk {
        rows: Vec::new(),
        unreadable: Vec::new(),
        next: None,
    };
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        match stored_entry(row) {
            Ok(entry) => chunk.rows.push(entry),
            Err(column) => chunk
                .unreadable
                .push(unreadable("entries", column, &key(row))),
        }
        if count == limit {
            chunk.next = Some(behind(row, after));
        }
    }
    Ok(chunk)
}

/// The cursor after a row. It is always further on than `after`, whatever the row holds.
fn behind(row: &Row<'_>, after: &Cursor) -> Cursor {
    let mut cursor = Cursor {
        stock: key(row),
        sequence: at(row, 1, "sequence").integer().unwrap_or(i64::MAX),
    };
    if cursor == *after {
        cursor.stock.push(0);
        cursor.sequence = i64::MIN;
    }
    cursor
}

fn stored_entry(row: &Row<'_>) -> Read<RawEntry> {
    let stock = StockId::new(at(row, 0, "stock_id").uuid()?);
    let sequence = at(row, 1, "sequence").integer()?;
    let hash = at(row, 18, "hash").hash();
    Ok(RawEntry {
        stock,
        sequence,
        hash: hash.ok(),
        content: hash.and_then(|hash| entry(row, stock, sequence, hash)),
    })
}

fn entry(row: &Row<'_>, stock: StockId, sequence: i64, hash: EntryHash) -> Read<Entry> {
    let optional_id =
        |index, column| -> Read<Option<Uuid>> { at(row, index, column).optional(Value::uuid) };
    let balance = Balance {
        available: at(row, 6, "available").quantity()?,
        allocated: at(row, 7, "allocated").quantity()?,
    };
    let sums = match (
        at(row, 8, "sum_available").optional(Value::quantity)?,
        at(row, 9, "sum_allocated").optional(Value::quantity)?,
    ) {
        (Some(available), Some(allocated)) => Balance {
            available,
            allocated,
        },
        (None, None) => balance,
        _ => return Err("sum_allocated"),
    };
    let action = at(row, 4, "action");
    let action = action.text(|word| EntryAction::from_word(word).ok_or(()))?;
    let reason = at(row, 10, "reason");
    let reference = at(row, 11, "reference");
    let idempotency_key = at(row, 12, "idempotency_key");
    Ok(Entry {
        id: TransactionId::new(at(row, 2, "transaction_id").uuid()?),
        stock,
        sequence: u64::try_from(sequence).map_err(|_| "sequence")?,
        location: optional_id(3, "location_id")?.map(LocationId::new),
        action,
        quantity: at(row, 5, "quantity").quantity()?,
        balance,
        sums,
        annotation: Annotation {
            reason: reason.optional(|it| it.text(|text| Reason::new("reason", text)))?,
            reference: reference
                .optional(|it| it.text(|text| Reference::new("reference", text)))?,
        },
        idempotency_key: idempotency_key.optional(|it| it.text(IdempotencyKey::new))?,
        batch: optional_id(13, "batch_id")?.map(BatchId::new),
        undoes: optional_id(14, "undoes")?.map(TransactionId::new),
        actor: optional_id(15, "actor_key_id")?.map(KeyId::new),
        as_of: at(row, 16, "as_of").optional(Value::timestamp)?,
        created_at: at(row, 17, "created_at").timestamp()?,
        hash,
    })
}

/// The approximate number of entries.
pub(crate) fn count_entries(
    connection: &Connection,
    organization: OrganizationId,
) -> Result<u64, StoreError> {
    let count = COUNT.number(connection, params![organization.uuid()])?;
    Ok(u64::try_from(count).unwrap_or(0))
}
