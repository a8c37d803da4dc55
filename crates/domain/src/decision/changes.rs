//! The changes that result from decisions.

use std::collections::BTreeMap;

use super::event::event_of;
use super::line_error::LineError;
use super::state::State;
use crate::events::{EntryRef, Event, FeedItem};
use crate::imports::ImportChange;
use crate::integrations::{Integration, IntegrationChange};
use crate::keys::{ApplicationKey, RevokedGrants};
use crate::ledger::{Batch, Entry};
use crate::locations::Location;
use crate::policies::StockAlert;
use crate::products::Product;
use crate::reservations::{LapsedLine, Reservation, ReservationState, ReservedLine};
use crate::stock::{Stock, StockKey};
use crate::tenancy::{Organization, Store};
use crate::transfers::{Transfer, TransferChange};
use crate::values::{
    IntegrationId, KeyId, OrderId, Owner, ProductId, ReservationId, Timestamp, first_version,
};

/// One change that a decision makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A stock is created, or replaced by this value.
    Stock(Stock),
    /// The policy of a stock is changed: the stock is replaced by this value.
    Policy(Stock),
    /// An alert goes on or off: the stock is replaced by this value.
    Alert(Box<(Stock, StockAlert)>),
    /// A stock is deleted at this time.
    StockDeleted(StockKey, Timestamp),
    /// A line is added to a stock's ledger.
    Entry(Entry),
    /// Entries are made by one bulk request.
    Batch(Batch),
    /// An expired line of a reservation is booked: its pieces are available again.
    Settled(LapsedLine),
    /// A reservation is made, or replaced by this value.
    Reservation(Reservation),
    /// Something other than stock.
    Record(RecordChange),
}

/// A change to something other than stock.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordChange {
    /// The organization is created, or replaced by this value.
    Organization(Organization),
    /// A store is created.
    Store(Store),
    /// A location is created, or replaced by this value.
    Location(Location),
    /// A location is deleted at this time, with the empty positions that stocks have in it. Ledger
    /// entries still refer to it by its last slug.
    LocationDeleted(Location, Timestamp),
    /// A product is registered, or replaced by this value.
    Product(Product),
    /// A product is deleted.
    ProductDeleted(Product),
    /// A product becomes organization-level (`true`), or stops being so (`false`).
    OrganizationLevel(ProductId, bool),
    /// A key is created, or replaced by this value.
    Key(ApplicationKey),
    /// A key is deleted.
    KeyDeleted(ApplicationKey),
    /// Tokens that a key issued up to this time stop working.
    TokensRevoked(KeyId, RevokedGrants, Timestamp),
    /// An integration is created, or replaced by this value.
    Integration(Box<IntegrationChange>),
    /// An integration is deleted, at the time of its last update, with everything about its deliveries.
    IntegrationDeleted(Integration),
    /// The events of an integration are sent again, from this position of the feed on.
    EventsReplayed(IntegrationId, u64),
    /// An import is created, or replaced by this value, with errors to be added, each at its place among those
    /// of the job, from 0.
    Import(Box<ImportChange>, Vec<(u32, LineError)>),
    /// A transfer is made, or replaced by another value.
    Transfer(Box<TransferChange>),
    /// A draft of a transfer is deleted, at the time of its last update.
    TransferDeleted(Box<Transfer>),
}

/// A deleted stock, stored for auditors.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletedStock {
    /// The last state of the stock.
    pub stock: Stock,
    /// Time of the deletion.
    pub deleted_at: Timestamp,
}

/// The change of one owner's stock of one product in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct StockChange {
    /// The stock before the batch, if there was one.
    pub before: Option<Stock>,
    /// The stock after the batch, if there is one. Its id differs from the one before if it was
    /// deleted and created anew.
    pub after: Option<Stock>,
}

/// The change of a reservation in a batch. Only lines whose stock was loaded for the batch can differ.
#[derive(Debug, Clone, PartialEq)]
pub struct ReservationChange {
    /// The reservation before the batch, if there was one.
    pub before: Option<Reservation>,
    /// The reservation after the batch.
    pub after: Reservation,
}

impl ReservationChange {
    /// The lines to be stored, each with its place: all of a new reservation, and of others those that are
    /// new or changed.
    pub fn changed_lines(&self) -> impl Iterator<Item = (usize, &ReservedLine)> {
        let before = self.before.as_ref();
        let after = &self.after;
        // The expiry is stored with each line when that line is settled.
        let is_expired = after.state == ReservationState::Expired;
        let is_other_expiry = before.is_some_and(|it| it.state != after.state) && !is_expired;
        let lines = after.lines.iter().enumerate();
        lines.filter(move |(place, line)| {
            let before = before.and_then(|before| before.lines.get(*place));
            is_other_expiry || before != Some(*line)
        })
    }

