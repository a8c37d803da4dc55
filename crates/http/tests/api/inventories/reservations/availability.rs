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
    assert_eq!(answer.detail(), "data must hold 0 to 500 items");
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
