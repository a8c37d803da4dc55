//! The ports: what Stockroom needs of a database. An adapter implements all of them.

use async_trait::async_trait;
use stockroom_domain::{
    ApplicationKey, Command, Geolocation, KeyId, KeyTotals, Location, LocationId, Organization,
    OrganizationId, Outcome, Owner, ProductId, Recorded, RevokedGrants, Stock, StockId,
    StockedProduct, Store, StoreId, StoredEntry, StoredStock, Timestamp, TransactionId,
    UnreadableRow,
};
use uuid::Uuid;

use crate::filter::{LocationCondition, StockCondition, TransactionCondition};
use crate::{Page, PageRequest};

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

    /// All stock that fulfils every condition, in the order of creation.
    async fn list_stocks(
        &self,
        view: View,
        filter: &[StockCondition],
        page: PageRequest,
    ) -> Result<Page<Stock>, StoreError>;

    /// The ledger of a product's current stock, in order, as far as entries fulfil every
    /// condition; `None` if the product isn't managed.
    async fn transactions(
        &self,
        view: View,
        product: ProductId,
        filter: &[TransactionCondition],
        page: PageRequest,
    ) -> Result<Option<Page<Recorded>>, StoreError>;

    /// One entry of the ledger of a product's current stock, if there is such a one.
    async fn transaction(
        &self,
        view: View,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError>;
}

/// A place in the order in which everything is gone through, by the ids of stock and the numbers of
/// entries: behind those that it names. The default is the place in front of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The stock's id, as the database holds it.
    pub stock: Vec<u8>,
    /// The entry's number.
    pub sequence: i64,
}

impl Cursor {
    /// In front of a stock's ledger.
    #[must_use]
    pub fn before(stock: StockId) -> Self {
        Self {
            stock: stock.uuid().into_bytes().to_vec(),
            sequence: i64::MIN,
        }
    }

    /// Behind this entry.
    #[must_use]
    pub fn at(stock: StockId, sequence: i64) -> Self {
        Self {
            sequence,
            ..Self::before(stock)
        }
    }

    /// The id of the stock that it names; in front of all, the one that comes before all others.
    #[must_use]
    pub fn stock_id(&self) -> StockId {
        StockId::new(Uuid::from_slice(&self.stock).unwrap_or_default())
    }

    /// Behind the ledger of the stock that it names, however long.
    #[must_use]
    pub fn behind(self) -> Self {
        Self {
            sequence: i64::MAX,
            ..self
        }
    }
}

/// A part of all ledgers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRange {
    /// Begins behind this.
    pub after: Cursor,
    /// Ends with the ledger of the stock that this names; goes to the end if there is none.
    pub until: Option<Cursor>,
}

impl LedgerRange {
    /// The ledger of one stock.
    #[must_use]
    pub fn of(stock: StockId) -> Self {
        Self {
            after: Cursor::before(stock),
            until: Some(Cursor::before(stock)),
        }
    }
}

/// Some of what a database holds, as it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<T> {
    /// In order. There may be none, and still more to come.
    pub rows: Vec<T>,
    /// Rows among them of which it can't be told what they belong to.
    pub unreadable: Vec<UnreadableRow>,
    /// Where the next one begins, unless this is the last.
    pub next: Option<Cursor>,
}

/// Reads what is stored of stock and its ledgers as it is, right or wrong: none of it is decoded so
/// strictly that a wrong row would be an error. For those who hold the one against the other.
#[async_trait]
pub trait StoredReader: Send + Sync {
    /// Stock, current and deleted, in the order of ids, beginning behind `after`: at most `limit` of
    /// each kind. Each is read together with its positions, as of one moment.
    async fn stored_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<StoredStock>, StoreError>;

    /// The stock of these ids, current or deleted, in any order.
    async fn stored_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<StoredStock>, StoreError>;

    /// The current stock of a product that `view` sees.
    async fn stored_stock(
        &self,
        view: View,
        product: ProductId,
    ) -> Result<Option<StoredStock>, StoreError>;

    /// At most `limit` entries of the ledgers in `range`, in the order of stock and number.
    async fn stored_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<StoredEntry>, StoreError>;

    /// About how many entries there are, by what is kept of stock.
    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Makes the current stock `found` what it should be, its positions with it, unless it is no
    /// longer as it was found. Gives whether it was done.
    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &StoredStock,
        repaired: &StoredStock,
    ) -> Result<bool, StoreError>;
}

/// Reads locations. A store sees its own and its organization's.
#[async_trait]
pub trait LocationReader: Send + Sync {
    /// One location, if there is such a one.
    async fn location(&self, view: View, id: LocationId) -> Result<Option<Location>, StoreError>;

    /// All locations that fulfil every condition: in the order of creation, or, with
    /// `nearest_to`, the nearest first and those without a geolocation last.
    async fn list_locations(
        &self,
        view: View,
        filter: &[LocationCondition],
        nearest_to: Option<Geolocation>,
        page: PageRequest,
    ) -> Result<Page<Location>, StoreError>;
}

/// Reads registered products. A store sees its own and its organization's.
#[async_trait]
pub trait ProductReader: Send + Sync {
    /// One product, if it is registered.
    async fn product(
        &self,
        view: View,
        id: ProductId,
    ) -> Result<Option<StockedProduct>, StoreError>;

    /// All products, in the order of creation.
    async fn list_products(
        &self,
        view: View,
        page: PageRequest,
    ) -> Result<Page<StockedProduct>, StoreError>;
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
        page: PageRequest,
    ) -> Result<(Page<ApplicationKey>, KeyTotals), StoreError>;

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

    /// Answers if the database can be read from and written to.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A database: all the ports at once.
pub trait Database:
    Ledger
    + StockReader
    + StoredReader
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
        + LocationReader
        + ProductReader
        + KeyReader
        + TenancyReader
        + ServerState
        + 'static
{
}

/// Sorts locations by their distance to a point, those without a geolocation last; equally
/// distant ones stay in the order they are in.
pub fn sort_by_distance(locations: &mut [Location], nearest_to: Geolocation) {
    let distance_meters = |location: &Location| {
        location
            .geolocation
            .map_or(f64::INFINITY, |there| there.distance_meters(nearest_to))
    };
    locations.sort_by(|one, other| distance_meters(one).total_cmp(&distance_meters(other)));
}
