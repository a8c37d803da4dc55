//! Bodies that are none: 400, and nothing has happened.

use serde_json::{Value, json};

use super::{PATH, Shop, item};
use crate::support::{FORMS, QUANTITY_MAX, id};

const SECONDS: &str = "expires_in: must be a whole number of seconds from 1 to 2678400";
const ORDER: &str = "order_id must be a text of 1 to 255 characters";

fn items(count: usize) -> Value {
    json!(vec![item(1, 1); count])
}

#[tokio::test]
async fn of_reservations() {
    let shop = Shop::new().await;
    let before = shop.app.readings().await;
    let quantity = format!("items[0].quantity: must be an integer from 1 to {QUANTITY_MAX}");
    let integer = format!("items[0].quantity: must be an integer from 0 to {QUANTITY_MAX}");
    let with_item = |item: Value| json!({ "items": [item] });
    let with_quantity = |it: Value| with_item(json!({ "product_id": id(1), "quantity": it }));
    let with_product = |it: Value| with_item(json!({ "product_id": it, "quantity": 1 }));
    let product = "items[0].product_id: must be a UUID";
    for (data, detail) in [
        (json!({}), "missing field `items`"),
        (json!({ "items": [] }), "items must contain 1 to 500 items"),
        (
            json!({ "items": items(501) }),
            "items must contain 1 to 500 items",
        ),
        (json!({ "items": null }), "items: "),
        (json!({ "items": {} }), "items: "),
        (json!({ "items": [5] }), "items[0]: "),
        (json!({ "items": [[id(1), 1]] }), "items[0]: "),
        (
            with_item(json!({ "quantity": 1 })),
            "items[0]: missing field `product_id`",
        ),
        (
            with_item(json!({ "product_id": id(1) })),
            "items[0]: missing field `quantity`",
        ),
        (with_quantity(json!(0)), &quantity),
        (with_quantity(json!(-1)), &integer),
        (with_quantity(json!(1.0)), &integer),
        (with_quantity(json!("1")), &integer),
        (with_quantity(json!(null)), &integer),
        (with_quantity(json!(QUANTITY_MAX + 1)), &integer),
        (with_product(json!("5")), product),
        (with_product(json!(5)), product),
        (with_product(json!(null)), product),
        (
            with_item(json!({ "product_id": id(1), "quantity": 1, "location": 5 })),
            "items[0].location: ",
        ),
        (json!({ "items": items(1), "order_id": "" }), ORDER),
        (
            json!({ "items": items(1), "order_id": "x".repeat(256) }),
            ORDER,
        ),
        (json!({ "items": items(1), "order_id": 7 }), "order_id: "),
        (json!({ "items": items(1), "expires_in": 0 }), SECONDS),
        (
            json!({ "items": items(1), "expires_in": 2_678_401 }),
            SECONDS,
        ),
        (json!({ "items": items(1), "expires_in": -1 }), SECONDS),
        (json!({ "items": items(1), "expires_in": 1.5 }), SECONDS),
        (json!({ "items": items(1), "expires_in": "60" }), SECONDS),
        (json!({ "items": items(1), "expires_in": null }), SECONDS),
        (
            json!({ "items": items(1), "type": "stock" }),
            "type must be stock-reservation",
        ),
    ] {
        for form in FORMS {
            let answer = shop.reserve(&data).form(form).send().await;
            answer.expect_status(400);
            assert!(answer.detail().starts_with(detail), "{}", answer.text());
        }
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn at_the_limits() {
    let shop = Shop::new().await;
    let stock = json!({ "data": { "quantity": 500 } });
    let path = format!("/v2/inventories/{}", id(3));
    shop.app.post(&path, &stock).send().await.expect_status(201);
    let items = json!(vec![item(3, 1); 500]);
    let longest = "ö".repeat(255);
    let data = json!({ "items": items, "order_id": longest, "expires_in": 2_678_400 });
    let answer = shop.reserve(&data).send().await;
    answer.expect_status(201);
    assert_eq!(answer.data()["attributes"]["order_id"], *longest);
    assert_eq!(shop.app.figures(&id(3)).await, [0, 500, 500]);
    let whole = json!([item(3, 500)]);
    let id_of_all = answer.created_id();
    let released = shop.act_on(&id_of_all, "release", &whole).await;
    released.expect_status(200);
    assert_eq!(shop.app.figures(&id(3)).await, [500, 0, 500]);
    let shortest = json!({ "items": [item(3, 1)], "expires_in": 1 });
    shop.reserve(&shortest).send().await.expect_status(201);
}

/// What may be left out does nothing worse than what may not if it is wrong: nothing is released.
#[tokio::test]
async fn of_parts() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 4).await;
    shop.act(&reservation, "pay").await.expect_status(200);
    let before = shop.app.readings().await;
    for verb in ["release", "fulfil"] {
        let path = format!("{PATH}/{reservation}/{verb}");
        for data in [
            json!({ "items": [] }),
            json!({ "items": null }),
            json!({ "items": items(501) }),
            json!({ "items": [item(1, 0)] }),
            json!({ "items": [{ "product_id": id(1) }] }),
            json!({ "attributes": { "items": [5] } }),
            json!([item(1, 1)]),
            json!(null),
            json!({ "type": "stock" }),
        ] {
            let answer = shop.app.post(&path, &json!({ "data": data })).send().await;
            answer.expect_status(400);
        }
        for body in ["{}", "{", " ", "null", "[]"] {
            let request = shop.app.post(&path, &Value::Null).body(body);
            request.send().await.expect_status(400);
        }
        let text = shop.app.post(&path, &Value::Null).body("all");
        let text = text.header("content-type", "text/plain").send().await;
        text.expect_status(415);
        // Refused as it should be, whether or not there is such a reservation.
        let unknown = format!("{PATH}/{}/{verb}", id(404));
        let answer = shop.app.post(&unknown, &json!({ "data": 5 })).send().await;
        answer.expect_status(400);
        shop.app
            .post_nothing(&unknown)
            .send()
            .await
            .expect_status(404);
    }
    assert_eq!(shop.app.readings().await, before);
    // Nothing at all is all of it, whatever type nothing claims to be of.
    let path = format!("{PATH}/{reservation}/fulfil");
    let request = shop.app.post_nothing(&path);
    let nothing = request.header("content-type", "text/plain").send().await;
    nothing.expect_status(200);
    assert_eq!(nothing.data()["attributes"]["state"], "fulfilled");
}

#[tokio::test]
async fn of_extensions() {
    let shop = Shop::new().await;
    let reservation = shop.reserved("order 1", 4).await;
    let before = shop.app.readings().await;
    let path = format!("{PATH}/{reservation}/extend");
    for (data, detail) in [
        (json!({}), "missing field `expires_in`"),
        (json!({ "expires_in": 0 }), SECONDS),
        (json!({ "expires_in": 2_678_401 }), SECONDS),
        (json!({ "attributes": { "expires_in": "60" } }), SECONDS),
    ] {
        let answer = shop.app.post(&path, &json!({ "data": data })).send().await;
        answer.expect_status(400);
        assert_eq!(answer.detail(), detail);
    }
    shop.app.post_nothing(&path).send().await.expect_status(400);
    assert_eq!(shop.app.readings().await, before);
}
