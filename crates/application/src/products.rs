//! Products.

use stockroom_domain::{DeleteProduct, Product, ProductId, Stock, StockedProduct};

use crate::access::{Administrator, Writer};
use crate::error::{Error, SearchError};
use crate::page::{Page, PageRequest};
use crate::ports::{ProductFilter, ProductOrder, ProductPlace, StoreError};
use crate::stockroom::Stockroom;

impl Stockroom {
    /// Deletes a product that has no stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_product(&self, writer: &Writer, id: ProductId) -> Result<(), Error> {
        let request = DeleteProduct { id };
        self.execute(writer, request).await
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
        self.pipeline.product(administrator.scope(), id).await
    }

    /// Those of these products that are registered, in any order, as the caller sees them.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn products(
        &self,
        administrator: &Administrator,
        ids: &[ProductId],
    ) -> Result<Vec<Product>, StoreError> {
        self.pipeline.products(administrator.scope(), ids).await
    }

    /// The stock of those of these products that are managed, in any order.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stock_of_products(
        &self,
        administrator: &Administrator,
        ids: &[ProductId],
    ) -> Result<Vec<Stock>, StoreError> {
        self.pipeline.stocks(administrator.scope(), ids).await
    }

    /// The registered products that the caller sees and that fulfil the filter, in this order.
    ///
    /// # Errors
    /// [`SearchError`] if the filter would have to be held against too many products, or the database
    /// fails.
    pub async fn list_products(
        &self,
        administrator: &Administrator,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<StockedProduct, ProductPlace>, SearchError> {
        let found = self
            .pipeline
            .list_products(administrator.scope(), filter, order, page);
        found.await?.ok_or(SearchError::TooMany {
            what: "products",
            looked_at_max: ProductFilter::LOOKED_AT_MAX,
        })
    }
}
