//! What a decision is made from, and what it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ApplicationKey, BatchId, Corrections, DueHolds, Entry, Hold, IdempotencyKey, KeptAnswer, KeyId,
    Location, LocationId, OrderId, Organization, Owner, Product, ProductId, ProductText,
    Reservation, ReservationId, ReservationState, ReservedLine, RevokedGrants, Slug, Stock,
    StockId, Store, Timestamp, TransactionId,
};

/// Names the one stock that an owner can have of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StockKey {
    /// The product.
    pub product: ProductId,
    /// Who holds the stock.
    pub owner: Owner,
}

/// What an adapter has to load, and lock, before commands are decided. The sets are sorted: an
/// adapter that locks rows does so in this order, so that no two batches wait for each other.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// The organization itself.
    pub organization: bool,
    /// [`State::management`] of these products.
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
    /// How many living locations these owners have.
    pub location_counts: BTreeSet<Owner>,
    /// Current stock.
    pub stocks: BTreeSet<StockKey>,
    /// Application keys, by id.
    pub keys: BTreeSet<KeyId>,
    /// Count and reserved rate limits of these owners' keys.
    pub key_totals: BTreeSet<Owner>,
    /// What was answered under these keys.
    pub idempotency_keys: BTreeSet<(Owner, IdempotencyKey)>,
    /// Which of these entries are undone.
    pub undone: BTreeSet<(StockId, TransactionId)>,
    /// Reservations, by id.
    pub reservations: BTreeSet<ReservationId>,
    /// The reservations that these orders had last.
    pub orders: BTreeSet<(Owner, OrderId)>,
    /// Current stock as it stood at these times.
    pub past: BTreeSet<(StockKey, Timestamp)>,
    /// The corrections in the ledgers of current stock that were made after these times.
    pub corrections: BTreeSet<(StockKey, Timestamp)>,
}

/// Where stock of a product is managed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// Whether the product is organization-level: registered by the organization, or never
    /// registered and once managed by it.
    pub organization_level: bool,
    /// Who holds stock of it as of an organization-level product.
    pub managed_by: BTreeSet<Owner>,
    /// When the last stock of it that an owner no longer has was deleted.
    pub last_deleted: BTreeMap<Owner, Timestamp>,
}

/// Count and reserved rate limits of one owner's keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyTotals {
    /// How many keys there are.
    pub keys: u64,
    /// What they reserve together, in requests per second.
    pub reserved_rate_limit: u64,
}

/// What is known when commands of one organization are decided: all that they [need](Needs), and
/// what those decided before them in the same batch changed.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Where stock of each needed product is managed.
    pub management: HashMap<ProductId, Management>,
    /// Registered products. Several stores may have one of the same id.
    pub products: HashMap<(Owner, ProductId), Product>,
    /// The needed ids under which a store has registered a product of its own.
    pub store_products: HashSet<ProductId>,
    /// Who has a `sku`.
    pub skus: HashMap<(Owner, ProductText), ProductId>,
    /// Who has an `external_ref`.
    pub external_refs: HashMap<(Owner, ProductText), ProductId>,
    /// Living locations.
    pub locations: HashMap<LocationId, Location>,
    /// Which of the needed locations stock lies in.
    pub locations_in_use: HashSet<LocationId>,
    /// How many living locations an owner has.
    pub location_counts: HashMap<Owner, u64>,
    /// Current stock.
    pub stocks: HashMap<StockKey, Stock>,
    /// Application keys.
    pub keys: HashMap<KeyId, ApplicationKey>,
    /// Count and reserved rate limits of an owner's keys.
    pub key_totals: HashMap<Owner, KeyTotals>,
    /// Which of the needed entries are undone.
    pub undone: HashSet<TransactionId>,
    /// Reservations, as they are stored.
    pub reservations: HashMap<ReservationId, Reservation>,
    /// The reservation that an order had last; it is among the others.
    pub orders: HashMap<(Owner, OrderId), ReservationId>,
    /// What has run out of the holds on current stock that is [due](Stock::due).
    pub due: HashMap<StockKey, DueHolds>,
    /// Current stock as it stood at some time, if it was there.
    pub past: HashMap<(StockKey, Timestamp), Stock>,
    /// The corrections in ledgers of current stock that were made after some time.
    pub corrections: HashMap<(StockKey, Timestamp), Corrections>,
    location_slugs: HashMap<(Owner, Slug), LocationId>,
    kept_answers: HashMap<(Owner, IdempotencyKey), KeptAnswer>,
}

impl State {
    /// Adds a location that was loaded.
    pub fn add_location(&mut self, location: Location) {
        self.location_slugs
            .insert((location.owner, location.slug.clone()), location.id);
        self.locations.insert(location.id, location);
    }

    /// Adds a product that was loaded.
    pub fn add_product(&mut self, product: Product) {
        if let Some(sku) = &product.sku {
            self.skus.insert((product.owner, sku.clone()), product.id);
        }
        if let Some(external_ref) = &product.external_ref {
            self.external_refs
                .insert((product.owner, external_ref.clone()), product.id);
        }
        self.products.insert((product.owner, product.id), product);
    }

