//! Finding products by what people know of them: a name, a SKU, or an id.

use stockroom_application::ProductHits;
use stockroom_application::ports::StockCondition;
use stockroom_domain::ProductId;

use super::list::{Wanted, conditions};
use crate::page::Problem;
use crate::session::Visit;

/// What a search finds.
pub(crate) struct Found {
    pub(crate) hits: ProductHits,
    /// A product that nobody registered, if the search is its id.
    pub(crate) id: Option<ProductId>,
}

/// Finds products by this text, or the product with this id.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn find(visit: &Visit, text: &str) -> Result<Found, Problem> {
    let stockroom = visit.stockroom();
    let Some(id) = ProductId::parse(text) else {
        let hits = stockroom
            .search_products(visit.administrator(), text)
            .await?;
        return Ok(Found { hits, id: None });
    };
    let products = stockroom.products(visit.administrator(), &[id]).await?;
    let id = products.is_empty().then_some(id);
    let hits = ProductHits {
        products,
        has_more: false,
        beginnings_only: false,
    };
    Ok(Found { hits, id })
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
        let products = found.hits.products.iter().map(|product| product.id);
        conditions.push(StockCondition::Id(products.chain(found.id).collect()));
    }
    Ok(conditions)
}
