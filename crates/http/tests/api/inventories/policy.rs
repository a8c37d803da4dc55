//! `/v2/inventories/{product}/policy`

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::{Map, Value, json};

use super::reservations::{item, item_at};
use crate::support::{Answer, FORMS, QUANTITY_MAX, TestApp, TestRequest, Transcript, id};

pub(crate) fn path(product: u32) -> String {
    format!("/v2/inventories/{}/policy", id(product))
}

/// A request to change the policy of a product's stock.
pub(crate) fn put<'a>(app: &'a TestApp, product: u32, attributes: &Value) -> TestRequest<'a> {
    let body = json!({ "data": { "type": "stock-policy", "attributes": attributes } });
    app.put(&path(product), &body)
}

/// Changes the policy of a product's stock.
pub(crate) async fn set(app: &TestApp, product: u32, attributes: Value) {
    put(app, product, &attributes)
        .send()
        .await
        .expect_status(200);
}

/// The attributes of the policy of a product's stock.
async fn policy(app: &TestApp, product: u32) -> Value {
    let answer = app.get(&path(product)).send().await;
    answer.expect_status(200);
    answer.data()["attributes"].take()
}

/// The policy that holds back nothing and tells of nothing.
fn nothing() -> Value {
    json!({ "safety_stock": 0, "alerts": [], "locations": {} })
}

/// A store with 10 pieces of a product, and 5 and 2 more of it in `berlin` and `york`.
pub(crate) async fn shop() -> TestApp {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    app.create_location("york").await;
    app.create_location("empty").await;
    let located = json!({ "berlin": { "available": 5 }, "york": { "available": 2 } });
    let stock = json!({ "data": { "available": 10, "locations": located } });
    let stock = app.post(&format!("/v2/inventories/{}", id(1)), &stock);
    stock.send().await.expect_status(201);
    app
}

