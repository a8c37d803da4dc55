//! Clients: short ways to make changes as a caller, and to read what the caller sees.

use std::sync::Arc;

use stockroom_application::ports::{
    Database, FoundProducts, LocationCondition, ProductAndStock, ProductFilter, ProductOrder,
    ProductPlace, Scope, StockCondition, StoreError, TransactionCondition,
};
use stockroom_application::{LocationOrder, LocationPlace, Page, PageRequest};
use stockroom_domain::{
    Actor, Answered, ApplicationKey, Command, DeleteStock, KeyId, KeyTotals, Location, LocationId,
    Operation, OrganizationId, Outcome, Owner, ProductId, Quantity, Recorded, Refusal, Stock,
    StockId, StockedProduct, TransactionAction, TransactionId,
};

use crate::make;

/// A caller who acts in an organization, or in one of its stores.
#[derive(Clone)]
pub struct Client {
    /// The database.
    pub database: Arc<dyn Database>,
    /// The scope of the caller's reads.
    pub scope: Scope,
    /// The actor of the caller's changes.
    pub actor: Actor,
}

/// The result of a port; in a case, it has to be a success.
pub(crate) fn stored<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the database failed: {error:?}"))
}

impl Client {
    pub(crate) fn new(database: Arc<dyn Database>, scope: Scope, actor: Actor) -> Self {
        Self {
            database,
            scope,
            actor,
        }
    }

