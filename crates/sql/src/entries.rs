//! Ledger entries.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Annotation, Balance, BatchId, Entry, EntryAction, IdempotencyKey, KeyId, LocationId, ProductId,
    Reason, Recorded, Reference, Slug, StockId, Timestamp, TransactionId,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer};

/// Declares the rows that have all columns of `entries`.
macro_rules! entry_rows {
    ($($column:ident: $type:ty,)+) => {
        row! {
            /// A row of `entries`.
            EntryRow {
                $($column: $type,)+
            }
        }

        row! {
            /// A row of `entries` with the names that are shown with it: the slug of its location, the
            /// name of the key that made it, and the transaction that undoes it.
            RecordedRow {
                $($column: $type,)+
                slug: Option<String>,
                actor_name: Option<String>,
                undone_by: Option<Uuid>,
            }
        }
    };
}

entry_rows! {
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
}

impl EntryRow {
    /// The row of an entry.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let sums = entry.other_sums();
        let annotation = &entry.annotation;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            stock_id: entry.stock.uuid(),
            sequence: integer(entry.sequence),
            transaction_id: entry.id.uuid(),
            location_id: entry.location.map(LocationId::uuid),
            action: entry.action.as_str().to_owned(),
            quantity: entry.quantity.into(),
            available: entry.balance.available.into(),
            allocated: entry.balance.allocated.into(),
            sum_available: sums.map(|sums| sums.available.into()),
            sum_allocated: sums.map(|sums| sums.allocated.into()),
            reason: text(annotation.reason.as_ref().map(Reason::as_str)),
            reference: text(annotation.reference.as_ref().map(Reference::as_str)),
            idempotency_key: text(entry.idempotency_key.as_ref().map(IdempotencyKey::as_str)),
            batch_id: entry.batch.map(BatchId::uuid),
            undoes: entry.undoes.map(TransactionId::uuid),
            actor_key_id: entry.actor.map(KeyId::uuid),
            as_of: entry.as_of.map(Timestamp::as_milliseconds),
            created_at: entry.created_at.as_milliseconds(),
            hash: entry.hash.0.to_vec(),
        }
    }
}

impl RecordedRow {
    /// Decodes the entry of a stock of this product.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, product: ProductId) -> Result<Recorded, StoreError> {
        let row = Row::entry(self.stock_id, self.sequence);
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
            stock: StockId::new(self.stock_id),
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
