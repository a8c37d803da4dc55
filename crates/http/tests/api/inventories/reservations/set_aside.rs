//! `POST /v2/inventories/reservations` with `hold_reason`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{PATH, Shop, item, item_at};
use crate::support::{FORMS, Form, Transcript, id};

fn aside(reason: &str, items: &[Value]) -> Value {
    json!({ "hold_reason": reason, "items": items })
}

async fn planning(shop: &Shop) -> Value {
    let path = format!("/v2/inventories/{}?include=planning", id(1));
    let answer = shop.app.get(&path).form(Form::MultiLocation).send().await;
    answer.expect_status(200);
    answer.data()["attributes"]["planning"].take()
}

#[tokio::test]
async fn set_aside() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        let data = aside(
            "damaged",
            &[item(1, 4), item_at(1, 1, "berlin"), item(2, 1)],
        );
        let answer = shop.reserve(&data).form(form).send().await;
        answer.expect_status(201);
        transcript.add(form, &answer);
        let held = answer.created_id();
        shop.reserved("order 1", 1).await;
        shop.app.clock.advance_seconds(900);
        for path in [
            format!("/v2/inventories/{}/holds", id(1)),
            format!("/v2/inventories/{}?include=planning", id(1)),
            format!("{PATH}?filter=eq(hold_reason,damaged)"),
        ] {
            let answer = shop.app.get(&path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {path}"), &answer);
        }
        let answer = shop.act_on(&held, "fulfil", &json!([item(1, 2)])).await;
        transcript.add("written off in part", &answer);
        let answer = shop.act(&held, "release").await;
        transcript.add("released", &answer);
        let history = format!("/v2/inventories/{}/transactions", id(1));
        let history = shop
            .app
            .get(&history)
            .form(Form::MultiLocation)
            .send()
            .await;
        let entries = history.json()["data"].take();
        let said = entries.as_array().expect("a list").iter().map(|entry| {
            let attributes = &entry["attributes"];
            let reason = attributes["reason"].as_str().unwrap_or_default();
            format!(
                "{} {}",
                attributes["action"].as_str().unwrap_or_default(),
                reason
            )
        });
        let said: Vec<String> = said.collect();
        let said = said.iter().filter(|it| it.contains("damaged")).count();
        assert_eq!(
            said, 6,
            "two allocated, two for what is written off, two released"
        );
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn what_is_set_aside_is_not_sold_and_can_be_safety_stock() {
    let shop = Shop::new().await;
    let policy = format!("/v2/inventories/{}/policy", id(1));
    let body = json!({ "data": { "safety_stock": 15 } });
    shop.app.put(&policy, &body).send().await.expect_status(200);
    let data = aside("display", &[item(1, 10)]);
    shop.reserve(&data).send().await.expect_status(201);
    let planning = planning(&shop).await;
    assert_eq!(planning["set_aside"], 10);
    assert_eq!(planning["unlocated"]["set_aside"], 10);
    assert_eq!(planning["locations"]["berlin"]["set_aside"], 0);
    let sold = json!({ "items": [item_at(1, 1, "berlin")] });
    shop.reserve(&sold).send().await.expect_status(422);
    let short = shop.reserve(&aside("display", &[item_at(1, 6, "berlin")]));
    let short = short.send().await;
    short.expect_status(422);
    let meta = short.json()["errors"][0]["meta"].take();
    let shortage = json!({
        "product_id": id(1), "location": "berlin", "requested": 6, "available": 5,
    });
    assert_eq!(meta, json!({ "shortages": [shortage] }));
}

#[tokio::test]
async fn what_is_set_aside_keeps_the_stock_and_is_neither_moved_nor_edited() {
    let shop = Shop::new().await;
    let held = aside("recall", &[item(2, 1)]);
    let held = shop.reserve(&held).send().await.created_id();
    let before = shop.app.readings().await;
    let stock = format!("/v2/inventories/{}", id(2));
    shop.app.delete(&stock).send().await.expect_status(400);
    let moved = json!([{ "product_id": id(2), "from": null, "to": "berlin", "quantity": 1 }]);
    let moved = shop.act_on(&held, "move", &moved).await;
    moved.expect_status(409);
    let edited = json!({ "data": { "items": [item(2, 2)] } });
    let edited = shop
        .app
        .put(&format!("{PATH}/{held}"), &edited)
        .send()
        .await;
    edited.expect_status(409);
    for answer in [moved, edited] {
        let meta = answer.json()["errors"][0]["meta"].take();
        assert_eq!(meta, json!({ "state": "held" }));
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused() {
    let shop = Shop::new().await;
    let before = shop.app.readings().await;
    let text = "hold_reason must be a text of 1 to 255 characters";
    for (field, value, detail) in [
        ("hold_reason", json!(""), text),
        ("hold_reason", json!("x".repeat(256)), text),
        ("hold_reason", json!(5), "hold_reason: "),
        (
            "order_id",
            json!("1"),
            "order_id: must be left out with hold_reason",
        ),
        (
            "expires_in",
            json!(60),
            "expires_in: must be left out with hold_reason",
        ),
        (
            "sourcing",
            json!({}),
            "sourcing: must be left out with hold_reason",
        ),
    ] {
        let mut data = aside("damaged", &[item(1, 1)]);
        data[field] = value;
        let answer = shop.reserve(&data).send().await;
        answer.expect_status(400);
        assert!(answer.detail().starts_with(detail), "{}", answer.text());
    }
    assert_eq!(shop.app.readings().await, before);
    let mut data = aside("damaged", &[item(1, 1)]);
    (data["order_id"], data["sourcing"]) = (json!(null), json!(null));
    shop.reserve(&data).send().await.expect_status(201);
    data["hold_reason"] = json!(null);
    let sold = shop.reserve(&data).send().await;
    assert_eq!(sold.data()["attributes"]["state"], "pending");
}
