//! Ledger entries.

use std::collections::HashMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Annotation, Balance, BatchEntry, BatchId, Entry, EntryAction, IdempotencyKey, KeyId,
    LocationId, OrganizationId, ProductId, Reason, Recorded, Reference, Slug, StockId,
    TransactionId,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::integer;
use crate::connection::session::Session;
use crate::row::Row;

/// The requested entries that exist, in the order of their stocks and sequence numbers.
pub(crate) async fn entries(
    session: &mut Session,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = BatchEntry>,
) -> Result<Vec<Recorded>, StoreError> {
    let mut products = HashMap::new();
    let mut stock_ids = Vec::new();
    let mut sequences = Vec::new();
    for entry in wanted {
        products.insert(entry.stock, entry.product);
        stock_ids.push(entry.stock.uuid());
        sequences.push(integer(entry.sequence));
    }
    let organization_id = organization.uuid();
    sqlx::query_as!(
        EntryRow,
        r#"
        SELECT
            entries.stock_id AS "stock_id!",
            entries.sequence AS "sequence!",
            entries.transaction_id AS "transaction_id!",
            entries.location_id AS "location_id?",
            entries.action AS "action!",
            entries.quantity AS "quantity!",
            entries.available AS "available!",
            entries.allocated AS "allocated!",
            entries.sum_available AS "sum_available?",
            entries.sum_allocated AS "sum_allocated?",
            entries.reason AS "reason?",
            entries.reference AS "reference?",
            entries.idempotency_key AS "idempotency_key?",
            entries.batch_id AS "batch_id?",
            entries.undoes AS "undoes?",
            entries.actor_key_id AS "actor_key_id?",
            entries.as_of AS "as_of?",
            entries.created_at AS "created_at!",
            entries.hash AS "hash!",
            locations.slug AS "slug?",
            key_names.name AS "actor_name?",
            undoing.transaction_id AS "undone_by?"
        FROM unnest($2::uuid[], $3::bigint[]) AS wanted (stock_id, sequence)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.sequence = wanted.sequence
            OFFSET 0
        ) AS entries
        LEFT JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1
                AND locations.location_id = entries.location_id
            OFFSET 0
        ) AS locations ON true
        LEFT JOIN LATERAL (
            SELECT * FROM key_names
            WHERE key_names.organization_id = $1 AND key_names.key_id = entries.actor_key_id
            OFFSET 0
        ) AS key_names ON true
        LEFT JOIN LATERAL (
            SELECT * FROM entries AS undoing
            WHERE undoing.organization_id = $1
                AND undoing.stock_id = entries.stock_id
                AND undoing.undoes = entries.transaction_id
            OFFSET 0
        ) AS undoing ON true
        ORDER BY entries.stock_id, entries.sequence
        "#,
        organization_id,
        &stock_ids,
        &sequences,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(&products))
    .collect()
}

struct EntryRow {
    stock_id: Uuid,
    sequence: i64,
    transaction_id: Uuid,
    location_id: Option<Uuid>,
    action: String,
    quantity: i64,
    available: i64,
    allocated: i64,
    sum_available: Option<i64>,
    sum_allocated: Option<i64>,
    reason: Option<String>,
    reference: Option<String>,
    idempotency_key: Option<String>,
    batch_id: Option<Uuid>,
    undoes: Option<Uuid>,
    actor_key_id: Option<Uuid>,
    as_of: Option<i64>,
    created_at: i64,
    hash: Vec<u8>,
    slug: Option<String>,
    actor_name: Option<String>,
    undone_by: Option<Uuid>,
}

impl EntryRow {
    /// Decodes the entry. `products` has the product of its stock.
    fn decode(self, products: &HashMap<StockId, ProductId>) -> Result<Recorded, StoreError> {
        let stock = StockId::new(self.stock_id);
        let row = Row {
            sequence: Some(self.sequence),
            ..Row::new("entries", self.stock_id)
        };
        let product = *products
            .get(&stock)
            .ok_or_else(|| row.corrupt("stock_id"))?;
        let slug = self.slug.map(Slug::new).transpose();
        let slug = row.valid("location_id", slug)?;
        if slug.is_some() != self.location_id.is_some() {
            return Err(row.corrupt("location_id"));
        }
        let balance = Balance {
            available: row.quantity("available", self.available)?,
            allocated: row.quantity("allocated", self.allocated)?,
        };
        let sums = match (self.sum_available, self.sum_allocated) {
            (Some(available), Some(allocated)) => Balance {
                available: row.quantity("sum_available", available)?,
                allocated: row.quantity("sum_allocated", allocated)?,
            },
            _ => balance,
        };
        let reason = self.reason.map(|it| Reason::new("reason", it));
        let reference = self.reference.map(|it| Reference::new("reference", it));
        let key = self.idempotency_key.as_deref().map(IdempotencyKey::new);
        let entry = Entry {
            id: TransactionId::new(self.transaction_id),
            stock,
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            location: self.location_id.map(LocationId::new),
            action: EntryAction::from_word(&self.action).ok_or_else(|| row.corrupt("action"))?,
            quantity: row.quantity("quantity", self.quantity)?,
            balance,
            sums,
            annotation: Annotation {
                reason: row.valid("reason", reason.transpose())?,
                reference: row.valid("reference", reference.transpose())?,
            },
            idempotency_key: row.valid("idempotency_key", key.transpose())?,
            batch: self.batch_id.map(BatchId::new),
            undoes: self.undoes.map(TransactionId::new),
            actor: self.actor_key_id.map(KeyId::new),
            as_of: row.optional_timestamp("as_of", self.as_of)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            hash: row.hash("hash", &self.hash)?,
        };
        Ok(Recorded {
            entry,
            product,
            slug,
            actor_name: self.actor_name.map(Into::into),
            undone_by: self.undone_by.map(TransactionId::new),
        })
    }
}
