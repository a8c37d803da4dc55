//! The input of decisions that adapters load.

use std::collections::{BTreeSet, btree_set};
use std::ops::Deref;

use crate::stock::StockKey;
use crate::values::{
    IdempotencyKey, ImportId, IntegrationId, KeyId, LocationId, OrderId, Owner, ProductId,
    ProductText, ReservationId, Slug, StockId, Timestamp, TransactionId, TransferId,
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
    /// Whether stock lies in these locations, and whether open transfers begin or end there.
    pub location_use: BTreeSet<LocationId>,
    /// The number of living locations of these owners.
    pub location_counts: BTreeSet<Owner>,
    /// Current stock.
    pub stocks: NeededStocks,
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
    /// Whether lines of reservations are laid out: locations are chosen for new ones, or old ones are moved or
    /// edited. This loads nothing.
    pub layout: bool,
    /// The past states of current stock at these times.
    pub past: BTreeSet<(StockKey, Timestamp)>,
    /// The corrections made after these times in the ledgers of current stock.
    pub corrections: BTreeSet<(StockKey, Timestamp)>,
    /// Integrations with their secrets, by id.
    pub integrations: BTreeSet<IntegrationId>,
    /// The number of these owners' integrations.
    pub integration_counts: BTreeSet<Owner>,
    /// Imports, by id.
    pub imports: BTreeSet<ImportId>,
    /// Transfers, by id.
    pub transfers: BTreeSet<TransferId>,
    /// The lines of open transfers of current stock.
    pub open_transfers: BTreeSet<StockKey>,
    /// The pieces under way to current stock.
    pub expected: BTreeSet<StockKey>,
}

/// The keys of the needed stock, as a set. It also knows what of it decisions can read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NeededStocks {
    keys: BTreeSet<StockKey>,
    /// Stock that is needed for its own sake.
    named: BTreeSet<StockKey>,
    /// Products of which an owner's visible stock is needed.
    visible: BTreeSet<(Owner, ProductId)>,
}

impl NeededStocks {
    /// Adds stock.
    pub fn insert(&mut self, key: StockKey) {
        self.keys.insert(key);
        self.named.insert(key);
    }

    /// Adds the stock of a product that `acting` sees, of any owner.
    pub fn insert_visible(&mut self, acting: Owner, product: ProductId) {
        for owner in acting.visible() {
            self.keys.insert(StockKey { product, owner });
        }
        self.visible.insert((acting, product));
    }

    /// The keys that decisions can read. Of the stock of a product that an owner sees, that is the first
    /// one that `exists`, and those before it, which are found missing.
    pub fn read(&self, mut exists: impl FnMut(StockKey) -> bool) -> BTreeSet<StockKey> {
        let mut read = BTreeSet::new();
        for key in &self.named {
            exists(*key);
            read.insert(*key);
        }
        for (acting, product) in &self.visible {
            for owner in acting.visible() {
                let product = *product;
                let key = StockKey { product, owner };
                read.insert(key);
                if exists(key) {
                    break;
                }
            }
        }
        read
    }
}

impl Deref for NeededStocks {
    type Target = BTreeSet<StockKey>;

    fn deref(&self) -> &BTreeSet<StockKey> {
        &self.keys
    }
}

impl Extend<StockKey> for NeededStocks {
    fn extend<I: IntoIterator<Item = StockKey>>(&mut self, keys: I) {
        keys.into_iter().for_each(|key| self.insert(key));
    }
}

impl IntoIterator for NeededStocks {
    type Item = StockKey;
    type IntoIter = btree_set::IntoIter<StockKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

impl<'a> IntoIterator for &'a NeededStocks {
    type Item = &'a StockKey;
    type IntoIter = btree_set::Iter<'a, StockKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.iter()
    }
}