    /// The order whose last reservation this one is from now on: a new one, or one that lives again.
    #[must_use]
    pub fn order_taken(&self) -> Option<&OrderId> {
        let lived = self.before.as_ref().map(|before| before.state.is_living());
        let is_taken = match lived {
            None => true,
            Some(lived) => !lived && self.after.state.is_living(),
        };
        self.after.order.as_ref().filter(|_| is_taken)
    }

    /// The number of lines, if there were more before: those from this place on are to be deleted.
    #[must_use]
    pub fn cut_to(&self) -> Option<usize> {
        let (before, after) = (self.before.as_ref()?.lines.len(), self.after.lines.len());
        (after < before).then_some(after)
    }

    /// Whether an old reservation [is rearranged](Reservation::is_rearranged).
    #[must_use]
    pub fn is_rearranged(&self) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|before| self.after.is_rearranged(before))
    }
}

/// The sum of the changes of a batch of commands: an adapter stores all of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Every stock touched, before and after.
    pub stocks: BTreeMap<StockKey, StockChange>,
    /// The last states of the stocks deleted in the batch.
    pub deleted_stocks: Vec<DeletedStock>,
    /// New ledger entries, in order.
    pub entries: Vec<Entry>,
    /// The bulk requests that made some of these entries.
    pub batches: Vec<Batch>,
    /// Expired lines of reservations: all their open pieces are available again.
    pub settled: Vec<LapsedLine>,
    /// Every reservation touched, before (apart from [`settled`](Self::settled)) and after.
    pub reservations: BTreeMap<ReservationId, ReservationChange>,
    /// Other changes, in order.
    pub records: Vec<RecordChange>,
    /// The events that aren't entries, in order.
    pub events: Vec<Event>,
}

impl Changes {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // In full, so that a kind of change that is added is looked at here.
        let Self {
            stocks,
            deleted_stocks,
            entries,
            batches,
            settled,
            reservations,
            records,
            // Each comes with something to store.
            events: _,
        } = self;
        stocks.is_empty()
            && deleted_stocks.is_empty()
            && entries.is_empty()
            && batches.is_empty()
            && settled.is_empty()
            && reservations.is_empty()
            && records.is_empty()
    }

    /// All events, with the entries, in the order of the feed.
    #[must_use]
    pub fn feed_items(&self) -> Vec<FeedItem> {
        let entries = self.entries.iter().map(EntryRef::from);
        let events = self.events.iter().cloned().map(Box::new);
        let mut items: Vec<FeedItem> = entries
            .map(FeedItem::Entry)
            .chain(events.map(FeedItem::Event))
            .collect();
        FeedItem::sort(&mut items);
        items
    }

    /// Adds a change that `state` is about to undergo.
    pub(crate) fn add(&mut self, change: &Change, state: &State) {
        self.events.extend(event_of(change, state));
        match change {
            Change::Stock(stock) | Change::Policy(stock) => {
                let key = stock.key();
                self.stock_change(key, state).after = Some(stock.clone());
            }
            Change::Alert(change) => {
                let (stock, _) = &**change;
                self.stock_change(stock.key(), state).after = Some(stock.clone());
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
    /// Applies a change.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Stock(stock) => {
                if stock.product_owner == Owner::Organization {
                    let management = self.management.entry(stock.product).or_default();
                    management.managed_by.insert(stock.owner);
                }
                self.stocks.insert(stock.key(), stock);
            }
            Change::Policy(stock) => {
                self.stocks.insert(stock.key(), stock);
            }
            Change::Alert(change) => {
                let (stock, _) = *change;
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
                let change = ReservationChange {
                    before: self.reservations.remove(&reservation.id),
                    after: reservation,
                };
                if let Some(order) = change.order_taken() {
                    let order = (change.after.owner, order.clone());
                    self.orders.insert(order, change.after.id);
                }
                self.reservations.insert(change.after.id, change.after);
            }
            Change::Record(RecordChange::OrganizationLevel(product, organization_level)) => {
                let management = self.management.entry(product).or_default();
                management.organization_level = organization_level;
            }
            // For the later lines of an import.
            Change::Record(RecordChange::Product(product)) => self.add_product(product),
            Change::Record(RecordChange::Location(location)) => {
                if location.version == first_version() {
                    let count = self.location_counts.entry(location.owner).or_default();
                    *count = count.saturating_add(1);
                }
                self.add_location(location);
            }
            // No decision reads entries or batches. Each change of another record is decided on a state
            // of its own, so none reads what another has changed.
            Change::Entry(_) | Change::Batch(_) | Change::Record(_) => {}
        }
    }
}
