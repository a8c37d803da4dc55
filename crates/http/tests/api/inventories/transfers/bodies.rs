//! Bodies that are none: 400, and nothing has happened.

use serde_json::{Value, json};

use super::{PATH, Shop, item, with_places};
use crate::support::{FORMS, QUANTITY_MAX, id};

/// The fields of a transfer, with another value of one of them.
fn with(field: &str, value: Value) -> Value {
    let mut data = with_places(json!({ "items": [item(1, 1)] }));
    data[field] = value;
    data
}

fn without(field: &str) -> Value {
    let mut data = with_places(json!({ "items": [item(1, 1)] }));
    data.as_object_mut().unwrap().remove(field);
    data
}

/// Values of `items` that are none, and what is said of them.
fn wrong_items() -> Vec<(Value, String)> {
    let quantity = format!("items[0].quantity: must be an integer from 1 to {QUANTITY_MAX}");
    let integer = format!("items[0].quantity: must be an integer from 0 to {QUANTITY_MAX}");
    let count = "items must contain 1 to 500 items";
    let product = "items[0].product_id: must be a UUID";
    let many: Vec<Value> = (0..501).map(|number| item(number, 1)).collect();
    let with_quantity = |it: Value| json!([{ "product_id": id(1), "quantity": it }]);
    [
        (json!(null), "items: "),
        (json!({}), "items: "),
        (json!([]), count),
        (json!(many), count),
        (json!([5]), "items[0]: "),
        (json!([[id(1), 1]]), "items[0]: "),
        (json!([{ "quantity": 1 }]), "items[0]: missing field"),
        (json!([{ "product_id": id(1) }]), "items[0]: missing field"),
        (json!([{ "product_id": 5, "quantity": 1 }]), product),
        (json!([{ "product_id": "5", "quantity": 1 }]), product),
        (with_quantity(json!(0)), &quantity),
        (with_quantity(json!(-1)), &integer),
        (with_quantity(json!(1.5)), &integer),
        (with_quantity(json!("1")), &integer),
        (with_quantity(json!(null)), &integer),
        (with_quantity(json!(QUANTITY_MAX + 1)), &integer),
        (
            json!([item(1, 1), item(2, 1), item(1, 2)]),
            "items[2].product_id: must be named once",
        ),
    ]
    .map(|(items, detail)| (items, detail.to_owned()))
    .into()
}

