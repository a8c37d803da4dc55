//! Transfers of the organization and of other stores.

use serde_json::{Value, json};

use super::{PATH, Shop, item, with_places};
use crate::support::{Answer, TestApp, id};

/// Has the organization have stock of a product in `depot`, and move some of it. Returns the transfer's id and that
/// of its receipt.
async fn of_organization(app: &TestApp, product: u32) -> (String, String) {
    for slug in ["depot", "outlet"] {
        let data = json!({ "name": slug, "slug": slug });
        let location = app.post("/v2/inventories/locations", &json!({ "data": data }));
        location.organization().send().await.expect_status(201);
    }
    let stock = json!({ "locations": { "depot": { "available": 10 } } });
    let path = format!("/v2/inventories/{}", id(product));
    let stock = app.post(&path, &json!({ "data": { "attributes": stock } }));
    stock.organization().send().await.expect_status(201);
    let answer = app.post(PATH, &moved(product)).organization().send().await;
    answer.expect_status(201);
    let transfer = answer.created_id();
    let path = format!("{PATH}/{transfer}");
    let part = json!({ "items": [{ "product_id": id(product), "received": 1 }] });
    let part = app.post(&format!("{path}/receive"), &json!({ "data": part }));
    part.organization().send().await.expect_status(200);
    let receipts = app.get(&format!("{path}/receipts")).send().await.ids();
    (transfer, receipts[0].clone())
}

/// The body that makes a transfer of the organization's stock.
fn moved(product: u32) -> Value {
    json!({ "data": {
        "from": { "location": "depot" },
        "to": { "location": "outlet" },
        "state": "in_transit",
        "items": [item(product, 4)],
    } })
}

/// What is answered to every change of a transfer by the holder of a token.
async fn changes(app: &TestApp, token: &str, transfer: &str, receipt: &str) -> Vec<Answer> {
    let path = format!("{PATH}/{transfer}");
    let undo = format!("receipts/{receipt}/undo");
    let mut answers = Vec::new();
    for step in ["ready", "ship", "receive", "cancel", &undo] {
        let request = app.post_nothing(&format!("{path}/{step}"));
        answers.push(request.token(token).send().await);
    }
    let note = json!({ "data": { "note": "mine" } });
    answers.push(app.put(&path, &note).token(token).send().await);
    answers.push(app.delete(&path).token(token).send().await);
    answers
}

#[tokio::test]
async fn the_organizations_is_read_and_not_changed() {
    let shop = Shop::new().await;
    let app = &shop.app;
    let (transfer, receipt) = of_organization(app, 7).await;
    let path = format!("{PATH}/{transfer}");
    let as_organization = app.get(&path).organization().send().await;
    let seen = app.get(&path).send().await;
    seen.expect_status(200);
    assert_eq!(seen.data(), as_organization.data());
    assert!(seen.data()["attributes"]["actor"]["id"].is_string());
    let listed = app.get(PATH).send().await;
    assert_eq!(listed.ids(), std::slice::from_ref(&transfer));
    let before = app.readings().await;
    for answer in changes(app, &app.token, &transfer, &receipt).await {
        answer.expect_status(403);
    }
    let mut made = moved(7);
    for state in ["draft", "in_transit"] {
        made["data"]["state"] = json!(state);
        let answer = app.post(PATH, &made).send().await;
        answer.expect_status(403);
    }
    assert_eq!(app.readings().await, before);
    // Acting in the store, the organization may.
    let cancel = app.post_nothing(&format!("{path}/cancel")).organization();
    let answer = cancel.in_store(&app.store.id).send().await;
    answer.expect_status(200);
}

#[tokio::test]
async fn all_stock_has_one_owner() {
    let shop = Shop::new().await;
    let app = &shop.app;
    of_organization(app, 7).await;
    let before = app.readings().await;
    let items = json!([item(1, 1), item(7, 1)]);
    let data = json!({ "data": with_places(json!({ "items": items })) });
    let answer = app.post(PATH, &data).organization();
    let answer = answer.in_store(&app.store.id).send().await;
    answer.expect_status(400);
    assert_eq!(
        answer.detail(),
        "The stock of these products has several owners"
    );
    // The locations are those of the stock's owner.
    let store = json!({ "data": with_places(json!({ "items": [item(7, 1)] })) });
    let answer = app.post(PATH, &store).organization().send().await;
    answer.expect_status(400);
    let mut organization = moved(7);
    organization["data"]["items"] = json!([item(1, 1)]);
    let answer = app.post(PATH, &organization).send().await;
    answer.expect_status(400);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn another_stores_does_not_exist() {
    let shop = Shop::new().await;
    let app = &shop.app;
    let transfer = shop.in_state("in_transit", &json!([item(1, 4)])).await;
    let part = json!({ "items": [{ "product_id": id(1), "received": 1 }] });
    let received = shop.act_with(&transfer, "receive", &part).await;
    received.expect_status(200);
    let receipt = shop.receipts(&transfer).await.remove(0);
    let (_, sibling) = app.another_store("Acme Paris").await;
    let (_, stranger, other_organization) = app.stranger().await;
    let before = app.readings().await;
    // The organization itself acts in the store to see it.
    for token in [
        &sibling,
        &stranger,
        &other_organization,
        &app.organization_token,
    ] {
        for answer in changes(app, token, &transfer, &receipt).await {
            answer.expect_status(404);
            assert_eq!(answer.detail(), "There is no such transfer");
        }
        let path = format!("{PATH}/{transfer}");
        for path in [path.clone(), format!("{path}/receipts")] {
            app.get(&path).token(token).send().await.expect_status(404);
        }
        assert_eq!(app.get(PATH).token(token).send().await.ids().len(), 0);
    }
    assert_eq!(app.readings().await, before);
    let in_store = app.get(PATH).organization().in_store(&app.store.id);
    assert_eq!(in_store.send().await.ids(), [transfer]);
}
