//! What is under way to stock and what can be promised of it: `include=planning`, `availability?by=`, `forecast`;
//! and the events of transfers.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{TestApp, Transcript, id};

const TRANSFERS: &str = "/v2/inventories/transfers";

/// A time so many seconds after the start of a test.
fn in_seconds(app: &TestApp, seconds: i64) -> String {
    app.now().plus_milliseconds(1_000 * seconds).to_string()
}

/// Orders pieces of the first product from a supplier, and gives the id of the delivery.
async fn order(app: &TestApp, to: &str, pieces: u64, expected_at: Option<String>) -> String {
    let data = json!({
        "from": { "supplier": "ACME" },
        "to": { "location": to },
        "expected_at": expected_at,
        "state": "in_transit",
        "items": [{ "product_id": id(1), "quantity": pieces }],
    });
    let answer = app.post(TRANSFERS, &json!({ "data": data })).send().await;
    answer.expect_status(201);
    answer.created_id()
}

/// A shop with 3 pieces in no location, to which 60 and 100 pieces are ordered for later, 40 are overdue and 7 have
/// no date. None is in `leeds`, to which 100 go.
async fn shop() -> TestApp {
    let app = TestApp::new().await;
    app.create_location("york").await;
    app.create_location("leeds").await;
    app.create_stock(&id(1), 3).await;
    order(&app, "york", 60, Some(in_seconds(&app, 100))).await;
    order(&app, "leeds", 100, Some(in_seconds(&app, 200))).await;
    order(&app, "york", 40, Some(in_seconds(&app, -1))).await;
    order(&app, "york", 7, None).await;
    app
}

async fn planning(app: &TestApp) -> Value {
    let path = format!("/v2/inventories/{}?include=planning", id(1));
    let stock = app.get(&path).send().await;
    stock.expect_status(200);
    stock.data()["planning"].clone()
}

#[tokio::test]
async fn forecasts() {
    let app = shop().await;
    let mut transcript = Transcript::default();
    let path = format!("/v2/inventories/{}/forecast", id(1));
    for query in [
        "",
        "location=",
        "location=leeds",
        "location=nowhere",
        "at=2026-01-01",
    ] {
        let answer = app.get(&path).query(query).send().await;
        transcript.add(query, &answer);
    }
    let unmanaged = format!("/v2/inventories/{}/forecast", id(2));
    transcript.add("no stock", &app.get(&unmanaged).send().await);
    assert_snapshot!(transcript.text());
}

/// A date that is moved is followed at once, by every figure. (Odoo #36584.)
#[tokio::test]
async fn a_date_that_is_moved_is_followed() {
    let app = shop().await;
    let delivery = order(&app, "york", 5, Some(in_seconds(&app, 10))).await;
    assert_eq!(planning(&app).await["next_delivery"]["quantity"], 5);
    let body = json!({ "data": { "expected_at": in_seconds(&app, 150) } });
    let moved = app
        .put(&format!("{TRANSFERS}/{delivery}"), &body)
        .send()
        .await;
    moved.expect_status(200);
    assert_eq!(planning(&app).await["next_delivery"]["quantity"], 60);
    let forecast = app.get(&format!("/v2/inventories/{}/forecast", id(1)));
    let steps = forecast.send().await.data();
    let pieces = steps.as_array().unwrap().iter();
    let pieces: Vec<_> = pieces.map(|step| &step["attributes"]["quantity"]).collect();
    assert_eq!(json!(pieces), json!([null, 60, 5, 100]));
}

/// What is received is no longer under way in the same answer. (metasfresh #4805.)
#[tokio::test]
async fn what_is_received_is_not_counted_twice() {
    let app = shop().await;
    let delivery = order(&app, "york", 100, None).await;
    let before = planning(&app).await;
    let items = json!([{ "product_id": id(1), "received": 30 }]);
    let body = json!({ "data": { "items": items } });
    let received = app.post(&format!("{TRANSFERS}/{delivery}/receive"), &body);
    received.send().await.expect_status(200);
    let after = planning(&app).await;
    let figure = |planning: &Value, name: &str| planning[name].as_u64().unwrap();
    assert_eq!(figure(&after, "incoming"), figure(&before, "incoming") - 30);
    assert_eq!(figure(&after, "sellable"), figure(&before, "sellable") + 30);
    let york = &after["locations"]["york"];
    assert_eq!(
        (&york["incoming"], &york["sellable"]),
        (&json!(177), &json!(30))
    );
}

