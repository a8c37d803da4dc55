//! The port for registered products.

use std::cmp::Ordering;

use async_trait::async_trait;
use stockroom_domain::{Product, ProductId, ProductText, SearchKey, Stock, Timestamp};

use super::error::StoreError;
use super::product_filter::{ProductFilter, ProductSearch};
use super::scope::Scope;
use crate::page::{Page, PageRequest};

/// The value that lists of products are sorted by, before their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProductSort {
    /// The time of registration. Ids can't be used for that, as clients choose them.
    #[default]
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
    /// The name.
    Name,
    /// The SKU; products without one come first.
    Sku,
}

/// The order of a list of products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProductOrder {
    /// The value.
    pub by: ProductSort,
    /// Whether the largest one comes first.
    pub descending: bool,
}

/// A value that products are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// A time.
    Time(Timestamp),
    /// A text.
    Text(SearchKey),
}

/// The place of a product in a list of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductPlace {
    /// The value that the list is sorted by.
    pub value: SortValue,
    /// The product.
    pub id: ProductId,
}

impl ProductOrder {
    /// The place of a product in a list in this order.
    #[must_use]
    pub fn place(self, product: &Product) -> ProductPlace {
        let text = |text: Option<&ProductText>| {
            SortValue::Text(text.map_or_else(SearchKey::default, |it| SearchKey::of(it.as_str())))
        };
        let value = match self.by {
            ProductSort::CreatedAt => SortValue::Time(product.created_at),
            ProductSort::UpdatedAt => SortValue::Time(product.updated_at),
            ProductSort::Name => text(Some(&product.name)),
            ProductSort::Sku => text(product.sku.as_ref()),
        };
        let id = product.id;
        ProductPlace { value, id }
    }

    /// Whether a place belongs to a list in this order.
    #[must_use]
    pub const fn has(self, place: &ProductPlace) -> bool {
        match self.by {
            ProductSort::CreatedAt | ProductSort::UpdatedAt => {
                matches!(place.value, SortValue::Time(_))
            }
            ProductSort::Name | ProductSort::Sku => matches!(place.value, SortValue::Text(_)),
        }
    }

    /// Compares two places of a list in this order.
    #[must_use]
    pub fn compare(self, one: &ProductPlace, other: &ProductPlace) -> Ordering {
        let order = (&one.value, one.id).cmp(&(&other.value, other.id));
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

impl ProductOrder {
    /// A page of products that a filter has found, in any order: their places, and more of each.
    #[must_use]
    pub fn page<T>(
        self,
        mut found: Vec<(ProductPlace, T)>,
        request: &PageRequest<ProductPlace>,
    ) -> Page<(ProductPlace, T), ProductPlace> {
        found.sort_by(|(one, _), (other, _)| self.compare(one, other));
        let place = |(place, _): &(ProductPlace, T)| place.clone();
        let page = Page::in_order(found, request, place, |one, other| self.compare(one, other));
        Page {
            total: page.total.filter(|_| request.wants_total(true)),
            ..page
        }
    }
}

/// A registered product, and its stock that the scope sees.
pub type ProductAndStock = (Product, Option<Stock>);

/// A page of products; `None` if a filter would have to be held against too many.
pub type FoundProducts = Option<Page<ProductAndStock, ProductPlace>>;

/// Reads registered products. A store sees its own and its organization's.
#[async_trait]
pub trait ProductReader: Send + Sync {
    /// One product, if it is registered.
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError>;

    /// Those of these products that are registered, in any order: for each id the store's own, else the
    /// organization's.
    async fn products(&self, scope: Scope, ids: &[ProductId]) -> Result<Vec<Product>, StoreError>;

    /// The ids of all products that fulfil the filter, in any order; `None` if it would have to be held
    /// against more than [`ProductFilter::LOOKED_AT_MAX`] products.
    async fn find_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
    ) -> Result<Option<Vec<ProductId>>, StoreError>;

    /// The first products that a search finds, at most so many; `None` if it would have to look at more
    /// than [`ProductFilter::LOOKED_AT_MAX`] products.
    async fn search_products(
        &self,
        scope: Scope,
        search: &ProductSearch,
        at_most: u32,
    ) -> Result<Option<Vec<Product>>, StoreError>;

    /// All products that fulfil the filter, in this order; `None` if the filter would have to be held
    /// against more than [`ProductFilter::LOOKED_AT_MAX`] products.
    async fn list_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> Result<FoundProducts, StoreError>;
}
