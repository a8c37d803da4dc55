//! Reservations for which locations are chosen.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Shop, item, item_at};
use crate::support::{Answer, Transcript, id};

const AVAILABILITY: &str = "/v2/inventories/availability";

impl Shop {
    /// A shop with 6 pieces in `york` and 4 in `leeds`, which comes first, and 2 in the unlocated pool.
    pub(super) async fn with_locations() -> Self {
        let shop = Self::new().await;
        let app = &shop.app;
        app.create_location("york").await;
        let leeds = json!({ "data": {
            "type": "inventory_location",
            "attributes": {
                "name": "Leeds",
                "slug": "leeds",
                "priority": 5,
                "geolocation": { "lat": 53.8, "lon": -1.55 },
            },
        } });
        let made = app.post("/v2/inventories/locations", &leeds).send().await;
        made.expect_status(201);
        app.create_stock(&id(3), 2).await;
        app.transact_at(&id(3), "york", "increment", 6).await;
        app.transact_at(&id(3), "leeds", "increment", 4).await;
        shop
    }

    async fn source(&self, items: &Value, sourcing: &Value) -> Answer {
        let data = json!({ "items": items, "sourcing": sourcing, "order_id": "one" });
        self.reserve(&data).send().await
    }
}

#[tokio::test]
async fn locations_are_chosen() {
    let shop = Shop::with_locations().await;
    let mut transcript = Transcript::default();
    let items = json!([item(3, 3), item_at(3, 1, "york"), { "product_id": id(3), "quantity": 1, "location": null }]);
    for (told, items, sourcing, status) in [
        ("short", &json!([item(3, 7), item(2, 4)]), json!({}), 422),
        ("reserved", &items, json!({}), 201),
        (
            "again",
            &items,
            json!({ "order": "priority", "split": "lines" }),
            200,
        ),
        ("otherwise", &items, json!({ "split": "units" }), 409),
        ("not at all", &items, Value::Null, 409),
    ] {
        let answer = shop.source(items, &sourcing).await;
        answer.expect_status(status);
        transcript.add(told, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let shop = Shop::with_locations().await;
    let before = shop.app.readings().await;
    let point = json!({ "lat": 0, "lon": 0 });
    let many: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    let mut transcript = Transcript::default();
    for sourcing in [
        json!({ "order": "cheapest" }),
        json!({ "order": "nearest" }),
        json!({ "order": "nearest", "near": { "lat": 91, "lon": 0 } }),
        json!({ "near": { "lat": 0, "lon": -181 } }),
        json!({ "near": [0, 0] }),
        json!({ "near": { "lat": 0 } }),
        json!({ "order": null }),
        json!({ "split": "sometimes" }),
        json!({ "only": ["york", "nowhere"] }),
        json!({ "only": "york" }),
        json!({ "only": many }),
        json!([point]),
        json!("priority"),
    ] {
        let shown = sourcing.to_string();
        let answer = shop.source(&json!([item(3, 1)]), &sourcing).await;
        answer.expect_status(400);
        transcript.add(shown.get(..60).unwrap_or(&shown), &answer);
        let body = json!({ "data": [item(3, 1)], "sourcing": sourcing });
        shop.app
            .post(AVAILABILITY, &body)
            .send()
            .await
            .expect_status(400);
    }
    let items: Vec<Value> = (0..101).map(|_| item(3, 1)).collect();
    let answer = shop.source(&json!(items), &json!({})).await;
    answer.expect_status(400);
    transcript.add("101 items", &answer);
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let shop = Shop::with_locations().await;
    let before = shop.app.readings().await;
    let mut transcript = Transcript::default();
    for (query, pieces, status) in [("", 12, 200), ("", 13, 200), ("?strict=true", 13, 400)] {
        // Of the second product, nothing lies in york.
        let body = json!({
            "data": [item(3, pieces), item_at(2, 1, "york"), item(2, 0)],
            "sourcing": { "split": "units" },
        });
        let path = format!("{AVAILABILITY}{query}");
        let answer = shop.app.post(&path, &body).send().await;
        answer.expect_status(status);
        transcript.add(format!("{pieces} {query}"), &answer);
    }
    let body = json!({ "data": [item(3, 12), item(2, 1)], "sourcing": { "split": "units" } });
    let answer = shop.app.post(AVAILABILITY, &body).send().await;
    answer.expect_status(200);
    transcript.add("enough for the whole", &answer);
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.readings().await, before);
}

#[tokio::test]
async fn sources_are_shipped_and_released() {
    let shop = Shop::with_locations().await;
    let reserved = shop
        .source(&json!([item(3, 9)]), &json!({ "split": "units" }))
        .await;
    reserved.expect_status(201);
    let reservation = reserved.created_id();
    shop.act(&reservation, "pay").await.expect_status(200);
    let mut transcript = Transcript::default();
    let unlocated = json!({ "product_id": id(3), "quantity": 1, "location": null });
    for (verb, items, status) in [
        ("fulfil", json!([item_at(3, 2, "york")]), 200),
        ("release", json!([item(3, 1)]), 200),
        ("release", json!([unlocated]), 422),
        ("fulfil", json!([item_at(3, 4, "york")]), 422),
        ("fulfil", json!([item(3, 6)]), 200),
    ] {
        let answer = shop.act_on(&reservation, verb, &items).await;
        answer.expect_status(status);
        transcript.add(format!("{verb} {items}"), &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.figures(&id(3)).await, [4, 0, 4]);
}