    /// The owner of the things that this client creates.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        self.scope.acting
    }

    /// A request as a command of this client.
    pub fn command(&self, request: impl Into<Operation>) -> Command {
        Command::new(self.actor.clone(), request)
    }

    /// Commits a batch.
    pub async fn commit(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let expected = commands.len();
        let outcomes = self
            .database
            .commit(self.scope.organization, &commands)
            .await;
        let outcomes = stored(outcomes);
        assert_eq!(outcomes.len(), expected, "one outcome for each command");
        outcomes
    }

    /// Commits one request on its own.
    ///
    /// # Errors
    /// The refusal, if it is refused.
    pub async fn ask<R: Answered>(&self, request: R) -> Result<R::Answer, Refusal> {
        let mut outcomes = self.commit(vec![self.command(request)]).await;
        let answer = outcomes.remove(0)?;
        Ok(R::take(answer).expect("an operation is answered with its own kind of answer"))
    }

    /// Commits one request that has to be accepted.
    pub async fn done<R: Answered>(&self, request: R) -> R::Answer {
        self.ask(request)
            .await
            .unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    /// Creates stock outside of any location.
    pub async fn create(&self, product: ProductId, pieces: u64) -> Stock {
        self.done(make::stock(product, pieces, [])).await
    }

    /// Makes a transaction on the unlocated pool.
    ///
    /// # Errors
    /// The refusal, if it is refused.
    pub async fn transact(
        &self,
        product: ProductId,
        action: TransactionAction,
        pieces: u64,
    ) -> Result<Recorded, Refusal> {
        self.ask(make::transaction(product, action, pieces, None))
            .await
    }

    /// Makes a transaction in a location.
    ///
    /// # Errors
    /// The refusal, if it is refused.
    pub async fn transact_at(
        &self,
        product: ProductId,
        action: TransactionAction,
        pieces: u64,
        slug: &str,
    ) -> Result<Recorded, Refusal> {
        self.ask(make::transaction(product, action, pieces, Some(slug)))
            .await
    }

    /// Deletes existing stock.
    pub async fn delete(&self, product: ProductId) {
        self.done(DeleteStock { product }).await;
    }

    /// Creates a location.
    pub async fn locate(&self, slug: &str) -> Location {
        self.done(make::location(slug)).await
    }

    /// The stock of a product, if it is managed.
    pub async fn stock(&self, product: ProductId) -> Option<Stock> {
        stored(self.database.stock(self.scope, product).await)
    }

    /// The stock of the managed ones among these products, in any order.
    pub async fn several(&self, products: &[ProductId]) -> Vec<Stock> {
        stored(self.database.stocks(self.scope, products).await)
    }

    /// The available quantity of a managed product.
    pub async fn available(&self, product: ProductId) -> Quantity {
        let stock = self.stock(product).await;
        stock.expect("the product is managed").sums().available
    }

    /// A page of the list of stock.
    pub async fn stocks_page(
        &self,
        filter: &[StockCondition],
        limit: u32,
        offset: u32,
    ) -> Page<Stock, StockId> {
        let page = PageRequest::from_offset(limit, offset);
        stored(self.database.list_stocks(self.scope, filter, page).await)
    }

    /// The whole list of stock. Checks that its total is its length.
    pub async fn stocks(&self, filter: &[StockCondition]) -> Vec<Stock> {
        whole(self.stocks_page(filter, WHOLE, 0).await)
    }

    /// A page of the history of a managed product.
    pub async fn history_page(
        &self,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Page<Recorded, TransactionId> {
        let database = &self.database;
        let found = database
            .transactions(self.scope, product, filter, limit, offset)
            .await;
        stored(found).expect("the product is managed")
    }

    /// The whole history of a managed product. Checks that its total is its length.
    pub async fn history(&self, product: ProductId) -> Vec<Recorded> {
        whole(self.history_page(product, &[], WHOLE, 0).await)
    }

    /// The entry with this id in a product's ledger.
    pub async fn entry(&self, product: ProductId, id: TransactionId) -> Option<Recorded> {
        let found = self.database.transaction(self.scope, product, id).await;
        stored(found)
    }

    /// A page of the list of locations, in this order.
    pub async fn locations_page(
        &self,
        filter: &[LocationCondition],
        order: LocationOrder,
        limit: u32,
        offset: u32,
    ) -> Page<Location, LocationPlace> {
        let page = PageRequest::from_offset(limit, offset);
        let database = &self.database;
        let found = database
            .list_locations(self.scope, filter, order, page)
            .await;
        stored(found)
    }

    /// The whole list of locations, in the order of creation. Checks that its total is its length.
    pub async fn locations(&self, filter: &[LocationCondition]) -> Vec<Location> {
        whole(
            self.locations_page(filter, LocationOrder::Created, WHOLE, 0)
                .await,
        )
    }

    /// A location, if this client sees it.
    pub async fn location(&self, id: LocationId) -> Option<Location> {
        stored(self.database.location(self.scope, id).await)
    }

    /// A page of the list of products.
    pub async fn products_page(
        &self,
        limit: u32,
        offset: u32,
    ) -> Page<StockedProduct, ProductPlace> {
        let page = PageRequest::from_offset(limit, offset);
        let filter = ProductFilter::default();
        let found = self.search(&filter, ProductOrder::default(), page).await;
        found
            .expect("no filter is held against products")
            .map(stocked)
    }

    /// A page of the products that fulfil a filter, in this order.
    pub async fn search(
        &self,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> FoundProducts {
        let products = self.database.list_products(self.scope, filter, order, page);
        stored(products.await)
    }

    /// The whole list of products. Checks that its total is its length.
    pub async fn products(&self) -> Vec<StockedProduct> {
        whole(self.products_page(WHOLE, 0).await)
    }

    /// A product, if this client sees it.
    pub async fn product(&self, id: ProductId) -> Option<StockedProduct> {
        stored(self.database.product(self.scope, id).await).map(stocked)
    }

    /// A page of the list of this client's keys, and their totals.
    pub async fn keys_page(
        &self,
        limit: u32,
        offset: u32,
    ) -> (Page<ApplicationKey, KeyId>, KeyTotals) {
        let page = PageRequest::from_offset(limit, offset);
        let Scope {
            organization,
            acting,
        } = self.scope;
        stored(self.database.list_keys(organization, acting, page).await)
    }

    /// The whole list of this client's keys. Checks that both totals are its length.
    pub async fn keys(&self) -> Vec<ApplicationKey> {
        let (page, totals) = self.keys_page(WHOLE, 0).await;
        assert_eq!(Some(totals.keys), page.total, "the keys' totals");
        whole(page)
    }

    /// One of this client's keys.
    pub async fn key(&self, id: KeyId) -> Option<ApplicationKey> {
        let Scope {
            organization,
            acting,
        } = self.scope;
        stored(self.database.key(organization, acting, id).await)
    }

    /// The key with this client id, of any organization.
    pub async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Option<(OrganizationId, ApplicationKey)> {
        stored(self.database.key_by_client_id(client_id).await)
    }
}

/// More items than any case creates.
const WHOLE: u32 = 100_000;

fn whole<T, P>(page: Page<T, P>) -> Vec<T> {
    assert_eq!(
        page.total,
        Some(page.items.len() as u64),
        "the list's total"
    );
    assert!(page.next.is_none(), "there is more than the whole");
    page.items
}

fn stocked((product, stock): ProductAndStock) -> StockedProduct {
    StockedProduct::new(product, stock.as_ref())
}
