//! `POST /v2/inventories/{product}/transactions`: what is answered.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, QUANTITY_MAX, TestApp, Transcript, id};

fn path(product: &str) -> String {
    format!("/v2/inventories/{product}/transactions")
}

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        for (what, data) in [
            ("increment", json!({ "action": "increment", "quantity": 5 })),
            ("decrement", json!({ "action": "decrement", "quantity": 5 })),
            ("allocate", json!({ "action": "allocate", "quantity": 5 })),
            (
                "deallocate",
                json!({ "action": "deallocate", "quantity": 5 }),
            ),
            ("set to more", json!({ "action": "set", "quantity": 100 })),
            ("set to less", json!({ "action": "set", "quantity": 50 })),
            (
                "set to the same",
                json!({ "action": "set", "quantity": 50 }),
            ),
            (
                "in a location",
                json!({
                    "type": "stock-transaction",
                    "attributes": { "action": "allocate", "quantity": 1, "location": "berlin" },
                }),
            ),
            (
                "in a location new to the stock",
                json!({
                    "action": "increment", "quantity": 1, "location": "empty",
                }),
            ),
        ] {
            let request = app.post(&path(&scene.stocked), &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(if form == Form::Basic { 200 } else { 201 });
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn bad_request() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, data) in [
            ("no action", json!({ "quantity": 5 })),
            (
                "an unknown action",
                json!({ "action": "create", "quantity": 5 }),
            ),
            ("no quantity", json!({ "action": "increment" })),
            (
                "a negative quantity",
                json!({ "action": "increment", "quantity": -1 }),
            ),
            (
                "a fraction",
                json!({ "action": "increment", "quantity": 1.5 }),
            ),
            (
                "an unknown location",
                json!({
                    "action": "increment", "quantity": 5, "location": "nowhere",
                }),
            ),
            (
                "another product",
                json!({
                    "action": "increment", "quantity": 5, "product_id": id(2),
                }),
            ),
            (
                "another type",
                json!({ "action": "increment", "quantity": 5, "type": "stock" }),
            ),
        ] {
            let body = json!({ "data": { "attributes": data } });
            let answer = app
                .post(&path(&scene.stocked), &body)
                .form(form)
                .send()
                .await;
            answer.expect_status(400);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    let body = json!({ "data": { "action": "increment", "quantity": 5 } });
    for form in FORMS {
        for id in [id(404), scene.product.clone(), "5".to_owned()] {
            let answer = app.post(&path(&id), &body).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn unprocessable() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (action, quantity, location) in [
            ("decrement", 71, None),
            ("allocate", 71, None),
            ("deallocate", 11, None),
            ("set", 9, None),
            ("increment", QUANTITY_MAX - 99, None),
            ("set", QUANTITY_MAX - 19, None),
            ("allocate", 21, Some("berlin")),
            ("deallocate", 1, Some("berlin")),
            ("decrement", 0, Some("empty")),
            ("allocate", 1, Some("empty")),
            ("deallocate", 0, Some("empty")),
        ] {
            let mut data = json!({ "action": action, "quantity": quantity });
            if let Some(location) = location {
                data["location"] = json!(location);
            }
            let request = app.post(&path(&scene.stocked), &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(422);
            transcript.add(format!("{form}: {action}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn bodies_are_read_however_sloppy() {
    for form in FORMS {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let product = &scene.stocked;
        let upper = product.to_uppercase();
        let mut expected = 70;
        for data in [
            json!({ "type": "stock-transaction", "action": "increment", "quantity": 5 }),
            json!({ "action": "increment", "quantity": 5 }),
            json!({ "action": "increment", "quantity": 5, "product_id": product }),
            json!({ "action": "increment", "quantity": 5, "product_id": upper }),
            json!({
                "type": "stock-transaction",
                "attributes": { "action": "increment", "quantity": 5 },
            }),
            json!({ "attributes": { "action": "increment", "quantity": 5 } }),
            json!({
                "attributes": {
                    "type": "stock-transaction", "action": "increment", "quantity": 5,
                    "product_id": product,
                },
            }),
            json!({ "action": "increment", "attributes": { "quantity": 5 } }),
            json!({
                "type": "stock-transaction",
                "attributes": { "action": "increment", "quantity": 5, "color": "red" },
                "relationships": { "product": 5 },
                "id": 5,
            }),
        ] {
            let body = json!({ "data": data, "meta": {}, "included": [] });
            let answer = app.post(&path(product), &body).form(form).send().await;
            assert!(
                [200, 201].contains(&answer.status),
                "{data}: {}",
                answer.text()
            );
            expected += 5;
            let stock = app.stock(product).await;
            let unlocated = stock["attributes"]["available"].as_u64().unwrap() - 20;
            assert_eq!(unlocated, expected, "{data}");
        }
    }
}

#[tokio::test]
async fn bodies_that_say_something_else_are_refused() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let valid = json!({ "type": "stock-transaction", "action": "increment", "quantity": 5 });
    let with = |field: &str, value: Value| {
        let mut data = valid.clone();
        data[field] = value;
        data
    };
    let mut wrong = vec![json!([valid]), json!("increment"), json!(null), json!(5)];
    for (field, values) in [
        (
            "type",
            json!([
                "stock",
                "Stock-Transaction",
                "stock_transaction",
                "",
                null,
                5,
                {}
            ]),
        ),
        (
            "action",
            json!([
                "create",
                "Increment",
                "increment ",
                "",
                "move",
                null,
                5,
                ["set"]
            ]),
        ),
        (
            "quantity",
            json!([
                "5",
                "",
                null,
                -1,
                1.5,
                5.0,
                1e3,
                9_007_199_254_740_992_u64,
                true,
                []
            ]),
        ),
        (
            "product_id",
            json!([id(2), "5", "", null, 5, scene.product]),
        ),
        ("location", json!([5, [], {}, true])),
    ] {
        for value in values.as_array().unwrap() {
            wrong.push(with(field, value.clone()));
        }
    }
    for data in wrong {
        for data in [data.clone(), json!({ "attributes": data })] {
            for form in FORMS {
                let request = app.post(&path(&scene.stocked), &json!({ "data": data }));
                request.form(form).send().await.expect_status(400);
            }
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_location_of_null_is_the_unlocated_pool() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let line = json!({
        "product_id": scene.stocked, "action": "increment", "quantity": 1, "location": null,
    });
    let count = json!({
        "counted": 90, "as_of": "2026-01-31T09:30:10Z", "location": null,
    });
    let batch = "/v2/inventories/transactions".to_owned();
    let counts = format!("/v2/inventories/{}/counts", scene.stocked);
    for (path, data) in [
        (&path(&scene.stocked), line.clone()),
        (&path(&scene.stocked), json!({ "attributes": line })),
        (&batch, json!([line, { "attributes": line }])),
        (&counts, count),
    ] {
        let before = app.stock(&scene.stocked).await["attributes"]["locations"].take();
        let request = app.post(path, &json!({ "data": data }));
        let answer = request.form(Form::MultiLocation).send().await;
        assert!([201, 207].contains(&answer.status), "{}", answer.text());
        assert!(!answer.text().contains("location"), "{}", answer.text());
        let after = app.stock(&scene.stocked).await["attributes"]["locations"].take();
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn nothing_is_lost_of_a_large_quantity() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 0).await;
    let body = json!({ "data": { "action": "increment", "quantity": QUANTITY_MAX } });
    for form in FORMS {
        let answer = app.post(&path(&id(1)), &body).form(form).send().await;
        assert!([200, 201].contains(&answer.status));
        assert!(
            answer.text().contains("9007199254740991"),
            "{}",
            answer.text()
        );
        assert_eq!(app.figures(&id(1)).await, [QUANTITY_MAX, 0, QUANTITY_MAX]);
        app.transact(&id(1), "set", 0).await;
    }
}

/// What the client says of it, and what it expects.
#[tokio::test]
async fn annotated() {
    let mut transcript = Transcript::default();
    let path = format!("/v2/inventories/{}/transactions", id(1));
    for form in FORMS {
        let app = TestApp::new().await;
        app.create_stock(&id(1), 5).await;
        for (expected, status) in [(5, [200, 201]), (5, [409, 409])] {
            let body = json!({ "data": {
                "type": "stock-transaction",
                "attributes": {
                    "action": "allocate",
                    "quantity": 1,
                    "reason": "sold",
                    "reference": "order 7",
                    "expect": { "available": expected, "allocated": 0, "total": 5 },
                },
            } });
            let answer = app.post(&path, &body).form(form).send().await;
            assert!(status.contains(&answer.status), "{}", answer.text());
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn what_it_says_has_limits() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let (longest, too_long) = ("ä".repeat(255), "ä".repeat(256));
    for (field, value, status) in [
        ("reason", json!(longest), 200),
        ("reference", json!(longest), 200),
        ("reason", json!(too_long), 400),
        ("reference", json!(too_long), 400),
        ("reason", json!(""), 400),
        ("reference", json!("\u{0}"), 400),
        ("reason", json!(7), 400),
        ("reference", json!(null), 400),
        ("expect", json!({}), 200),
        ("expect", json!({ "unknown": 1 }), 200),
        ("expect", json!(5), 400),
        ("expect", json!([5, 0, 5]), 400),
        ("expect", json!(null), 400),
        ("expect", json!({ "available": "5" }), 400),
        ("expect", json!({ "available": -1 }), 400),
        ("expect", json!({ "total": null }), 400),
    ] {
        let mut data = json!({ "action": "increment", "quantity": 0 });
        data[field] = value;
        let answer = app.post(&path, &json!({ "data": data })).send().await;
        answer.expect_status(status);
        assert!(status == 200 || answer.detail().contains(field), "{data}");
    }
}
