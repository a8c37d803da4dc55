//! `PUT` and `DELETE /v2/inventories/transfers/{id}`

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item, meta, with_places};
use crate::support::{FORMS, Transcript};

#[tokio::test]
async fn edited() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        let data = json!({
            "reference": "TO-1", "note": "By rail", "expected_at": "2026-03-01",
            "items": [item(1, 10)],
        });
        let transfer = shop.created(&with_places(data)).await;
        let path = format!("{PATH}/{transfer}");
        for (what, data) in [
            ("nothing", json!({})),
            (
                "everything",
                json!({
                    "type": "stock-transfer",
                    "attributes": {
                        "from": { "supplier": "ACME" },
                        "to": { "location": null },
                        "items": [item(2, 3), item(1, 1)],
                        "reference": "PO-1",
                        "note": "By road",
                        "expected_at": "2026-03-02T12:00:00+01:00",
                    },
                }),
            ),
            (
                "cleared",
                json!({ "reference": null, "note": null, "expected_at": null }),
            ),
        ] {
            let answer = shop.app.put(&path, &json!({ "data": data })).form(form);
            let answer = answer.send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
            assert_eq!(answer.data(), shop.read(&transfer).await);
        }
        let answer = shop.app.delete(&path).form(form).send().await;
        answer.expect_status(204);
        transcript.add(format!("{form}: deleted"), &answer);
        let answer = shop.app.get(&path).form(form).send().await;
        transcript.add(format!("{form}: gone"), &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn what_has_begun_keeps_its_items_and_places() {
    for state in ["ready", "in_transit", "received"] {
        let shop = Shop::new().await;
        let transfer = shop.in_state(state, &json!([item(1, 4)])).await;
        let before = shop.app.readings().await;
        for data in [
            json!({ "from": { "location": null } }),
            json!({ "from": { "supplier": "ACME" } }),
            json!({ "to": { "location": null }, "note": "elsewhere" }),
            json!({ "items": [item(1, 3)] }),
            json!({ "items": [item(1, 4), item(2, 1)] }),
        ] {
            let answer = shop.put(&transfer, &data).await;
            answer.expect_status(409);
            assert_eq!(meta(&answer), json!({ "state": state }));
        }
        let path = format!("{PATH}/{transfer}");
        let answer = shop.app.delete(&path).send().await;
        answer.expect_status(409);
        assert_eq!(meta(&answer), json!({ "state": state }));
        assert_eq!(shop.app.readings().await, before);
        // What is as it was may be named.
        let data = json!({
            "items": [item(1, 4)], "to": { "location": "leeds" }, "note": "late",
            "expected_at": "2026-03-08",
        });
        let answer = shop.put(&transfer, &data).await;
        answer.expect_status(200);
        let attributes = &answer.data()["attributes"];
        assert_eq!(attributes["note"], "late");
        assert_eq!(attributes["expected_at"], "2026-03-08T00:00:00.000Z");
    }
}

#[tokio::test]
async fn the_version_may_be_expected() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("draft", &json!([item(1, 4)])).await;
    let note = |note: &str, version: u64| json!({ "note": note, "expect_version": version });
    shop.put(&transfer, &note("a", 1)).await.expect_status(200);
    let before = shop.app.readings().await;
    let answer = shop.put(&transfer, &note("b", 1)).await;
    answer.expect_status(409);
    assert_eq!(meta(&answer), json!({ "version": 2 }));
    let expected = json!({ "expect_version": 1 });
    for step in ["ready", "ship"] {
        let answer = shop.act_with(&transfer, step, &expected).await;
        answer.expect_status(409);
        assert_eq!(meta(&answer), json!({ "version": 2 }));
    }
    assert_eq!(shop.app.readings().await, before);
    for (version, step) in [(2, "ready"), (3, "ship"), (4, "receive")] {
        let expected = json!({ "expect_version": version });
        let answer = shop.act_with(&transfer, step, &expected).await;
        answer.expect_status(200);
        assert_eq!(answer.data()["meta"]["version"], version + 1);
    }
    let undo = format!("receipts/{}/undo", shop.receipts(&transfer).await[0]);
    for (step, version) in [(&*undo, 5), ("cancel", 6)] {
        let wrong = json!({ "expect_version": 1 });
        let answer = shop.act_with(&transfer, step, &wrong).await;
        answer.expect_status(409);
        assert_eq!(meta(&answer), json!({ "version": version }));
        let right = json!({ "expect_version": version });
        let answer = shop.act_with(&transfer, step, &right).await;
        answer.expect_status(200);
    }
}
