//! Products.

use stockroom_domain::{DeleteProduct, ProductId, RegisterProduct, StockedProduct, UpdateProduct};

use crate::ports::StoreError;
use crate::shared::timed;
use crate::{Administrator, Error, Page, PageRequest, Stockroom};

impl Stockroom {
    /// Registers a product, with its first stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails; so for every change below.
    pub async fn register_product(
        &self,
        administrator: &Administrator,
        request: RegisterProduct,
    ) -> Result<StockedProduct, Error> {
        self.submit(administrator, request, "register_product")
            .await
    }

    /// Changes a product.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn update_product(
        &self,
        administrator: &Administrator,
        request: UpdateProduct,
    ) -> Result<StockedProduct, Error> {
        self.submit(administrator, request, "update_product").await
    }

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
        self.submit(administrator, request, "delete_product").await
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
        // What has run out of reservations of its stock goes into the ledger by that.
        self.reads.stock(view, id).await?;
        timed("product", self.database.product(view, id)).await
    }

    /// All registered products that the caller sees, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_products(
        &self,
        administrator: &Administrator,
        page: PageRequest,
    ) -> Result<Page<StockedProduct>, StoreError> {
        let view = administrator.view();
        self.settle_due(view.organization).await?;
        let products = self.database.list_products(view, page);
        timed("list_products", products).await
    }
}
