//! Deliveries: transfers that come from a supplier.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{PATH, Shop, item, meta, shown};
use crate::support::{FORMS, Transcript, id};

fn delivery(state: &str, items: &[Value]) -> Value {
    json!({
        "from": { "supplier": "ACME" },
        "to": { "location": "leeds" },
        "state": state,
        "items": items,
    })
}

#[tokio::test]
async fn a_delivery_arrives_in_parts() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        let data = delivery("in_transit", &[item(1, 100), item(2, 4)]);
        let ordered = shop.create(&data).form(form).send().await;
        transcript.add(format!("{form}: ordered"), &ordered);
        let transfer = ordered.created_id();
        let path = format!("{PATH}/{transfer}");
        let first = json!([
            { "product_id": id(1), "received": 30, "missing": 5 },
            { "product_id": id(2), "received": 2, "damaged": 1 },
        ]);
        for (what, step, data) in [
            ("a part", "receive", json!({ "items": first })),
            ("the rest", "receive", json!({})),
        ] {
            let request = shop
                .app
                .post(&format!("{path}/{step}"), &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
        assert_eq!(
            shop.entries(1, &transfer).await,
            [
                "leeds increment 30 (delivery)",
                "leeds increment 65 (delivery)"
            ]
        );
        let receipts = shop.receipts(&transfer).await;
        let undo = format!("{path}/receipts/{}/undo", receipts[0]);
        let answer = shop.app.post_nothing(&undo).form(form).send().await;
        transcript.add(format!("{form}: the first receipt undone"), &answer);
        let lines = vec![[100, 0, 35, 65, 0, 0, 0, 0], [4, 0, 3, 1, 0, 0, 0, 0]];
        assert_eq!(shown(&answer.data()), ("in_transit".to_owned(), lines));
        let entries = shop.entries(1, &transfer).await;
        assert_eq!(entries[2..], ["leeds decrement 30 (delivery undone)"]);
        // The damaged piece has left the location already.
        let entries = shop.entries(2, &transfer).await;
        assert_eq!(entries[4..], ["leeds decrement 2 (delivery undone)"]);
        let answer = shop
            .act_with(&transfer, "cancel", &json!({ "reason": "late" }))
            .await;
        let lines = vec![[100, 0, 0, 65, 0, 0, 35, 0], [4, 0, 0, 1, 0, 0, 3, 0]];
        assert_eq!(shown(&answer.data()), ("cancelled".to_owned(), lines));
        assert_eq!(shop.entries(1, &transfer).await.len(), 3);
        let answer = shop.app.get(&format!("{path}/receipts")).form(form);
        transcript.add(format!("{form}: its receipts"), &answer.send().await);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn a_delivery_is_ordered_as_a_whole_and_never_ready() {
    let shop = Shop::new().await;
    let transfer = shop.created(&delivery("draft", &[item(1, 3)])).await;
    let before = shop.app.readings().await;
    let refused = shop.act(&transfer, "ready").await;
    refused.expect_status(409);
    assert_eq!(meta(&refused), json!({ "state": "draft" }));
    let ready = shop.create(&delivery("ready", &[item(1, 3)])).send().await;
    ready.expect_status(409);
    let part = json!({ "items": [item(1, 1)] });
    let refused = shop.act_with(&transfer, "ship", &part).await;
    refused.expect_status(400);
    assert_eq!(
        refused.detail(),
        "A delivery is shipped as a whole: items must be left out"
    );
    assert_eq!(shop.app.readings().await, before);
    let ordered = shop.act(&transfer, "ship").await;
    ordered.expect_status(200);
    let lines = vec![[3, 0, 3, 0, 0, 0, 0, 0]];
    assert_eq!(shown(&ordered.data()), ("in_transit".to_owned(), lines));
    assert_eq!(shop.entries(1, &transfer).await.len(), 0);
}

#[tokio::test]
async fn what_was_received_yesterday_is_entered_at_once() {
    let shop = Shop::new().await;
    let made = shop.create(&delivery("received", &[item(1, 3)]));
    let made = made.send().await;
    made.expect_status(201);
    let lines = vec![[3, 0, 0, 3, 0, 0, 0, 0]];
    assert_eq!(shown(&made.data()), ("received".to_owned(), lines));
    let entries = shop.entries(1, &made.created_id()).await;
    assert_eq!(entries, ["leeds increment 3 (delivery)"]);
}
