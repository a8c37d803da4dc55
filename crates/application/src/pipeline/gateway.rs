//! The pipeline, the only holder of the database.

use std::sync::Arc;

use stockroom_domain::{
    Answer, Answered, Command, OrganizationId, Product, ProductId, Recorded, Stock, StockId,
    StockedProduct, Timestamp, TransactionId,
};
use tokio::sync::broadcast;

use super::committer::Committer;
use super::database_calls::timed;
use super::feed_hub::{FeedBatch, FeedHubs};
use super::feed_signals::FeedSignal;
use super::group_commit::GroupCommit;
use super::settle;
use super::shared_reads::Reads;
use super::turns::{Turn, Turns};
use crate::environment::Environment;
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::ports::{
    Database, FeedStore, HistoryReader, PlannedStock, ProductAndStock, ProductFilter, ProductOrder,
    ProductPlace, ProductSearch, RawReader, Records, Scope, StockCondition, StockOrder, StockPlace,
    StoreError, TransactionCondition,
};

/// The largest number of searches of one organization at the same time.
const SEARCHES_MAX: usize = 2;

/// The only access to the database. It returns stock and ledgers in which all expired holds are booked.
pub(crate) struct Pipeline {
    pub(super) database: Arc<dyn Database>,
    group_commit: GroupCommit,
    pub(super) committer: Committer,
    reads: Reads,
    pub(super) environment: Environment,
    searches: Turns<OrganizationId>,
    hubs: Arc<FeedHubs>,
}

impl Pipeline {
    /// A pipeline to this database with a queue of `queue_max` changes.
    pub(crate) fn new(
        database: Arc<dyn Database>,
        environment: &Environment,
        queue_max: usize,
    ) -> Self {
        let committer = Committer::new(&database);
        let feed = Arc::clone(&database) as Arc<dyn FeedStore>;
        let signals = Arc::clone(&committer.signals);
        Self {
            hubs: Arc::new(FeedHubs::new(feed, signals, environment.clone())),
            group_commit: GroupCommit::new(&committer, queue_max),
            reads: Reads::new(&committer, environment),
            committer,
            environment: environment.clone(),
            searches: Turns::limited(SEARCHES_MAX, database.parallel_searches().max(1)),
            database,
        }
    }

    /// Submits a command to be decided and stored, together with others.
    ///
    /// # Errors
    /// [`Error`] if it is refused, too many changes wait, or the database fails.
    pub(crate) async fn submit(
        &self,
        organization: OrganizationId,
        command: Command,
    ) -> Result<Answer, Error> {
        self.group_commit.submit(organization, command).await
    }

    /// Accepts no more changes, and waits until the accepted ones are stored.
    pub(crate) async fn close(&self) {
        self.group_commit.close().await;
    }

    /// The ports whose results don't depend on reservations.
    pub(crate) fn records(&self) -> &dyn Records {
        &*self.database
    }

    /// The port for the feed of events. Events of expired holds come once these are booked.
    pub(crate) fn feed(&self) -> &dyn FeedStore {
        &*self.database
    }

    /// A signal that tells when to look at an organization's feed again.
    pub(crate) fn feed_signal(&self, organization: OrganizationId) -> FeedSignal {
        self.committer.signals.subscribe(organization)
    }

    /// The new events of an organization, read once for all who follow them on this server.
    pub(crate) fn follow(
        &self,
        organization: OrganizationId,
    ) -> broadcast::Receiver<Arc<FeedBatch>> {
        self.hubs.follow(organization)
    }

    /// The port for raw rows, for verification.
    pub(crate) fn raw(&self) -> Arc<dyn RawReader> {
        Arc::clone(&self.database) as Arc<dyn RawReader>
    }

    /// Waits until an organization may search (with a filter, in the past, or deep in a list), if the
    /// request is a search.
    pub(crate) async fn turn_to_search(
        &self,
        organization: OrganizationId,
        is_search: bool,
    ) -> Option<Turn> {
        if is_search {
            Some(self.searches.wait(organization).await)
        } else {
            None
        }
    }