    /// Adds an answer that was kept, whether or not its time is over.
    pub fn keep(&mut self, kept: KeptAnswer) {
        self.kept_answers
            .insert((kept.owner, kept.key.clone()), kept);
    }

    /// What `owner` was answered under a key that is still kept at `now`.
    pub(crate) fn kept_answer(
        &self,
        owner: Owner,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Option<&KeptAnswer> {
        let kept = self.kept_answers.get(&(owner, key.clone()))?;
        Some(kept).filter(|kept| kept.expires_at > now)
    }

    /// The owner's living location of this slug.
    #[must_use]
    pub fn location(&self, owner: Owner, slug: &Slug) -> Option<&Location> {
        // Looked up with an owned key: a borrowed pair is no key of the map.
        let id = self.location_slugs.get(&(owner, slug.clone()))?;
        self.locations.get(id)
    }

    /// The stock of a product that `acting` sees: its own, else the organization's.
    #[must_use]
    pub fn visible_stock(&self, acting: Owner, product: ProductId) -> Option<&Stock> {
        acting
            .visible()
            .find_map(|owner| self.stocks.get(&StockKey { product, owner }))
    }

    /// The registered product of this id that `acting` sees: its own, else the organization's.
    #[must_use]
    pub fn visible_product(&self, acting: Owner, id: ProductId) -> Option<&Product> {
        acting
            .visible()
            .find_map(|owner| self.products.get(&(owner, id)))
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Stock(stock) => {
                if stock.product_owner == Owner::Organization {
                    let management = self.management.entry(stock.product).or_default();
                    management.managed_by.insert(stock.owner);
                }
                self.stocks.insert(stock.key(), stock);
            }
            Change::StockDeleted(key, deleted_at) => {
                self.stocks.remove(&key);
                let management = self.management.entry(key.product).or_default();
                management.managed_by.remove(&key.owner);
                management.last_deleted.insert(key.owner, deleted_at);
            }
            Change::Settled(hold) => {
                if let Some(reservation) = self.reservations.get_mut(&hold.reservation)
                    && let Some(line) = reservation.lines.get_mut(hold.line)
                {
                    line.release();
                }
            }
            Change::Reservation(reservation) => {
                if let Some(order) = &reservation.order
                    && !self.reservations.contains_key(&reservation.id)
                {
                    let order = (reservation.owner, order.clone());
                    self.orders.insert(order, reservation.id);
                }
                self.reservations.insert(reservation.id, reservation);
            }
            Change::Record(RecordChange::OrganizationLevel(product, organization_level)) => {
                let management = self.management.entry(product).or_default();
                management.organization_level = organization_level;
            }
            // No decision looks at entries or batches. Other records are decided one to a state, so that
            // none looks at what another has changed.
            Change::Entry(_) | Change::Batch(_) | Change::Record(_) => {}
        }
    }
}

impl Stock {
    /// What this stock is found by.
    #[must_use]
    pub const fn key(&self) -> StockKey {
        StockKey {
            product: self.product,
            owner: self.owner,
        }
    }
}

/// One thing that a decision changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A stock is created, or is now this.
    Stock(Stock),
    /// A stock is no longer managed, as of this time.
    StockDeleted(StockKey, Timestamp),
    /// A line is added to a stock's ledger.
    Entry(Entry),
    /// Entries were made by one request for many.
    Batch(Batch),
    /// What a reservation held of a stock is given back, since its time is over.
    Settled(Hold),
    /// A reservation is made, or is now this.
    Reservation(Reservation),
    /// Something other than stock.
    Record(RecordChange),
}

/// The entries made by one request for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Names it.
    pub id: BatchId,
    /// Who asked for it.
    pub owner: Owner,
    /// Which entries they are, in order.
    pub entries: Vec<BatchEntry>,
}

/// Where an entry of a batch is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchEntry {
    /// The product.
    pub product: ProductId,
    /// Its stock at that time.
    pub stock: StockId,
    /// The entry's place in the ledger.
    pub sequence: u64,
}

impl BatchEntry {
    /// How many bytes one takes in a database.
    const BYTES: usize = 40;

    /// Entries as they are kept in a database, one after the other: of each the product, its stock,
    /// and the number, its most significant byte first.
    #[must_use]
    pub fn to_bytes(entries: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(entries.len().saturating_mul(Self::BYTES));
        for entry in entries {
            bytes.extend(entry.product.uuid().as_bytes());
            bytes.extend(entry.stock.uuid().as_bytes());
            bytes.extend(entry.sequence.to_be_bytes());
        }
        bytes
    }

