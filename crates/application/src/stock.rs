//! Use cases of stock and its transactions.

use std::collections::{HashMap, HashSet};

use stockroom_domain::{
    CountMany, Counted, DeleteStock, PreviewCounts, PreviewTransactions, ProductId, Recorded,
    Refusal, Stock, StockId, StockPeriod, TransactMany, TransactionId,
};

use crate::access::{Administrator, Caller, Writer};
use crate::error::{Error, HistoryError, SearchError};
use crate::page::{Page, PageRequest, Start};
use crate::ports::{
    ProductFilter, StockCondition, StockOrder, StockPlace, StoreError, TransactionCondition,
};
use crate::stockroom::Stockroom;

impl Stockroom {
    /// An id for a product for which the client gives none.
    #[must_use]
    pub fn new_product_id(&self) -> ProductId {
        ProductId::new(self.environment.next_id())
    }

    /// Deletes a product's stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_stock(&self, writer: &Writer, product: ProductId) -> Result<(), Error> {
        let request = DeleteStock { product };
        self.execute(writer, request).await
    }

    /// Decides transactions, and changes nothing: the entries are those that they would make. For callers,
    /// too, who may not change anything.
    ///
    /// # Errors
    /// [`Error`] as for the transactions themselves.
    pub async fn preview_transactions(
        &self,
        administrator: &Administrator,
        many: TransactMany,
    ) -> Result<Vec<Result<Recorded, Refusal>>, Error> {
        let administrator = administrator.clone().without_key();
        self.carry_out(&administrator, PreviewTransactions(many))
            .await
    }

    /// The same for counts.
    ///
    /// # Errors
    /// [`Error`] as for the counts themselves.
    pub async fn preview_counts(
        &self,
        administrator: &Administrator,
        many: CountMany,
    ) -> Result<Vec<Result<Counted, Refusal>>, Error> {
        let administrator = administrator.clone().without_key();
        self.carry_out(&administrator, PreviewCounts(many)).await
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
        self.pipeline.stock(caller.scope(), product).await
    }

    /// The stock of several products in the order of the request, each once; and the ids, as written in
    /// the request, whose stock isn't managed.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stock_of_several(
        &self,
        caller: &Caller,
        ids: &[String],
    ) -> Result<(Vec<Stock>, Vec<String>), StoreError> {
        let products = named(ids);
        let found = self.pipeline.stocks(caller.scope(), &products).await?;
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
        self.pipeline
            .list_stocks(caller.scope(), filter, page)
            .await
    }

    /// All stock that the caller sees and that fulfils the conditions, sorted by a figure.
    ///
    /// # Errors
    /// [`SearchError`] if the caller sees too much stock, or the database fails.
    pub async fn sort_stocks(
        &self,
        administrator: &Administrator,
        filter: &[StockCondition],
        order: StockOrder,
        page: PageRequest<StockPlace>,
    ) -> Result<Page<Stock, StockPlace>, SearchError> {
        let scope = administrator.scope();
        let sorted = self.pipeline.sort_stocks(scope, filter, order, page);
        sorted.await?.ok_or(SearchError::TooMany {
            what: "stocks",
            looked_at_max: StockOrder::SORTED_MAX,
        })
    }

    /// The condition that stock is of a registered product with one of these SKUs.
    ///
    /// # Errors
    /// [`SearchError`] if too many products have them, or the database fails.
    pub async fn stock_with_skus(
        &self,
        administrator: &Administrator,
        skus: &[String],
    ) -> Result<StockCondition, SearchError> {
        let filter = ProductFilter::skus(skus);
        let found = self.pipeline.find_products(administrator.scope(), &filter);
        let products = found.await?.ok_or(SearchError::TooMany {
            what: "products",
            looked_at_max: ProductFilter::LOOKED_AT_MAX,
        })?;
        Ok(StockCondition::Id(products))
    }

    /// The history of a product's stock, oldest first.
    ///
    /// # Errors
    /// [`HistoryError`] if the product isn't managed, the page should begin after a transaction that the
    /// history doesn't have, or the database fails.
    pub async fn transactions(
        &self,
        administrator: &Administrator,
        product: ProductId,
        filter: &[TransactionCondition],
        page: PageRequest<TransactionId>,
    ) -> Result<Page<Recorded, TransactionId>, HistoryError> {
        let scope = administrator.scope();
        let stock = self.pipeline.stock_with_history(scope, product).await?;
        let (stock, history) = stock.ok_or(HistoryError::UnknownStock)?;
        match page.start {
            Start::Offset(offset) => {
                let transactions = history.entries(filter, page.limit, offset).await?;
                transactions.ok_or(HistoryError::UnknownStock)
            }
            Start::After(after) => {
                let period = [StockPeriod::from(&stock)];
                let (reader, after) = (history.reader(), Some(after));
                self.history(reader, scope, &period, filter, after, page.limit)
                    .await
            }
        }
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
        let scope = administrator.scope();
        self.pipeline.transaction(scope, product, id).await
    }
}

/// The products that these ids name, each once.
pub(crate) fn named(ids: &[String]) -> Vec<ProductId> {
    let products: HashSet<ProductId> = ids.iter().filter_map(|id| ProductId::parse(id)).collect();
    products.into_iter().collect()
}

/// The stock that was found in the order of the request, each once; and the ids, as written in the
/// request, for which no stock was found.
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