    /// Deletes at most `limit` idempotency records of an organization that had expired at `now`, and
    /// returns their number.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub(crate) async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let forget = self.database.forget_answers(organization, now, limit);
        timed("forget_answers", forget).await
    }

    /// The answer to a request that changes nothing, decided with stock that is settled and locked.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Store`] if the database fails.
    pub(crate) async fn ask<R: Answered>(
        &self,
        scope: Scope,
        request: R,
    ) -> Result<R::Answer, Error> {
        settle::ask(&self.committer, scope, request).await
    }

    /// The stock of one product, or `None` if it isn't managed.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub(crate) async fn stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<Stock>, StoreError> {
        self.reads.stock(scope, product).await
    }

    /// The stock of those of these products that are managed, in any order, all as of the same time.
    pub(crate) async fn stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<Stock>, StoreError> {
        self.reads.stocks(scope, products).await
    }

    /// The same with what is under way to each.
    pub(crate) async fn planned_stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError> {
        let read = || {
            timed(
                "planned_stocks",
                self.database.planned_stocks(scope, products),
            )
        };
        let planned = read().await?;
        let stocks = planned.iter().map(|it| &it.stock);
        if !Stock::is_any_due(stocks, self.environment.now()) {
            return Ok(planned);
        }
        settle::stocks(&self.committer, scope, products.iter().copied()).await?;
        read().await
    }

    /// All stock that fulfils every condition, in the order of creation.
    pub(crate) async fn list_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        if filter.iter().any(StockCondition::depends_on_expiry) {
            self.settle_due(scope.organization).await?;
        }
        let is_search = !filter.is_empty() || page.is_deep();
        let _turn = self.turn_to_search(scope.organization, is_search).await;
        let stocks = self.database.list_stocks(scope, filter, page);
        let listed = timed("list_stocks", stocks).await?;
        if !Stock::is_any_due(listed.items.iter(), self.environment.now()) {
            return Ok(listed);
        }
        let products = listed.items.iter().map(|stock| stock.product);
        let mut settled = settle::stocks(&self.committer, scope, products).await?;
        settled.retain(|stock| filter.iter().all(|condition| condition.matches(stock)));
        settled.sort_unstable_by_key(|stock| stock.id);
        Ok(listed.with(settled))
    }

    /// All stock that fulfils every condition, sorted by a figure; `None` if the scope sees too much.
    pub(crate) async fn sort_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        order: StockOrder,
        page: PageRequest<StockPlace>,
    ) -> Result<Option<Page<Stock, StockPlace>>, StoreError> {
        self.settle_due(scope.organization).await?;
        let _turn = self.turn_to_search(scope.organization, true).await;
        let sorted = self.database.sort_stocks(scope, filter, order, page);
        let Some(sorted) = timed("sort_stocks", sorted).await? else {
            return Ok(None);
        };
        if !Stock::is_any_due(sorted.items.iter(), self.environment.now()) {
            return Ok(Some(sorted));
        }
        let products = sorted.items.iter().map(|stock| stock.product);
        let mut settled = settle::stocks(&self.committer, scope, products).await?;
        settled.retain(|stock| filter.iter().all(|condition| condition.matches(stock)));
        settled.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
        Ok(Some(sorted.with(settled)))
    }

    /// One registered product, and its stock.
    pub(crate) async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<StockedProduct>, StoreError> {
        let found = timed("product", self.database.product(scope, id)).await?;
        let Some((product, stock)) = found else {
            return Ok(None);
        };
        if Stock::is_any_due(stock.iter(), self.environment.now()) {
            let products = settle::products(&self.committer, scope, [id]).await?;
            return Ok(products.into_iter().next());
        }
        Ok(Some(StockedProduct::new(product, stock.as_ref())))
    }

    /// Those of these products that are registered, in any order.
    pub(crate) async fn products(
        &self,
        scope: Scope,
        ids: &[ProductId],
    ) -> Result<Vec<Product>, StoreError> {
        timed("products", self.database.products(scope, ids)).await
    }

    /// The ids of all products that fulfil the filter, in any order; `None` if it would have to be held
    /// against too many.
    pub(crate) async fn find_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
    ) -> Result<Option<Vec<ProductId>>, StoreError> {
        timed("find_products", self.database.find_products(scope, filter)).await
    }

    /// The first products that a search finds, at most so many; `None` if it would have to look at too
    /// many.
    pub(crate) async fn search_products(
        &self,
        scope: Scope,
        search: &ProductSearch,
        at_most: u32,
    ) -> Result<Option<Vec<Product>>, StoreError> {
        let _turn = self
            .turn_to_search(scope.organization, search.anywhere)
            .await;
        let found = self.database.search_products(scope, search, at_most);
        timed("search_products", found).await
    }

    /// All registered products that fulfil the filter, and their stock, in this order; `None` if the
    /// filter would have to be held against too many.
    pub(crate) async fn list_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> Result<Option<Page<StockedProduct, ProductPlace>>, StoreError> {
        let is_search = !filter.is_empty() || page.is_deep();
        let _turn = self.turn_to_search(scope.organization, is_search).await;
        let products = self.database.list_products(scope, filter, order, page);
        let Some(listed) = timed("list_products", products).await? else {
            return Ok(None);
        };
        let stocks = listed.items.iter().filter_map(|(_, stock)| stock.as_ref());
        if !Stock::is_any_due(stocks, self.environment.now()) {
            let stocked =
                |(product, stock): ProductAndStock| StockedProduct::new(product, stock.as_ref());
            return Ok(Some(listed.map(stocked)));
        }
        let ids = listed.items.iter().map(|(product, _)| product.id);
        let mut settled = settle::products(&self.committer, scope, ids).await?;
        settled.sort_by(|one, other| {
            let places = [one, other].map(|it| order.place(&it.product));
            order.compare(&places[0], &places[1])
        });
        Ok(Some(listed.with(settled)))
    }

    /// The ledgers of an organization, after all holds that have expired by now are booked.
    pub(crate) async fn settled_history(
        &self,
        organization: OrganizationId,
    ) -> Result<&dyn HistoryReader, StoreError> {
        self.settle_due(organization).await?;
        Ok(&*self.database)
    }

    /// A product's stock, and its ledger with all holds booked that have expired by now; `None` if it
    /// isn't managed.
    pub(crate) async fn stock_with_history(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<(Stock, StockHistory<'_>)>, StoreError> {
        let stock = self.reads.stock(scope, product).await?;
        let history = StockHistory {
            database: &*self.database,
            scope,
            product,
        };
        Ok(stock.map(|stock| (stock, history)))
    }

    /// Ledgers as stored, without expired holds that aren't booked yet. For requests whose decision
    /// books them first.
    pub(crate) fn unsettled_history(&self) -> &dyn HistoryReader {
        &*self.database
    }

    /// One entry of the ledger of a product's current stock. An entry never changes.
    pub(crate) async fn transaction(
        &self,
        scope: Scope,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError> {
        timed("transaction", self.database.transaction(scope, product, id)).await
    }

    /// Settles all stock of an organization that is due.
    async fn settle_due(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let now = self.environment.now();
        settle::due(&self.committer, organization, now).await
    }
}

/// The ledger of a stock that was settled when it was read.
pub(crate) struct StockHistory<'a> {
    database: &'a dyn Database,
    scope: Scope,
    product: ProductId,
}

impl<'a> StockHistory<'a> {
    /// At most `limit` entries that fulfil every condition, in order, from the one with this offset on;
    /// `None` if the product isn't managed any more.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub(crate) async fn entries(
        &self,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError> {
        let (scope, product) = (self.scope, self.product);
        let entries = self
            .database
            .transactions(scope, product, filter, limit, offset);
        timed("transactions", entries).await
    }

    /// The reader for any depth of the ledger.
    pub(crate) const fn reader(&self) -> &'a dyn HistoryReader {
        self.database
    }
}
