//! Files out.

use axum::http::{StatusCode, header};

use crate::support::{Answer, Shop, product};

/// A moment after everything that the shop did, and before now.
const AT: &str = "2026-01-31T09:40:00";

impl Shop {
    async fn export(&mut self, query: &str) -> Answer {
        self.clock.advance_seconds(3_600);
        self.page(&format!("/export?at={AT}&{query}")).await
    }
}

/// The products of a file, by their SKU or, without one, their id.
fn rows(file: &Answer) -> Vec<&str> {
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    let rows = file.body.lines().skip(1);
    rows.map(|row| row.split(',').nth(1).unwrap()).collect()
}

#[tokio::test]
async fn all_stock_is_exported() {
    let mut shop = Shop::open().await;
    let file = shop.export("").await;
    assert_eq!(
        file.headers[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let disposition = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename="),
        "{disposition}"
    );
    insta::assert_snapshot!(file.body);
    let file = shop.export("profile=elasticpath").await;
    assert!(file.body.starts_with("{\"lookupField\":"), "{}", file.body);
    let file = shop.export("format=jsonl").await;
    assert!(file.body.contains("\"export-end\""), "{}", file.body);
}

#[tokio::test]
async fn just_the_stock_that_a_list_shows_is_exported() {
    let mut shop = Shop::open().await;
    let third = product(3);
    for (query, products) in [
        ("q=bean", vec!["BEAN-1", "BEAN-1"]),
        ("q=e&show=out", vec!["FILTER"]),
        ("show=in", vec!["BEAN-1", "BEAN-1", ""]),
        ("location=berlin", vec!["BEAN-1", "BEAN-1"]),
        (&format!("q={third}"), vec![""]),
        ("q=nothing", vec![]),
    ] {
        let file = shop.export(query).await;
        assert_eq!(rows(&file), products, "{query}");
    }
}

#[tokio::test]
async fn an_export_that_cannot_be_is_told_with_what_was_typed() {
    let mut shop = Shop::open().await;
    for (query, told) in [
        ("at=2126-01-01", "This time is still to come."),
        ("at=%3Cb%3E", "“&#60;b&#62;” isn’t a time."),
        (
            "profile=magento",
            "Choose whose layout the file is to have.",
        ),
        ("format=pdf", "Choose how the file is to be written."),
        (
            "profile=shopify&format=jsonl",
            "Files of Shopify are always CSV.",
        ),
    ] {
        let page = shop.page(&format!("/export?{query}&q=bean%22")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.body.contains(told), "{query}: {}", page.main());
        assert!(page.body.contains("name=\"q\" value=\"bean&#34;\""));
    }
    let page = shop.page("/export?profile=shopify&format=jsonl").await;
    assert!(page.body.contains("<option value=\"jsonl\" selected>"));
}

#[tokio::test]
async fn without_a_time_it_is_as_stock_stands_now() {
    let mut shop = Shop::open().await;
    let file = shop.page("/export?q=bean").await;
    assert_eq!(rows(&file), ["BEAN-1", "BEAN-1"]);
}
