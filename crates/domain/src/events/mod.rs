//! Events: the changes of an inventory, for those who keep a copy of it.
//!
//! An entry of a ledger is an event of its own, and the feed only refers to it. Every other event holds
//! the thing that it is about.

mod order;

pub use order::{EntryRef, FeedItem, FeedOrder};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::imports::Import;
use crate::integrations::Integration;
use crate::locations::Location;
use crate::policies::StockAlert;
use crate::products::Product;
use crate::reservations::Reservation;
use crate::stock::Stock;
use crate::transfers::Transfer;
use crate::values::{
    EventName, ImportId, IntegrationId, LocationId, Owner, ProductId, ReservationId,
    ReservationStep, StockId, Timestamp, TransferChangeKind, TransferId,
};

/// A change of something, other than an entry of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Stock was created, with its entries up to this state.
    StockCreated(Stock),
    /// Stock was deleted, at a time.
    StockDeleted(StockEnd),
    /// The policy of stock was changed, or deleted.
    PolicyUpdated(Stock),
    /// An alert of stock has gone on.
    StockLow(Box<StockAlert>),
    /// An alert of stock has gone off.
    StockRecovered(Box<StockAlert>),
    /// A product was registered.
    ProductCreated(Product),
    /// A product was changed.
    ProductUpdated(Product),
    /// A product was deleted, at the time of its last update.
    ProductDeleted(Product),
    /// A reservation was made.
    ReservationCreated(Reservation),
    /// A reservation was changed, by these steps.
    ReservationUpdated(Reservation, Vec<ReservationStep>),
    /// A location was created.
    LocationCreated(Location),
    /// A location was changed.
    LocationUpdated(Location),
    /// A location was deleted, at the time of its last update.
    LocationDeleted(Location),
    /// An integration was created.
    IntegrationCreated(Integration),
    /// An integration was changed.
    IntegrationUpdated(Integration),
    /// An integration was deleted, at the time of its last update.
    IntegrationDeleted(Integration),
    /// An integration was disabled, because it couldn't deliver.
    IntegrationDisabled(Integration),
    /// An import is in another state.
    ImportUpdated(Box<Import>),
    /// A transfer was made. Transfers are without their receipts here.
    TransferCreated(Box<Transfer>),
    /// A transfer was changed, in these ways.
    TransferUpdated(Box<Transfer>, Vec<TransferChangeKind>),
    /// A transfer is overdue.
    TransferOverdue(Box<Transfer>),
    /// A draft of a transfer was deleted, at the time of its last update.
    TransferDeleted(Box<Transfer>),
}

/// The end of a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockEnd {
    /// The id of the stock.
    pub id: StockId,
    /// The product.
    pub product: ProductId,
    /// The former owner.
    pub owner: Owner,
    /// The number of its last entry.
    pub sequence: u64,
    /// Time of deletion.
    pub deleted_at: Timestamp,
}

/// The thing that an event is about. The events of one subject are in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// One stock of a product.
    Stock(ProductId, StockId),
    /// A registered product.
    Product(ProductId),
    /// A reservation.
    Reservation(ReservationId),
    /// A location.
    Location(LocationId),
    /// An integration.
    Integration(IntegrationId),
    /// An import.
    Import(ImportId),
    /// A transfer.
    Transfer(TransferId),
}

impl Subject {
    /// The id by which clients know it: for stock, that of the product.
    #[must_use]
    pub const fn id(self) -> Uuid {
        match self {
            Self::Stock(product, _) | Self::Product(product) => product.uuid(),
            Self::Reservation(id) => id.uuid(),
            Self::Location(id) => id.uuid(),
            Self::Integration(id) => id.uuid(),
            Self::Import(id) => id.uuid(),
            Self::Transfer(id) => id.uuid(),
        }
    }
}

impl Event {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> EventName {
        match self {
            Self::StockCreated(_) => EventName::StockCreated,
            Self::StockDeleted(_) => EventName::StockDeleted,
            Self::PolicyUpdated(_) => EventName::PolicyUpdated,
            Self::StockLow(_) => EventName::StockLow,
            Self::StockRecovered(_) => EventName::StockRecovered,
            Self::ProductCreated(_) => EventName::ProductCreated,
            Self::ProductUpdated(_) => EventName::ProductUpdated,
            Self::ProductDeleted(_) => EventName::ProductDeleted,
            Self::ReservationCreated(_) => EventName::ReservationCreated,
            Self::ReservationUpdated(..) => EventName::ReservationUpdated,
            Self::LocationCreated(_) => EventName::LocationCreated,
            Self::LocationUpdated(_) => EventName::LocationUpdated,
            Self::LocationDeleted(_) => EventName::LocationDeleted,
            Self::IntegrationCreated(_) => EventName::IntegrationCreated,
            Self::IntegrationUpdated(_) => EventName::IntegrationUpdated,
            Self::IntegrationDeleted(_) => EventName::IntegrationDeleted,
            Self::IntegrationDisabled(_) => EventName::IntegrationDisabled,
            Self::ImportUpdated(_) => EventName::ImportUpdated,
            Self::TransferCreated(_) => EventName::TransferCreated,
            Self::TransferUpdated(..) => EventName::TransferUpdated,
            Self::TransferOverdue(_) => EventName::TransferOverdue,
            Self::TransferDeleted(_) => EventName::TransferDeleted,
        }
    }

