//! The ports: what Stockroom needs of a database. An adapter implements all of them.

mod kept_outcome;
mod reservations;
mod stored;

use async_trait::async_trait;
use stockroom_domain::{
    ApplicationKey, Batch, BatchEntry, BatchId, Command, Geolocation, KeyId, KeyTotals, Location,
    LocationId, Organization, OrganizationId, Outcome, Owner, Product, ProductId, Recorded,
    RevokedGrants, Stock, StockId, StockLife, Store, StoreId, Timestamp, TransactionId,
};

use crate::filter::{LocationCondition, StockCondition, TransactionCondition};
use crate::{LocationPlace, Page, PageRequest, ProductPlace};

pub use kept_outcome::{KeptOutcome, outcome_from_text, outcome_to_text};
pub use reservations::{ReservationFigures, ReservationReader, StockHold};
pub use stored::{Chunk, Cursor, LedgerRange, StoredReader};

/// What went wrong in a database. None of it is for clients to read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, or has too much to do. Trying again later may help. Nothing
    /// was done, unless the database was lost in the middle of a commit: then nobody knows.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what no row can hold.
    #[error("{table}.{column} holds an impossible value in row {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// Anything else: a fault in Stockroom, or in the database.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whose things are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct View {
    /// The tenant. Nothing of another one is ever seen.
    pub organization: OrganizationId,
    /// Who looks: an organization sees what is its own, a store also what its organization has.
    pub acting: Owner,
}

/// The way in for every change.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Decides commands of one organization in order and stores what they change in one database
    /// transaction. Gives an outcome for each command, in order.
    ///
    /// An adapter splits them into [`runs`](stockroom_domain::runs), and for each loads, and locks
    /// in a fixed order, the [`Needs`](stockroom_domain::Needs) of its commands, lets the domain
    /// [`run`](stockroom_domain::run) them, and stores the
    /// [`Changes`](stockroom_domain::Changes). It takes the time after it has the locks. When
    /// this returns, what was accepted is durable.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then nothing is stored of any of the commands.
    /// Refusals are no errors but outcomes, and don't hinder the other commands.
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Forgets at most `limit` kept answers of an organization whose time was over at `now`, and
    /// gives how many.
    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// How many commits are worth having under way at the same time: more than one where they are
    /// carried out side by side.
    fn parallel_commits(&self) -> usize {
        1
    }
}

/// Reads stock and its history. A store that has stock of its own of a product sees that, else
/// the organization's.
#[async_trait]
pub trait StockReader: Send + Sync {
    /// The stock of one product, or `None` if it isn't managed.
    async fn stock(&self, view: View, product: ProductId) -> Result<Option<Stock>, StoreError>;

    /// The stock of those of these products that are managed, in any order.
    async fn stocks(&self, view: View, products: &[ProductId]) -> Result<Vec<Stock>, StoreError>;

    /// How many times at once stock is worth being fetched for many who want it at the same time;
    /// 0 where each may as well fetch it alone.
    fn parallel_fetches(&self) -> usize {
        0
    }

    /// How many searches may be carried out at the same time. Each takes a connection for long, and
    /// others have to be left.
    fn parallel_searches(&self) -> usize {
        4
    }

