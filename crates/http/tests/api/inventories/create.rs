//! `POST /v2/inventories` and `POST /v2/inventories/{product}`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, QUANTITY_MAX, TestApp, Transcript, id};

const LIST: &str = "/v2/inventories";

fn path(product: &str) -> String {
    format!("{LIST}/{product}")
}

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        app.create_location("berlin").await;
        let by_path = json!({ "data": { "quantity": 100 } });
        let by_body = json!({
            "data": {
                "id": id(2),
                "type": "stock",
                "attributes": { "available": 5, "locations": { "berlin": { "available": 3 } } },
            },
        });
        let nothing = json!({ "data": { "type": "stock" } });
        for (what, path, body) in [
            ("by path", path(&id(1)), &by_path),
            ("by body, with a location", LIST.to_owned(), &by_body),
            ("with an id made for it", LIST.to_owned(), &nothing),
        ] {
            let answer = app.post(&path, body).form(form).send().await;
            answer.expect_status(201);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let mut transcript = Transcript::default();
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    app.create_stock(&id(1), 5).await;
    let before = app.readings().await;
    for form in FORMS {
        for (what, path, data) in [
            ("it exists", path(&id(1)), json!({ "quantity": 5 })),
            (
                "it exists, by body",
                LIST.to_owned(),
                json!({ "id": id(1) }),
            ),
            ("no quantity", path(&id(2)), json!({ "quantity": "5" })),
            (
                "an unknown location",
                path(&id(2)),
                json!({
                    "attributes": { "locations": { "nowhere": { "available": 5 } } },
                }),
            ),
            (
                "a list in place of figures",
                path(&id(2)),
                json!({ "locations": { "berlin": [5] } }),
            ),
            (
                "a location without available",
                path(&id(2)),
                json!({
                    "attributes": { "locations": { "berlin": {} } },
                }),
            ),
            (
                "too much in all",
                path(&id(2)),
                json!({
                    "attributes": { "available": 1, "locations": { "berlin": { "available": QUANTITY_MAX } } },
                }),
            ),
            (
                "both names of the quantity",
                path(&id(2)),
                json!({ "quantity": 1, "available": 1 }),
            ),
            ("a path that is no id", path("5"), json!({ "quantity": 5 })),
            (
                "a body that holds no id",
                LIST.to_owned(),
                json!({ "id": "5" }),
            ),
            (
                "another product in the body",
                path(&id(2)),
                json!({ "id": id(3) }),
            ),
            ("another type", path(&id(2)), json!({ "type": "product" })),
        ] {
            let body = json!({ "data": data });
            let answer = app.post(&path, &body).form(form).send().await;
            answer.expect_status(400);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn managed_elsewhere() {
    let app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let chair = json!({ "data": { "name": "Chair" } });
    let chair = app
        .post("/v2/products", &chair)
        .organization()
        .send()
        .await
        .created_id();
    app.create_stock(&chair, 5).await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let by_path = json!({ "data": { "quantity": 5 } });
        let by_body = json!({ "data": { "id": chair } });
        for (path, body) in [(path(&chair), by_path), (LIST.to_owned(), by_body)] {
            let request = app.post(&path, &body).form(form);
            let answer = request.clone().token(&other).send().await;
            answer.expect_status(400);
            assert_eq!(answer.detail(), "Invalid product identifier");
            transcript.add(form, &answer);
            // Nor may the organization itself.
            let answer = request.organization().send().await;
            assert_eq!(answer.detail(), "Invalid product identifier");
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
    app.get(&path(&chair))
        .token(&other)
        .send()
        .await
        .expect_status(404);
}

/// Bodies in every shape, where to post them, and what they make available outside of and in the
/// location `berlin`.
fn bodies() -> Vec<(String, Value, [u64; 2])> {
    let uppercase = id(1).to_uppercase();
    vec![
        (path(&id(1)), json!({ "quantity": 5 }), [5, 0]),
        (path(&id(1)), json!({ "available": 5 }), [5, 0]),
        (
            path(&id(1)),
            json!({ "attributes": { "quantity": 5 } }),
            [5, 0],
        ),
        (
            path(&id(1)),
            json!({ "attributes": { "available": 5 } }),
            [5, 0],
        ),
        (
            path(&id(1)),
            json!({ "id": id(1), "type": "stock", "quantity": 5 }),
            [5, 0],
        ),
        (
            path(&id(1)),
            json!({ "id": uppercase, "quantity": 5 }),
            [5, 0],
        ),
        (path(&uppercase), json!({ "quantity": 5 }), [5, 0]),
        (path(&id(1)), json!({}), [0, 0]),
        (path(&id(1)), json!({ "attributes": {} }), [0, 0]),
        (
            path(&id(1)),
            json!({ "color": "red", "attributes": { "size": [5] } }),
            [0, 0],
        ),
        (
            path(&id(1)),
            json!({ "locations": { "berlin": { "available": 3 } } }),
            [0, 3],
        ),
        (
            LIST.to_owned(),
            json!({ "id": id(1), "quantity": 5 }),
            [5, 0],
        ),
        (
            LIST.to_owned(),
            json!({
                "id": id(1),
                "type": "stock",
                "attributes": { "available": 5, "locations": { "berlin": { "available": 3 } } },
            }),
            [5, 3],
        ),
        (
            LIST.to_owned(),
            json!({
                "attributes": { "id": id(1), "type": "stock", "available": 5 },
            }),
            [5, 0],
        ),
    ]
}

#[tokio::test]
async fn both_shapes_of_the_body_are_read_in_either_form() {
    for form in FORMS {
        let app = TestApp::new().await;
        app.create_location("berlin").await;
        for (path, data, expected) in bodies() {
            let answer = app
                .post(&path, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(201);
            let [unlocated, located] = expected;
            let stock = app.stock(&id(1)).await;
            let available = &stock["attributes"]["available"];
            assert_eq!(*available, json!(unlocated + located), "{data}");
            let in_berlin = &stock["attributes"]["locations"]["berlin"]["available"];
            let in_berlin = in_berlin.as_u64().unwrap_or(0);
            assert_eq!(in_berlin, located, "{data}");
            app.delete(&self::path(&id(1)))
                .send()
                .await
                .expect_status(204);
        }
    }
}

#[tokio::test]
async fn quantities() {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    let bodies = |quantity: &str| {
        [
            format!(r#"{{"data":{{"quantity":{quantity}}}}}"#),
            format!(r#"{{"data":{{"attributes":{{"available":{quantity}}}}}}}"#),
            format!(
                r#"{{"data":{{"attributes":{{"locations":{{"berlin":{{"available":{quantity}}}}}}}}}}}"#
            ),
        ]
    };
    let before = app.readings().await;
    for wrong in [
        "-1",
        "1.5",
        "5.0",
        "\"5\"",
        "null",
        "9007199254740992",
        "18446744073709551616",
        "1e3",
        "-0",
        "-0.0",
        "1e400",
        "true",
        "[]",
        "[5]",
        "{}",
        "\"\"",
        "5e0",
    ] {
        for body in bodies(wrong) {
            for form in FORMS {
                let request = app.post(&path(&id(1)), &Value::Null).body(body.clone());
                request.form(form).send().await.expect_status(400);
            }
        }
    }
    assert_eq!(app.readings().await, before);
    for (right, expected) in [("0", 0), ("1", 1), ("9007199254740991", QUANTITY_MAX)] {
        for body in bodies(right) {
            let request = app.post(&path(&id(1)), &Value::Null).body(body.clone());
            request.send().await.expect_status(201);
            assert_eq!(app.figures(&id(1)).await, [expected, 0, expected], "{body}");
            app.delete(&path(&id(1))).send().await.expect_status(204);
        }
    }
}

#[tokio::test]
async fn history_begins_with_an_entry_for_each_position_that_is_given_something() {
    let app = TestApp::new().await;
    for slug in ["berlin", "paris", "rome"] {
        app.create_location(slug).await;
    }
    for (product, data, expected) in [
        (id(1), json!({ "quantity": 7 }), json!([[null, 7]])),
        (id(2), json!({}), json!([[null, 0]])),
        (
            id(3),
            json!({ "locations": { "berlin": { "available": 0 } } }),
            json!([[null, 0]]),
        ),
        (
            id(4),
            json!({ "locations": { "berlin": { "available": 2 } } }),
            json!([["berlin", 2]]),
        ),
        (
            id(5),
            json!({
                "available": 1,
                "locations": {
                    "berlin": { "available": 2 },
                    "paris": { "available": 3 },
                    "rome": { "available": 0 },
                },
            }),
            json!([[null, 1], ["berlin", 2], ["paris", 3]]),
        ),
    ] {
        let answer = app
            .post(&path(&product), &json!({ "data": data }))
            .send()
            .await;
        answer.expect_status(201);
        let history = format!("{}/transactions", path(&product));
        let basic = app.get(&history).send().await.data();
        let basic = basic.as_array().unwrap();
        assert!(
            basic.iter().all(|entry| entry["action"] == "create"),
            "{basic:?}"
        );
        let entries = app
            .get(&history)
            .form(Form::MultiLocation)
            .send()
            .await
            .data();
        let mut entries: Vec<Value> = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let attributes = &entry["attributes"];
                assert_eq!(attributes["action"], "increment");
                json!([attributes.get("location"), attributes["quantity"]])
            })
            .collect();
        entries.sort_by_key(ToString::to_string);
        let mut expected = expected.as_array().unwrap().clone();
        expected.sort_by_key(ToString::to_string);
        assert_eq!(entries, expected, "{product}");
    }
}

#[tokio::test]
async fn stock_created_anew_is_another_stock() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let old = app.transact(&id(1), "increment", 1).await;
    let first = app.stock(&id(1)).await;
    app.delete(&path(&id(1))).send().await.expect_status(204);
    app.create_stock(&id(1), 7).await;
    let second = app.stock(&id(1)).await;
    assert_ne!(first["meta"]["stock_id"], second["meta"]["stock_id"]);
    assert_eq!(app.figures(&id(1)).await, [7, 0, 7]);
    let history = format!("{}/transactions", path(&id(1)));
    let entries = app.get(&history).send().await.data();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["quantity"], 7);
    let old = app.get(&format!("{history}/{old}")).send().await;
    old.expect_status(404);
}

#[tokio::test]
async fn every_made_id_is_new() {
    let app = TestApp::new().await;
    let body = json!({ "data": { "quantity": 1 } });
    let first = app.post(LIST, &body).send().await.created_id();
    let second = app.post(LIST, &body).send().await.created_id();
    assert_ne!(first, second);
    assert_eq!(app.get(LIST).send().await.ids(), [first, second]);
}
