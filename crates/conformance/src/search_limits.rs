//! The limits of searches and sorted lists, for adapter tests that fill an adapter's tables past its ports.

use stockroom_application::PageRequest;
use stockroom_application::filter::Pattern;
use stockroom_application::ports::{
    Database, IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductSearch,
    ProductTextCondition, Scope, StockOrder, StockSort,
};
use stockroom_domain::ProductStatus;

use crate::client::stored;

fn pattern(text: &str, open_start: bool) -> Pattern {
    Pattern {
        text: text.to_owned(),
        open_start,
        open_end: true,
    }
}

fn named(text: &str, open_start: bool) -> ProductFilter {
    let condition = ProductTextCondition::ignoring_case(&pattern(text, open_start));
    ProductFilter(vec![ProductCondition::Text(IndexedText::Name, condition)])
}

fn of_status(status: ProductStatus) -> ProductFilter {
    ProductFilter(vec![ProductCondition::Status(vec![status])])
}

/// The number of products that a filter finds; `None` if there are too many to look at.
async fn found(database: &dyn Database, scope: Scope, filter: &ProductFilter) -> Option<u64> {
    let (order, page) = (ProductOrder::default(), PageRequest::default());
    let found = database.list_products(scope, filter, order, page);
    stored(found.await).map(|page| page.total.expect("a total"))
}

/// The number of products whose name has a part, among the first 20; `None` if there are too many to look at.
async fn first_found(
    database: &dyn Database,
    scope: Scope,
    part: &str,
    anywhere: bool,
) -> Option<usize> {
    let search = ProductSearch::new(IndexedText::Name, part, anywhere);
    let found = database.search_products(scope, &search, 20).await;
    stored(found).map(|found| found.len())
}

/// The first figures of the list of stock, if it can be sorted.
async fn sorted(database: &dyn Database, scope: Scope) -> Option<Vec<u64>> {
    let order = StockOrder {
        by: StockSort::Available,
        descending: true,
    };
    let page = PageRequest::from_offset(3, 0);
    let sorted = stored(database.sort_stocks(scope, &[], order, page).await)?;
    let figures = sorted
        .items
        .iter()
        .map(|stock| stock.sums().available.get());
    Some(figures.collect())
}

/// What no index leads to looks at 100,000 rows. `scope` has so many live products, from `Product 1` on,
/// and stock, of which as many pieces are available as its number says.
pub async fn assert_all_are_looked_at(database: &dyn Database, scope: Scope) {
    let found = async |filter| found(database, scope, &filter).await;
    assert_eq!(found(named("T 9999", true)).await, Some(11));
    assert_eq!(found(named("product 9999", false)).await, Some(11));
    assert_eq!(found(of_status(ProductStatus::Live)).await, Some(100_000));
    let first_found = async |part, anywhere| first_found(database, scope, part, anywhere).await;
    assert_eq!(first_found("T 9999", true).await, Some(11));
    assert_eq!(first_found("product", false).await, Some(20));
    let sorted = sorted(database, scope).await;
    assert_eq!(sorted, Some(vec![100_000, 99_999, 99_998]));
}

/// It looks at no more: `scope` has one more of each.
pub async fn assert_too_many_are_refused(database: &dyn Database, scope: Scope) {
    let found = async |filter| found(database, scope, &filter).await;
    assert_eq!(found(named("T 9999", true)).await, None);
    assert_eq!(found(named("product", false)).await, None);
    assert_eq!(found(of_status(ProductStatus::Live)).await, None);
    assert_eq!(sorted(database, scope).await, None);
    let first_found = async |part, anywhere| first_found(database, scope, part, anywhere).await;
    assert_eq!(first_found("T 9999", true).await, None);
    // An index leads to these.
    assert_eq!(first_found("product", false).await, Some(20));
    assert_eq!(found(named("product 9999", false)).await, Some(11));
    assert_eq!(found(of_status(ProductStatus::Draft)).await, Some(0));
}
