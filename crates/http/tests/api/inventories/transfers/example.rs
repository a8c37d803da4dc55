//! The example of the contract: 10 shipped, 6 received, 1 damaged, 1 too many, the rest cancelled.

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item, shown};
use crate::support::{FORMS, Form, Transcript, id};

#[tokio::test]
async fn a_transfer_is_shipped_received_and_cancelled() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        let data = json!({
            "type": "stock-transfer",
            "attributes": {
                "from": { "location": "york" },
                "to": { "location": "leeds" },
                "reference": "TO-17",
                "note": "With the van",
                "expected_at": "2026-03-01T00:00:00Z",
                "items": [item(1, 10)],
            },
        });
        let made = shop.create(&data).form(form).send().await;
        made.expect_status(201);
        transcript.add(format!("{form}: a draft"), &made);
        let transfer = made.created_id();
        let path = format!("{PATH}/{transfer}");
        let mut seen = 0;
        let received = json!({
            "product_id": id(1), "received": 6, "damaged": 1, "surplus": 1,
        });
        for (step, body, line, entries) in [
            (
                "ready",
                json!({}),
                [10, 10, 0, 0, 0, 0, 0, 0],
                &["york allocate 10 (transfer)"][..],
            ),
            (
                "ship",
                json!({}),
                [10, 0, 10, 0, 0, 0, 0, 0],
                &[
                    "york deallocate 10 (transfer)",
                    "york decrement 10 (transfer)",
                ],
            ),
            (
                "receive",
                json!({ "items": [received] }),
                [10, 0, 3, 6, 1, 0, 0, 1],
                &[
                    "leeds increment 6 (transfer)",
                    "leeds increment 1 (transfer damaged)",
                    "leeds decrement 1 (transfer damaged)",
                    "leeds increment 1 (transfer surplus)",
                ],
            ),
            (
                "cancel",
                json!({}),
                [10, 0, 0, 6, 1, 0, 3, 1],
                &["york increment 3 (transfer cancelled)"],
            ),
        ] {
            let request = shop
                .app
                .post(&format!("{path}/{step}"), &json!({ "data": body }));
            let answer = request.form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {step}"), &answer);
            assert_eq!(shown(&answer.data()).1, [line]);
            assert_eq!(answer.data(), shop.read(&transfer).await);
            let all = shop.entries(1, &transfer).await;
            assert_eq!(all[seen..], *entries, "{step}");
            seen = all.len();
        }
        let receipts = shop.app.get(&format!("{path}/receipts")).form(form);
        let receipts = receipts.send().await;
        transcript.add(format!("{form}: its receipts"), &receipts);
        assert_eq!(shop.position(1, "york").await, [13, 0]);
        assert_eq!(shop.position(1, "leeds").await, [7, 0]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn a_receipt_is_the_batch_of_its_transactions() {
    let shop = Shop::new().await;
    let items = json!([item(1, 2), item(2, 1)]);
    let transfer = shop.in_state("in_transit", &items).await;
    shop.act(&transfer, "receive").await.expect_status(200);
    let receipts = shop.receipts(&transfer).await;
    for product in [1, 2] {
        let path = format!(
            "/v2/inventories/{}/transactions?filter=eq(location,leeds)",
            id(product)
        );
        let entries = shop.app.get(&path).form(Form::MultiLocation).send().await;
        assert_eq!(entries.data()[0]["meta"]["batch_id"], receipts[0]);
        assert_eq!(entries.data()[0]["attributes"]["reference"], transfer);
    }
}

#[tokio::test]
async fn a_plain_move_is_one_request() {
    let shop = Shop::new().await;
    let data = json!({
        "from": { "location": "york" },
        "to": { "location": null },
        "state": "received",
        "reason": "closing down",
        "items": [item(2, 5), item(1, 1)],
    });
    let answer = shop.create(&data).send().await;
    answer.expect_status(201);
    let lines = vec![[5, 0, 0, 5, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0, 0, 0]];
    assert_eq!(shown(&answer.data()), ("received".to_owned(), lines));
    assert_eq!(answer.data()["meta"]["version"], 1);
    assert_eq!(
        shop.entries(2, &answer.created_id()).await,
        [
            "york decrement 5 (closing down)",
            "- increment 5 (closing down)"
        ]
    );
    assert_eq!(shop.receipts(&answer.created_id()).await.len(), 1);
}
