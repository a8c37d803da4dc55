//! The steps of transfers: what each does in each state, and what repeating it does.

use serde_json::{Value, json};

use super::{PATH, Shop, item, meta, shown};
use crate::support::id;

const STATES: [&str; 5] = ["draft", "ready", "in_transit", "received", "cancelled"];

/// A transfer of 4 pieces in this state.
async fn in_state(shop: &Shop, state: &str) -> String {
    let items = json!([item(1, 4)]);
    if state == "cancelled" {
        let transfer = shop.in_state("ready", &items).await;
        shop.act(&transfer, "cancel").await.expect_status(200);
        return transfer;
    }
    shop.in_state(state, &items).await
}

/// What is answered to each step in each state: the state after it, or the status.
#[tokio::test]
async fn of_each_state() {
    for (step, expected) in [
        ("ready", ["ready", "ready", "409", "409", "409"]),
        (
            "ship",
            ["in_transit", "in_transit", "in_transit", "received", "409"],
        ),
        ("receive", ["409", "409", "received", "received", "409"]),
        (
            "cancel",
            ["409", "cancelled", "cancelled", "409", "cancelled"],
        ),
    ] {
        for (state, expected) in STATES.into_iter().zip(expected) {
            let shop = Shop::new().await;
            let transfer = in_state(&shop, state).await;
            let before = shop.app.readings().await;
            let answer = shop.act(&transfer, step).await;
            if expected == "409" {
                answer.expect_status(409);
                assert_eq!(meta(&answer), json!({ "state": state }));
                assert_eq!(answer.detail(), format!("The transfer is {state}"));
            } else {
                answer.expect_status(200);
                assert_eq!(shown(&answer.data()).0, expected, "{step} of {state}");
            }
            if expected == state || expected == "409" {
                assert_eq!(shop.app.readings().await, before, "{step} of {state}");
            }
        }
    }
}

#[tokio::test]
async fn with_items_only_what_is_open_can_take_a_step() {
    let part = json!({ "items": [item(1, 1)] });
    let received = json!({ "items": [{ "product_id": id(1), "received": 1 }] });
    for (step, data, refused_in) in [
        ("ship", &part, &["received", "cancelled"][..]),
        (
            "receive",
            &received,
            &["draft", "ready", "received", "cancelled"],
        ),
        ("cancel", &part, &["draft", "received"]),
    ] {
        for state in refused_in {
            let shop = Shop::new().await;
            let transfer = in_state(&shop, state).await;
            let before = shop.app.readings().await;
            let answer = shop.act_with(&transfer, step, data).await;
            answer.expect_status(409);
            assert_eq!(shop.app.readings().await, before);
        }
    }
}

#[tokio::test]
async fn a_draft_is_shipped_in_part_and_the_rest_is_ready() {
    let shop = Shop::new().await;
    let items = json!([item(1, 10), item(2, 5)]);
    let transfer = shop.in_state("draft", &items).await;
    let part = json!({ "items": [item(1, 4)], "reason": "first van" });
    let answer = shop.act_with(&transfer, "ship", &part).await;
    answer.expect_status(200);
    let lines = vec![[10, 6, 4, 0, 0, 0, 0, 0], [5, 5, 0, 0, 0, 0, 0, 0]];
    assert_eq!(shown(&answer.data()), ("in_transit".to_owned(), lines));
    assert_eq!(
        shop.entries(1, &transfer).await,
        [
            "york decrement 4 (first van)",
            "york allocate 6 (first van)"
        ]
    );
    assert_eq!(shop.position(1, "york").await, [10, 6]);
    let received = json!({ "items": [{ "product_id": id(1), "received": 4 }] });
    let answer = shop.act_with(&transfer, "receive", &received).await;
    let lines = vec![[10, 6, 0, 4, 0, 0, 0, 0], [5, 5, 0, 0, 0, 0, 0, 0]];
    assert_eq!(shown(&answer.data()), ("in_transit".to_owned(), lines));
    let cancelled = json!({ "items": [item(1, 6)] });
    shop.act_with(&transfer, "cancel", &cancelled)
        .await
        .expect_status(200);
    let answer = shop.act(&transfer, "ship").await;
    let lines = vec![[10, 0, 0, 4, 0, 0, 6, 0], [5, 0, 5, 0, 0, 0, 0, 0]];
    assert_eq!(shown(&answer.data()), ("in_transit".to_owned(), lines));
    let answer = shop.act(&transfer, "receive").await;
    assert_eq!(shown(&answer.data()).0, "received");
    assert_eq!(shop.receipts(&transfer).await.len(), 2);
}

