//! `PUT /v2/inventories/reservations/{reservation}`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{PATH, Shop, item, item_at};
use crate::support::{Answer, Transcript, id};

impl Shop {
    async fn edit(&self, reservation: &str, attributes: &Value) -> Answer {
        let body = json!({ "data": { "type": "stock-reservation", "attributes": attributes } });
        let path = format!("{PATH}/{reservation}");
        self.app.put(&path, &body).send().await
    }
}

#[tokio::test]
async fn edited() {
    let shop = Shop::with_locations().await;
    let reservation = shop.reserved("one", 4).await;
    let mut transcript = Transcript::default();
    for (attributes, status) in [
        (json!({}), 400),
        (json!({ "items": [] }), 400),
        (json!({ "items": [item(1, 0)] }), 400),
        (json!({ "items": [item_at(1, 1, "nowhere")] }), 400),
        (json!({ "items": [item(1, 1)], "expires_in": 0 }), 400),
        (json!({ "items": [item(1, 1)], "expect_version": 2 }), 409),
        (
            json!({ "items": [item(1, 11), item(2, 4), item(404, 1)] }),
            422,
        ),
        (
            json!({ "items": [item(1, 6), item(2, 1)], "expect_version": 1 }),
            200,
        ),
        (
            json!({ "items": [item(1, 6), item(2, 1)], "expect_version": 1 }),
            200,
        ),
    ] {
        let answer = shop.edit(&reservation, &attributes).await;
        answer.expect_status(status);
        transcript.add(attributes.to_string(), &answer);
    }
    // The order's retry is compared with what it is now.
    let again = |items: Value| {
        shop.reserve(&json!({ "order_id": "one", "items": items }))
            .send()
    };
    again(json!([item(1, 4)])).await.expect_status(409);
    again(json!([item(2, 1), item(1, 6)]))
        .await
        .expect_status(200);
    shop.act(&reservation, "pay").await.expect_status(200);
    let part = json!([item(1, 2)]);
    shop.act_on(&reservation, "fulfil", &part)
        .await
        .expect_status(200);
    for (attributes, status) in [
        (json!({ "items": [item(1, 1)] }), 422),
        (json!({ "items": [item(2, 1)] }), 422),
        (json!({ "items": [item(1, 3)], "expires_in": 60 }), 409),
        (json!({ "items": [item(1, 2)] }), 200),
        (json!({ "items": [item(1, 3)] }), 409),
    ] {
        let answer = shop.edit(&reservation, &attributes).await;
        answer.expect_status(status);
        transcript.add(attributes.to_string(), &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.figures(&id(2)).await, [3, 0, 3]);
}

#[tokio::test]
async fn what_is_nobodys_is_not_found() {
    let shop = Shop::new().await;
    let answer = shop.edit(&id(77), &json!({ "items": [item(1, 1)] })).await;
    answer.expect_status(404);
}
