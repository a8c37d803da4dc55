//! The tables of one organization.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use stockroom_domain::{
    ApplicationKey, Balance, Batch, BatchId, Corrections, DeletedStock, Entry, IdempotencyKey,
    IdempotencyRecord, IdempotencyRecords, KeyId, Location, LocationId, Needs, Organization, Owner,
    Product, ProductId, ProductText, RecordChange, Slug, State, Stock, StockChange, StockId,
    StockKey, StockOwnership, StockPeriod, Store, StoreId, Timestamp, TransactionId,
};

use crate::feed::Feed;
use crate::imports::Imports;
use crate::integrations::Integrations;
use crate::reservations::Reservations;
use crate::transfers::Transfers;

/// One organization and all of its data.
#[derive(Default)]
pub(crate) struct Tenant {
    pub(crate) organization: Option<Organization>,
    pub(crate) stores: BTreeMap<StoreId, Store>,
    /// Current stock.
    pub(crate) stocks: HashMap<StockKey, Stock>,
    /// The products of each owner's current stock, in the order in which the stock was created.
    pub(crate) stock_order: HashMap<Owner, BTreeMap<StockId, ProductId>>,
    /// The owners that hold stock of a product as an organization-level product.
    managed_by: HashMap<ProductId, BTreeSet<Owner>>,
    organization_level: HashSet<ProductId>,
    /// The current stock that has a position in a location, by location.
    positions: HashMap<LocationId, HashSet<StockKey>>,
    /// Ledgers of all stock, deleted or not.
    pub(crate) ledgers: HashMap<StockId, Vec<Entry>>,
    pub(crate) reservations: Reservations,
    /// Deleted stock, kept for auditors.
    pub(crate) deleted_stocks: Vec<DeletedStock>,
    /// Locations that aren't deleted.
    pub(crate) locations: BTreeMap<LocationId, Location>,
    location_slugs: HashMap<(Owner, Slug), LocationId>,
    location_counts: HashMap<Owner, u64>,
    /// Deleted locations. Entries still refer to them by their last slug.
    deleted_locations: HashMap<LocationId, Location>,
    pub(crate) products: HashMap<(Owner, ProductId), Product>,
    pub(crate) skus: Holders,
    pub(crate) external_refs: Holders,
    pub(crate) keys: BTreeMap<KeyId, ApplicationKey>,
    /// The names of application keys, including deleted ones.
    key_names: HashMap<KeyId, Arc<str>>,
    /// The spans of time in which a stock has had positions.
    pub(crate) position_spans: HashMap<StockId, Vec<PositionSpan>>,
    pub(crate) batches: HashMap<BatchId, Batch>,
    /// The undone entries, each with the entry that undid it.
    pub(crate) undone: HashMap<TransactionId, TransactionId>,
    idempotency_records: HashMap<(Owner, IdempotencyKey), IdempotencyRecord>,
    pub(crate) feed: Feed,
    pub(crate) integrations: Integrations,
    pub(crate) imports: Imports,
    pub(crate) transfers: Transfers,
}

/// The product of an owner that has a text that only one product may have.
pub(crate) type Holders = HashMap<(Owner, ProductText), ProductId>;

/// A span of time in which a stock has had a position in a location.
pub(crate) struct PositionSpan {
    pub(crate) location: LocationId,
    pub(crate) added_at: Timestamp,
    pub(crate) removed_at: Option<Timestamp>,
}

