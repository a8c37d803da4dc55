//! Reservations that aren't paid for in time.

use serde_json::{Value, json};

use super::{PATH, Shop, item, shown};
use crate::support::{Form, id, query};

/// Each request is sent a second after the one before.
#[tokio::test]
async fn it_is_over_from_that_instant_on() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 2).await;
    shop.app.clock.advance_seconds(900 - 2);
    assert_eq!(shop.state(&reservation).await, "pending");
    assert_eq!(shop.figures().await, [15, 0]);
    let read = shop.read(&reservation).await;
    let lines = vec![[2, 0, 2]];
    assert_eq!(shown(&read), ("expired".to_owned(), lines));
    assert_eq!(read["attributes"]["expires_at"], Value::Null);
    let pay = shop.act(&reservation, "pay").await;
    pay.expect_status(409);
    assert_eq!(pay.detail(), "The reservation is expired");
}

#[tokio::test]
async fn paid_in_the_last_second() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 2).await;
    shop.app.clock.advance_seconds(900 - 2);
    let paid = shop.act(&reservation, "pay").await;
    paid.expect_status(200);
    assert_eq!(paid.data()["attributes"]["expires_at"], Value::Null);
    shop.app.clock.advance_seconds(1_000_000);
    let body = json!({ "data": { "quantity": 1 } });
    // The token has run out, and nothing else has.
    let token = shop
        .app
        .token_of(stockroom_domain::Owner::Store(shop.app.store.id));
    let token = token.await;
    let read = shop.app.get(&format!("{PATH}/{reservation}")).token(&token);
    assert_eq!(read.send().await.data()["attributes"]["state"], "paid");
    let path = format!("/v2/inventories/{}", id(7));
    let other = shop.app.post(&path, &body).token(&token).send().await;
    other.expect_status(201);
}

#[tokio::test]
async fn the_last_piece_goes_to_the_next() {
    let shop = Shop::new().await;
    let first = shop.reserved("order 1", 10).await;
    let second = json!({ "order_id": "order 2", "items": [item(1, 1)] });
    shop.reserve(&second).send().await.expect_status(422);
    shop.app.clock.advance_seconds(900);
    shop.reserve(&second).send().await.expect_status(201);
    shop.act(&first, "pay").await.expect_status(409);
    assert_eq!(shop.figures().await, [14, 1]);
}

#[tokio::test]
async fn the_ledger_says_when() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 2).await;
    let expires_at = shop.read(&reservation).await["attributes"]["expires_at"].take();
    shop.app.clock.advance_seconds(1_800);
    let history = format!("/v2/inventories/{}/transactions", id(1));
    for _ in 0..2 {
        let history = shop.app.get(&history).form(Form::MultiLocation);
        let history = history.send().await.data();
        let history = history.as_array().unwrap();
        assert_eq!(history.len(), 4);
        let last = &history[3];
        assert_eq!(last["attributes"]["action"], "deallocate");
        assert_eq!(last["attributes"]["quantity"], 2);
        assert_eq!(last["attributes"]["reference"], *reservation);
        assert_eq!(last["meta"]["timestamps"]["created_at"], expires_at);
        assert_eq!(last["attributes"]["sequence"], 4);
    }
    let at = |seconds: &str| {
        let path = format!("/v2/inventories/{}", id(1));
        query(&path, &[("at", seconds)])
    };
    let expires_at = expires_at.as_str().unwrap();
    let then = shop.app.get(&at(expires_at)).send().await.data();
    assert_eq!(then["available"], 15);
    let before = expires_at.replace(".000Z", "Z").replace(":07Z", ":06.999Z");
    let then = shop.app.get(&at(&before)).send().await.data();
    assert_eq!(then["available"], 13);
}

#[tokio::test]
async fn extended() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 2).await;
    let path = format!("{PATH}/{reservation}/extend");
    let extend = async |seconds: u64| {
        let body = json!({ "data": { "expires_in": seconds } });
        let answer = shop.app.post(&path, &body).send().await;
        answer.expect_status(200);
        let data = answer.data();
        let updated_at = &data["meta"]["timestamps"]["updated_at"];
        assert_ne!(*updated_at, data["meta"]["timestamps"]["created_at"]);
        data["attributes"]["expires_at"].clone()
    };
    assert_eq!(extend(1_200).await, "2026-01-31T09:50:08.000Z");
    shop.app.clock.advance_seconds(900);
    assert_eq!(shop.figures().await, [13, 2]);
    // It may be less as well.
    assert_eq!(extend(10).await, "2026-01-31T09:45:20.000Z");
    shop.app.clock.advance_seconds(9);
    assert_eq!(shop.figures().await, [15, 0]);
    shop.act(&reservation, "extend").await.expect_status(409);
}
