//! What people write into fields, as things: a product by its id or SKU, a location; and the words for
//! products.

use std::collections::HashMap;

use stockroom_application::ports::{ProductFilter, ProductOrder};
use stockroom_application::{LocationOrder, PageRequest};
use stockroom_domain::{Product, ProductId};

use crate::page::Problem;
use crate::session::Visit;

/// The words for products, as far as they are registered.
#[derive(Default)]
pub(crate) struct Titles(HashMap<ProductId, Product>);

impl Titles {
    /// Reads the words for these products.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(crate) async fn of(
        visit: &Visit,
        products: impl IntoIterator<Item = ProductId>,
    ) -> Result<Self, Problem> {
        let mut ids: Vec<ProductId> = products.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let products = visit.stockroom().products(visit.administrator(), &ids);
        let products = products.await?.into_iter();
        Ok(Self(products.map(|it| (it.id, it)).collect()))
    }

    /// The name of a product, or else its id.
    pub(crate) fn title(&self, id: ProductId) -> String {
        let product = self.0.get(&id);
        product.map_or_else(|| id.to_string(), |it| it.name.as_str().to_owned())
    }

    /// The SKU of a product, or nothing.
    pub(crate) fn sku(&self, id: ProductId) -> String {
        let sku = self.0.get(&id).and_then(|it| it.sku.as_ref());
        sku.map(ToString::to_string).unwrap_or_default()
    }

    /// All words for a product, which aren't here any more afterwards.
    pub(crate) fn take(&mut self, id: ProductId) -> Option<Product> {
        self.0.remove(&id)
    }
}

/// The product that a text names by its id or its SKU, if there is one.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn product_named(visit: &Visit, text: &str) -> Result<Option<ProductId>, Problem> {
    let text = text.trim();
    if let Some(id) = ProductId::parse(text) {
        return Ok(Some(id));
    }
    let filter = ProductFilter::skus(&[text.to_owned()]);
    let page = PageRequest::from_offset(2, 0);
    let found = visit.stockroom().list_products(
        visit.administrator(),
        &filter,
        ProductOrder::default(),
        page,
    );
    let found = found.await?.items.into_iter().map(|found| found.product);
    // A store's own product goes before one of its organization.
    let own = visit.acting();
    Ok(found.max_by_key(|it| it.owner == own).map(|it| it.id))
}

/// The slugs of the locations of a level that fields suggest.
pub(crate) struct Places(pub(crate) Vec<String>);

impl Places {
    /// Reads the slugs of the first locations. Fields take those of all others, too.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(crate) async fn of(visit: &Visit) -> Result<Self, Problem> {
        let page = PageRequest::from_offset(PageRequest::LIMIT_MAX, 0);
        let found =
            visit
                .stockroom()
                .list_locations(visit.caller(), &[], LocationOrder::Created, page);
        let found = found.await?.items.into_iter();
        let slugs = found.map(|location| location.slug.as_str().to_owned());
        Ok(Self(slugs.collect()))
    }
}