    /// All stock that fulfils every condition, in the order of creation.
    async fn list_stocks(
        &self,
        view: View,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError>;

    /// At most `limit` entries of the ledger of a product's current stock that fulfil every condition,
    /// in order, from the one with this offset on; `None` if the product isn't managed. Behind an
    /// entry, [`HistoryReader::ledger`] reads it.
    async fn transactions(
        &self,
        view: View,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError>;

    /// One entry of the ledger of a product's current stock, if there is such a one.
    async fn transaction(
        &self,
        view: View,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError>;
}

/// Reads the past: stock as it stood, and ledgers to any depth. What has happened doesn't change,
/// so that what is read in several steps still fits together.
#[async_trait]
pub trait HistoryReader: Send + Sync {
    /// The current and former stock of these products that `view` sees, or has seen, in the order
    /// of creation.
    async fn lives(&self, view: View, products: &[ProductId])
    -> Result<Vec<StockLife>, StoreError>;

    /// The stocks that `view` saw at a time, in the order of creation.
    async fn lives_at(
        &self,
        view: View,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockLife>, StoreError>;

    /// How many stocks `view` saw at a time.
    async fn count_lives_at(&self, view: View, at: Timestamp) -> Result<u64, StoreError>;

    /// These stocks as they stood at a time, as far as they were there, in any order.
    async fn past(
        &self,
        organization: OrganizationId,
        lives: &[StockLife],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError>;

    /// At most `limit` entries of a stock's ledger that come after the one with the number
    /// `after`, as far as they fulfil every condition.
    async fn ledger(
        &self,
        organization: OrganizationId,
        life: &StockLife,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError>;

    /// The place of an entry in a stock's ledger, if it is there.
    async fn sequence_of(
        &self,
        organization: OrganizationId,
        life: &StockLife,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError>;

    /// A batch, if there is such a one.
    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError>;

    /// These entries, as far as they are there, in any order.
    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError>;
}

/// Reads locations. A store sees its own and its organization's.
#[async_trait]
pub trait LocationReader: Send + Sync {
    /// One location, if there is such a one.
    async fn location(&self, view: View, id: LocationId) -> Result<Option<Location>, StoreError>;

    /// All locations that fulfil every condition: in the order of creation, or, with
    /// `nearest_to`, the nearest first. [`LocationPlace`] is that order.
    async fn list_locations(
        &self,
        view: View,
        filter: &[LocationCondition],
        nearest_to: Option<Geolocation>,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError>;
}

/// A registered product, and the stock that is seen of it.
pub type ProductAndStock = (Product, Option<Stock>);

/// Reads registered products. A store sees its own and its organization's.
#[async_trait]
pub trait ProductReader: Send + Sync {
    /// One product, if it is registered.
    async fn product(
        &self,
        view: View,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError>;

    /// All products, in the order of creation.
    async fn list_products(
        &self,
        view: View,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<ProductAndStock, ProductPlace>, StoreError>;
}

/// Tokens of a key that stopped working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// The key.
    pub key: KeyId,
    /// Which of its tokens.
    pub grants: RevokedGrants,
    /// When they were revoked. A key that gives implicit tokens again later gives valid ones.
    pub revoked_at: Timestamp,
}

/// Reads application keys.
#[async_trait]
pub trait KeyReader: Send + Sync {
    /// One key of an owner, if there is such a one.
    async fn key(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError>;

    /// All keys of an owner in the order of creation, and their totals.
    async fn list_keys(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError>;

    /// The key with this client id, and whose it is.
    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError>;

    /// Notes that a key gave a token.
    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Every revocation of any organization after this instant.
    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError>;

    /// Forgets revocations up to this instant, when the tokens concerned have run out anyway.
    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError>;
}

/// Reads organizations and stores.
#[async_trait]
pub trait TenancyReader: Send + Sync {
    /// One organization, if there is such a one.
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// All organizations, in the order of creation. For the operator.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// One store of an organization, if there is such a one.
    async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError>;

    /// All stores of an organization, in the order of creation. For the operator.
    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError>;
}

/// What the servers on one database have in common.
#[async_trait]
pub trait ServerState: Send + Sync {
    /// Keeps `value` under `name` unless something is kept there already, and gives what is kept
    /// then: all servers get the same.
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// What is kept under `name`, if anything is.
    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps `value` under `name` in the place of `former`, and gives whether that was kept: of
    /// several who replace the same at once, one does.
    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// Answers if the database can be read from and written to.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A database: all the ports at once.
pub trait Database:
    Ledger
    + StockReader
    + StoredReader
    + ReservationReader
    + HistoryReader
    + LocationReader
    + ProductReader
    + KeyReader
    + TenancyReader
    + ServerState
    + 'static
{
}

impl<T> Database for T where
    T: Ledger
        + StockReader
        + StoredReader
        + ReservationReader
        + HistoryReader
        + LocationReader
        + ProductReader
        + KeyReader
        + TenancyReader
        + ServerState
        + 'static
{
}
