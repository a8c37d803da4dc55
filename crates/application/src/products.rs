//! Products.

use stockroom_domain::{DeleteProduct, ProductId, Stock, StockedProduct};

use crate::ports::StoreError;
use crate::shared::timed;
use crate::{Administrator, Error, Page, PageRequest, ProductPlace, Stockroom, settle};

impl Stockroom {
    /// Deletes a product that has no stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_product(
        &self,
        administrator: &Administrator,
        id: ProductId,
    ) -> Result<(), Error> {
        let request = DeleteProduct { id };
        self.execute(administrator, request).await
    }

    /// One registered product.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn product(
        &self,
        administrator: &Administrator,
        id: ProductId,
    ) -> Result<Option<StockedProduct>, StoreError> {
        let view = administrator.view();
        let found = timed("product", self.database.product(view, id)).await?;
        let Some((product, stock)) = found else {
            return Ok(None);
        };
        if Stock::is_any_due(stock.iter(), self.now()) {
            let products = settle::products(&*self.database, view, [id]).await?;
            return Ok(products.into_iter().next());
        }
        Ok(Some(StockedProduct::new(product, stock.as_ref())))
    }

    /// All registered products that the caller sees, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_products(
        &self,
        administrator: &Administrator,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<StockedProduct, ProductPlace>, StoreError> {
        let view = administrator.view();
        let listed = timed("list_products", self.database.list_products(view, page)).await?;
        let stocks = listed.items.iter().filter_map(|(_, stock)| stock.as_ref());
        if !Stock::is_any_due(stocks, self.now()) {
            return Ok(listed.map(|(product, stock)| StockedProduct::new(product, stock.as_ref())));
        }
        let ids = listed.items.iter().map(|(product, _)| product.id);
        let mut settled = settle::products(&*self.database, view, ids).await?;
        settled.sort_unstable_by_key(|it| (it.product.created_at, it.product.id));
        Ok(listed.with(settled))
    }
}
