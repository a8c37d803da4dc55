//! Stock as it stood at a time, beside now.

use axum::http::StatusCode;
use stockroom_domain::{Quantity, TransactionAction};

use crate::product::{page_of, plain};
use crate::support::{Answer, Shop, registered};

/// The products of a list, in its order.
fn listed(page: &Answer) -> Vec<u128> {
    let rows = page.body.split("<tr id=\"row-").skip(1);
    rows.map(|row| row[..36].parse::<uuid::Uuid>().unwrap().as_u128())
        .collect()
}

/// The moment after the shop was filled.
const THEN: &str = "2026-01-31T09%3A33%3A00";

impl Shop {
    /// A change, a product that is gone, and one that is new, an hour later.
    async fn an_hour_later(&mut self) {
        self.clock.advance_seconds(3_600);
        self.transact(1, TransactionAction::Decrement, 4).await;
        self.do_and_see(&page_of(3, "/stock/delete"), &[]).await;
        let mut request = registered(4, "Cup");
        request.stock = Quantity::new(6);
        self.stockroom
            .execute(&self.owner(), request)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_list_shows_then_and_now() {
    let mut shop = Shop::open().await;
    shop.an_hour_later().await;
    let page = shop.page(&format!("/then?at={THEN}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(listed(&page), [1, 2, 3, 4]);
    assert!(!page.body.contains("<paper>"));
    insta::assert_snapshot!(plain(&page.main()));
    let page = shop.page(&format!("/then?at={THEN}&changed=1")).await;
    assert_eq!(listed(&page), [1, 4, 3]);
    assert!(page.main().contains("gone since") && page.main().contains("new since"));
}

#[tokio::test]
async fn moments_are_chosen_in_several_ways() {
    let mut shop = Shop::open().await;
    shop.clock.advance_seconds(2 * 86_400);
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    for (query, products, shown) in [
        ("", vec![1, 2, 3], "2026-02-01\u{a0}09:33:00"),
        ("?day=-2", vec![1, 2, 3], "2026-01-31\u{a0}09:33:00"),
        ("?day=-3", vec![1, 2, 3], "2026-01-30\u{a0}09:33:00"),
        ("?day=0", vec![1, 2, 3], "2026-02-02\u{a0}09:33:00"),
        (
            "?at=2026-01-31T09%3A31",
            vec![1, 2, 3],
            "2026-01-31\u{a0}09:31:00",
        ),
        ("?day=-2&changed=1", vec![], "2026-01-31\u{a0}09:33:00"),
    ] {
        let page = shop.page(&format!("/then{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page), products, "{query}");
        assert!(page.main().contains(shown), "{query}");
    }
    let page = shop.page("/then?at=2026-01-31T09%3A31").await;
    assert_eq!(page.main().matches("new since").count(), 1);
    assert!(page.main().contains("value=\"-2\" list=\"days\""));
    for query in ["?at=%3Cb%3E", "?at=2027-01-01", "?day=-31", "?day=x"] {
        let page = shop.page(&format!("/then{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.main().contains("role=\"alert\"") && !page.body.contains("<b>"));
        assert_eq!(listed(&page), [1, 2, 3]);
    }
}

#[tokio::test]
async fn long_lists_have_pages() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    for number in 4..=120 {
        let mut request = registered(number, &format!("Cup {number}"));
        request.stock = Quantity::new(3);
        shop.stockroom.execute(&owner, request).await.unwrap();
    }
    shop.clock.advance_seconds(60);
    for number in [2, 5, 90] {
        shop.do_and_see(&page_of(number, "/stock/delete"), &[])
            .await;
    }
    for number in 20..=80 {
        shop.transact(number, TransactionAction::Increment, 1).await;
    }
    for number in 121..=180 {
        let mut request = registered(number, &format!("Cup {number}"));
        request.stock = Quantity::new(3);
        shop.stockroom.execute(&owner, request).await.unwrap();
    }
    let changed: Vec<u128> = [2, 5]
        .into_iter()
        .chain(20..=80)
        .chain([90])
        .chain(121..=180)
        .collect();
    for (query, products) in [("", (1..=180).collect()), ("&changed=1", changed)] {
        let mut path = shop.path(&format!("/then?at={THEN}{query}"));
        let mut seen = Vec::new();
        loop {
            let page = shop.get(&path).await;
            assert!(page.body.len() < 100_000, "{}", page.body.len());
            seen.extend(listed(&page));
            let Some(at) = page.body.find("rel=\"next\" href=\"") else {
                break;
            };
            let next = &page.body[at + 17..];
            path = next[..next.find('"').unwrap()].replace("&#38;", "&");
        }
        seen.sort_unstable();
        assert_eq!(seen, products, "{query}");
    }
}

#[tokio::test]
async fn a_product_is_shown_then_and_now_with_what_explains_it() {
    let mut shop = Shop::open().await;
    shop.clock.advance_seconds(3_600);
    let fields = [("seen", ":0:0"), ("place", "paris"), ("change", "+2")];
    shop.do_and_see(&page_of(1, "/change"), &fields).await;
    shop.transact(1, TransactionAction::Decrement, 4).await;
    let page = shop.page(&page_of(1, &format!("/then?at={THEN}"))).await;
    assert_eq!(page.status, StatusCode::OK);
    insta::assert_snapshot!(plain(&page.main()));
    let page = shop.page(&page_of(1, "/then?at=2020-01-01")).await;
    assert!(page.main().contains("This product had no stock then."));
    let page = shop.page(&page_of(1, "/then?day=0")).await;
    assert!(page.main().contains("Nothing has happened since."));
    let page = shop.page(&page_of(1, "/then?at=soon")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.main().contains("value=\"soon\""));
    shop.do_and_see(&page_of(1, "/stock/delete"), &[]).await;
    let page = shop.page(&page_of(1, &format!("/then?at={THEN}"))).await;
    assert!(page.main().contains("This product has no stock now."));
    assert_eq!(
        shop.page(&page_of(8, "/then")).await.status,
        StatusCode::NOT_FOUND
    );
}