#[tokio::test]
async fn set_read_and_deleted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = shop().await;
        let whole = json!({
            "safety_stock": 5,
            "alerts": [{ "at": 40, "rearm_at": 50 }, { "at": 0 }],
            "locations": {
                "york": { "safety_stock": 2, "alerts": [{ "at": 30 }] },
                "berlin": null,
            },
        });
        let some = json!({ "data": { "safety_stock": 7 } });
        for (what, request, status) in [
            ("without a policy", app.get(&path(1)), 200),
            ("set", put(&app, 1, &whole), 200),
            ("set anew in part", app.put(&path(1), &some), 200),
            ("read", app.get(&path(1)), 200),
            ("deleted", app.delete(&path(1)), 204),
            ("deleted again", app.delete(&path(1)), 204),
            ("afterwards", app.get(&path(1)), 200),
        ] {
            let answer = request.form(form).send().await;
            answer.expect_status(status);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn what_is_not_named_stays_and_null_clears() {
    let app = shop().await;
    let alert = json!([{ "at": 3, "rearm_at": 4 }]);
    let york = json!({ "safety_stock": 2, "alerts": alert });
    for (changes, expected) in [
        (json!({}), nothing()),
        (
            json!({ "safety_stock": 5, "alerts": alert, "locations": { "york": york } }),
            json!({ "safety_stock": 5, "alerts": alert, "locations": { "york": york } }),
        ),
        (
            json!({}),
            json!({ "safety_stock": 5, "alerts": alert, "locations": { "york": york } }),
        ),
        (
            json!({ "safety_stock": null }),
            json!({ "safety_stock": 0, "alerts": alert, "locations": { "york": york } }),
        ),
        (
            json!({ "alerts": null, "locations": { "berlin": { "safety_stock": 1 } } }),
            json!({
                "safety_stock": 0,
                "alerts": [],
                "locations": { "berlin": { "safety_stock": 1, "alerts": [] }, "york": york },
            }),
        ),
        (
            json!({ "locations": { "berlin": {}, "york": { "alerts": null } } }),
            json!({
                "safety_stock": 0,
                "alerts": [],
                "locations": {
                    "berlin": { "safety_stock": 1, "alerts": [] },
                    "york": { "safety_stock": 2, "alerts": [] },
                },
            }),
        ),
        (
            json!({ "alerts": [], "locations": { "york": { "safety_stock": null }, "berlin": null } }),
            nothing(),
        ),
        // Alerts are named together.
        (
            json!({ "alerts": [{ "at": 20 }, { "at": 3, "rearm_at": 4 }] }),
            json!({
                "safety_stock": 0,
                "alerts": [{ "at": 20, "rearm_at": 22 }, { "at": 3, "rearm_at": 4 }],
                "locations": {},
            }),
        ),
        (
            json!({ "alerts": alert, "locations": { "york": york, "berlin": york } }),
            json!({
                "safety_stock": 0,
                "alerts": alert,
                "locations": { "berlin": york, "york": york },
            }),
        ),
        (
            json!({ "locations": null }),
            json!({ "safety_stock": 0, "alerts": alert, "locations": {} }),
        ),
    ] {
        let answer = put(&app, 1, &changes).send().await;
        answer.expect_status(200);
        assert_eq!(answer.data()["attributes"], expected, "{changes}");
        assert_eq!(policy(&app, 1).await, expected, "{changes}");
    }
}

#[tokio::test]
async fn an_alert_is_armed_again_a_tenth_above_it_unless_it_says_otherwise() {
    let app = shop().await;
    let almost = QUANTITY_MAX - 1;
    for (at, rearm_at) in [
        (0, 1),
        (1, 2),
        (10, 11),
        (11, 13),
        (20, 22),
        (1_000, 1_100),
        (almost, QUANTITY_MAX),
    ] {
        for alert in [
            json!({ "at": at }),
            json!({ "at": at, "rearm_at": null }),
            json!({ "at": at, "rearm_at": rearm_at }),
        ] {
            set(&app, 1, json!({ "alerts": [alert] })).await;
            let expected = json!([{ "at": at, "rearm_at": rearm_at }]);
            assert_eq!(policy(&app, 1).await["alerts"], expected, "{alert}");
        }
    }
}

/// Attributes that are refused with 400, and what is wrong with them.
fn wrong() -> Vec<(&'static str, Value)> {
    let levels = |levels: &[u64]| {
        let alerts = levels.iter().map(|at| json!({ "at": at }));
        json!({ "alerts": alerts.collect::<Vec<_>>() })
    };
    let of_york = |part: Value| json!({ "locations": { "york": part } });
    vec![
        ("a text", json!({ "safety_stock": "5" })),
        ("less than nothing", json!({ "safety_stock": -1 })),
        ("a part of a piece", json!({ "safety_stock": 0.5 })),
        (
            "too many pieces",
            json!({ "safety_stock": QUANTITY_MAX + 1 }),
        ),
        (
            "no list of alerts",
            json!({ "alerts": { "at": 5, "rearm_at": 6 } }),
        ),
        ("no alert", json!({ "alerts": [5] })),
        ("a list as an alert", json!({ "alerts": [[5, 6]] })),
        ("null as an alert", json!({ "alerts": [null] })),
        (
            "an alert without a level",
            json!({ "alerts": [{ "rearm_at": 5 }] }),
        ),
        ("an alert at nothing", json!({ "alerts": [{ "at": null }] })),
        (
            "an alert below nothing",
            json!({ "alerts": [{ "at": -1 }] }),
        ),
        (
            "a level above all",
            json!({ "alerts": [{ "at": 5, "rearm_at": QUANTITY_MAX + 1 }] }),
        ),
        (
            "armed again at its own level",
            json!({ "alerts": [{ "at": 5, "rearm_at": 5 }] }),
        ),
        (
            "armed again below its level",
            json!({ "alerts": [{ "at": 5, "rearm_at": 4 }] }),
        ),
        (
            "no level is left above it",
            json!({ "alerts": [{ "at": QUANTITY_MAX }] }),
        ),
        ("five alerts", levels(&[1, 2, 3, 4, 5])),
        ("two alerts at one level", levels(&[1, 2, 1])),
        ("no object of locations", json!({ "locations": ["york"] })),
        ("a number as a location's part", of_york(json!(5))),
        ("a list as a location's part", of_york(json!([5, []]))),
        (
            "too many pieces in a location",
            of_york(json!({ "safety_stock": QUANTITY_MAX + 1 })),
        ),
        (
            "five alerts in a location",
            of_york(levels(&[1, 2, 3, 4, 5])),
        ),
        (
            "armed again below its level in a location",
            of_york(json!({ "alerts": [{ "at": 5, "rearm_at": 4 }] })),
        ),
        (
            "an unknown location",
            json!({ "locations": { "rome": { "safety_stock": 1 } } }),
        ),
        (
            "nothing of an unknown location",
            json!({ "locations": { "rome": null } }),
        ),
        (
            "a location that is no slug",
            json!({ "locations": { "": { "safety_stock": 1 } } }),
        ),
        (
            "a location that the stock doesn't have",
            json!({ "safety_stock": 1, "locations": { "empty": { "safety_stock": 1 } } }),
        ),
    ]
}

#[tokio::test]
async fn refused() {
    let app = shop().await;
    set(&app, 1, json!({ "safety_stock": 3 })).await;
    let before = (app.readings().await, policy(&app, 1).await);
    let mut transcript = Transcript::default();
    for (what, attributes) in wrong() {
        let answer = put(&app, 1, &attributes).send().await;
        answer.expect_status(400);
        transcript.add(what, &answer);
        // The fields may stand under `data`, where they are refused for the same reason.
        let flat = app.put(&path(1), &json!({ "data": attributes }));
        assert_eq!(flat.send().await.text(), answer.text(), "{what}");
    }
    let body = json!({ "data": { "type": "stock", "safety_stock": 5 } });
    let answer = app.put(&path(1), &body).send().await;
    answer.expect_status(400);
    transcript.add("another type", &answer);
    let many: Map<String, Value> = (0..=1_000)
        .map(|number| (format!("place-{number}"), json!(null)))
        .collect();
    let answer = put(&app, 1, &json!({ "locations": many })).send().await;
    answer.expect_status(400);
    transcript.add("1,001 locations", &answer);
    assert_snapshot!(transcript.text());
    assert_eq!((app.readings().await, policy(&app, 1).await), before);
}

#[tokio::test]
async fn of_stock_that_is_not_managed() {
    let app = shop().await;
    let scene = json!({ "data": { "type": "product", "id": id(2), "name": "Chair" } });
    app.post("/v2/products", &scene)
        .send()
        .await
        .expect_status(201);
    let mut transcript = Transcript::default();
    let body = json!({ "data": { "safety_stock": 5 } });
    for (what, id) in [
        ("never managed", id(9)),
        ("registered, but not managed", id(2)),
        ("no id", "5".to_owned()),
    ] {
        let path = format!("/v2/inventories/{id}/policy");
        for request in [app.get(&path), app.put(&path, &body), app.delete(&path)] {
            let answer = request.send().await;
            answer.expect_status(404);
            transcript.add(what, &answer);
        }
    }
    let answer = app.get(&path(1)).query("at=2026-01-31").send().await;
    answer.expect_status(400);
    transcript.add("of the past", &answer);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refusals_come_in_their_order() {
    let app = shop().await;
    let implicit = app.implicit_token().await;
    let reading = app
        .reading_token_of(stockroom_domain::Owner::Store(app.store.id))
        .await;
    let shared = json!({ "data": { "quantity": 5 } });
    let shared = app.post(&format!("/v2/inventories/{}", id(2)), &shared);
    shared.organization().send().await.expect_status(201);
    let wrong = json!({ "safety_stock": -1 });
    let unknown = json!({ "locations": { "rome": null } });
    let right = json!({ "safety_stock": 1 });
    for (product, attributes, token, status) in [
        // Who may not ask isn't told what is wrong.
        (9, &wrong, &implicit, 403),
        (1, &right, &implicit, 403),
        (1, &right, &reading, 403),
        // The body is looked at before stock is.
        (9, &wrong, &app.token, 400),
        (9, &unknown, &app.token, 404),
        (2, &wrong, &app.token, 400),
        (2, &unknown, &app.token, 403),
        (2, &right, &app.token, 403),
        (2, &unknown, &app.organization_token, 400),
        (1, &unknown, &app.token, 400),
        (1, &right, &app.token, 200),
        (2, &right, &app.organization_token, 200),
    ] {
        let answer = put(&app, product, attributes).token(token).send().await;
        assert_eq!(answer.status, status, "{product} {attributes}");
    }
    for (token, product, status) in [
        (&implicit, 1, [403, 403]),
        (&reading, 1, [200, 403]),
        (&app.token, 2, [200, 403]),
        (&app.organization_token, 2, [200, 204]),
    ] {
        let requests = [app.get(&path(product)), app.delete(&path(product))];
        for (request, status) in requests.into_iter().zip(status) {
            request.token(token).send().await.expect_status(status);
        }
    }
}

/// The organization changes the policy of its stock also while it acts in a store.
#[tokio::test]
async fn the_organizations_stock() {
    let app = TestApp::new().await;
    let shared = json!({ "data": { "quantity": 5 } });
    let shared = app.post(&format!("/v2/inventories/{}", id(2)), &shared);
    shared.organization().send().await.expect_status(201);
    let change = put(&app, 2, &json!({ "safety_stock": 2 }));
    let change = change.organization().in_store(&app.store.id).send().await;
    change.expect_status(200);
    // The stores see it and obey it.
    assert_eq!(policy(&app, 2).await["safety_stock"], 2);
    let (_, other) = app.another_store("Acme Paris").await;
    for token in [&app.token, &other] {
        let order = json!({ "data": { "items": [item(2, 4)] } });
        let order = app.post("/v2/inventories/reservations", &order);
        order.token(token).send().await.expect_status(422);
    }
}

#[tokio::test]
async fn unknown_fields_are_named_at_every_depth() {
    let app = shop().await;
    let attributes = json!({
        "size": 1,
        "alerts": [{ "at": 5, "email": "x" }],
        "locations": { "york": { "size": 1, "alerts": [{ "at": 5, "email": "x" }] } },
    });
    let request = put(&app, 1, &attributes).header("prefer", "handling=strict");
    let answer = request.send().await;
    answer.expect_status(400);
    assert_eq!(
        answer.json()["errors"][0]["meta"]["unknown_fields"],
        json!([
            "data.attributes.alerts[0].email",
            "data.attributes.locations.york.alerts[0].email",
            "data.attributes.locations.york.size",
            "data.attributes.size",
        ])
    );
    assert_eq!(policy(&app, 1).await, nothing());
    set(&app, 1, attributes).await;
}

#[tokio::test]
async fn a_policy_goes_with_the_location_and_with_the_stock() {
    let app = shop().await;
    let york = json!({ "safety_stock": 1, "alerts": [{ "at": 1, "rearm_at": 9 }] });
    let whole = json!({ "safety_stock": 1, "locations": { "berlin": york, "york": york } });
    set(&app, 1, whole).await;
    app.transact_at(&id(1), "york", "decrement", 2).await;
    let stock = format!("/v2/inventories/{}", id(1));
    for located in [
        json!({ "york": null }),
        json!({ "york": { "available": 2 } }),
    ] {
        let located = json!({ "data": { "locations": located } });
        app.put(&stock, &located).send().await.expect_status(200);
        let left = policy(&app, 1).await["locations"].take();
        let left: BTreeMap<String, Value> = serde_json::from_value(left).unwrap();
        assert_eq!(left.into_keys().collect::<Vec<_>>(), ["berlin"]);
    }
    app.transact_at(&id(1), "york", "decrement", 2).await;
    app.transact_at(&id(1), "berlin", "decrement", 5).await;
    app.delete(&stock).send().await.expect_status(204);
    app.get(&path(1)).send().await.expect_status(404);
    app.create_stock(&id(1), 10).await;
    assert_eq!(policy(&app, 1).await, nothing());
}

async fn reserve(app: &TestApp, items: Value) -> Answer {
    let order = json!({ "data": { "items": items } });
    app.post("/v2/inventories/reservations", &order)
        .send()
        .await
}

/// What is short, as `meta.shortages` of a refused reservation says.
fn shortages(answer: &Answer) -> Vec<(Value, u64, u64)> {
    answer.expect_status(422);
    let shortages = answer.json()["errors"][0]["meta"]["shortages"].take();
    let shortages = shortages.as_array().unwrap().iter();
    let figure = |of: &Value, name: &str| of[name].as_u64().unwrap();
    shortages
        .map(|it| {
            let location = it["location"].clone();
            (location, figure(it, "requested"), figure(it, "available"))
        })
        .collect()
}

#[tokio::test]
async fn safety_stock_is_kept_from_reservations() {
    let app = shop().await;
    let york = json!({ "york": { "safety_stock": 1 } });
    set(&app, 1, json!({ "safety_stock": 4, "locations": york })).await;
    // Of a position, all but its own safety stock can be had.
    let answer = reserve(&app, json!([item_at(1, 2, "york")])).await;
    assert_eq!(shortages(&answer), [(json!("york"), 2, 1)]);
    // Of all positions together, no more than leaves the stock's safety stock: 13. The later lines are short.
    let answer = reserve(&app, json!([item(1, 10), item_at(1, 4, "berlin")])).await;
    assert_eq!(shortages(&answer), [(json!("berlin"), 4, 3)]);
    let all = json!([item(1, 9), item_at(1, 1, "york"), item_at(1, 5, "berlin")]);
    let answer = reserve(&app, all).await;
    assert_eq!(shortages(&answer), [(json!("berlin"), 5, 3)]);
    // Carts are told the same.
    let cart = json!([item(1, 9), item_at(1, 1, "york"), item_at(1, 5, "berlin")]);
    let cart = app.post("/v2/inventories/availability", &json!({ "data": cart }));
    let lines = cart.clone().send().await.data();
    let lines = lines.as_array().unwrap().iter();
    let lines: Vec<_> = lines
        .map(|it| (&it["available"], &it["sufficient"]))
        .map(|(available, sufficient)| (available.as_u64().unwrap(), sufficient.as_bool().unwrap()))
        .collect();
    assert_eq!(lines, [(10, true), (1, true), (3, false)]);
    cart.query("strict=true").send().await.expect_status(400);
    // What there is can be had, and then nothing more.
    let all = json!([item(1, 9), item_at(1, 1, "york"), item_at(1, 3, "berlin")]);
    reserve(&app, all).await.expect_status(201);
    for location in [json!(null), json!("berlin"), json!("york")] {
        let mut one = item(1, 1);
        one["location"] = location.clone();
        let answer = reserve(&app, json!([one])).await;
        assert_eq!(shortages(&answer), [(location, 1, 0)]);
    }
}

#[tokio::test]
async fn safety_stock_is_in_nobody_elses_way() {
    let app = shop().await;
    let order = reserve(&app, json!([item(1, 4)])).await;
    order.expect_status(201);
    // More than there is, also in a location.
    let berlin = json!({ "berlin": { "safety_stock": 100 } });
    set(
        &app,
        1,
        json!({ "safety_stock": 1_000, "locations": berlin }),
    )
    .await;
    let answer = reserve(&app, json!([item(1, 1), item_at(1, 1, "berlin")])).await;
    let none = [(json!(null), 1, 0), (json!("berlin"), 1, 0)];
    assert_eq!(shortages(&answer), none);
    // What is reserved already stays so, and counts for its own order.
    let path = format!("/v2/inventories/reservations/{}", order.created_id());
    for verb in ["pay", "fulfil"] {
        let step = app.post_nothing(&format!("{path}/{verb}")).send().await;
        step.expect_status(200);
    }
    // Transactions say what happened on the shelf, and a PUT and a count what lies there.
    app.transact(&id(1), "allocate", 1).await;
    app.transact(&id(1), "decrement", 5).await;
    app.transact_at(&id(1), "berlin", "decrement", 1).await;
    let put = json!({ "data": { "locations": { "berlin": { "available": 0 } } } });
    let put = app.put(&format!("/v2/inventories/{}", id(1)), &put);
    put.send().await.expect_status(200);
    let count = json!({ "data": { "counted": 1 } });
    let count = app.post(&format!("/v2/inventories/{}/counts", id(1)), &count);
    count.send().await.expect_status(200);
    assert_eq!(app.figures(&id(1)).await, [2, 1, 3]);
}