#[tokio::test]
async fn a_receipt_is_undone_once() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("in_transit", &json!([item(1, 4)])).await;
    let missing = json!({ "items": [{ "product_id": id(1), "received": 1, "missing": 3 }] });
    let before = shop.read(&transfer).await;
    let answer = shop.act_with(&transfer, "receive", &missing).await;
    assert_eq!(shown(&answer.data()).0, "received");
    let receipt = &shop.receipts(&transfer).await[0];
    let undo = format!("receipts/{receipt}/undo");
    let answer = shop
        .act_with(&transfer, &undo, &json!({ "reason": "found them" }))
        .await;
    answer.expect_status(200);
    assert_eq!(shown(&answer.data()), shown(&before));
    assert_eq!(
        shop.entries(1, &transfer).await[1..],
        [
            "leeds increment 1 (transfer)",
            "leeds decrement 1 (found them)"
        ]
    );
    let before = shop.app.readings().await;
    let answer = shop.act(&transfer, &undo).await;
    answer.expect_status(422);
    assert_eq!(answer.detail(), "The receipt has already been undone");
    assert_eq!(shop.app.readings().await, before);
    // What turned up after all.
    let answer = shop.act(&transfer, "receive").await;
    let lines = vec![[4, 0, 0, 4, 0, 0, 0, 0]];
    assert_eq!(shown(&answer.data()), ("received".to_owned(), lines));
}

#[tokio::test]
async fn an_idempotency_key_has_a_step_taken_once() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("in_transit", &json!([item(1, 4)])).await;
    let path = format!("{PATH}/{transfer}/receive");
    let part = json!({ "data": { "items": [{ "product_id": id(1), "received": 1 }] } });
    let receive = async |key: &str| {
        let request = shop.app.post(&path, &part);
        let answer = request.header("idempotency-key", key).send().await;
        answer.expect_status(200);
        answer.data()["attributes"]["items"][0]["received"].clone()
    };
    let received = [receive("a").await, receive("a").await, receive("b").await];
    assert_eq!(received, [json!(1), json!(1), json!(2)]);
    let data = json!({ "data": super::with_places(json!({ "items": [item(1, 1)] })) });
    let mut made: Vec<Value> = Vec::new();
    for _ in 0..2 {
        let request = shop.app.post(PATH, &data).header("idempotency-key", "c");
        let answer = request.send().await;
        answer.expect_status(201);
        made.push(answer.json());
    }
    assert_eq!(made[0], made[1]);
}

#[tokio::test]
async fn what_a_transfer_made_is_not_undone_by_itself() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("received", &json!([item(1, 4)])).await;
    let history = format!("/v2/inventories/{}/transactions", id(1));
    let entries = shop
        .app
        .get(&format!("{history}?filter=eq(reference,{transfer})"))
        .send()
        .await
        .ids();
    let before = shop.app.readings().await;
    for entry in entries {
        let undo = format!("{history}/{entry}/undo");
        let answer = shop.app.post_nothing(&undo).send().await;
        answer.expect_status(422);
        assert_eq!(
            answer.detail(),
            "Transactions made by a transfer cannot be undone individually"
        );
    }
    assert_eq!(shop.app.readings().await, before);
}
