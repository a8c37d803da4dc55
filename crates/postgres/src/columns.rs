//! Stock and ledger entries by columns, as statements take them.

use stockroom_domain::{
    Entry, IdempotencyKey, OrganizationId, Reason, Reference, Stock, Timestamp,
};
use stockroom_sql::{StockRow, integer};
use uuid::Uuid;

/// For each column of `stocks`, the values of some stocks, in the same order.
#[derive(Default)]
pub(crate) struct StockColumns {
    pub(crate) product_ids: Vec<Uuid>,
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) stock_ids: Vec<Uuid>,
    pub(crate) product_owner_ids: Vec<Uuid>,
    pub(crate) available: Vec<i64>,
    pub(crate) allocated: Vec<i64>,
    pub(crate) unlocated_available: Vec<i64>,
    pub(crate) unlocated_allocated: Vec<i64>,
    pub(crate) sequences: Vec<i64>,
    pub(crate) last_hashes: Vec<Vec<u8>>,
    pub(crate) created_at: Vec<i64>,
    pub(crate) updated_at: Vec<i64>,
    pub(crate) located: Vec<bool>,
    pub(crate) unlocated_held: Vec<i64>,
    pub(crate) unlocated_set_aside: Vec<i64>,
    pub(crate) next_expiry: Vec<Option<i64>>,
}

impl StockColumns {
    pub(crate) fn new<'a>(
        organization: OrganizationId,
        stocks: impl IntoIterator<Item = &'a Stock>,
    ) -> Self {
        let mut columns = Self::default();
        for stock in stocks {
            let row = StockRow::of(stock, organization);
            columns.product_ids.push(row.product_id);
            columns.owner_ids.push(row.owner_id);
            columns.stock_ids.push(row.stock_id);
            columns.product_owner_ids.push(row.product_owner_id);
            columns.available.push(row.available);
            columns.allocated.push(row.allocated);
            columns.unlocated_available.push(row.unlocated_available);
            columns.unlocated_allocated.push(row.unlocated_allocated);
            columns.sequences.push(row.sequence);
            columns.last_hashes.push(row.last_hash);
            columns.created_at.push(row.created_at);
            columns.updated_at.push(row.updated_at);
            columns.located.push(!stock.located.is_empty());
            columns.unlocated_held.push(row.unlocated_held);
            columns.unlocated_set_aside.push(row.unlocated_set_aside);
            columns.next_expiry.push(row.next_expiry);
        }
        columns
    }
}

/// Ledger entries by columns.
#[derive(Default)]
pub(crate) struct EntryColumns<'a> {
    pub(crate) stock_ids: Vec<Uuid>,
    pub(crate) sequences: Vec<i64>,
    pub(crate) transaction_ids: Vec<Uuid>,
    pub(crate) location_ids: Vec<Option<Uuid>>,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) quantities: Vec<i64>,
    pub(crate) available: Vec<i64>,
    pub(crate) allocated: Vec<i64>,
    pub(crate) sum_available: Vec<Option<i64>>,
    pub(crate) sum_allocated: Vec<Option<i64>>,
    pub(crate) reasons: Vec<Option<&'a str>>,
    pub(crate) references: Vec<Option<&'a str>>,
    pub(crate) idempotency_keys: Vec<Option<&'a str>>,
    pub(crate) batch_ids: Vec<Option<Uuid>>,
    pub(crate) undoes: Vec<Option<Uuid>>,
    pub(crate) actor_key_ids: Vec<Option<Uuid>>,
    pub(crate) as_of: Vec<Option<i64>>,
    pub(crate) created_at: Vec<i64>,
    pub(crate) hashes: Vec<Vec<u8>>,
}

impl<'a> EntryColumns<'a> {
    pub(crate) fn new(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            columns.stock_ids.push(entry.stock.uuid());
            columns.sequences.push(integer(entry.sequence));
            columns.transaction_ids.push(entry.id.uuid());
            columns.location_ids.push(entry.location.map(Into::into));
            columns.actions.push(entry.action.as_str());
            columns.quantities.push(entry.quantity.into());
            columns.available.push(entry.balance.available.into());
            columns.allocated.push(entry.balance.allocated.into());
            let sums = entry.other_sums();
            columns
                .sum_available
                .push(sums.map(|sums| sums.available.into()));
            columns
                .sum_allocated
                .push(sums.map(|sums| sums.allocated.into()));
            let annotation = &entry.annotation;
            columns
                .reasons
                .push(annotation.reason.as_ref().map(Reason::as_str));
            columns
                .references
                .push(annotation.reference.as_ref().map(Reference::as_str));
            let key = entry.idempotency_key.as_ref();
            columns
                .idempotency_keys
                .push(key.map(IdempotencyKey::as_str));
            columns.batch_ids.push(entry.batch.map(Into::into));
            columns.undoes.push(entry.undoes.map(Into::into));
            columns.actor_key_ids.push(entry.actor.map(Into::into));
            let as_of = entry.as_of.map(Timestamp::as_milliseconds);
            columns.as_of.push(as_of);
            columns.created_at.push(entry.created_at.as_milliseconds());
            columns.hashes.push(entry.hash.0.to_vec());
        }
        columns
    }
}
