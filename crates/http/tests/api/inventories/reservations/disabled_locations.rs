//! Reservations and carts that name a location which sells nothing.

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item, item_at};
use crate::support::{Transcript, id};

const LOCATIONS: &str = "/v2/inventories/locations";

impl Shop {
    /// Sets whether buyers can order from `berlin`.
    async fn enable(&self, enabled: bool) {
        let answer = self.app.get(LOCATIONS).send().await;
        let path = format!("{LOCATIONS}/{}", answer.ids()[0]);
        let body = json!({ "data": { "enabled": enabled } });
        self.app.put(&path, &body).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn a_disabled_location_sells_nothing() {
    let shop = Shop::new().await;
    shop.enable(false).await;
    let before = shop.app.readings().await;
    let items = json!([item(1, 2), item_at(1, 3, "berlin")]);
    let mut transcript = Transcript::default();
    let answer = shop.reserve(&json!({ "items": items })).send().await;
    answer.expect_status(422);
    transcript.add("reserved", &answer);
    let cart = json!({ "data": items });
    let availability = "/v2/inventories/availability";
    let answer = shop.app.post(availability, &cart).send().await;
    answer.expect_status(200);
    transcript.add("asked", &answer);
    let strict = format!("{availability}?strict=true");
    let answer = shop.app.post(&strict, &cart).send().await;
    answer.expect_status(400);
    transcript.add("asked strictly", &answer);
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.readings().await, before);

    shop.enable(true).await;
    let request = shop.reserve(&json!({ "items": items }));
    request.send().await.expect_status(201);
    assert_eq!(shop.figures().await, [10, 5]);
}

/// An order counts what it holds there, and its reservation goes its way.
#[tokio::test]
async fn what_is_reserved_there_goes_on() {
    let shop = Shop::new().await;
    let items = json!([item_at(1, 4, "berlin")]);
    let order = json!({ "order_id": "order 1", "items": items });
    let reservation = shop.reserve(&order).send().await.created_id();
    shop.enable(false).await;
    for (order, available) in [("order 1", 4), ("order 2", 0)] {
        let body = json!({ "data": items, "order_id": order });
        let answer = shop.app.post("/v2/inventories/availability", &body);
        let answer = answer.send().await;
        assert_eq!(answer.data()[0]["available"], available, "{order}");
    }
    // Sent again, it is answered with the same reservation.
    let again = shop.reserve(&order).send().await;
    again.expect_status(200);
    assert_eq!(again.data()["id"], json!(reservation));
    shop.act(&reservation, "extend").await.expect_status(200);
    shop.act(&reservation, "pay").await.expect_status(200);
    let part = json!([item_at(1, 3, "berlin")]);
    let shipped = shop.act_on(&reservation, "fulfil", &part).await;
    shipped.expect_status(200);
    shop.act(&reservation, "release").await.expect_status(200);
    assert_eq!(shop.figures().await, [12, 0]);
}

/// Transactions, counts and a PUT don't look at it, nor does a stock show it.
#[tokio::test]
async fn stock_moves_there_as_ever() {
    let shop = Shop::new().await;
    let before = shop.app.stock(&id(1)).await;
    shop.enable(false).await;
    assert_eq!(shop.app.stock(&id(1)).await, before);
    for (action, pieces) in [("allocate", 2), ("deallocate", 1), ("decrement", 1)] {
        shop.app.transact_at(&id(1), "berlin", action, pieces).await;
    }
    assert_eq!(shop.figures().await, [13, 1]);
    let count = json!({ "data": { "counted": 9, "location": "berlin" } });
    let path = format!("/v2/inventories/{}/counts", id(1));
    let answer = shop.app.post(&path, &count).send().await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    assert_eq!(shop.figures().await, [18, 1]);
    let refused = shop.reserve(&json!({ "items": [item_at(1, 1, "berlin")] }));
    refused.send().await.expect_status(422);
    let list = shop.app.get(PATH).send().await;
    assert_eq!(list.ids(), Vec::<String>::new());
}