    /// Its subject.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::StockCreated(stock) | Self::PolicyUpdated(stock) => {
                Subject::Stock(stock.product, stock.id)
            }
            Self::StockLow(alert) | Self::StockRecovered(alert) => {
                Subject::Stock(alert.product, alert.stock)
            }
            Self::StockDeleted(end) => Subject::Stock(end.product, end.id),
            Self::ProductCreated(product)
            | Self::ProductUpdated(product)
            | Self::ProductDeleted(product) => Subject::Product(product.id),
            Self::ReservationCreated(reservation) | Self::ReservationUpdated(reservation, _) => {
                Subject::Reservation(reservation.id)
            }
            Self::LocationCreated(location)
            | Self::LocationUpdated(location)
            | Self::LocationDeleted(location) => Subject::Location(location.id),
            Self::IntegrationCreated(integration)
            | Self::IntegrationUpdated(integration)
            | Self::IntegrationDeleted(integration)
            | Self::IntegrationDisabled(integration) => Subject::Integration(integration.id),
            Self::ImportUpdated(import) => Subject::Import(import.id),
            Self::TransferCreated(transfer)
            | Self::TransferUpdated(transfer, _)
            | Self::TransferOverdue(transfer)
            | Self::TransferDeleted(transfer) => Subject::Transfer(transfer.id),
        }
    }

    /// Time of the change. It never runs backwards within a subject.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::StockCreated(stock) => stock.created_at,
            Self::StockDeleted(end) => end.deleted_at,
            Self::PolicyUpdated(stock) => stock.updated_at,
            Self::StockLow(alert) | Self::StockRecovered(alert) => alert.changed_at,
            Self::ProductCreated(product)
            | Self::ProductUpdated(product)
            | Self::ProductDeleted(product) => product.updated_at,
            Self::ReservationCreated(reservation) | Self::ReservationUpdated(reservation, _) => {
                reservation.updated_at
            }
            Self::LocationCreated(location)
            | Self::LocationUpdated(location)
            | Self::LocationDeleted(location) => location.updated_at,
            Self::IntegrationCreated(integration)
            | Self::IntegrationUpdated(integration)
            | Self::IntegrationDeleted(integration)
            | Self::IntegrationDisabled(integration) => integration.updated_at,
            Self::ImportUpdated(import) => import.updated_at,
            Self::TransferCreated(transfer)
            | Self::TransferUpdated(transfer, _)
            | Self::TransferOverdue(transfer)
            | Self::TransferDeleted(transfer) => transfer.updated_at,
        }
    }

    /// The number of the change within its subject: the number of a ledger entry, or a version. Stock
    /// is created with its first entry, and deleted after its last.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::StockCreated(_) => 1,
            Self::StockDeleted(end) => end.sequence,
            Self::PolicyUpdated(stock) => stock.sequence,
            Self::StockLow(alert) | Self::StockRecovered(alert) => alert.sequence,
            Self::ProductCreated(product)
            | Self::ProductUpdated(product)
            | Self::ProductDeleted(product) => product.version,
            Self::ReservationCreated(reservation) | Self::ReservationUpdated(reservation, _) => {
                reservation.version
            }
            Self::LocationCreated(location)
            | Self::LocationUpdated(location)
            | Self::LocationDeleted(location) => location.version,
            Self::IntegrationCreated(integration)
            | Self::IntegrationUpdated(integration)
            | Self::IntegrationDeleted(integration)
            | Self::IntegrationDisabled(integration) => integration.version,
            Self::ImportUpdated(import) => import.version,
            Self::TransferCreated(transfer)
            | Self::TransferUpdated(transfer, _)
            | Self::TransferOverdue(transfer)
            | Self::TransferDeleted(transfer) => transfer.version,
        }
    }

    /// The owner of its subject.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        match self {
            Self::StockCreated(stock) | Self::PolicyUpdated(stock) => stock.owner,
            Self::StockLow(alert) | Self::StockRecovered(alert) => alert.owner,
            Self::StockDeleted(end) => end.owner,
            Self::ProductCreated(product)
            | Self::ProductUpdated(product)
            | Self::ProductDeleted(product) => product.owner,
            Self::ReservationCreated(reservation) | Self::ReservationUpdated(reservation, _) => {
                reservation.owner
            }
            Self::LocationCreated(location)
            | Self::LocationUpdated(location)
            | Self::LocationDeleted(location) => location.owner,
            Self::IntegrationCreated(integration)
            | Self::IntegrationUpdated(integration)
            | Self::IntegrationDeleted(integration)
            | Self::IntegrationDisabled(integration) => integration.owner,
            Self::ImportUpdated(import) => import.owner,
            Self::TransferCreated(transfer)
            | Self::TransferUpdated(transfer, _)
            | Self::TransferOverdue(transfer)
            | Self::TransferDeleted(transfer) => transfer.owner,
        }
    }

    /// The id of the event: always the same for the same change.
    #[must_use]
    pub fn id(&self) -> Uuid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.name().as_str().as_bytes());
        match self.subject() {
            Subject::Stock(_, stock) => hasher.update(stock.uuid().as_bytes()),
            subject => hasher.update(subject.id().as_bytes()),
        };
        // Two stores may have products of one id, and a product may be registered again.
        if let Owner::Store(store) = self.owner() {
            hasher.update(store.uuid().as_bytes());
        }
        // Several alerts may go on at once.
        if let Self::StockLow(alert) | Self::StockRecovered(alert) = self {
            let location = alert.location.as_ref().map(|(id, _)| id.uuid());
            hasher.update(location.unwrap_or_default().as_bytes());
            hasher.update(&alert.alert.at.get().to_be_bytes());
        }
        hasher.update(&self.number().to_be_bytes());
        hasher.update(&self.at().as_milliseconds().to_be_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}
