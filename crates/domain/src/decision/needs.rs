//! The input of decisions that adapters load.

use std::collections::BTreeSet;

use crate::stock::StockKey;
use crate::values::{
    IdempotencyKey, KeyId, LocationId, OrderId, Owner, ProductId, ProductText, ReservationId, Slug,
    StockId, Timestamp, TransactionId,
};

/// The load set: everything that an adapter has to load, and lock, before commands are decided. The sets
/// are sorted. An adapter locks rows in this order, so that no two batches wait for each other.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// The organization itself.
    pub organization: bool,
    /// [`State::management`](crate::State::management) of these products.
    pub management: BTreeSet<ProductId>,
    /// Registered products, by owner and id.
    pub products: BTreeSet<(Owner, ProductId)>,
    /// Whether any store has registered a product of its own under these ids.
    pub store_products: BTreeSet<ProductId>,
    /// The registered products that have these `sku`s.
    pub skus: BTreeSet<(Owner, ProductText)>,
    /// The registered products that have these `external_ref`s.
    pub external_refs: BTreeSet<(Owner, ProductText)>,
    /// Living locations, by owner and slug.
    pub location_slugs: BTreeSet<(Owner, Slug)>,
    /// Living locations, by id.
    pub locations: BTreeSet<LocationId>,
    /// Whether stock lies in these locations.
    pub location_use: BTreeSet<LocationId>,
    /// The number of living locations of these owners.
    pub location_counts: BTreeSet<Owner>,
    /// Current stock.
    pub stocks: BTreeSet<StockKey>,
    /// Application keys, by id.
    pub keys: BTreeSet<KeyId>,
    /// Count and reserved rate limits of these owners' keys.
    pub key_totals: BTreeSet<Owner>,
    /// Idempotency records, by owner and key.
    pub idempotency_keys: BTreeSet<(Owner, IdempotencyKey)>,
    /// Whether these entries are undone.
    pub undone: BTreeSet<(StockId, TransactionId)>,
    /// Reservations, by id.
    pub reservations: BTreeSet<ReservationId>,
    /// The last reservation of each of these orders.
    pub orders: BTreeSet<(Owner, OrderId)>,
    /// The past states of current stock at these times.
    pub past: BTreeSet<(StockKey, Timestamp)>,
    /// The corrections made after these times in the ledgers of current stock.
    pub corrections: BTreeSet<(StockKey, Timestamp)>,
}
