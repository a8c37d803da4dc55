//! The list of stock, and changes of many rows.

use axum::http::StatusCode;
use stockroom_domain::{Quantity, Transact, TransactionAction};

use crate::support::{Answer, Shop, product, registered};

impl Shop {
    /// What is available of a product.
    pub(crate) async fn available(&self, number: u128) -> u64 {
        let owner = self.owner();
        let stock = self
            .stockroom
            .stock(owner.caller(), product(number))
            .await
            .unwrap();
        stock.map_or(0, |stock| stock.sums().available.get())
    }
}

/// The products of a list, in its order.
fn listed(page: &Answer) -> Vec<u128> {
    let rows = page.body.split("<tr id=\"row-").skip(1);
    rows.map(|row| row[..36].parse::<uuid::Uuid>().unwrap().as_u128())
        .collect()
}

#[tokio::test]
async fn the_list_shows_each_position() {
    let mut shop = Shop::open().await;
    let page = shop.page("/stock").await;
    insta::assert_snapshot!(page.main().replace(&shop.store.id.to_string(), "STORE"));
}

#[tokio::test]
async fn stock_is_found_filtered_and_sorted() {
    let mut shop = Shop::open().await;
    for (query, products) in [
        ("", vec![1, 2, 3]),
        ("?q=bean", vec![1]),
        ("?q=BEAN-1", vec![1]),
        ("?q=paper", vec![2]),
        ("?q=00000000-0000-0000-0000-000000000003", vec![3]),
        ("?q=nothing", vec![]),
        ("?show=out", vec![2]),
        ("?show=in", vec![1, 3]),
        ("?location=berlin", vec![1]),
        ("?location=paris", vec![]),
        ("?q=e&show=out", vec![2]),
        ("?q=a", vec![1, 2]),
        ("?q=a&sort=-name", vec![2, 1]),
        ("?q=a&sort=available", vec![2, 1]),
        ("?q=a&sort=-available", vec![1, 2]),
        ("?sort=available", vec![2, 3, 1]),
        ("?sort=-total", vec![1, 3, 2]),
        ("?sort=name", vec![1, 2, 3]),
        ("?sort=-name", vec![3, 2, 1]),
        ("?sort=-sku", vec![2, 1, 3]),
        ("?sort=nonsense", vec![1, 2, 3]),
    ] {
        let page = shop.page(&format!("/stock{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page), products, "{query}");
    }
}

#[tokio::test]
async fn long_lists_have_pages_in_every_order() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    for number in 4..=104 {
        let mut request = registered(number, &format!("Cup {number}"));
        request.stock = Quantity::new(u64::try_from(number).unwrap() % 7);
        shop.stockroom.execute(&owner, request).await.unwrap();
    }
    for sort in [
        "",
        "name",
        "-name",
        "sku",
        "available",
        "-total",
        "updated_at",
    ] {
        let mut path = shop.path(&format!("/stock?sort={sort}"));
        let mut seen = Vec::new();
        loop {
            let page = shop.get(&path).await;
            seen.extend(listed(&page));
            let Some(at) = page.body.find("rel=\"next\" href=\"") else {
                break;
            };
            let next = &page.body[at + 17..];
            path = next[..next.find('"').unwrap()]
                .replace("&#38;", "&")
                .replace("&amp;", "&");
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=104).collect::<Vec<u128>>(), "{sort}");
    }
}

#[tokio::test]
async fn markup_in_a_name_is_text() {
    let mut shop = Shop::open().await;
    let page = shop
        .page("/stock?q=%3Cscript%3Ealert(1)%3C/script%3E")
        .await;
    assert!(!page.body.contains("<script>alert"));
    let page = shop.page("/stock").await;
    assert!(!page.body.contains("<paper>"));
}

fn seen(product: u128, figures: &str) -> (String, String) {
    (
        format!("seen.{}", crate::support::product(product)),
        figures.to_owned(),
    )
}

#[tokio::test]
async fn changes_are_previewed_and_made_as_one_batch() {
    let mut shop = Shop::open().await;
    let (seen_1, figures_1) = seen(1, ":10:0,berlin:5:0");
    let (seen_3, figures_3) = seen(3, ":1:0");
    let (first, third) = (product(1).to_string(), product(3).to_string());
    let change_1 = format!("change.{first}");
    let fields = |step| {
        vec![
            (change_1.as_str(), "-3"),
            (seen_1.as_str(), figures_1.as_str()),
            ("row", third.as_str()),
            (seen_3.as_str(), figures_3.as_str()),
            ("all", "=7"),
            ("reason", "found"),
            ("step", step),
        ]
    };
    let preview = shop.post("/stock/changes", &fields("preview")).await;
    assert_eq!(preview.status, StatusCode::OK);
    insta::assert_snapshot!(preview.main().replace(&shop.store.id.to_string(), "STORE"));
    assert_eq!((shop.available(1).await, shop.available(3).await), (15, 1));

    let page = shop.do_and_see("/stock/changes", &fields("apply")).await;
    assert!(page.body.contains("The changes were made, as one batch."));
    assert_eq!((shop.available(1).await, shop.available(3).await), (12, 7));
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_a_conflict() {
    let mut shop = Shop::open().await;
    let sale = Transact::new(
        product(1),
        TransactionAction::Decrement,
        Quantity::new(4).unwrap(),
    );
    let owner = shop.owner();
    shop.stockroom.execute(&owner, sale).await.unwrap();
    let (seen, figures) = seen(1, ":10:0,berlin:5:0");
    let change = format!("change.{}", product(1));
    let fields = [
        (change.as_str(), "=10"),
        (seen.as_str(), figures.as_str()),
        ("step", "apply"),
    ];
    let answer = shop.post("/stock/changes", &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.main().contains("Nothing was changed."));
    assert_eq!(shop.available(1).await, 11);
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_told() {
    let mut shop = Shop::open().await;
    let (seen, figures) = seen(2, ":0:0");
    let change = format!("change.{}", product(2));
    for (text, status, told) in [
        ("5", StatusCode::BAD_REQUEST, "isn’t a change"),
        ("", StatusCode::BAD_REQUEST, "No row has a change"),
        ("-1", StatusCode::CONFLICT, "insufficient"),
    ] {
        let fields = [
            (change.as_str(), text),
            (seen.as_str(), figures.as_str()),
            ("step", "apply"),
        ];
        let answer = shop.post("/stock/changes", &fields).await;
        assert_eq!(answer.status, status, "{text}");
        let body = answer.body.replace("&#39;", "’");
        assert!(body.contains(told), "{body}");
    }
}
