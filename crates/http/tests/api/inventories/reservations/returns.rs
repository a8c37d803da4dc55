//! `POST /v2/inventories/reservations/{id}/return`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{PATH, Shop, item, item_at};
use crate::support::{Answer, FORMS, Form, Transcript, id};

/// Brings items back.
async fn bring_back(shop: &Shop, reservation: &str, data: &Value) -> Answer {
    let path = format!("{PATH}/{reservation}/return");
    let body = json!({ "data": data });
    shop.app.post(&path, &body).send().await
}

/// A shop in which an order of 4 pieces, and 3 in `berlin`, is shipped.
async fn shipped() -> (Shop, String) {
    let shop = Shop::new().await;
    let items = json!([item(1, 4), item_at(1, 3, "berlin")]);
    let data = json!({ "items": items, "order_id": "order 1" });
    let reservation = shop.reserve(&data).send().await.created_id();
    shop.act(&reservation, "pay").await.expect_status(200);
    shop.act(&reservation, "fulfil").await.expect_status(200);
    (shop, reservation)
}

#[tokio::test]
async fn returned() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let (shop, reservation) = shipped().await;
        let path = format!("{PATH}/{reservation}/return");
        let items = json!([
            item(1, 1),
            { "product_id": id(1), "quantity": 1, "damaged": true },
            { "product_id": id(1), "quantity": 1, "location": "berlin", "to": null },
        ]);
        let body = json!({ "data": { "items": items } });
        let answer = shop.app.post(&path, &body).form(form).send().await;
        transcript.add(format!("{form}: returned"), &answer);
        let body = json!({ "data": { "items": [item_at(1, 2, "berlin")], "reserve": true } });
        let answer = shop.app.post(&path, &body).form(form).send().await;
        transcript.add(format!("{form}: to be shipped again"), &answer);
        let answer = shop.app.post(&path, &body).form(form).send().await;
        transcript.add(format!("{form}: once more"), &answer);
        let history = format!("/v2/inventories/{}/transactions", id(1));
        let history = shop.app.get(&history).form(Form::MultiLocation).send();
        let entries = history.await.json()["data"].take();
        let entries = entries.as_array().expect("a list").iter().map(|entry| {
            let it = &entry["attributes"];
            format!(
                "{} {} {} {}",
                it["action"], it["quantity"], it["location"], it["reason"]
            )
        });
        let back: Vec<String> = entries.filter(|it| it.contains("return")).collect();
        assert_eq!(
            back,
            [
                r#""increment" 2 null "return""#,
                r#""increment" 1 null "return damaged""#,
                r#""decrement" 1 null "return damaged""#,
                r#""increment" 2 "berlin" "return""#,
                r#""allocate" 2 "berlin" "return""#,
            ]
        );
        assert_eq!(shop.figures().await, [10, 2]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused() {
    let (shop, reservation) = shipped().await;
    let before = shop.app.readings().await;
    let damaged = json!({ "product_id": id(1), "quantity": 1, "damaged": true });
    for (data, detail) in [
        (json!({}), "missing field `items`"),
        (json!({ "items": [] }), "items must contain 1 to 500 items"),
        (
            json!({ "items": [item(1, 0)] }),
            "items[0].quantity: must be an integer from 1",
        ),
        (json!({ "items": [item(1, 1)], "reserve": 1 }), "reserve: "),
        (
            json!({ "items": [item(1, 1), damaged], "reserve": true }),
            "items[1].damaged: must be left out with reserve",
        ),
        (
            json!({ "items": [{ "product_id": id(1), "quantity": 1, "to": "nowhere" }] }),
            "There is no location",
        ),
    ] {
        let answer = bring_back(&shop, &reservation, &data).await;
        answer.expect_status(400);
        assert!(answer.detail().starts_with(detail), "{}", answer.text());
    }
    for name in [&id(404), "no-uuid"] {
        let answer = bring_back(&shop, name, &json!({ "items": [item(1, 1)] })).await;
        answer.expect_status(404);
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn no_more_comes_back_than_was_shipped_and_only_to_stock_that_there_is() {
    let (shop, reservation) = shipped().await;
    for (items, open) in [
        (json!([item(1, 5)]), 4),
        (json!([item(1, 3), item(1, 2)]), 4),
        (json!([item_at(1, 4, "berlin")]), 3),
        (json!([item(2, 1)]), 0),
    ] {
        let product = items[0]["product_id"].clone();
        let answer = bring_back(&shop, &reservation, &json!({ "items": items })).await;
        answer.expect_status(422);
        let meta = answer.json()["errors"][0]["meta"].take();
        assert_eq!(meta, json!({ "product_id": product, "open": open }));
    }
    let stock = format!("/v2/inventories/{}", id(1));
    shop.app.delete(&stock).send().await.expect_status(204);
    let answer = bring_back(&shop, &reservation, &json!({ "items": [item(1, 1)] })).await;
    answer.expect_status(422);
    let meta = answer.json()["errors"][0]["meta"].take();
    assert_eq!(meta, json!({ "product_ids": [id(1)] }));
}

#[tokio::test]
async fn an_order_with_another_reservation_stays_as_it_is() {
    let (shop, reservation) = shipped().await;
    let one = json!({ "items": [item(1, 1)], "reserve": true });
    bring_back(&shop, &reservation, &one)
        .await
        .expect_status(200);
    shop.act(&reservation, "release").await.expect_status(200);
    let other = shop.reserved("order 1", 1).await;
    let before = shop.app.readings().await;
    let refused = bring_back(&shop, &reservation, &one).await;
    refused.expect_status(409);
    assert_eq!(shop.app.readings().await, before);
    shop.act(&other, "release").await.expect_status(200);
    let again = bring_back(&shop, &reservation, &one).await;
    again.expect_status(200);
    assert_eq!(again.data()["attributes"]["state"], "paid");
    assert_eq!(again.data(), shop.read(&reservation).await);
}