#[tokio::test]
async fn of_new_transfers() {
    let shop = Shop::new().await;
    let before = shop.app.readings().await;
    let either = "from must have either location or supplier";
    let both = json!({ "location": null, "supplier": "ACME" });
    let reason = "reason must be a text of 1 to 255 characters";
    let mut cases = vec![
        (without("items"), "missing field `items`"),
        (without("from"), "missing field `from`"),
        (without("to"), "missing field `to`"),
        (with("from", json!(null)), "from: "),
        (with("from", json!("york")), "from: "),
        (with("from", json!({})), either),
        (with("from", both), either),
        (with("from", json!({ "location": 5 })), "from.location: "),
        (with("from", json!({ "supplier": null })), "from.supplier: "),
        (
            with("from", json!({ "supplier": "" })),
            "from.supplier must be a text of 1 to 255 characters",
        ),
        (with("to", json!({})), "to: missing field `location`"),
        (with("to", json!({ "location": [] })), "to.location: "),
        (with("to", json!({ "supplier": "ACME" })), "to: "),
        (
            with("to", json!({ "location": "york" })),
            "from and to are the same place",
        ),
        (
            with("to", json!({ "location": "nowhere" })),
            "There is no location",
        ),
        (
            with("from", json!({ "location": "nowhere" })),
            "There is no location",
        ),
        (with("state", json!(null)), "state: "),
        (
            with("state", json!("cancelled")),
            "state must be one of draft, ready, in_transit, received",
        ),
        (with("state", json!("Ready")), "state must be one of"),
        (
            with("expected_at", json!("soon")),
            "expected_at must be a timestamp",
        ),
        (with("expected_at", json!(5)), "expected_at: "),
        (
            with("reference", json!("x".repeat(256))),
            "reference must be a text of 1 to 255 characters",
        ),
        (
            with("note", json!("x".repeat(1025))),
            "note must be a text of 1 to 1024 characters",
        ),
        (with("reason", json!("")), reason),
        (with("type", json!("stock")), "type must be stock-transfer"),
    ];
    let wrong = wrong_items();
    for (items, detail) in &wrong {
        cases.push((with("items", items.clone()), detail));
    }
    for (data, detail) in cases {
        for form in FORMS {
            let answer = shop.create(&data).form(form).send().await;
            answer.expect_status(400);
            assert!(answer.detail().starts_with(detail), "{}", answer.text());
        }
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn of_edits() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("draft", &json!([item(1, 1)])).await;
    let before = shop.app.readings().await;
    let mut cases = vec![
        (json!({ "from": null }), "from: "),
        (json!({ "from": {} }), "from must have either"),
        (json!({ "to": null }), "to: "),
        (
            json!({ "to": { "location": "york" } }),
            "from and to are the same place",
        ),
        (
            json!({ "to": { "location": "nowhere" } }),
            "There is no location",
        ),
        (json!({ "reference": "" }), "reference must be"),
        (json!({ "note": 5 }), "note: "),
        (json!({ "expected_at": "soon" }), "expected_at must be"),
        (json!({ "expect_version": null }), "expect_version: "),
        (json!({ "expect_version": -1 }), "expect_version: "),
        (json!({ "type": "stock" }), "type must be stock-transfer"),
    ];
    let wrong = wrong_items();
    for (items, detail) in &wrong {
        cases.push((json!({ "items": items }), detail));
    }
    for (data, detail) in cases {
        let answer = shop.put(&transfer, &data).await;
        answer.expect_status(400);
        assert!(answer.detail().starts_with(detail), "{}", answer.text());
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn of_steps() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("in_transit", &json!([item(1, 2)])).await;
    let part = json!({ "items": [{ "product_id": id(1), "received": 1 }] });
    let received = shop.act_with(&transfer, "receive", &part).await;
    received.expect_status(200);
    let receipt = shop.receipts(&transfer).await;
    let undo = format!("receipts/{}/undo", receipt[0]);
    let before = shop.app.readings().await;
    for step in ["ready", "ship", "receive", "cancel", &undo] {
        for (data, detail) in [
            (json!(null), "data must be an object"),
            (json!([]), "data must be an object"),
            (json!({ "type": "stock" }), "type must be stock-transfer"),
            (
                json!({ "reason": "" }),
                "reason must be a text of 1 to 255 characters",
            ),
            (json!({ "reason": 5 }), "reason: "),
            (json!({ "expect_version": null }), "expect_version: "),
            (json!({ "expect_version": "1" }), "expect_version: "),
        ] {
            let answer = shop.act_with(&transfer, step, &data).await;
            answer.expect_status(400);
            assert!(answer.detail().starts_with(detail), "{}", answer.text());
        }
    }
    for step in ["ship", "cancel"] {
        for (items, detail) in wrong_items() {
            let answer = shop
                .act_with(&transfer, step, &json!({ "items": items }))
                .await;
            answer.expect_status(400);
            assert!(answer.detail().starts_with(&detail), "{}", answer.text());
        }
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn of_receipts() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("in_transit", &json!([item(1, 2)])).await;
    let before = shop.app.readings().await;
    let nothing = "items[0]: received, damaged, missing or surplus must be above 0";
    let integer = format!("items[0].damaged: must be an integer from 0 to {QUANTITY_MAX}");
    let one = json!({ "product_id": id(1), "received": 1 });
    let many: Vec<Value> = (0..501)
        .map(|number| json!({ "product_id": id(number), "received": 1 }))
        .collect();
    for (items, detail) in [
        (json!(null), "items: "),
        (json!([]), "items must contain 1 to 500 items"),
        (json!(many), "items must contain 1 to 500 items"),
        (json!([{ "received": 1 }]), "items[0]: missing field"),
        (json!([{ "product_id": id(1) }]), nothing),
        (json!([{ "product_id": id(1), "quantity": 1 }]), nothing),
        (
            json!([{ "product_id": id(1), "received": 0, "surplus": 0 }]),
            nothing,
        ),
        (json!([{ "product_id": id(1), "damaged": -1 }]), &integer),
        (json!([{ "product_id": id(1), "damaged": null }]), &integer),
        (
            json!([{ "product_id": id(1), "damaged": QUANTITY_MAX + 1 }]),
            &integer,
        ),
        (json!([one, one]), "items[1].product_id: must be named once"),
    ] {
        let answer = shop
            .act_with(&transfer, "receive", &json!({ "items": items }))
            .await;
        answer.expect_status(400);
        assert!(answer.detail().starts_with(detail), "{}", answer.text());
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn unknown_fields_are_named_for_who_asks() {
    let shop = Shop::new().await;
    let transfer = shop.in_state("in_transit", &json!([item(1, 2)])).await;
    let before = shop.app.readings().await;
    let place = json!({ "location": "york", "shelf": 1 });
    let received = json!({ "product_id": id(1), "received": 1, "returned": 1 });
    let quantity = json!({ "product_id": id(1), "quantity": 1, "location": "york" });
    for (path, data, name) in [
        (
            PATH.to_owned(),
            with("from", place.clone()),
            "data.from.shelf",
        ),
        (PATH.to_owned(), with("to", place), "data.to.shelf"),
        (
            PATH.to_owned(),
            with("items", json!([quantity.clone()])),
            "data.items[0].location",
        ),
        (
            format!("{PATH}/{transfer}/receive"),
            json!({ "items": [received] }),
            "data.items[0].returned",
        ),
        (
            format!("{PATH}/{transfer}/cancel"),
            json!({ "attributes": { "items": [quantity] } }),
            "data.attributes.items[0].location",
        ),
        (
            format!("{PATH}/{transfer}/ready"),
            json!({ "items": [item(1, 1)] }),
            "data.items",
        ),
    ] {
        let request = shop.app.post(&path, &json!({ "data": data }));
        let answer = request.header("prefer", "handling=strict").send().await;
        answer.expect_status(400);
        assert_eq!(super::meta(&answer), json!({ "unknown_fields": [name] }));
    }
    assert_eq!(shop.app.readings().await, before);
}
