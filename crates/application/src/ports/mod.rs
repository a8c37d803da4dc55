//! The ports: the interface to a database. An adapter implements all of them.

pub(crate) mod commit;
mod error;
mod feed;
mod history;
mod imports;
mod integrations;
mod kept_outcome;
mod keys;
mod locations;
mod planning;
mod product_filter;
mod products;
mod raw;
mod reservations;
mod scope;
mod server_state;
mod stock;
mod tenancy;
mod transfers;
mod webhooks;

pub use commit::CommandStore;
pub use error::StoreError;
pub use feed::{FeedContent, FeedEvent, FeedState, FeedStore};
pub use history::{HistoryReader, TransactionCondition};
pub use imports::{FileChunk, ImportStore, ImportUsage};
pub use integrations::{
    DeliveryJob, DeliveryLog, DeliveryProgress, DeliveryStore, IntegrationReader, IntegrationState,
    LogsOf, StoredIntegration,
};
pub use kept_outcome::{StoredOutcome, outcome_from_text, outcome_to_text};
pub use keys::{KeyReader, Revocation};
pub use locations::{LocationCondition, LocationOrder, LocationPlace, LocationReader};
pub use planning::{PlannedStock, PlanningReader};
pub use product_filter::{
    IndexedText, ProductCondition, ProductFilter, ProductLookup, ProductSearch,
    ProductTextCondition,
};
pub use products::{
    FoundProducts, ProductAndStock, ProductOrder, ProductPlace, ProductReader, ProductSort,
    SortValue,
};
pub use raw::{CheckedTransfers, Chunk, Cursor, LedgerRange, RawReader};
pub use reservations::{
    HoldLine, HoldPlace, ReservationCondition, ReservationFigures, ReservationReader,
};
pub use scope::Scope;
pub use server_state::ServerState;
pub use stock::{StockCondition, StockOrder, StockPlace, StockReader, StockSort};
pub use tenancy::TenancyReader;
pub use transfers::{TransferCondition, TransferHold, TransferReader};
pub use webhooks::{Delivery, FeedGap, SentEvent, WebhookBodies};

/// The ports whose results don't depend on reservations.
pub trait Records:
    LocationReader
    + KeyReader
    + IntegrationReader
    + DeliveryStore
    + ImportStore
    + TransferReader
    + TenancyReader
    + ServerState
{
}

impl<T> Records for T where
    T: LocationReader
        + KeyReader
        + IntegrationReader
        + DeliveryStore
        + ImportStore
        + TransferReader
        + TenancyReader
        + ServerState
{
}

/// A database: all the ports at once.
pub trait Database:
    CommandStore
    + StockReader
    + RawReader
    + ReservationReader
    + PlanningReader
    + HistoryReader
    + ProductReader
    + FeedStore
    + Records
    + 'static
{
}

impl<T> Database for T where
    T: CommandStore
        + StockReader
        + RawReader
        + ReservationReader
        + PlanningReader
        + HistoryReader
        + ProductReader
        + FeedStore
        + Records
        + 'static
{
}