impl Tenant {
    /// Loads the state that commands need to be decided.
    #[expect(clippy::too_many_lines, reason = "a few lines for each kind of need")]
    pub(crate) fn load(&self, needs: &Needs, now: Timestamp) -> State {
        // Destructured in full, so that the compiler asks for every new kind of need to be loaded here.
        let Needs {
            organization,
            management: managed_products,
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
            // Idempotency records aren't part of the state.
            idempotency_keys: _,
            undone,
            reservations: _,
            orders: _,
            past,
            corrections,
            integrations: _,
            integration_counts: _,
            imports: _,
            transfers: _,
            open_transfers: _,
            expected: _,
            layout: _,
        } = needs;
        let mut state = State::default();
        if *organization {
            state.organization.clone_from(&self.organization);
        }
        for product in managed_products {
            let management = StockOwnership {
                organization_level: self.organization_level.contains(product),
                managed_by: self.managed_by.get(product).cloned().unwrap_or_default(),
                last_deleted: self.last_deleted(*product),
            };
            state.management.insert(*product, management);
        }
        let holder = |holders: &Holders, text: &(Owner, ProductText)| {
            let holder = holders.get(text)?;
            Some((text.0, *holder))
        };
        let by_text = skus.iter().filter_map(|sku| holder(&self.skus, sku));
        let by_ref = external_refs.iter();
        let by_ref = by_ref.filter_map(|it| holder(&self.external_refs, it));
        let by_id = products.iter().copied();
        for key in by_id.chain(by_text).chain(by_ref) {
            if let Some(product) = self.products.get(&key) {
                state.add_product(product.clone());
            }
        }
        let in_stores = store_products.iter().copied();
        let in_stores = in_stores.filter(|id| self.is_in_a_store(*id));
        state.store_products.extend(in_stores);
        let by_slug = location_slugs.iter();
        let by_slug = by_slug.filter_map(|slug| self.location_slugs.get(slug));
        for id in locations.iter().chain(by_slug) {
            if let Some(location) = self.locations.get(id) {
                state.add_location(location.clone());
            }
        }
        let used = location_use.iter().filter(|id| self.is_in_use(**id));
        state.locations_in_use.extend(used);
        for owner in location_counts {
            let count = self.location_counts.get(owner).copied().unwrap_or(0);
            state.location_counts.insert(*owner, count);
        }
        for key in stocks {
            if let Some(stock) = self.stocks.get(key) {
                state.stocks.insert(*key, stock.clone());
            }
        }
        self.load_reservations(needs, now, &mut state);
        self.load_transfers(needs, &mut state);
        self.integrations.load(needs, &mut state);
        self.imports.load(needs, &mut state);
        for id in keys {
            if let Some(key) = self.keys.get(id) {
                state.keys.insert(*id, key.clone());
            }
        }
        for (_, id) in undone {
            if self.undone.contains_key(id) {
                state.undone.insert(*id);
            }
        }
        for (key, since) in corrections {
            if let Some(stock) = self.stocks.get(key) {
                let corrections = self.corrections(stock.id, *since);
                state.corrections.insert((*key, *since), corrections);
            }
        }
        for (key, at) in past {
            let period = self.stocks.get(key).map(StockPeriod::from);
            if let Some(stock) = period.and_then(|period| self.stock_at(&period, *at)) {
                state.past.insert((*key, *at), stock);
            }
        }
        for owner in key_totals {
            state.key_totals.insert(*owner, self.key_totals(*owner));
        }
        state
    }

    /// The idempotency records that commands need to be decided.
    pub(crate) fn idempotency_records(&self, needs: &Needs) -> IdempotencyRecords {
        let mut answers = IdempotencyRecords::default();
        let kept = needs.idempotency_keys.iter();
        for kept in kept.filter_map(|key| self.idempotency_records.get(key)) {
            answers.add(kept.clone());
        }
        answers
    }

    /// The corrections in a stock's ledger that were made after `since`.
    fn corrections(&self, stock: StockId, since: Timestamp) -> Corrections {
        let ledger = self.ledgers.get(&stock).map_or(&[][..], Vec::as_slice);
        let made_since = ledger.partition_point(|entry| entry.created_at <= since);
        let mut corrections = Corrections::default();
        for entry in ledger[made_since..].iter().filter(|it| it.is_correction()) {
            corrections.add(entry.location, entry.into());
        }
        corrections
    }

    /// Stores an idempotency record.
    pub(crate) fn keep(&mut self, kept: IdempotencyRecord) {
        let key = (kept.owner, kept.key.clone());
        self.idempotency_records.insert(key, kept);
    }

