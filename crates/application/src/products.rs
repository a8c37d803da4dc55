//! Products.

use std::collections::HashSet;

use stockroom_domain::{DeleteProduct, Product, ProductId, Stock, StockedProduct};

use crate::access::{Administrator, Writer};
use crate::error::{Error, SearchError};
use crate::page::{Page, PageRequest};
use crate::ports::{
    IndexedText, ProductFilter, ProductOrder, ProductPlace, ProductSearch, StoreError,
};
use crate::stockroom::Stockroom;

/// What a search for products finds.
#[derive(Debug, Clone)]
pub struct ProductHits {
    /// The products: first those whose SKU begins with the text, then those whose name does, then those
    /// whose name has it elsewhere.
    pub products: Vec<Product>,
    /// Whether there are more.
    pub has_more: bool,
    /// Whether there are too many products to look for the text within their names.
    pub beginnings_only: bool,
}

impl Stockroom {
    /// The largest number of products that a search finds.
    pub const HITS_MAX: u32 = 100;

    /// Finds products by what people know of them: the beginning of a SKU, or any part of a name,
    /// without regard to letter case.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn search_products(
        &self,
        administrator: &Administrator,
        text: &str,
    ) -> Result<ProductHits, StoreError> {
        let mut hits = ProductHits {
            products: Vec::new(),
            has_more: false,
            beginnings_only: false,
        };
        if text.is_empty() {
            return Ok(hits);
        }
        let enough = Self::HITS_MAX as usize;
        let mut known = HashSet::new();
        for (field, anywhere) in [
            (IndexedText::Sku, false),
            (IndexedText::Name, false),
            (IndexedText::Name, true),
        ] {
            // One that is known already doesn't say whether there are more.
            let wanted = Self::HITS_MAX + 1;
            let search = ProductSearch::new(field, text, anywhere);
            let scope = administrator.scope();
            let found = self
                .pipeline
                .search_products(scope, &search, wanted)
                .await?;
            hits.beginnings_only = found.is_none();
            for product in found.unwrap_or_default() {
                if known.insert(product.id) {
                    hits.products.push(product);
                }
            }
            if hits.products.len() > enough {
                hits.products.truncate(enough);
                hits.has_more = true;
                break;
            }
        }
        Ok(hits)
    }

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