#[tokio::test]
async fn what_is_under_way_is_planned_with() {
    let app = shop().await;
    let mut transcript = Transcript::default();
    let path = format!("/v2/inventories/{}", id(1));
    let whole = app.get(&path).query("include=planning").send().await;
    transcript.add("whole", &whole);
    let list = app
        .get("/v2/inventories")
        .query("include=planning")
        .send()
        .await;
    assert_eq!(list.data(), json!([whole.data()]));
    let token = app.implicit_token().await;
    let storefront = app.get(&path).query("include=planning").token(&token);
    transcript.add("to a storefront", &storefront.send().await);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn availability_by_a_time() {
    let app = shop().await;
    let mut transcript = Transcript::default();
    let cart = json!({ "data": [
        { "product_id": id(1), "quantity": 50, "location": "york" },
        { "product_id": id(1), "quantity": 4 },
        { "product_id": id(1), "quantity": 100, "location": "leeds" },
    ] });
    let sourced = json!({
        "data": [{ "product_id": id(1), "quantity": 120 }],
        "sourcing": {},
    });
    let path = "/v2/inventories/availability";
    for (what, seconds) in [("soon", 50), ("later", 100), ("last", 200), ("past", -1)] {
        let by = format!("by={}", in_seconds(&app, seconds));
        let answer = app.post(path, &cart).query(&by).send().await;
        transcript.add(what, &answer);
        let answer = app.post(path, &sourced).query(&by).send().await;
        transcript.add(format!("{what}, anywhere"), &answer);
    }
    let by = format!("strict=true&by={}", in_seconds(&app, 100));
    transcript.add("strict", &app.post(path, &cart).query(&by).send().await);
    transcript.add(
        "no time",
        &app.post(path, &cart).query("by=soon").send().await,
    );
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_events_of_a_transfer() {
    let app = TestApp::new().await;
    app.create_location("york").await;
    app.create_location("leeds").await;
    app.create_stock(&id(1), 10).await;
    let data = json!({
        "from": { "location": null },
        "to": { "location": "leeds" },
        "items": [{ "product_id": id(1), "quantity": 5 }],
    });
    let body = json!({ "data": data });
    let transfer = app.post(TRANSFERS, &body).send().await.created_id();
    let path = format!("{TRANSFERS}/{transfer}");
    app.put(&path, &json!({ "data": { "note": "by rail" } }))
        .send()
        .await
        .expect_status(200);
    let one = json!({ "data": { "items": [{ "product_id": id(1), "quantity": 1 }] } });
    for (step, body) in [
        ("ready", None),
        ("ship", Some(&one)),
        ("ship", None),
        ("receive", None),
    ] {
        let step = format!("{path}/{step}");
        let request = body.map_or_else(|| app.post_nothing(&step), |body| app.post(&step, body));
        request.send().await.expect_status(200);
    }
    let receipt = app.get(&format!("{path}/receipts")).send().await.ids()[0].clone();
    let undo = app.post_nothing(&format!("{path}/receipts/{receipt}/undo"));
    undo.send().await.expect_status(200);
    app.post_nothing(&format!("{path}/cancel"))
        .send()
        .await
        .expect_status(200);
    let draft = app.post(TRANSFERS, &body).send().await.created_id();
    app.delete(&format!("{TRANSFERS}/{draft}"))
        .send()
        .await
        .expect_status(204);
    let events = app
        .get("/v2/inventories/events?page[limit]=100")
        .send()
        .await
        .data();
    let events = events.as_array().unwrap().iter();
    let told = events.filter_map(|event| {
        let it = &event["attributes"];
        let name = it["event"].as_str().unwrap();
        name.starts_with("stock-transfer")
            .then(|| format!("{name} {} {}", it["sequence"], it["data"]["changes"]))
    });
    let told: Vec<String> = told.collect();
    assert_eq!(
        told,
        [
            "stock-transfer.created 1 null",
            r#"stock-transfer.updated 2 ["edited"]"#,
            r#"stock-transfer.updated 3 ["ready"]"#,
            r#"stock-transfer.updated 4 ["shipped"]"#,
            r#"stock-transfer.updated 5 ["shipped"]"#,
            r#"stock-transfer.updated 6 ["received"]"#,
            r#"stock-transfer.updated 7 ["receipt_undone"]"#,
            r#"stock-transfer.updated 8 ["cancelled"]"#,
            "stock-transfer.created 1 null",
            "stock-transfer.deleted 2 null",
        ]
    );
}