    /// Deletes at most `limit` expired idempotency records, and returns their number.
    pub(crate) fn forget_answers(&mut self, now: Timestamp, limit: usize) -> u64 {
        let is_over = |kept: &IdempotencyRecord| kept.expires_at <= now;
        let over = self
            .idempotency_records
            .iter()
            .filter(|(_, kept)| is_over(kept));
        let keys: Vec<_> = over.map(|(key, _)| key.clone()).take(limit).collect();
        for key in &keys {
            self.idempotency_records.remove(key);
        }
        keys.len() as u64
    }

    /// The name of an application key, or its last name if it is deleted.
    pub(crate) fn key_name(&self, key: KeyId) -> Option<&Arc<str>> {
        self.key_names.get(&key)
    }

    fn begin_span(&mut self, stock: StockId, location: LocationId, added_at: Timestamp) {
        self.position_spans
            .entry(stock)
            .or_default()
            .push(PositionSpan {
                location,
                added_at,
                removed_at: None,
            });
    }

    fn end_span(&mut self, stock: StockId, location: LocationId, at: Timestamp) {
        let spans = self.position_spans.get_mut(&stock).into_iter().flatten();
        for span in spans.filter(|span| span.location == location && span.removed_at.is_none()) {
            span.removed_at = Some(at.max(span.added_at));
        }
    }

    /// A location, or what it last was if it is deleted.
    pub(crate) fn location(&self, id: LocationId) -> Option<&Location> {
        let living = self.locations.get(&id);
        living.or_else(|| self.deleted_locations.get(&id))
    }

    /// The slug of a location, or its last slug if it is deleted.
    pub(crate) fn slug(&self, id: LocationId) -> Option<&Slug> {
        self.location(id).map(|location| &location.slug)
    }

    fn last_deleted(&self, product: ProductId) -> BTreeMap<Owner, Timestamp> {
        let deleted = self.deleted_stocks.iter();
        let deleted = deleted.filter(|deleted| deleted.stock.product == product);
        // Deleted stock is in the order of deletion, so the last deletion of each owner stays.
        deleted
            .map(|deleted| (deleted.stock.owner, deleted.deleted_at))
            .collect()
    }

    /// Whether a store has registered a product of its own under this id.
    fn is_in_a_store(&self, id: ProductId) -> bool {
        let mut stores = self.stores.keys().map(|store| Owner::Store(*store));
        stores.any(|owner| self.products.contains_key(&(owner, id)))
    }

    fn is_in_use(&self, location: LocationId) -> bool {
        self.positions.get(&location).is_some_and(|keys| {
            keys.iter()
                .filter_map(|key| self.stocks.get(key)?.balance(Some(location)))
                .any(|balance| balance != Balance::default())
        })
    }

    pub(crate) fn store_stock(&mut self, key: StockKey, change: StockChange) {
        match (change.before, change.after) {
            // The usual case, and the fast path.
            (Some(before), Some(after)) if before.id == after.id => {
                self.replace_stock(key, &before, after);
            }
            (before, after) => {
                if let Some(before) = before {
                    self.remove_stock(key, &before);
                }
                if let Some(after) = after {
                    self.insert_stock(key, after);
                }
            }
        }
    }

    fn replace_stock(&mut self, key: StockKey, before: &Stock, after: Stock) {
        for location in before.located.keys() {
            if !after.located.contains_key(location) {
                self.remove_position(key, *location);
                self.end_span(after.id, *location, after.updated_at);
            }
        }
        for location in after.located.keys() {
            if !before.located.contains_key(location) {
                self.positions.entry(*location).or_default().insert(key);
                self.begin_span(after.id, *location, after.updated_at);
            }
        }
        self.stocks.insert(key, after);
    }

    fn remove_stock(&mut self, key: StockKey, stock: &Stock) {
        self.stocks.remove(&key);
        if let Some(order) = self.stock_order.get_mut(&key.owner) {
            order.remove(&stock.id);
        }
        if let Some(owners) = self.managed_by.get_mut(&key.product) {
            owners.remove(&key.owner);
        }
        for location in stock.located.keys() {
            self.remove_position(key, *location);
        }
    }

