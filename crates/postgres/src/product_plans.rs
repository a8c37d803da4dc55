//! Tests how PostgreSQL runs the statements for products, as [`plans`](crate::plans) does for others.

use stockroom_application::PageRequest;
use stockroom_application::ports::{
    IndexedText, ProductLookup, ProductOrder, ProductPlace, ProductSearch, ProductSort, SortValue,
};
use stockroom_domain::{CommodityType, ProductId, ProductStatus, SearchKey, Timestamp};

use crate::plans::{EXPLAIN, VIEW, assert_narrow_query, database, fill, pages};
use crate::products;

#[tokio::test]
async fn searches_read_little_more_than_they_give() {
    let (database, _server) = database().await;
    let database = &database;
    fill(database).await;
    for page in pages() {
        for by in [
            ProductSort::CreatedAt,
            ProductSort::UpdatedAt,
            ProductSort::Name,
            ProductSort::Sku,
        ] {
            for descending in [false, true] {
                let value = match by {
                    ProductSort::CreatedAt | ProductSort::UpdatedAt => {
                        SortValue::Time(Timestamp::from_milliseconds(10_000).unwrap())
                    }
                    ProductSort::Name | ProductSort::Sku => {
                        SortValue::Text(SearchKey::of("product 15000"))
                    }
                };
                let place = page.map(|id| ProductPlace {
                    value,
                    id: ProductId::new(id),
                });
                let order = ProductOrder { by, descending };
                let list = products::search::select(VIEW, order, place.place().cloned());
                let rows = PageRequest::from_offset(page.limit, page.offset());
                assert_narrow_query(database, list.page_query(EXPLAIN, rows)).await;
            }
        }
    }
    for text in [
        IndexedText::Name,
        IndexedText::Sku,
        IndexedText::Slug,
        IndexedText::ExternalRef,
    ] {
        let key = SearchKey::of("product 15000");
        for lookup in [
            ProductLookup::Keys(text, vec![key.clone(), SearchKey::of("none")]),
            ProductLookup::Prefix(text, key),
        ] {
            let list = products::search::select_candidates(VIEW, lookup);
            assert_narrow_query(database, list.first_query(EXPLAIN, 100_001)).await;
        }
    }
    let search = ProductSearch::new(IndexedText::Name, "product 1500", false);
    let list = products::search::select_first(VIEW, &search);
    let page = PageRequest::from_offset(20, 0);
    assert_narrow_query(database, list.page_query(EXPLAIN, page)).await;
    let drafts = ProductLookup::Words {
        statuses: vec![ProductStatus::Draft],
        commodity_types: vec![CommodityType::Physical, CommodityType::Digital],
        manage_stock: vec![false, true],
    };
    let list = products::search::select_candidates(VIEW, drafts);
    assert_narrow_query(database, list.first_query(EXPLAIN, 100_001)).await;
}