    /// The entries that [`to_bytes`](Self::to_bytes) has made bytes of; `None` if it can't have.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Vec<Self>> {
        bytes.chunks(Self::BYTES).map(Self::read).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (product, rest) = bytes.split_first_chunk()?;
        let (stock, rest) = rest.split_first_chunk()?;
        Some(Self {
            product: ProductId::new(Uuid::from_bytes(*product)),
            stock: StockId::new(Uuid::from_bytes(*stock)),
            sequence: u64::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

/// A change to something other than stock.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordChange {
    /// The organization is created, or is now this.
    Organization(Organization),
    /// A store is created.
    Store(Store),
    /// A location is created, or is now this.
    Location(Location),
    /// A location is gone, together with the empty positions that stocks have in it. Ledger
    /// entries go on referring to it by the slug that it had last.
    LocationDeleted(Location, Timestamp),
    /// A product is registered, or is now this.
    Product(Product),
    /// A product is gone.
    ProductDeleted(Product),
    /// A product is organization-level from now on, or no longer.
    OrganizationLevel(ProductId, bool),
    /// A key is created, or is now this.
    Key(ApplicationKey),
    /// A key is gone.
    KeyDeleted(ApplicationKey),
    /// Tokens that a key gave up to this time don't work any more.
    TokensRevoked(KeyId, RevokedGrants, Timestamp),
}

/// A stock that is no longer managed; kept for auditors.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletedStock {
    /// The stock as it was last.
    pub stock: Stock,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// What became of one owner's stock of one product in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct StockChange {
    /// The stock before the batch, if there was one.
    pub before: Option<Stock>,
    /// The stock after the batch, if there is one. Its id differs from the one before if it was
    /// deleted and created anew.
    pub after: Option<Stock>,
}

/// What became of a reservation in a batch. Of its lines, only those differ of whose stock the batch
/// has brought along.
#[derive(Debug, Clone, PartialEq)]
pub struct ReservationChange {
    /// The reservation before, if there was one.
    pub before: Option<Reservation>,
    /// The reservation after it.
    pub after: Reservation,
}

impl ReservationChange {
    /// The lines that have to be stored anew, and their places, if there was a reservation before.
    pub fn changed_lines(&self) -> impl Iterator<Item = (usize, &ReservedLine)> {
        let before = self.before.as_ref();
        let after = &self.after;
        // That it is over is stored of each line when it is settled.
        let is_expired = after.state == ReservationState::Expired;
        let is_other_expiry = before.is_some_and(|it| it.state != after.state) && !is_expired;
        let lines = before.into_iter().flat_map(|before| &before.lines);
        let pairs = lines.zip(&after.lines).enumerate();
        pairs
            .filter(move |(_, (before, after))| before != after || is_other_expiry)
            .map(|(place, (_, line))| (place, line))
    }
}

/// All that a batch of commands changes, added up: an adapter stores the whole of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Every stock touched, before and after.
    pub stocks: BTreeMap<StockKey, StockChange>,
    /// The stocks deleted on the way, as they were last.
    pub deleted_stocks: Vec<DeletedStock>,
    /// New ledger entries, in order.
    pub entries: Vec<Entry>,
    /// The batches that some of them were made in.
    pub batches: Vec<Batch>,
    /// Holds that have run out: all that is open of these lines is given back.
    pub settled: Vec<Hold>,
    /// Every reservation touched, before (apart from that) and after.
    pub reservations: BTreeMap<ReservationId, ReservationChange>,
    /// Other changes, in order.
    pub records: Vec<RecordChange>,
    /// Answers to be kept; each replaces one that was kept before, whose time is over.
    pub kept_answers: Vec<KeptAnswer>,
}

impl Changes {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stocks.is_empty()
            && self.deleted_stocks.is_empty()
            && self.entries.is_empty()
            && self.batches.is_empty()
            && self.settled.is_empty()
            && self.reservations.is_empty()
            && self.records.is_empty()
            && self.kept_answers.is_empty()
    }

    /// Adds a change that `state` is about to undergo.
    pub(crate) fn add(&mut self, change: &Change, state: &State) {
        match change {
            Change::Stock(stock) => {
                let key = stock.key();
                self.stock_change(key, state).after = Some(stock.clone());
            }
            Change::StockDeleted(key, deleted_at) => {
                if let Some(stock) = state.stocks.get(key) {
                    self.deleted_stocks.push(DeletedStock {
                        stock: stock.clone(),
                        deleted_at: *deleted_at,
                    });
                }
                self.stock_change(*key, state).after = None;
            }
            Change::Entry(entry) => self.entries.push(entry.clone()),
            Change::Batch(batch) => self.batches.push(batch.clone()),
            Change::Settled(hold) => self.settled.push(hold.clone()),
            Change::Reservation(reservation) => {
                let change = self.reservations.entry(reservation.id);
                let change = change.or_insert_with(|| ReservationChange {
                    before: state.reservations.get(&reservation.id).cloned(),
                    after: reservation.clone(),
                });
                change.after = reservation.clone();
            }
            Change::Record(record) => self.records.push(record.clone()),
        }
    }

    fn stock_change(&mut self, key: StockKey, state: &State) -> &mut StockChange {
        self.stocks.entry(key).or_insert_with(|| StockChange {
            before: state.stocks.get(&key).cloned(),
            after: None,
        })
    }
}