    fn remove_position(&mut self, key: StockKey, location: LocationId) {
        if let Some(keys) = self.positions.get_mut(&location) {
            keys.remove(&key);
        }
    }

    fn insert_stock(&mut self, key: StockKey, stock: Stock) {
        let order = self.stock_order.entry(key.owner).or_default();
        order.insert(stock.id, key.product);
        if stock.product_owner == Owner::Organization {
            let owners = self.managed_by.entry(key.product).or_default();
            owners.insert(key.owner);
        }
        for location in stock.located.keys() {
            self.positions.entry(*location).or_default().insert(key);
            self.begin_span(stock.id, *location, stock.updated_at);
        }
        self.stocks.insert(key, stock);
    }

    pub(crate) fn store_record(&mut self, record: RecordChange) {
        match record {
            RecordChange::Organization(organization) => self.organization = Some(organization),
            RecordChange::Store(store) => {
                self.stores.insert(store.id, store);
            }
            RecordChange::Location(location) => self.store_location(location),
            RecordChange::LocationDeleted(location, at) => self.delete_location(location, at),
            RecordChange::Product(product) => self.store_product(product),
            RecordChange::ProductDeleted(product) => {
                self.remove_product((product.owner, product.id));
            }
            RecordChange::OrganizationLevel(product, true) => {
                self.organization_level.insert(product);
            }
            RecordChange::OrganizationLevel(product, false) => {
                self.organization_level.remove(&product);
            }
            RecordChange::Key(key) => {
                self.key_names.insert(key.id, key.name.as_str().into());
                self.keys.insert(key.id, key);
            }
            RecordChange::KeyDeleted(key) => {
                self.keys.remove(&key.id);
            }
            // Revocations are stored outside the tenants, because servers ask for those of all tenants.
            RecordChange::TokensRevoked(..) => {}
            RecordChange::Integration(change) => self.integrations.store(*change),
            RecordChange::IntegrationDeleted(it) => self.integrations.delete(it.id),
            RecordChange::EventsReplayed(id, from) => self.integrations.replay(id, from),
            RecordChange::Import(change, errors) => self.imports.store(*change, errors),
            RecordChange::Transfer(change) => self.transfers.store(*change),
            RecordChange::TransferDeleted(transfer) => self.transfers.delete(transfer.id),
        }
    }

    fn store_location(&mut self, location: Location) {
        let slug = (location.owner, location.slug.clone());
        match self.locations.get(&location.id) {
            None => *self.location_counts.entry(location.owner).or_default() += 1,
            Some(before) => {
                let slug_before = (before.owner, before.slug.clone());
                let shown = |it: &Location| (it.enabled, it.priority, it.geolocation);
                if before.slug != location.slug || shown(before) != shown(&location) {
                    self.show_in_positions(&location);
                }
                self.location_slugs.remove(&slug_before);
            }
        }
        self.location_slugs.insert(slug, location.id);
        self.locations.insert(location.id, location);
    }

    /// Gives all positions in a location what they show of it.
    fn show_in_positions(&mut self, location: &Location) {
        for key in self.positions.get(&location.id).into_iter().flatten() {
            let stock = self.stocks.get_mut(key);
            if let Some(position) = stock.and_then(|stock| stock.located.get_mut(&location.id)) {
                position.slug = location.slug.clone();
                position.enabled = location.enabled;
                position.priority = location.priority;
                position.geolocation = location.geolocation;
            }
        }
    }

    fn delete_location(&mut self, location: Location, at: Timestamp) {
        self.locations.remove(&location.id);
        self.location_slugs
            .remove(&(location.owner, location.slug.clone()));
        if let Some(count) = self.location_counts.get_mut(&location.owner) {
            *count -= 1;
        }
        for key in self.positions.remove(&location.id).unwrap_or_default() {
            if let Some(stock) = self.stocks.get_mut(&key) {
                stock.located.remove(&location.id);
                let stock = stock.id;
                self.end_span(stock, location.id, at);
            }
        }
        self.deleted_locations.insert(location.id, location);
    }
}
