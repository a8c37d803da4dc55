//! The changes that decisions result in.

use super::state::State;
use crate::keys::{ApplicationKey, RevokedGrants};
use crate::ledger::{Batch, Entry};
use crate::locations::Location;
use crate::products::Product;
use crate::reservations::{LapsedLine, Reservation, ReservationState, ReservedLine};
use crate::stock::{Stock, StockKey};
use crate::tenancy::{Organization, Store};
use crate::values::{KeyId, Owner, ProductId, ReservationId, Timestamp};
use std::collections::BTreeMap;

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
    Settled(LapsedLine),
    /// A reservation is made, or is now this.
    Reservation(Reservation),
    /// Something other than stock.
    Record(RecordChange),
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
    pub settled: Vec<LapsedLine>,
    /// Every reservation touched, before (apart from that) and after.
    pub reservations: BTreeMap<ReservationId, ReservationChange>,
    /// Other changes, in order.
    pub records: Vec<RecordChange>,
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

impl State {
    /// Makes a change.
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
