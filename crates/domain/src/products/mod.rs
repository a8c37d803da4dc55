//! Products: the things that are in stock.

pub(crate) mod decide;

pub use decide::{DeleteProduct, RegisterProduct, UpdateProduct};

use serde::{Deserialize, Serialize};

use crate::stock::Stock;
use crate::values::{Owner, ProductId, ProductText, Quantity, Timestamp, first_version};

/// A registered product. A product that nobody registered has no record, only stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The id of the product.
    pub id: ProductId,
    /// The owner of the product: an organization's product is shared by its stores.
    pub owner: Owner,
    /// The name.
    pub name: ProductText,
    /// The stock keeping unit, unique among its owner's products.
    pub sku: Option<ProductText>,
    /// Its name in URLs of web pages.
    pub slug: Option<ProductText>,
    /// The description.
    pub description: Option<ProductText>,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// Whether it needs shipping.
    pub commodity_type: CommodityType,
    /// Whether its stock is managed.
    pub manage_stock: bool,
    /// Its name in another system, unique among its owner's products.
    pub external_ref: Option<ProductText>,
    /// Time of registration.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The number of its changes, the first of which made it.
    #[serde(default = "first_version")]
    pub version: u64,
}

/// Whether a product is for sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductStatus {
    /// It is not for sale yet, or no longer.
    #[default]
    Draft,
    /// It is for sale.
    Live,
}

/// Whether a product needs shipping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommodityType {
    /// It needs shipping.
    #[default]
    Physical,
    /// It needs no shipping.
    Digital,
}

/// A product with its stock level, as its owner or one of the owner's stores sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockedProduct {
    /// The product.
    pub product: Product,
    /// The available quantity; zero if no stock is managed.
    pub level: Quantity,
}

impl StockedProduct {
    /// A product with the stock that the caller sees of it.
    #[must_use]
    pub fn new(product: Product, stock: Option<&Stock>) -> Self {
        let level = stock.map_or(Quantity::ZERO, |stock| stock.sums().available);
        Self { product, level }
    }

    /// The availability of the product for a buyer.
    #[must_use]
    pub const fn availability(&self) -> Availability {
        if self.level.is_zero() {
            Availability::OutOfStock
        } else {
            Availability::InStock
        }
    }
}

/// The availability of a product for a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// At least one piece is available.
    InStock,
    /// No piece is available.
    OutOfStock,
}
