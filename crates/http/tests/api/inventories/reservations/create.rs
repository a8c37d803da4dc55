//! `POST /v2/inventories/reservations`

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item, item_at, shown};
use crate::support::{FORMS, QUANTITY_MAX, Transcript, id};

#[tokio::test]
async fn reserved() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        let data = json!({
            "type": "stock-reservation",
            "attributes": {
                "order_id": "order 1",
                "expires_in": 600,
                "items": [item(1, 2), item_at(1, 5, "berlin"), item(2, 1)],
            },
        });
        let answer = shop.reserve(&data).form(form).send().await;
        answer.expect_status(201);
        transcript.add(form, &answer);
        let path = format!("{PATH}/{}", answer.created_id());
        let read = shop.app.get(&path).form(form).send().await;
        read.expect_status(200);
        assert_eq!(read.data(), answer.data());
        assert_eq!(shop.app.figures(&id(1)).await, [8, 7, 15]);
        assert_eq!(shop.app.figures(&id(2)).await, [2, 1, 3]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_fields_may_stand_under_data() {
    let shop = Shop::new().await;
    let data = json!({ "items": [item(1, 2)], "order_id": null });
    let answer = shop.reserve(&data).send().await;
    answer.expect_status(201);
    let reservation = answer.data();
    assert_eq!(reservation["attributes"]["order_id"], json!(null));
    // A quarter of an hour.
    let times = [
        &reservation["meta"]["timestamps"]["created_at"],
        &reservation["attributes"]["expires_at"],
    ];
    assert_eq!(
        times.map(|it| it.as_str().unwrap()),
        ["2026-01-31T09:30:07.000Z", "2026-01-31T09:45:07.000Z"]
    );
}

/// A position is counted once, however many lines name it; lines stay as they were sent.
#[tokio::test]
async fn repeated_lines() {
    let shop = Shop::new().await;
    let items = json!([item(1, 6), item(2, 1), item(1, 4)]);
    let reservation = shop.reserve(&json!({ "items": items })).send().await;
    reservation.expect_status(201);
    let (_, lines) = shown(&reservation.data());
    assert_eq!(lines, [[6, 0, 0], [1, 0, 0], [4, 0, 0]]);
    assert_eq!(shop.figures().await, [5, 10]);
    let reference = reservation.created_id();
    let history = format!("/v2/inventories/{}/transactions", id(1));
    let history = shop.app.get(&history).form(FORMS[1]).send().await.data();
    let last = history.as_array().unwrap().last().unwrap();
    let last = &last["attributes"];
    assert_eq!(last["action"], "allocate");
    assert_eq!(last["quantity"], 10);
    assert_eq!(last["reference"], *reference);
}

#[tokio::test]
async fn all_items_or_none() {
    let shop = Shop::new().await;
    let before = shop.app.readings().await;
    let mut transcript = Transcript::default();
    let items = json!([
        item(1, 6),
        item(2, 3),
        item(404, 1),
        item_at(1, 6, "berlin"),
        item_at(2, 1, "berlin"),
        item(1, 5),
    ]);
    for form in FORMS {
        let request = shop.reserve(&json!({ "items": items }));
        let answer = request.form(form).send().await;
        answer.expect_status(422);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
    let most = json!([item(1, QUANTITY_MAX), item(1, QUANTITY_MAX)]);
    let answer = shop.reserve(&json!({ "items": most })).send().await;
    answer.expect_status(422);
    let shortages = &answer.json()["errors"][0]["meta"]["shortages"];
    assert_eq!(
        shortages[0]["requested"].as_u64(),
        Some(2 * QUANTITY_MAX),
        "{shortages}"
    );
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn an_unknown_location() {
    let shop = Shop::new().await;
    let before = shop.app.readings().await;
    for location in ["nowhere", "", "../", "Berlin"] {
        // Also where there isn't enough of something else.
        let items = json!([item(1, 100), item_at(1, 1, location)]);
        let answer = shop.reserve(&json!({ "items": items })).send().await;
        answer.expect_status(400);
        assert_eq!(
            answer.detail(),
            format!("There is no location {location:?}")
        );
    }
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn an_order_has_one_reservation() {
    let shop = Shop::new().await;
    let order = |items| json!({ "order_id": "order 1", "items": items });
    let first = order(json!([item(1, 2), item(2, 1), item(1, 1)]));
    let made = shop.reserve(&first).send().await;
    made.expect_status(201);
    let id = made.created_id();
    for verb in [None, Some("pay"), Some("fulfil")] {
        if let Some(verb) = verb {
            shop.act(&id, verb).await.expect_status(200);
        }
        let before = shop.app.readings().await;
        // The same items, in another order and in other lines.
        for same in [
            first.clone(),
            order(json!([item(2, 1), item(1, 3)])),
            json!({ "order_id": "order 1", "expires_in": 5, "items": first["items"] }),
        ] {
            let again = shop.reserve(&same).send().await;
            again.expect_status(200);
            assert_eq!(again.data(), shop.read(&id).await);
        }
        for other in [
            json!([item(1, 3)]),
            json!([item(1, 2), item(2, 1)]),
            json!([item(1, 2), item(2, 1), item_at(1, 1, "berlin")]),
            json!([item(1, 100)]),
        ] {
            let answer = shop.reserve(&order(other)).send().await;
            answer.expect_status(409);
            assert_eq!(
                answer.detail(),
                "The order already has a reservation of other items"
            );
        }
        assert_eq!(shop.app.readings().await, before);
    }
    // Another order, and none.
    let other = json!({ "order_id": "order 2", "items": [item(1, 1)] });
    shop.reserve(&other).send().await.expect_status(201);
    for _ in 0..2 {
        let none = json!({ "items": [item(1, 1)] });
        shop.reserve(&none).send().await.expect_status(201);
    }
}

#[tokio::test]
async fn an_order_whose_reservation_is_over_gets_a_new_one() {
    let shop = Shop::new().await;
    let first = shop.reserved("order 1", 2).await;
    shop.act(&first, "release").await.expect_status(200);
    let second = shop.reserved("order 1", 3).await;
    shop.app.clock.advance_seconds(900);
    let third = shop.reserved("order 1", 4).await;
    assert_eq!(shop.state(&first).await, "released");
    assert_eq!(shop.state(&second).await, "expired");
    assert_eq!(shop.state(&third).await, "pending");
    assert_eq!(shop.figures().await, [11, 4]);
}

/// Each store has its own orders.
#[tokio::test]
async fn another_stores_order_of_the_same_name() {
    let shop = Shop::new().await;
    let (_, paris) = shop.app.another_store("Acme Paris").await;
    let path = format!("/v2/inventories/{}", id(3));
    let stock = shop.app.post(&path, &json!({ "data": { "quantity": 5 } }));
    stock.token(&paris).send().await.expect_status(201);
    let mine = shop.reserved("order 1", 2).await;
    let data = json!({ "order_id": "order 1", "items": [item(3, 5)] });
    let theirs = shop.reserve(&data).token(&paris).send().await;
    theirs.expect_status(201);
    assert_ne!(theirs.created_id(), mine);
    let path = format!("{PATH}/{}/pay", theirs.created_id());
    shop.app.post_nothing(&path).send().await.expect_status(404);
    assert_eq!(shop.app.get(PATH).send().await.ids(), [mine]);
}
