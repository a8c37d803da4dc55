//! Products: what stock is stock of.

pub(crate) mod decide;

pub use decide::{DeleteProduct, RegisterProduct, UpdateProduct};

use serde::{Deserialize, Serialize};

use crate::stock::Stock;
use crate::values::{Owner, ProductId, ProductText, Quantity, Timestamp};

/// A registered product. A product that nobody registered has no record, only stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Names it.
    pub id: ProductId,
    /// Whose product it is: an organization's is shared by its stores.
    pub owner: Owner,
    /// What it is called.
    pub name: ProductText,
    /// The stock keeping unit, unique among its owner's products.
    pub sku: Option<ProductText>,
    /// Its name in addresses of web pages.
    pub slug: Option<ProductText>,
    /// What it is.
    pub description: Option<ProductText>,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// Whether it needs shipping.
    pub commodity_type: CommodityType,
    /// Whether its stock is managed.
    pub manage_stock: bool,
    /// What another system calls it, unique among its owner's products.
    pub external_ref: Option<ProductText>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Whether a product is for sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductStatus {
    /// Not yet, or no longer.
    #[default]
    Draft,
    /// It is.
    Live,
}

/// Whether a product needs shipping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommodityType {
    /// It does.
    #[default]
    Physical,
    /// It does not.
    Digital,
}

/// A product with its stock level, as its owner or one of the owner's stores sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockedProduct {
    /// The product.
    pub product: Product,
    /// What is available of it; zero where no stock is managed.
    pub level: Quantity,
}

impl StockedProduct {
    /// A product and the stock that is seen of it.
    #[must_use]
    pub fn new(product: Product, stock: Option<&Stock>) -> Self {
        let level = stock.map_or(Quantity::ZERO, |stock| stock.sums().available);
        Self { product, level }
    }

    /// Whether a buyer can have one.
    #[must_use]
    pub const fn availability(&self) -> Availability {
        if self.level.is_zero() {
            Availability::OutOfStock
        } else {
            Availability::InStock
        }
    }
}

/// Whether a buyer can have a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// At least one is available.
    InStock,
    /// None is.
    OutOfStock,
}
