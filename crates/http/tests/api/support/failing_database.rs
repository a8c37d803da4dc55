//! A database of which every call fails.

use std::collections::BTreeSet;

use async_trait::async_trait;
use stockroom_application::ports::{
    CheckedTransfers, FileChunk, ImportStore, ImportUsage, PlannedStock, PlanningReader,
    TransferCondition, TransferHold, TransferReader,
};
use stockroom_application::ports::{
    Chunk, CommandStore, Cursor, FeedEvent, FeedState, FeedStore, FoundProducts, HistoryReader,
    HoldLine, KeyReader, LedgerRange, LocationReader, ProductAndStock, ProductFilter, ProductOrder,
    ProductPlace, ProductReader, ProductSearch, RawReader, ReservationFigures, ReservationReader,
    Revocation, Scope, ServerState, StockOrder, StockPlace, StockReader, StoreError, TenancyReader,
};
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, DeliveryProgress, DeliveryStore, IntegrationReader, IntegrationState,
    LogsOf, StoredIntegration,
};
use stockroom_application::ports::{
    LocationCondition, ReservationCondition, StockCondition, TransactionCondition,
};
use stockroom_application::{HoldPlace, LocationOrder, LocationPlace, Page, PageRequest};
use stockroom_domain::{
    ApplicationKey, AppliedChunk, Batch, BatchEntry, BatchId, Command, FeedId, Import, ImportId,
    IntegrationId, KeyId, KeyTotals, LineChange, LineError, Location, LocationId, Organization,
    OrganizationId, Outcome, Owner, Product, ProductId, RawEntry, RawStock, Recorded, Reservation,
    ReservationId, ReservationRef, Stock, StockId, StockKey, StockPeriod, Store, StoreId,
    Timestamp, TransactionId,
};
use stockroom_domain::{Transfer, TransferId, TransferRef};
use uuid::Uuid;

/// How it fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    Unavailable,
    Corrupt,
    Failed,
    Panic,
    /// It never answers.
    Hang,
}

pub(crate) struct FailingDatabase(pub(crate) Failure);

impl FailingDatabase {
    async fn fail<T>(&self) -> Result<T, StoreError> {
        // What must not be seen outside.
        const SECRET: &str = "password=secret in table stocks";
        match self.0 {
            Failure::Unavailable => Err(StoreError::Unavailable(SECRET.into())),
            Failure::Corrupt => Err(StoreError::Corrupt {
                table: "secret_table",
                column: "secret_column",
                row: SECRET.to_owned(),
            }),
            Failure::Failed => Err(StoreError::Failed(SECRET.into())),
            Failure::Panic => panic!("{SECRET}"),
            Failure::Hang => std::future::pending().await,
        }
    }
}

macro_rules! failing {
    ($($port:ident { $($method:ident($($argument:ty),*) -> $answer:ty;)* })*) => {$(
        #[async_trait]
        impl $port for FailingDatabase {
            $(async fn $method(&self, $(_: $argument),*) -> Result<$answer, StoreError> {
                self.fail().await
            })*
        }
    )*};
}

