//! Alerts of stock: the events `stock.low` and `stock.recovered`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::policy::{path, put, set, shop};
use super::reservations::{item, item_at};
use crate::support::{TestApp, Transcript, id};

const EVENTS: &str = "/v2/inventories/events";

/// An event of an alert: its name, its level, and the slug of its location, which is empty for the whole
/// stock.
type Bell = (String, u64, String);

/// The events of alerts so far.
async fn bells(app: &TestApp) -> Vec<Bell> {
    let filter = "filter=in(event,stock.low,stock.recovered)";
    let answer = app.get(EVENTS).query(filter).send().await;
    answer.expect_status(200);
    let data = answer.data();
    let events = data.as_array().unwrap().iter();
    let bell = |event: &Value| {
        let attributes = &event["attributes"];
        let data = &attributes["data"];
        let name = attributes["event"].as_str().unwrap().to_owned();
        let location = data["location"].as_str().unwrap_or_default().to_owned();
        (name, data["level"].as_u64().unwrap(), location)
    };
    events.map(bell).collect()
}

fn low(level: u64, location: &str) -> Bell {
    ("stock.low".to_owned(), level, location.to_owned())
}

fn recovered(level: u64, location: &str) -> Bell {
    ("stock.recovered".to_owned(), level, location.to_owned())
}

/// A store with 10 pieces of a product, outside of locations.
async fn ten() -> TestApp {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 10).await;
    app
}

/// Sends transactions of the product as one batch: action and quantity of each.
async fn batch(app: &TestApp, lines: &[(&str, u64)]) {
    let lines = lines.iter().map(
        |(action, quantity)| json!({ "product_id": id(1), "action": action, "quantity": quantity }),
    );
    let lines: Vec<Value> = lines.collect();
    let batch = json!({ "data": lines });
    let batch = app.post("/v2/inventories/transactions", &batch);
    batch.send().await.expect_status(207);
}

