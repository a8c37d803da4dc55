//! The port for registered products.

use async_trait::async_trait;
use stockroom_domain::{Product, ProductId, Stock, Timestamp};

use super::error::StoreError;
use super::scope::Scope;
use crate::page::{Page, PageRequest};

/// The place of a product in the list of products. The list is in the order of registration; ids can't
/// be used for that, as clients choose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductPlace {
    /// The time of its registration.
    pub registered_at: Timestamp,
    /// The product.
    pub id: ProductId,
}

impl From<&Product> for ProductPlace {
    fn from(product: &Product) -> Self {
        Self {
            registered_at: product.created_at,
            id: product.id,
        }
    }
}

/// A registered product, and its stock that the scope sees.
pub type ProductAndStock = (Product, Option<Stock>);

/// Reads registered products. A store sees its own and its organization's.
#[async_trait]
pub trait ProductReader: Send + Sync {
    /// One product, if it is registered.
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError>;

    /// All products, in the order of creation.
    async fn list_products(
        &self,
        scope: Scope,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<ProductAndStock, ProductPlace>, StoreError>;
}
