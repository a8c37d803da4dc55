//! Tests how SQLite finds and lists products, as [`plans`](crate::plans) does for other things.

use stockroom_application::Environment;
use stockroom_application::ports::{
    IndexedText, ProductLookup, ProductPlace, ProductSearch, ProductSort, SortValue,
};
use stockroom_domain::{CommodityType, ProductId, ProductStatus, SearchKey};
use uuid::Uuid;

use crate::plans::{
    EXPLAIN, assert_merged, assert_narrow, assert_sought, connection, page_steps, product_orders,
    query_steps, scope,
};
use crate::products;

#[tokio::test]
async fn products_are_sought_in_indexes() {
    let (connection, _folder) = connection().await;
    for (order, column) in product_orders() {
        let value = match order.by {
            ProductSort::CreatedAt | ProductSort::UpdatedAt => {
                SortValue::Time(Environment::system().now())
            }
            ProductSort::Name | ProductSort::Sku => SortValue::Text(SearchKey::of("chair")),
        };
        let place = ProductPlace {
            value,
            id: ProductId::new(Uuid::from_u128(3)),
        };
        let list = products::search::select(EXPLAIN, scope(), order, Some(&place));
        let page = page_steps(&connection, list);
        assert_merged(&page);
        let follows = if order.descending { '<' } else { '>' };
        assert_sought(&page, &format!("({column},product_id){follows}(?,?)"), 2);
    }
    let key = SearchKey::of("chair");
    for (text, column) in [
        (IndexedText::Name, "name_key"),
        (IndexedText::Sku, "sku_key"),
        (IndexedText::Slug, "slug_key"),
        (IndexedText::ExternalRef, "external_key"),
    ] {
        let keys = ProductLookup::Keys(text, vec![key.clone(), SearchKey::of("table")]);
        let prefix = ProductLookup::Prefix(text, key.clone());
        for (lookup, condition) in [
            (keys, format!("{column}=?")),
            (prefix, format!("{column}>? AND {column}<?")),
        ] {
            let list = products::search::select_candidates(EXPLAIN, scope(), &lookup);
            let steps = query_steps(&connection, &list.0);
            assert_narrow(&steps, "");
            assert_sought(&steps, &condition, 2);
        }
    }
    for (anywhere, condition, sought) in [
        (false, "name_key>? AND name_key<?", 2),
        (true, "name_key>?", 2),
    ] {
        let search = ProductSearch::new(IndexedText::Name, "chair", anywhere);
        let list = products::search::select_first(EXPLAIN, scope(), &search);
        let page = page_steps(&connection, list);
        assert_merged(&page);
        assert_sought(&page, condition, sought);
    }
    let words = ProductLookup::Words {
        statuses: vec![ProductStatus::Draft],
        commodity_types: vec![CommodityType::Physical, CommodityType::Digital],
        manage_stock: vec![true],
    };
    let list = products::search::select_candidates(EXPLAIN, scope(), &words);
    let steps = query_steps(&connection, &list.0);
    assert_sought(
        &steps,
        "status=? AND commodity_type=? AND manage_stock=?",
        2,
    );
}
