//! Products.

use stockroom_domain::{DeleteProduct, ProductId, StockedProduct};

use crate::access::Administrator;
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::ports::{ProductPlace, StoreError};
use crate::stockroom::Stockroom;

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
        self.pipeline.product(administrator.scope(), id).await
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
        self.pipeline
            .list_products(administrator.scope(), page)
            .await
    }
}
