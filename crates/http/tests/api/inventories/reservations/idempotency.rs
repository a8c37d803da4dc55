//! `Idempotency-Key`: what was made is 201 when it is asked for again, what was given back 200.

use serde_json::json;

use super::{PATH, Shop, item, shown};
use crate::support::TestRequest;

const REPLAYED: &str = "idempotent-replayed";

fn keyed<'a>(request: TestRequest<'a>, key: &str) -> TestRequest<'a> {
    request.header("idempotency-key", key)
}

#[tokio::test]
async fn made_and_given_back() {
    let shop = Shop::new().await;
    let order = json!({ "order_id": "order 1", "items": [item(1, 2)] });
    let made = || keyed(shop.reserve(&order), "made");
    let given_back = || keyed(shop.reserve(&order), "given-back");
    let first = made().send().await;
    first.expect_status(201);
    assert_eq!(first.header(REPLAYED), None);
    let second = given_back().send().await;
    second.expect_status(200);
    assert_eq!(second.header(REPLAYED), None);
    assert_eq!(second.text(), first.text());
    shop.act(&first.created_id(), "pay")
        .await
        .expect_status(200);
    for (request, answer) in [(made(), first), (given_back(), second)] {
        let again = request.send().await;
        assert_eq!(again.header(REPLAYED), Some("true"));
        assert_eq!((again.status, again.text()), (answer.status, answer.text()));
    }
    assert_eq!(shop.figures().await, [13, 2]);
}

/// Without an order, only the key tells a second reservation from the first sent again.
#[tokio::test]
async fn without_an_order() {
    let shop = Shop::new().await;
    let data = json!({ "items": [item(1, 2)] });
    for key in ["one", "one", "two", "one"] {
        let answer = keyed(shop.reserve(&data), key).send().await;
        answer.expect_status(201);
    }
    assert_eq!(shop.figures().await, [11, 4]);
}

#[tokio::test]
async fn refused_and_refused_again() {
    let shop = Shop::new().await;
    let data = json!({ "items": [item(1, 11)] });
    let first = keyed(shop.reserve(&data), "key").send().await;
    first.expect_status(422);
    shop.app
        .transact(&crate::support::id(1), "increment", 5)
        .await;
    let again = keyed(shop.reserve(&data), "key").send().await;
    again.expect_status(422);
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header(REPLAYED), Some("true"));
}

#[tokio::test]
async fn a_part_is_shipped_once() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 4).await;
    shop.act(&reservation, "pay").await.expect_status(200);
    let path = format!("{PATH}/{reservation}/fulfil");
    let body = json!({ "data": { "items": [item(1, 1)] } });
    for key in ["one", "one", "two", "two"] {
        let answer = keyed(shop.app.post(&path, &body), key).send().await;
        answer.expect_status(200);
    }
    let lines = vec![[4, 2, 0]];
    let read = shop.read(&reservation).await;
    assert_eq!(shown(&read), ("paid".to_owned(), lines));
    let other = json!({ "data": { "items": [item(1, 2)] } });
    let other = keyed(shop.app.post(&path, &other), "one").send().await;
    other.expect_status(409);
}
