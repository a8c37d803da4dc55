//! The screen of what happened, and the stream that tells of changes.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use stockroom_domain::{
    Annotation, ExpiresIn, ItemPlace, OrderId, Owner, Quantity, Reason, ReservationItem, Reserve,
    Transact, TransactionAction,
};

use crate::support::{Answer, Shop, product, registered};

/// The positions that a page shows.
fn listed(page: &Answer) -> Vec<u64> {
    let rows = page.body.split("id=\"event-").skip(1);
    rows.map(|row| row.split('"').next().unwrap().parse().unwrap())
        .collect()
}

/// The address of the link to older events.
fn older(page: &Answer) -> Option<String> {
    let at = page.body.find("rel=\"next\" href=\"")?;
    let next = &page.body[at + 17..];
    let next = &next[..next.find('"')?];
    Some(next.replace("&#38;", "&").replace("&amp;", "&"))
}

async fn sell(shop: &Shop, number: u128, reason: &str) {
    let sale = Transact {
        annotation: Annotation {
            reason: Some(Reason::new("reason", reason).unwrap()),
            reference: None,
        },
        ..Transact::new(
            product(number),
            TransactionAction::Decrement,
            Quantity::new(1).unwrap(),
        )
    };
    shop.stockroom.execute(&shop.owner(), sale).await.unwrap();
}

#[tokio::test]
async fn what_happened_is_told_newest_first() {
    let mut shop = Shop::open().await;
    sell(&shop, 1, "<b>broken</b>").await;
    let order = Reserve {
        order: Some(OrderId::new("order_id", "order <7>").unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![ReservationItem {
            product: product(1),
            place: ItemPlace::Location("berlin".to_owned()),
            quantity: Quantity::new(2).unwrap(),
        }],
        sourcing: None,
    };
    shop.stockroom.execute(&shop.owner(), order).await.unwrap();
    let page = shop.page("/activity").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<b>") && !page.body.contains("<7>"));
    let mut main = page.main().replace(&shop.store.id.to_string(), "STORE");
    for (thing, id) in ids(&main) {
        main = main.replace(&id, thing);
    }
    insta::assert_snapshot!(main);
    let shown = listed(&page);
    assert!(shown.is_sorted_by(|one, other| one > other), "{shown:?}");
}

/// The ids that differ in every run, and the words for them.
fn ids(main: &str) -> Vec<(&'static str, String)> {
    let after = |start: &str, thing| {
        let at = main.find(start)? + start.len();
        Some((thing, main[at..at + 36].to_owned()))
    };
    [
        after("/reservations/", "RESERVATION"),
        after("/locations/", "LOCATION 2"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn events_are_found_by_what_they_are_about() {
    let mut shop = Shop::open().await;
    sell(&shop, 1, "damaged").await;
    sell(&shop, 3, "sample").await;
    let all = listed(&shop.page("/activity").await).len();
    for (query, found) in [
        ("?product=BEAN-1", 5),
        (&*format!("?product={}", product(1)), 5),
        ("?product=BEAN-1&kind=products", 1),
        ("?reason=amag", 1),
        ("?reason=nothing", 0),
        ("?location=paris", 1),
        ("?kind=stock", 9),
        ("?kind=webhooks", 0),
        ("?from=2026-01-31T09:32", 3 + 2),
        ("?until=2026-01-31T09:30:30", 6),
        ("?key=00000000-0000-0000-0000-000000000001", 0),
        ("?kind=unknown", all),
    ] {
        let page = shop.page(&format!("/activity{query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(listed(&page).len(), found, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_told() {
    let mut shop = Shop::open().await;
    for (query, told) in [
        ("?product=NONE", "No product has the id or SKU “NONE”."),
        ("?from=yesterday", "“yesterday” isn't a time"),
    ] {
        let page = shop.page(&format!("/activity{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        let body = page.body.replace("&#39;", "'");
        assert!(body.contains(told), "{body}");
        let typed = query.split('=').nth(1).unwrap();
        assert!(body.contains(&format!("value=\"{typed}\"")));
    }
}

#[tokio::test]
async fn each_event_is_on_one_page() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    for number in 100..720 {
        let request = registered(number, "Mug");
        shop.stockroom.execute(&owner, request).await.unwrap();
    }
    for (query, wanted) in [("", 620 + 12), ("?kind=products", 620 + 3)] {
        let mut path = shop.path(&format!("/activity{query}"));
        let mut seen = Vec::new();
        for _ in 0..100 {
            let page = shop.get(&path).await;
            seen.extend(listed(&page));
            let Some(next) = older(&page) else { break };
            path = next;
        }
        assert_eq!(seen.len(), wanted, "{query}");
        assert!(seen.is_sorted_by(|one, other| one > other), "{seen:?}");
    }
    // A time is found without a way through all that came after it.
    let page = shop.page("/activity?until=2026-01-31T09:30:30").await;
    assert_eq!(listed(&page).len(), 6);
}

#[tokio::test]
async fn others_see_nothing_of_it() {
    let mut shop = Shop::open().await;
    let name = stockroom_domain::Name::new("name", "Another").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, name);
    let other = shop.operator(Owner::Store(other.await.unwrap().id));
    let secret = registered(900, "Secret");
    shop.stockroom.execute(&other, secret).await.unwrap();
    let page = shop.page("/activity").await;
    assert!(!page.body.contains("Secret"));
}

#[tokio::test]
async fn an_empty_feed_says_what_will_be_there() {
    let mut shop = Shop::closed().await;
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let page = shop.page("/activity").await;
    assert!(page.body.contains("Nothing has happened yet."));
    assert!(page.body.contains("data-live=\"activity\""));
}

#[tokio::test]
async fn a_stream_tells_of_changes_and_nothing_of_them() {
    let mut shop = Shop::open().await;
    let stockroom = Arc::clone(&shop.stockroom);
    let owner = shop.owner();
    let path = shop.path("/live");
    let changes = async {
        // Let the stream begin.
        while stockroom.open_streams() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for number in 200..220 {
            let request = registered(number, "Mug");
            stockroom.execute(&owner, request).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(800)).await;
        stockroom.end_streams();
    };
    let (answer, ()) = tokio::join!(shop.get(&path), changes);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let told = answer.body.matches("event: change\ndata: {}\n\n").count();
    assert!((1..=2).contains(&told), "{}", answer.body);
    assert!(!answer.body.contains("Mug"));

    let refused = shop.get(&path).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}
