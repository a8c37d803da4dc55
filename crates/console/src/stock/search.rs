//! Finding products by what people know of them: a name, a SKU, or an id.

use std::collections::HashSet;

use stockroom_application::filter::Pattern;
use stockroom_application::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductSort, ProductTextCondition,
    StockCondition,
};
use stockroom_application::{PageRequest, SearchError};
use stockroom_domain::{Product, ProductId};

use super::list::{Wanted, conditions};
use crate::page::Problem;
use crate::session::Visit;

/// The most products that a search finds.
pub(crate) const FOUND_MAX: u32 = 100;

/// The products that a search finds.
pub(crate) struct Found {
    pub(crate) products: Vec<Product>,
    /// A product that nobody registered, if the search is its id.
    pub(crate) id: Option<ProductId>,
    /// Whether there are more.
    pub(crate) has_more: bool,
}

/// Finds products whose SKU begins with this text, or whose name has it anywhere; or the product with this id.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn find(visit: &Visit, text: &str) -> Result<Found, Problem> {
    if let Some(id) = ProductId::parse(text) {
        let products = visit
            .stockroom()
            .products(visit.administrator(), &[id])
            .await?;
        let id = products.is_empty().then_some(id);
        return Ok(Found {
            products,
            id,
            has_more: false,
        });
    }
    let (mut products, has_more_skus) = matching(visit, IndexedText::Sku, text, false).await?;
    let (by_name, has_more_names) = match matching(visit, IndexedText::Name, text, true).await {
        // An index leads to the beginnings of names.
        Err(SearchError::TooMany { .. }) => matching(visit, IndexedText::Name, text, false).await?,
        found => found?,
    };
    let known: HashSet<ProductId> = products.iter().map(|product| product.id).collect();
    products.extend(
        by_name
            .into_iter()
            .filter(|product| !known.contains(&product.id)),
    );
    let has_more = has_more_skus || has_more_names || products.len() > FOUND_MAX as usize;
    products.truncate(FOUND_MAX as usize);
    Ok(Found {
        products,
        id: None,
        has_more,
    })
}

/// The conditions that just the stock of a list fulfils.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn all_conditions(
    visit: &Visit,
    wanted: &Wanted,
) -> Result<Vec<StockCondition>, Problem> {
    let mut conditions = conditions(wanted);
    let text = wanted.q.trim();
    if !text.is_empty() {
        let found = find(visit, text).await?;
        let products = found.products.iter().map(|product| product.id);
        conditions.push(StockCondition::Id(products.chain(found.id).collect()));
    }
    Ok(conditions)
}

async fn matching(
    visit: &Visit,
    field: IndexedText,
    text: &str,
    anywhere: bool,
) -> Result<(Vec<Product>, bool), SearchError> {
    let pattern = Pattern {
        text: text.to_owned(),
        open_start: anywhere,
        open_end: true,
    };
    let condition = ProductTextCondition::ignoring_case(&pattern);
    let filter = ProductFilter(vec![ProductCondition::Text(field, condition)]);
    let order = ProductOrder {
        by: ProductSort::Name,
        descending: false,
    };
    let page = PageRequest::from_offset(FOUND_MAX, 0);
    let found = visit
        .stockroom()
        .list_products(visit.administrator(), &filter, order, page);
    let found = found.await?;
    let products = found.items.into_iter().map(|found| found.product);
    Ok((products.collect(), found.next.is_some()))
}
