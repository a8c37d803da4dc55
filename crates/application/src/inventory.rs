//! Stock and its transactions.

use std::collections::{HashMap, HashSet};

use stockroom_domain::{
    DeleteStock, ProductId, Recorded, Stock, StockId, StockLife, TransactionId,
};

use crate::filter::{StockCondition, TransactionCondition};
use crate::ports::StoreError;
use crate::shared::timed;
use crate::{
    Administrator, Caller, Error, HistoryError, Page, PageRequest, Start, Stockroom, settle,
};

impl Stockroom {
    /// An id for a product whose client names none.
    #[must_use]
    pub fn new_product_id(&self) -> ProductId {
        ProductId::new(self.environment.next_id())
    }

    /// Ends the management of a product's stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_stock(
        &self,
        administrator: &Administrator,
        product: ProductId,
    ) -> Result<(), Error> {
        let request = DeleteStock { product };
        self.execute(administrator, request).await
    }

    /// A product's stock, if it is managed.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn stock(
        &self,
        caller: &Caller,
        product: ProductId,
    ) -> Result<Option<Stock>, StoreError> {
        self.reads.stock(caller.view(), product).await
    }

    /// The stock of several products in the order asked for, each once; and those ids, as they
    /// were written, whose stock isn't managed.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stock_of_several(
        &self,
        caller: &Caller,
        ids: &[String],
    ) -> Result<(Vec<Stock>, Vec<String>), StoreError> {
        let products = named(ids);
        let found = self.reads.stocks(caller.view(), &products).await?;
        Ok(in_order_asked(ids, found))
    }

    /// All stock that the caller sees and that fulfils the conditions, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_stocks(
        &self,
        caller: &Caller,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        let view = caller.view();
        if filter.iter().any(StockCondition::depends_on_expiry) {
            self.settle_due(view.organization).await?;
        }
        let is_search = !filter.is_empty() || page.is_deep();
        let _turn = self.turn_to_search(view.organization, is_search).await;
        let stocks = self.database.list_stocks(view, filter, page);
        let listed = timed("list_stocks", stocks).await?;
        if !Stock::is_any_due(listed.items.iter(), self.now()) {
            return Ok(listed);
        }
        let products = listed.items.iter().map(|stock| stock.product);
        let mut settled = settle::stocks(&*self.database, view, products).await?;
        settled.retain(|stock| filter.iter().all(|condition| condition.matches(stock)));
        settled.sort_unstable_by_key(|stock| stock.id);
        Ok(listed.with(settled))
    }

    /// The history of a product's stock, oldest first.
    ///
    /// # Errors
    /// [`HistoryError`] if the product isn't managed, the page is to begin behind a transaction that
    /// the history doesn't have, or the database fails.
    pub async fn transactions(
        &self,
        administrator: &Administrator,
        product: ProductId,
        filter: &[TransactionCondition],
        page: PageRequest<TransactionId>,
    ) -> Result<Page<Recorded, TransactionId>, HistoryError> {
        let view = administrator.view();
        // What has run out of reservations of it goes into its ledger by that.
        let stock = self.reads.stock(view, product).await?;
        let stock = stock.ok_or(HistoryError::UnknownStock)?;
        let offset = match page.start {
            Start::Offset(offset) => offset,
            Start::After(after) => {
                let life = [StockLife::from(&stock)];
                return self
                    .history(view, &life, filter, Some(after), page.limit)
                    .await;
            }
        };
        let transactions = self
            .database
            .transactions(view, product, filter, page.limit, offset);
        let transactions = timed("transactions", transactions).await?;
        transactions.ok_or(HistoryError::UnknownStock)
    }

    /// One entry of the history of a product's stock.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn transaction(
        &self,
        administrator: &Administrator,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError> {
        let transaction = self.database.transaction(administrator.view(), product, id);
        timed("transaction", transaction).await
    }
}

/// The products that some ids name, each once.
pub(crate) fn named(ids: &[String]) -> Vec<ProductId> {
    let products: HashSet<ProductId> = ids.iter().filter_map(|id| ProductId::parse(id)).collect();
    products.into_iter().collect()
}

/// What was found in the order asked for, each once; and those ids, as they were written, of which
/// nothing was found.
pub(crate) fn in_order_asked(ids: &[String], found: Vec<Stock>) -> (Vec<Stock>, Vec<String>) {
    let mut found: HashMap<ProductId, Stock> = found
        .into_iter()
        .map(|stock| (stock.product, stock))
        .collect();
    let mut stocks = Vec::with_capacity(found.len());
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    let mut written = HashSet::new();
    for id in ids {
        let product = ProductId::parse(id);
        let first = match product {
            Some(product) => seen.insert(product),
            None => written.insert(id),
        };
        if !first {
            continue;
        }
        match product.and_then(|product| found.remove(&product)) {
            Some(stock) => stocks.push(stock),
            None => missing.push(id.clone()),
        }
    }
    (stocks, missing)
}
