//! `POST /v2/inventories/availability`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Shop, item, item_at};
use crate::support::{Answer, Form, Transcript, id};

const PATH: &str = "/v2/inventories/availability";

impl Shop {
    async fn ask(&self, query: &str, data: &Value) -> Answer {
        let body = json!({ "data": data });
        let request = self.app.post(&format!("{PATH}{query}"), &body);
        request.send().await
    }
}

#[tokio::test]
async fn asked() {
    let shop = Shop::new().await;
    let enough = json!([item(1, 10), item_at(1, 5, "berlin"), item(2, 1)]);
    let cart = json!([
        item(1, 6),
        item_at(1, 6, "berlin"),
        item(404, 1),
        { "attributes": item(1, 5) },
        item_at(2, 1, "berlin"),
        item_at(1, 1, "nowhere"),
        item(2, 3),
    ]);
    let before = shop.app.readings().await;
    let mut transcript = Transcript::default();
    for (query, data, status) in [
        ("", &enough, 200),
        ("?strict=true", &enough, 200),
        ("", &cart, 200),
        ("?strict=false", &cart, 200),
        ("?strict=true", &cart, 400),
    ] {
        let answer = shop.ask(query, data).await;
        answer.expect_status(status);
        transcript.add(query, &answer);
        // There is one form only.
        let path = format!("{PATH}{query}");
        let request = shop.app.post(&path, &json!({ "data": data }));
        let other = request.form(Form::MultiLocation).send().await;
        assert_eq!(other.text(), answer.text());
    }
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn what_is_reserved_is_not_available() {
    let shop = Shop::new().await;
    let available = async || {
        let answer = shop.ask("", &json!([item(1, 0)])).await;
        answer.expect_status(200);
        answer.data()[0]["available"].as_u64().unwrap()
    };
    shop.reserved("order 1", 4).await;
    assert_eq!(available().await, 6);
    shop.app.transact(&id(1), "allocate", 1).await;
    assert_eq!(available().await, 5);
    shop.app.clock.advance_seconds(900);
    assert_eq!(available().await, 9);
}

/// A buyer's own hold doesn't make the cart insufficient.
#[tokio::test]
async fn what_the_order_holds_is_available_to_it() {
    let shop = Shop::new().await;
    let items = json!([item(1, 8), item_at(1, 5, "berlin"), item(2, 3)]);
    let data = json!({ "order_id": "order 1", "items": items });
    let reservation = shop.reserve(&data).send().await.created_id();
    let before = shop.app.readings().await;
    let ask = async |query: &str, order: Value| {
        let body = json!({ "data": items, "order_id": order });
        shop.app.post(&format!("{PATH}{query}"), &body).send().await
    };
    let mut transcript = Transcript::default();
    for (query, order, status) in [
        ("", json!("order 1"), 200),
        ("?strict=true", json!("order 1"), 200),
        ("?strict=true", json!("order 2"), 400),
        ("?strict=true", json!(null), 400),
        ("", json!(""), 400),
        ("", json!("x".repeat(256)), 400),
        ("", json!(1), 400),
    ] {
        let answer = ask(query, order).await;
        answer.expect_status(status);
        transcript.add(query, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.readings().await, before);

    let sufficient = async || {
        let answer = ask("", json!("order 1")).await;
        let items = answer.data();
        let items = items.as_array().unwrap().iter();
        items.map(|it| it["sufficient"] == true).collect::<Vec<_>>()
    };
    shop.act(&reservation, "pay").await.expect_status(200);
    shop.app.clock.advance_seconds(900);
    assert_eq!(sufficient().await, [true; 3]);
    let shipped = json!([item(2, 1)]);
    let answer = shop.act_on(&reservation, "fulfil", &shipped).await;
    answer.expect_status(200);
    assert_eq!(sufficient().await, [true, true, false]);
    shop.act(&reservation, "release").await.expect_status(200);
    assert_eq!(sufficient().await, [true, true, false]);
}

#[tokio::test]
async fn another_stores_order_of_the_same_name_is_another_one() {
    let shop = Shop::new().await;
    let app = &shop.app;
    let (_, other) = app.another_store("Acme Paris").await;
    let stock = json!({ "data": { "quantity": 5 } });
    let shared = format!("/v2/inventories/{}", id(5));
    let shared = app.post(&shared, &stock).organization();
    shared.send().await.expect_status(201);
    let data = json!({ "order_id": "order 1", "items": [item(5, 4)] });
    shop.reserve(&data).send().await.expect_status(201);
    let body = json!({ "data": [item(5, 4)], "order_id": "order 1" });
    for (token, available) in [(&app.token, 5), (&other, 1), (&app.organization_token, 1)] {
        let answer = app.post(PATH, &body).token(token).send().await;
        answer.expect_status(200);
        assert_eq!(answer.data()[0]["available"], available);
    }
}

#[tokio::test]
async fn empty_carts_and_full_ones() {
    let shop = Shop::new().await;
    let answer = shop.ask("?strict=true", &json!([])).await;
    answer.expect_status(200);
    assert_eq!(answer.json(), json!({ "data": [] }));
    let answer = shop.ask("", &json!(vec![item(1, 1); 500])).await;
    answer.expect_status(200);
    assert_eq!(answer.data()[499]["requested"], 500);
    let answer = shop.ask("", &json!(vec![item(1, 1); 501])).await;
    answer.expect_status(400);
    assert_eq!(answer.detail(), "data must contain 0 to 500 items");
}

#[tokio::test]
async fn no_carts() {
    let shop = Shop::new().await;
    for (query, data, detail) in [
        ("", json!({}), "data must be a list"),
        (
            "",
            json!([item(1, 1), 5]),
            "data[1]: data must be an object",
        ),
        (
            "",
            json!([{ "quantity": 1 }]),
            "data[0]: missing field `product_id`",
        ),
        (
            "",
            json!([{ "product_id": "5", "quantity": 1 }]),
            "data[0]: product_id: must be a UUID",
        ),
        (
            "",
            json!([{ "product_id": id(1), "quantity": -1 }]),
            "data[0]: quantity: must be an integer from 0 to 9007199254740991",
        ),
        ("?strict=1", json!([]), "strict must be true or false"),
        (
            "?strict=true&strict=true",
            json!([]),
            "The query parameter strict is given more than once",
        ),
    ] {
        let answer = shop.ask(query, &data).await;
        answer.expect_status(400);
        assert_eq!(answer.detail(), detail);
    }
}