failing! {
    CommandStore {
        commit(OrganizationId, &[Command]) -> Vec<Outcome>;
        forget_answers(OrganizationId, Timestamp, u32) -> u64;
    }
    FeedStore {
        number_events(OrganizationId) -> FeedState;
        events(OrganizationId, u64, u32) -> Vec<FeedEvent>;
        forget_events(OrganizationId, Timestamp, u64) -> ();
        restart_feed(OrganizationId, FeedId) -> ();
    }
    StockReader {
        stock(Scope, ProductId) -> Option<Stock>;
        stocks(Scope, &[ProductId]) -> Vec<Stock>;
        sort_stocks(Scope, &[StockCondition], StockOrder, PageRequest<StockPlace>)
            -> Option<Page<Stock, StockPlace>>;
        list_stocks(Scope, &[StockCondition], PageRequest<StockId>) -> Page<Stock, StockId>;
        transactions(Scope, ProductId, &[TransactionCondition], u32, u32)
            -> Option<Page<Recorded, TransactionId>>;
        transaction(Scope, ProductId, TransactionId) -> Option<Recorded>;
    }
    RawReader {
        raw_stocks(OrganizationId, &Cursor, u32) -> Chunk<RawStock>;
        raw_stocks_of(OrganizationId, &[StockId]) -> Vec<RawStock>;
        raw_stock(Scope, ProductId) -> Option<RawStock>;
        raw_entries(OrganizationId, &LedgerRange, u32) -> Chunk<RawEntry>;
        check_transfers(OrganizationId, TransferId, u32) -> CheckedTransfers;
        count_entries(OrganizationId) -> u64;
        repair_stock(OrganizationId, &RawStock, &RawStock) -> bool;
    }
    HistoryReader {
        periods(Scope, &[ProductId]) -> Vec<StockPeriod>;
        periods_at(Scope, Timestamp, PageRequest<StockId>) -> Vec<StockPeriod>;
        count_periods_at(Scope, Timestamp) -> u64;
        past(OrganizationId, &[StockPeriod], Timestamp) -> Vec<Stock>;
        ledger(OrganizationId, &StockPeriod, &[TransactionCondition], u64, u32) -> Vec<Recorded>;
        sequence_of(OrganizationId, &StockPeriod, TransactionId) -> Option<u64>;
        batch(OrganizationId, BatchId) -> Option<Batch>;
        entries(OrganizationId, &[BatchEntry]) -> Vec<Recorded>;
    }
    ReservationReader {
        reservation(Scope, ReservationId) -> Option<Reservation>;
        list_reservations(Scope, &[ReservationCondition], Timestamp, PageRequest<ReservationId>)
            -> Page<Reservation, ReservationId>;
        holds(OrganizationId, StockId, Timestamp, PageRequest<HoldPlace>)
            -> Page<HoldLine, HoldPlace>;
        due_stocks(OrganizationId, Timestamp, u32) -> BTreeSet<StockKey>;
        due_reservations(OrganizationId, Timestamp, u32) -> Vec<(Owner, ReservationRef)>;
        reservation_figures(OrganizationId) -> ReservationFigures;
    }
    ImportStore {
        add_import_chunk(OrganizationId, ImportId, FileChunk, Timestamp) -> ();
        drop_import_chunks(OrganizationId, ImportId) -> ();
        import_chunk(OrganizationId, ImportId, u32) -> Option<FileChunk>;
        import_chunk_of_line(OrganizationId, ImportId, u32) -> Option<u32>;
        applied_chunk(OrganizationId, ImportId, u32) -> Option<AppliedChunk>;
        import(OrganizationId, Owner, ImportId) -> Option<Import>;
        list_imports(OrganizationId, Owner, PageRequest<ImportId>) -> Page<Import, ImportId>;
        import_errors(OrganizationId, ImportId, u32, u32) -> Vec<LineError>;
        import_changes(OrganizationId, ImportId, u32, u32) -> Vec<LineChange>;
        import_usage(OrganizationId) -> ImportUsage;
        active_imports() -> Vec<(OrganizationId, ImportId)>;
        lease_import(OrganizationId, ImportId, Uuid, u32) -> Option<Import>;
        release_import(OrganizationId, ImportId, Uuid) -> ();
        forget_imports(OrganizationId, Timestamp, Timestamp, Timestamp) -> ();
    }
    LocationReader {
        location(Scope, LocationId) -> Option<Location>;
        list_locations(
            Scope, &[LocationCondition], LocationOrder, PageRequest<LocationPlace>
        ) -> Page<Location, LocationPlace>;
    }
    ProductReader {
        product(Scope, ProductId) -> Option<ProductAndStock>;
        products(Scope, &[ProductId]) -> Vec<Product>;
        find_products(Scope, &ProductFilter) -> Option<Vec<ProductId>>;
        search_products(Scope, &ProductSearch, u32) -> Option<Vec<Product>>;
        list_products(Scope, &ProductFilter, ProductOrder, PageRequest<ProductPlace>)
            -> FoundProducts;
    }
    IntegrationReader {
        integration(OrganizationId, Owner, IntegrationId) -> Option<StoredIntegration>;
        list_integrations(OrganizationId, Owner, PageRequest<IntegrationId>)
            -> Page<IntegrationState, IntegrationId>;
        delivery_logs(OrganizationId, LogsOf, u32, u32) -> (Vec<DeliveryLog>, u64);
        delivery_jobs(OrganizationId, IntegrationId, u32, u32) -> (Vec<DeliveryJob>, u64);
    }
    DeliveryStore {
        active_integrations() -> Vec<(OrganizationId, IntegrationId)>;
        integrations(OrganizationId) -> Vec<IntegrationId>;
        disabled_integrations(OrganizationId) -> u64;
        take_lease(OrganizationId, IntegrationId, Uuid, u32) -> Option<StoredIntegration>;
        renew_lease(OrganizationId, IntegrationId, Uuid, u32) -> bool;
        release_lease(OrganizationId, IntegrationId, Uuid) -> ();
        save_progress(OrganizationId, IntegrationId, Uuid, &DeliveryProgress) -> bool;
        add_logs(OrganizationId, IntegrationId, &[DeliveryLog]) -> ();
        trim_logs(OrganizationId, IntegrationId, Timestamp) -> u64;
        leased(OrganizationId, IntegrationId, Uuid) -> Option<StoredIntegration>;
    }
    PlanningReader {
        planned_stocks(Scope, &[ProductId]) -> Vec<PlannedStock>;
    }
    TransferReader {
        transfer(Scope, TransferId) -> Option<Transfer>;
        list_transfers(Scope, &[TransferCondition], PageRequest<TransferId>) -> Page<Transfer, TransferId>;
        transfer_holds(OrganizationId, StockId) -> Vec<TransferHold>;
        overdue_transfers(OrganizationId, Timestamp, u32) -> Vec<TransferRef>;
    }
    TenancyReader {
        organization(OrganizationId) -> Option<Organization>;
        organizations() -> Vec<Organization>;
        store(OrganizationId, StoreId) -> Option<Store>;
        stores(OrganizationId) -> Vec<Store>;
    }
    ServerState {
        get_or_keep(&str, &[u8]) -> Vec<u8>;
        kept(&str) -> Option<Vec<u8>>;
        replace(&str, &[u8], &[u8]) -> bool;
        ping() -> ();
    }
}

#[async_trait]
impl KeyReader for FailingDatabase {
    async fn key(
        &self,
        _: OrganizationId,
        _: Owner,
        _: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError> {
        self.fail().await
    }

    async fn list_keys(
        &self,
        _: OrganizationId,
        _: Owner,
        _: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError> {
        self.fail().await
    }

    async fn key_by_client_id(
        &self,
        _: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError> {
        self.fail().await
    }

    async fn record_key_use(
        &self,
        _: OrganizationId,
        _: KeyId,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.fail().await
    }

    /// Works, so that the server starts.
    async fn revocations_since(&self, _: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        Ok(Vec::new())
    }

    async fn forget_revocations(&self, _: Timestamp) -> Result<(), StoreError> {
        self.fail().await
    }
}
