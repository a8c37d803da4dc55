//! What is refused, in the order of the statuses.

use serde_json::{Value, json};

use super::{PATH, Shop, item, meta, with_places};
use crate::support::{Answer, QUANTITY_MAX, id};

fn shortage(product: u32, requested: u64, available: u64) -> Value {
    json!({
        "product_id": id(product), "location": "york", "requested": requested,
        "available": available,
    })
}

#[tokio::test]
async fn everything_that_is_short_is_named() {
    let shop = Shop::new().await;
    let items = json!([item(1, 21), item(2, 6)]);
    let draft = shop.in_state("draft", &items).await;
    let before = shop.app.readings().await;
    let short = json!({ "shortages": [shortage(1, 21, 20), shortage(2, 6, 5)] });
    for step in ["ready", "ship"] {
        let answer = shop.act(&draft, step).await;
        answer.expect_status(422);
        assert_eq!(meta(&answer), short);
    }
    for state in ["ready", "in_transit", "received"] {
        let data = with_places(json!({ "items": items, "state": state }));
        let answer = shop.create(&data).send().await;
        answer.expect_status(422);
        assert_eq!(meta(&answer), short);
    }
    // The rest, which would be allocated, is short.
    let part = json!({ "items": [item(1, 1)] });
    let answer = shop.act_with(&draft, "ship", &part).await;
    answer.expect_status(422);
    assert_eq!(meta(&answer), short);
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn a_draft_alone_may_name_products_without_stock() {
    let shop = Shop::new().await;
    let items = json!([item(404, 1), item(1, 1), item(405, 1)]);
    let draft = shop.in_state("draft", &items).await;
    let before = shop.app.readings().await;
    let without = json!({ "product_ids": [id(404), id(405)] });
    for step in ["ready", "ship"] {
        let answer = shop.act(&draft, step).await;
        answer.expect_status(422);
        assert_eq!(meta(&answer), without);
    }
    let delivery = json!({
        "from": { "supplier": "ACME" }, "to": { "location": null }, "state": "in_transit",
        "items": items,
    });
    let answer = shop.create(&delivery).send().await;
    answer.expect_status(422);
    assert_eq!(meta(&answer), without);
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn no_more_takes_a_step_than_there_is_for_it() {
    let shop = Shop::new().await;
    let transfer = shop
        .in_state("ready", &json!([item(1, 10), item(2, 2)]))
        .await;
    let shipped = json!({ "items": [item(1, 6)] });
    let answer = shop.act_with(&transfer, "ship", &shipped).await;
    answer.expect_status(200);
    let before = shop.app.readings().await;
    let arrived = |product: u32, of: &str, pieces: u64| json!({ "product_id": id(product), of: pieces, "missing": 1 });
    for (step, one, product, open) in [
        ("ship", item(1, 5), 1, 4),
        ("ship", item(2, 3), 2, 2),
        ("ship", item(3, 1), 3, 0),
        ("cancel", item(1, 11), 1, 10),
        ("cancel", item(404, 1), 404, 0),
        ("receive", arrived(1, "received", 6), 1, 6),
        ("receive", arrived(1, "damaged", 6), 1, 6),
        ("receive", arrived(2, "received", 1), 2, 0),
        (
            "receive",
            json!({ "product_id": id(3), "surplus": 1 }),
            3,
            0,
        ),
    ] {
        let answer = shop
            .act_with(&transfer, step, &json!({ "items": [one] }))
            .await;
        answer.expect_status(422);
        let expected = json!({ "product_id": id(product), "open": open });
        assert_eq!(meta(&answer), expected, "{step}");
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn a_receipt_is_undone_only_while_its_pieces_are_there() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("received", &json!([item(1, 4)])).await;
    shop.app.transact_at(&id(1), "leeds", "decrement", 1).await;
    let before = shop.app.readings().await;
    let undo = format!("receipts/{}/undo", shop.receipts(&transfer).await[0]);
    let answer = shop.act(&transfer, &undo).await;
    answer.expect_status(422);
    let short = json!({
        "product_id": id(1), "location": "leeds", "requested": 4, "available": 3,
    });
    assert_eq!(meta(&answer), json!({ "shortages": [short] }));
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn a_transfer_has_at_most_100_receipts() {
    let shop = Shop::new().await;
    let data = json!({
        "from": { "supplier": "ACME" }, "to": { "location": null }, "state": "in_transit",
        "items": [item(1, 200)],
    });
    let transfer = shop.created(&data).await;
    let one = json!({ "items": [{ "product_id": id(1), "received": 1 }] });
    for _ in 0..100 {
        let answer = shop.act_with(&transfer, "receive", &one).await;
        answer.expect_status(200);
    }
    let answer = shop.act_with(&transfer, "receive", &one).await;
    answer.expect_status(422);
    assert_eq!(answer.detail(), "A transfer can have at most 100 receipts");
    assert_eq!(shop.receipts(&transfer).await.len(), 100);
}

#[tokio::test]
async fn there_is_a_limit_to_pieces() {
    let shop = Shop::new().await;
    let data = |pieces: u64, state: &str| {
        json!({
            "from": { "supplier": "ACME" }, "to": { "location": null }, "state": state,
            "items": [item(1, pieces)],
        })
    };
    // The stock has 20 already.
    let too_many = shop.create(&data(QUANTITY_MAX, "received")).send().await;
    too_many.expect_status(422);
    let under_way = shop.created(&data(QUANTITY_MAX, "in_transit")).await;
    let before = shop.app.readings().await;
    let another = shop.create(&data(1, "in_transit")).send().await;
    another.expect_status(422);
    assert_eq!(meta(&another), json!({ "product_id": id(1) }));
    let received = shop.act(&under_way, "receive").await;
    received.expect_status(422);
    assert_eq!(shop.app.readings().await, before);
    let surplus = json!({ "product_id": id(1), "missing": QUANTITY_MAX, "surplus": 1 });
    let answer = shop
        .act_with(&under_way, "receive", &json!({ "items": [surplus] }))
        .await;
    answer.expect_status(200);
}

#[tokio::test]
async fn an_open_transfer_keeps_its_stock_and_locations() {
    for state in ["ready", "in_transit"] {
        let shop = Shop::new().await;
        // Nothing else lies in the location that the pieces go to.
        let transfer = shop.in_state(state, &json!([item(1, 20)])).await;
        let locations = shop.app.get("/v2/inventories/locations").send().await;
        let locations = locations.data();
        let leeds = locations.as_array().unwrap().iter();
        let mut leeds = leeds.filter(|it| it["attributes"]["slug"] == "leeds");
        let leeds = leeds.next().unwrap()["id"].as_str().unwrap().to_owned();
        let stock = format!("/v2/inventories/{}", id(1));
        let location = format!("/v2/inventories/locations/{leeds}");
        shop.app.transact_at(&id(1), "leeds", "increment", 1).await;
        shop.app.transact_at(&id(1), "leeds", "decrement", 1).await;
        let before = shop.app.readings().await;
        let removed = json!({ "data": { "locations": { "leeds": null } } });
        let answers = [
            shop.app.delete(&stock).send().await,
            shop.app.put(&stock, &removed).send().await,
            shop.app.delete(&location).send().await,
        ];
        for answer in answers {
            answer.expect_status(400);
            assert!(
                answer.detail().starts_with("An open transfer"),
                "{}",
                answer.text()
            );
        }
        assert_eq!(shop.app.readings().await, before);
        shop.act(&transfer, "cancel").await.expect_status(200);
        shop.app
            .put(&stock, &removed)
            .send()
            .await
            .expect_status(200);
        shop.app.delete(&location).send().await.expect_status(204);
    }
}

#[tokio::test]
async fn what_is_ready_is_held() {
    let shop = Shop::new().await;
    shop.in_state("ready", &json!([item(1, 4)])).await;
    let data = json!({ "action": "deallocate", "quantity": 1, "location": "york" });
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let answer = shop.app.post(&path, &json!({ "data": data })).send().await;
    answer.expect_status(422);
    assert_eq!(meta(&answer)["reserved"], 4);
}

#[track_caller]
fn expect(answer: &Answer, status: u16) {
    answer.expect_status(status);
}

#[tokio::test]
async fn the_order_is_400_404_409_422() {
    let shop = Shop::new().await;
    let items = json!([item(1, 4)]);
    let [received, cancelled] = ["received", "ready"].map(|state| shop.in_state(state, &items));
    let (received, cancelled) = (received.await, cancelled.await);
    shop.act(&cancelled, "cancel").await.expect_status(200);
    let before = shop.app.readings().await;
    let too_many = json!({ "items": [item(1, 9)] });
    let nothing = json!({ "items": [] });
    // 400 before 404, and that before 409.
    expect(&shop.act_with(&id(404), "ship", &nothing).await, 400);
    expect(&shop.act_with(&id(404), "ship", &too_many).await, 404);
    for name in [id(404), "no-uuid".to_owned()] {
        for step in ["ready", "ship", "receive", "cancel"] {
            expect(&shop.act(&name, step).await, 404);
        }
        expect(&shop.put(&name, &json!({})).await, 404);
        let path = format!("{PATH}/{name}");
        expect(&shop.app.get(&path).send().await, 404);
        expect(&shop.app.delete(&path).send().await, 404);
        let receipts = shop.app.get(&format!("{path}/receipts")).send().await;
        expect(&receipts, 404);
        assert_eq!(receipts.detail(), "There is no such transfer");
        for receipt in [id(404), "no-uuid".to_owned()] {
            let undo = format!("receipts/{receipt}/undo");
            expect(&shop.act(&name, &undo).await, 404);
            let answer = shop.act(&received, &undo).await;
            expect(&answer, 404);
            assert_eq!(answer.detail(), "There is no such receipt");
        }
    }
    // 409 before 422, the state before the version.
    let wrong = json!({ "items": [item(1, 9)], "expect_version": 9 });
    let answer = shop.act_with(&received, "ship", &wrong).await;
    expect(&answer, 409);
    assert_eq!(meta(&answer), json!({ "state": "received" }));
    let open = shop.in_state("in_transit", &items).await;
    let answer = shop.act_with(&open, "ship", &wrong).await;
    expect(&answer, 409);
    assert_eq!(meta(&answer), json!({ "version": 1 }));
    shop.act(&open, "cancel").await.expect_status(200);
    let after = shop.app.readings().await;
    let changed: Vec<&String> = before
        .keys()
        .filter(|path| before[*path] != after[*path])
        .collect();
    let history = format!("store: /v2/inventories/{}/transactions", id(1));
    let expected = [&history, "store: /v2/inventories/transfers", "store: stock"];
    assert_eq!(changed, expected);
}
