//! A database of which each test says what it answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use mockall::mock;
use rand::SeedableRng;
use rand::rngs::StdRng;
use stockroom_application::ports::{
    CheckedTransfers, PlannedStock, PlanningReader, TransferCondition, TransferHold, TransferReader,
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
use stockroom_application::ports::{FileChunk, ImportStore, ImportUsage};
use stockroom_application::ports::{
    LocationCondition, ReservationCondition, StockCondition, TransactionCondition,
};
use stockroom_application::{
    Clock, Environment, HoldPlace, Limits, LocationOrder, LocationPlace, Page, PageRequest,
    SigningKey, Stockroom,
};
use stockroom_domain::{
    ApplicationKey, AppliedChunk, Batch, BatchEntry, BatchId, Command, FeedId, Import, ImportId,
    IntegrationId, KeyId, KeyTotals, LineChange, LineError, Location, LocationId, Organization,
    OrganizationId, Outcome, Owner, Product, ProductId, RawEntry, RawStock, Recorded, Reservation,
    ReservationId, ReservationRef, Stock, StockId, StockKey, StockPeriod, Store, StoreId,
    Timestamp, TransactionId,
};
use stockroom_domain::{Transfer, TransferId, TransferRef};
use uuid::Uuid;

mock! {
    pub(crate) Database {}

    #[async_trait]
    impl CommandStore for Database {
        async fn commit(
            &self,
            organization: OrganizationId,
            commands: &[Command],
        ) -> Result<Vec<Outcome>, StoreError>;
        async fn forget_answers(
            &self,
            organization: OrganizationId,
            now: Timestamp,
            limit: u32,
        ) -> Result<u64, StoreError>;
        fn parallel_commits(&self) -> usize;
    }

    #[async_trait]
    impl ImportStore for Database {
        async fn add_import_chunk(
            &self,
            organization: OrganizationId,
            id: ImportId,
            chunk: FileChunk,
            at: Timestamp,
        ) -> Result<(), StoreError>;
        async fn drop_import_chunks(
            &self,
            organization: OrganizationId,
            id: ImportId,
        ) -> Result<(), StoreError>;
        async fn import_chunk(
            &self,
            organization: OrganizationId,
            id: ImportId,
            number: u32,
        ) -> Result<Option<FileChunk>, StoreError>;
        async fn import_chunk_of_line(
            &self,
            organization: OrganizationId,
            id: ImportId,
            line: u32,
        ) -> Result<Option<u32>, StoreError>;
        async fn applied_chunk(
            &self,
            organization: OrganizationId,
            id: ImportId,
            number: u32,
        ) -> Result<Option<AppliedChunk>, StoreError>;
        async fn import(
            &self,
            organization: OrganizationId,
            owner: Owner,
            id: ImportId,
        ) -> Result<Option<Import>, StoreError>;
        async fn list_imports(
            &self,
            organization: OrganizationId,
            owner: Owner,
            page: PageRequest<ImportId>,
        ) -> Result<Page<Import, ImportId>, StoreError>;
        async fn import_errors(
            &self,
            organization: OrganizationId,
            id: ImportId,
            from: u32,
            limit: u32,
        ) -> Result<Vec<LineError>, StoreError>;
        async fn import_changes(
            &self,
            organization: OrganizationId,
            id: ImportId,
            from: u32,
            limit: u32,
        ) -> Result<Vec<LineChange>, StoreError>;
        async fn import_usage(&self, organization: OrganizationId) -> Result<ImportUsage, StoreError>;
        async fn active_imports(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError>;
        async fn lease_import(
            &self,
            organization: OrganizationId,
            id: ImportId,
            holder: Uuid,
            milliseconds: u32,
        ) -> Result<Option<Import>, StoreError>;
        async fn release_import(
            &self,
            organization: OrganizationId,
            id: ImportId,
            holder: Uuid,
        ) -> Result<(), StoreError>;
        async fn forget_imports(
            &self,
            organization: OrganizationId,
            files_before: Timestamp,
            jobs_before: Timestamp,
            uploads_before: Timestamp,
        ) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl StockReader for Database {
        async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError>;
        async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError>;
        fn parallel_fetches(&self) -> usize;
        async fn list_stocks(
            &self,
            scope: Scope,
            filter: &[StockCondition],
            page: PageRequest<StockId>,
        ) -> Result<Page<Stock, StockId>, StoreError>;
        async fn sort_stocks(
            &self,
            scope: Scope,
            filter: &[StockCondition],
            order: StockOrder,
            page: PageRequest<StockPlace>,
        ) -> Result<Option<Page<Stock, StockPlace>>, StoreError>;
        async fn transactions(
            &self,
            scope: Scope,
            product: ProductId,
            filter: &[TransactionCondition],
            limit: u32,
            offset: u32,
        ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError>;
        async fn transaction(
            &self,
            scope: Scope,
            product: ProductId,
            id: TransactionId,
        ) -> Result<Option<Recorded>, StoreError>;
    }

    #[async_trait]
    impl ReservationReader for Database {
        async fn reservation(
            &self,
            scope: Scope,
            id: ReservationId,
        ) -> Result<Option<Reservation>, StoreError>;
        async fn list_reservations(
            &self,
            scope: Scope,
            filter: &[ReservationCondition],
            now: Timestamp,
            page: PageRequest<ReservationId>,
        ) -> Result<Page<Reservation, ReservationId>, StoreError>;
        async fn holds(
            &self,
            organization: OrganizationId,
            stock: StockId,
            now: Timestamp,
            page: PageRequest<HoldPlace>,
        ) -> Result<Page<HoldLine, HoldPlace>, StoreError>;
        async fn due_stocks(
            &self,
            organization: OrganizationId,
            now: Timestamp,
            limit: u32,
        ) -> Result<BTreeSet<StockKey>, StoreError>;
        async fn due_reservations(
            &self,
            organization: OrganizationId,
            now: Timestamp,
            limit: u32,
        ) -> Result<Vec<(Owner, ReservationRef)>, StoreError>;
        async fn reservation_figures(
            &self,
            organization: OrganizationId,
        ) -> Result<ReservationFigures, StoreError>;
    }

    #[async_trait]
    impl RawReader for Database {
        async fn raw_stocks(
            &self,
            organization: OrganizationId,
            after: &Cursor,
            limit: u32,
        ) -> Result<Chunk<RawStock>, StoreError>;
        async fn raw_stocks_of(
            &self,
            organization: OrganizationId,
            ids: &[StockId],
        ) -> Result<Vec<RawStock>, StoreError>;
        async fn raw_stock(
            &self,
            scope: Scope,
            product: ProductId,
        ) -> Result<Option<RawStock>, StoreError>;
        async fn raw_entries(
            &self,
            organization: OrganizationId,
            range: &LedgerRange,
            limit: u32,
        ) -> Result<Chunk<RawEntry>, StoreError>;
        async fn check_transfers(&self, organization: OrganizationId, after: TransferId, limit: u32) -> Result<CheckedTransfers, StoreError>;
        async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError>;
        async fn repair_stock(
            &self,
            organization: OrganizationId,
            found: &RawStock,
            repaired: &RawStock,
        ) -> Result<bool, StoreError>;
    }

    #[async_trait]
    impl HistoryReader for Database {
        async fn periods(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<StockPeriod>, StoreError>;
        async fn periods_at(
            &self,
            scope: Scope,
            at: Timestamp,
            page: PageRequest<StockId>,
        ) -> Result<Vec<StockPeriod>, StoreError>;
        async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError>;
        async fn past(
            &self,
            organization: OrganizationId,
            periods: &[StockPeriod],
            at: Timestamp,
        ) -> Result<Vec<Stock>, StoreError>;
        async fn ledger(
            &self,
            organization: OrganizationId,
            period: &StockPeriod,
            filter: &[TransactionCondition],
            after: u64,
            limit: u32,
        ) -> Result<Vec<Recorded>, StoreError>;
        async fn sequence_of(
            &self,
            organization: OrganizationId,
            period: &StockPeriod,
            id: TransactionId,
        ) -> Result<Option<u64>, StoreError>;
        async fn batch(
            &self,
            organization: OrganizationId,
            id: BatchId,
        ) -> Result<Option<Batch>, StoreError>;
        async fn entries(
            &self,
            organization: OrganizationId,
            entries: &[BatchEntry],
        ) -> Result<Vec<Recorded>, StoreError>;
    }

    #[async_trait]
    impl LocationReader for Database {
        async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError>;
        async fn list_locations(
            &self,
            scope: Scope,
            filter: &[LocationCondition],
            order: LocationOrder,
            page: PageRequest<LocationPlace>,
        ) -> Result<Page<Location, LocationPlace>, StoreError>;
    }

    #[async_trait]
    impl ProductReader for Database {
        async fn product(&self, scope: Scope, id: ProductId) -> Result<Option<ProductAndStock>, StoreError>;
        async fn products(&self, scope: Scope, ids: &[ProductId]) -> Result<Vec<Product>, StoreError>;
        async fn find_products(
            &self,
            scope: Scope,
            filter: &ProductFilter,
        ) -> Result<Option<Vec<ProductId>>, StoreError>;
        async fn search_products(
            &self,
            scope: Scope,
            search: &ProductSearch,
            at_most: u32,
        ) -> Result<Option<Vec<Product>>, StoreError>;
        async fn list_products(
            &self,
            scope: Scope,
            filter: &ProductFilter,
            order: ProductOrder,
            page: PageRequest<ProductPlace>,
        ) -> Result<FoundProducts, StoreError>;
    }

    #[async_trait]
    impl FeedStore for Database {
        async fn number_events(&self, organization: OrganizationId) -> Result<FeedState, StoreError>;
        async fn events(
            &self,
            organization: OrganizationId,
            after: u64,
            limit: u32,
        ) -> Result<Vec<FeedEvent>, StoreError>;
        async fn forget_events(
            &self,
            organization: OrganizationId,
            before: Timestamp,
            bytes_max: u64,
        ) -> Result<(), StoreError>;
        async fn restart_feed(
            &self,
            organization: OrganizationId,
            id: FeedId,
        ) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl KeyReader for Database {
        async fn key(
            &self,
            organization: OrganizationId,
            owner: Owner,
            id: KeyId,
        ) -> Result<Option<ApplicationKey>, StoreError>;
        async fn list_keys(
            &self,
            organization: OrganizationId,
            owner: Owner,
            page: PageRequest<KeyId>,
        ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError>;
        async fn key_by_client_id(
            &self,
            client_id: &str,
        ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError>;
        async fn record_key_use(
            &self,
            organization: OrganizationId,
            id: KeyId,
            at: Timestamp,
        ) -> Result<(), StoreError>;
        async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError>;
        async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl IntegrationReader for Database {
        async fn integration(
            &self,
            organization: OrganizationId,
            owner: Owner,
            id: IntegrationId,
        ) -> Result<Option<StoredIntegration>, StoreError>;
        async fn list_integrations(
            &self,
            organization: OrganizationId,
            owner: Owner,
            page: PageRequest<IntegrationId>,
        ) -> Result<Page<IntegrationState, IntegrationId>, StoreError>;
        async fn delivery_logs(
            &self,
            organization: OrganizationId,
            of: LogsOf,
            limit: u32,
            offset: u32,
        ) -> Result<(Vec<DeliveryLog>, u64), StoreError>;
        async fn delivery_jobs(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            limit: u32,
            offset: u32,
        ) -> Result<(Vec<DeliveryJob>, u64), StoreError>;
    }

    #[async_trait]
    impl DeliveryStore for Database {
        async fn active_integrations(&self) -> Result<Vec<(OrganizationId, IntegrationId)>, StoreError>;
        async fn take_lease(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            holder: Uuid,
            milliseconds: u32,
        ) -> Result<Option<StoredIntegration>, StoreError>;
        async fn renew_lease(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            holder: Uuid,
            milliseconds: u32,
        ) -> Result<bool, StoreError>;
        async fn release_lease(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            holder: Uuid,
        ) -> Result<(), StoreError>;
        async fn save_progress(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            holder: Uuid,
            progress: &DeliveryProgress,
        ) -> Result<bool, StoreError>;
        async fn add_logs(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            logs: &[DeliveryLog],
        ) -> Result<(), StoreError>;
        async fn trim_logs(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            now: Timestamp,
        ) -> Result<u64, StoreError>;
        async fn integrations(
            &self,
            organization: OrganizationId,
        ) -> Result<Vec<IntegrationId>, StoreError>;
        async fn disabled_integrations(
            &self,
            organization: OrganizationId,
        ) -> Result<u64, StoreError>;
        async fn leased(
            &self,
            organization: OrganizationId,
            id: IntegrationId,
            holder: Uuid,
        ) -> Result<Option<StoredIntegration>, StoreError>;
    }

    #[async_trait]
    impl PlanningReader for Database {
        async fn planned_stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<PlannedStock>, StoreError>;
    }

    #[async_trait]
    impl TransferReader for Database {
        async fn transfer(&self, scope: Scope, id: TransferId) -> Result<Option<Transfer>, StoreError>;
        async fn list_transfers(&self, scope: Scope, filter: &[TransferCondition], page: PageRequest<TransferId>) -> Result<Page<Transfer, TransferId>, StoreError>;
        async fn transfer_holds(&self, organization: OrganizationId, stock: StockId) -> Result<Vec<TransferHold>, StoreError>;
        async fn overdue_transfers(&self, organization: OrganizationId, now: Timestamp, limit: u32) -> Result<Vec<TransferRef>, StoreError>;
    }

    #[async_trait]
    impl TenancyReader for Database {
        async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
        async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
        async fn store(&self, organization: OrganizationId, id: StoreId) -> Result<Option<Store>, StoreError>;
        async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError>;
    }

    #[async_trait]
    impl ServerState for Database {
        async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;
        async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
        async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError>;
        async fn ping(&self) -> Result<(), StoreError>;
    }
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_769_851_800_000)))
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// This clock, and always the same ids.
pub(crate) fn environment(clock: &TestClock) -> Environment {
    Environment::new(clock.clone(), StdRng::seed_from_u64(1))
}

/// A Stockroom on the database, with a signing key of its own.
pub(crate) async fn stockroom(database: MockDatabase, clock: &TestClock) -> Stockroom {
    let environment = environment(clock);
    let signing_key = SigningKey::new(vec![1; 32]);
    let database = Arc::new(database);
    Stockroom::open(database, environment, Limits::default(), signing_key)
        .await
        .unwrap()
}

/// A database that knows of no revocations.
pub(crate) fn database() -> MockDatabase {
    database_with_fetches(0)
}

/// The same, of which stock is fetched so many times at once for all who want it.
pub(crate) fn database_with_fetches(parallel_fetches: usize) -> MockDatabase {
    let mut database = MockDatabase::new();
    database.expect_parallel_commits().return_const(1_usize);
    database
        .expect_parallel_fetches()
        .return_const(parallel_fetches);
    database
        .expect_revocations_since()
        .returning(|_| Ok(Vec::new()));
    database
}

pub(crate) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn organization() -> OrganizationId {
    OrganizationId::new(uuid(1))
}