/// What each event holds, in the order of the feed: set, moved by a transaction and by a reservation, and
/// deleted.
#[tokio::test]
async fn the_events() {
    let app = shop().await;
    let york = json!({ "safety_stock": 1, "alerts": [{ "at": 1, "rearm_at": 2 }] });
    let whole = json!({
        "safety_stock": 4,
        "alerts": [{ "at": 17, "rearm_at": 20 }, { "at": 12 }],
        "locations": { "york": york },
    });
    set(&app, 1, whole).await;
    let sold = json!({ "data": {
        "action": "decrement",
        "quantity": 5,
        "reason": "sold",
        "reference": "till 3",
    } });
    let sold = app.post(&format!("/v2/inventories/{}/transactions", id(1)), &sold);
    sold.send().await.expect_status(200);
    let order = json!({ "data": { "items": [item_at(1, 1, "york")] } });
    let order = app.post("/v2/inventories/reservations", &order);
    let order = order.send().await;
    order.expect_status(201);
    let release = format!(
        "/v2/inventories/reservations/{}/release",
        order.created_id()
    );
    let release = app.post_nothing(&release).send().await;
    release.expect_status(200);
    app.delete(&path(1)).send().await.expect_status(204);
    let mut transcript = Transcript::default();
    let feed = app
        .get(EVENTS)
        .query(&format!("filter=eq(subject_id,{})", id(1)));
    transcript.add("of the stock", &feed.send().await);
    for filter in [
        "in(event,stock.low,stock.recovered):eq(location,york)".to_owned(),
        format!("eq(event,stock-policy.updated):eq(product_id,{})", id(1)),
        format!("eq(event,stock.low):eq(product_id,{})", id(2)),
    ] {
        let found = app.get(EVENTS).query(&format!("filter={filter}"));
        let count = found.send().await.data().as_array().unwrap().len();
        let expected = usize::from(!filter.contains(&id(2))) * 2;
        assert_eq!(count, expected, "{filter}");
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn a_bell_rings_at_its_two_levels_and_not_between() {
    let app = ten().await;
    set(&app, 1, json!({ "alerts": [{ "at": 5, "rearm_at": 8 }] })).await;
    for (action, quantity, rung) in [
        ("decrement", 4, None),
        ("decrement", 1, Some(low(5, ""))),
        ("decrement", 2, None),
        ("allocate", 3, None),
        ("increment", 5, None),
        // Between the two.
        ("increment", 2, None),
        ("decrement", 3, None),
        ("increment", 4, Some(recovered(8, ""))),
        ("decrement", 2, None),
        ("increment", 1, None),
        ("decrement", 7, Some(low(0, ""))),
        ("deallocate", 3, None),
        ("increment", 90, Some(recovered(93, ""))),
    ] {
        let mut expected = bells(&app).await;
        expected.extend(rung);
        app.transact(&id(1), action, quantity).await;
        assert_eq!(bells(&app).await, expected, "{action} {quantity}");
    }
}

#[tokio::test]
async fn a_batch_rings_at_most_once() {
    let app = ten().await;
    set(&app, 1, json!({ "alerts": [{ "at": 5, "rearm_at": 8 }] })).await;
    let down_and_up = [("decrement", 6), ("increment", 6)];
    let up_and_down = [("increment", 6), ("decrement", 6)];
    // It crosses both levels ten times, and ends where it began.
    batch(&app, &down_and_up.repeat(10)).await;
    assert_eq!(bells(&app).await, []);
    let mut lines = down_and_up.repeat(10);
    lines.push(("decrement", 7));
    batch(&app, &lines).await;
    assert_eq!(bells(&app).await, [low(3, "")]);
    batch(&app, &up_and_down.repeat(10)).await;
    assert_eq!(bells(&app).await, [low(3, "")]);
    let mut lines = up_and_down.repeat(10);
    lines.push(("increment", 20));
    batch(&app, &lines).await;
    assert_eq!(bells(&app).await, [low(3, ""), recovered(23, "")]);
}

#[tokio::test]
async fn what_is_set_on_low_stock_rings_at_once_and_once() {
    let app = ten().await;
    let alerts = |alerts: Value| json!({ "alerts": alerts });
    let mut expected = Vec::new();
    for (attributes, rung) in [
        (alerts(json!([{ "at": 20, "rearm_at": 30 }])), 1),
        // The same again is nothing new.
        (alerts(json!([{ "at": 20, "rearm_at": 30 }])), 0),
        (json!({ "safety_stock": 5 }), 0),
        // An alert with another figure starts as off, and is then looked at.
        (alerts(json!([{ "at": 20, "rearm_at": 31 }])), 1),
        (alerts(json!([{ "at": 19, "rearm_at": 31 }])), 1),
        // The one that was there stays on.
        (
            alerts(json!([{ "at": 15 }, { "at": 19, "rearm_at": 31 }])),
            1,
        ),
        (alerts(json!([{ "at": 9, "rearm_at": 50 }])), 0),
        (alerts(json!(null)), 0),
        (alerts(json!([{ "at": 10 }, { "at": 11 }, { "at": 9 }])), 2),
    ] {
        set(&app, 1, attributes.clone()).await;
        expected.extend((0..rung).map(|_| low(10, "")));
        assert_eq!(bells(&app).await, expected, "{attributes}");
    }
}

#[tokio::test]
async fn an_alert_with_another_level_starts_as_off() {
    let app = ten().await;
    set(&app, 1, json!({ "alerts": [{ "at": 10, "rearm_at": 50 }] })).await;
    // Armed again, though the old one would stay on up to 50.
    set(&app, 1, json!({ "alerts": [{ "at": 9, "rearm_at": 50 }] })).await;
    app.transact(&id(1), "decrement", 1).await;
    assert_eq!(bells(&app).await, [low(10, ""), low(9, "")]);
    // No recovery is told of an alert that is there no more.
    app.transact(&id(1), "increment", 30).await;
    app.delete(&path(1)).send().await.expect_status(204);
    app.transact(&id(1), "increment", 100).await;
    assert_eq!(bells(&app).await, [low(10, ""), low(9, "")]);
}

#[tokio::test]
async fn a_location_has_bells_of_its_own() {
    let app = shop().await;
    let alerts = json!([{ "at": 1, "rearm_at": 3 }]);
    let locations = json!({ "york": { "alerts": alerts }, "berlin": { "alerts": alerts } });
    set(
        &app,
        1,
        json!({ "alerts": [{ "at": 15 }], "locations": locations }),
    )
    .await;
    let mut expected = Vec::new();
    for (location, action, quantity, rung) in [
        ("york", "decrement", 1, Some(low(1, "york"))),
        ("york", "decrement", 1, Some(low(15, ""))),
        ("berlin", "decrement", 3, None),
        ("berlin", "allocate", 1, Some(low(1, "berlin"))),
        ("york", "increment", 3, Some(recovered(3, "york"))),
        ("york", "increment", 3, Some(recovered(17, ""))),
    ] {
        app.transact_at(&id(1), location, action, quantity).await;
        expected.extend(rung);
        assert_eq!(
            bells(&app).await,
            expected,
            "{action} {quantity}, {location}"
        );
    }
}

/// The level is what is available, whoever can buy it: nobody is woken because a location is switched off.
#[tokio::test]
async fn a_disabled_location_rings_no_bell() {
    let app = shop().await;
    let york = json!({ "york": { "alerts": [{ "at": 1 }] } });
    set(
        &app,
        1,
        json!({ "alerts": [{ "at": 16 }], "locations": york }),
    )
    .await;
    let locations = app.get("/v2/inventories/locations").send().await;
    for location in locations.ids() {
        let path = format!("/v2/inventories/locations/{location}");
        let disabled = json!({ "data": { "enabled": false } });
        let disabled = app.put(&path, &disabled).send().await;
        disabled.expect_status(200);
    }
    app.transact(&id(1), "increment", 1).await;
    assert_eq!(bells(&app).await, []);
    app.transact_at(&id(1), "york", "decrement", 1).await;
    assert_eq!(bells(&app).await, [low(1, "york")]);
}

/// Whatever moves the figures rings: reservations and their expiry, PUTs, counts, undoing and imports.
#[tokio::test]
async fn every_movement_rings() {
    let app = ten().await;
    set(&app, 1, json!({ "alerts": [{ "at": 5, "rearm_at": 8 }] })).await;
    let reservations = "/v2/inventories/reservations";
    let order = json!({ "data": { "items": [item(1, 6)], "expires_in": 60 } });
    let reserved = app.post(reservations, &order).send().await;
    reserved.expect_status(201);
    assert_eq!(bells(&app).await, [low(4, "")]);
    // Who looks after the expiry settles it.
    app.clock.advance_seconds(60);
    let looked = app.get(&format!("/v2/inventories/{}", id(1))).send().await;
    looked.expect_status(200);
    let mut expected = vec![low(4, ""), recovered(10, "")];
    assert_eq!(bells(&app).await, expected);
    let reserved = app.post(reservations, &order).send().await;
    let release = format!("{reservations}/{}/release", reserved.created_id());
    app.post_nothing(&release).send().await.expect_status(200);
    expected.extend([low(4, ""), recovered(10, "")]);
    assert_eq!(bells(&app).await, expected);
    let counts = format!("/v2/inventories/{}/counts", id(1));
    for counted in [2, 10] {
        let count = json!({ "data": { "counted": counted } });
        app.post(&counts, &count).send().await.expect_status(200);
    }
    expected.extend([low(2, ""), recovered(10, "")]);
    assert_eq!(bells(&app).await, expected);
    let sold = app.transact(&id(1), "decrement", 5).await;
    let undo = format!("/v2/inventories/{}/transactions/{sold}/undo", id(1));
    app.post_nothing(&undo).send().await.expect_status(200);
    expected.extend([low(5, ""), recovered(10, "")]);
    assert_eq!(bells(&app).await, expected);
    for set in [3, 9] {
        let file = format!("product_id,action,quantity\n{},set,{set}\n", id(1));
        app.import("", &file).await;
        app.finish_imports().await;
    }
    expected.extend([low(3, ""), recovered(9, "")]);
    assert_eq!(bells(&app).await, expected);
}

/// What changes nothing tells nothing, and what is refused neither.
#[tokio::test]
async fn only_changes_are_told() {
    let app = ten().await;
    let updates = async || {
        let filter = "filter=eq(event,stock-policy.updated)";
        let found = app.get(EVENTS).query(filter).send().await;
        found.data().as_array().unwrap().len()
    };
    let attributes = json!({ "safety_stock": 2, "alerts": [{ "at": 10 }] });
    app.delete(&path(1)).send().await.expect_status(204);
    set(&app, 1, json!({})).await;
    set(&app, 1, json!({ "safety_stock": 0, "alerts": null })).await;
    assert_eq!(updates().await, 0);
    for expected in [1, 1] {
        set(&app, 1, attributes.clone()).await;
        assert_eq!(updates().await, expected);
    }
    let unknown = json!({ "safety_stock": 3, "locations": { "rome": null } });
    put(&app, 1, &unknown).send().await.expect_status(400);
    assert_eq!(updates().await, 1);
    // A preview of a batch rings nothing.
    let line = json!({ "product_id": id(1), "action": "increment", "quantity": 50 });
    let preview = json!({ "data": [line], "dry_run": true });
    let preview = app.post("/v2/inventories/transactions", &preview);
    preview.send().await.expect_status(207);
    for expected in [2, 2] {
        app.delete(&path(1)).send().await.expect_status(204);
        assert_eq!(updates().await, expected);
    }
    assert_eq!(bells(&app).await, [low(10, "")]);
}

/// Alerts of the organization's stock are told to its stores, too; those of a store to nobody else.
#[tokio::test]
async fn who_is_told() {
    let app = ten().await;
    let shared = json!({ "data": { "quantity": 5 } });
    let shared = app.post(&format!("/v2/inventories/{}", id(2)), &shared);
    shared.organization().send().await.expect_status(201);
    set(&app, 1, json!({ "alerts": [{ "at": 10 }] })).await;
    let alert = put(&app, 2, &json!({ "alerts": [{ "at": 5 }] }));
    alert.organization().send().await.expect_status(200);
    let (_, other) = app.another_store("Acme Paris").await;
    let (_, stranger, _) = app.stranger().await;
    for (token, expected) in [
        (&app.token, vec![id(1), id(2)]),
        (&other, vec![id(2)]),
        (&app.organization_token, vec![id(2)]),
        (&stranger, vec![]),
    ] {
        for name in ["stock.low", "stock-policy.updated"] {
            let answer = app.get(EVENTS).query(&format!("filter=eq(event,{name})"));
            let data = answer.token(token).send().await.data();
            let events = data.as_array().unwrap().iter();
            let subjects = events.map(|it| it["attributes"]["subject"]["id"].as_str().unwrap());
            assert_eq!(subjects.collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
