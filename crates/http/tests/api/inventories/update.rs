//! `PUT /v2/inventories/{product}`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, QUANTITY_MAX, TestApp, Transcript, id};

fn path(product: &str) -> String {
    format!("/v2/inventories/{product}")
}

#[tokio::test]
async fn updated() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let body = json!({
            "data": {
                "id": scene.stocked,
                "type": "stock",
                "attributes": {
                    "locations": { "berlin": { "available": 25 }, "empty": { "available": 5 } },
                },
            },
        });
        let answer = app
            .put(&path(&scene.stocked), &body)
            .form(form)
            .send()
            .await;
        answer.expect_status(200);
        transcript.add(format!("{form}: set"), &answer);
        let body = json!({ "data": { "attributes": { "locations": { "berlin": null } } } });
        let answer = app
            .put(&path(&scene.stocked), &body)
            .form(form)
            .send()
            .await;
        answer.expect_status(200);
        transcript.add(format!("{form}: taken out"), &answer);
        let history = format!("{}/transactions", path(&scene.stocked));
        let answer = app.get(&history).form(form).send().await;
        transcript.add(format!("{form}: history"), &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.transact_at(&scene.stocked, "berlin", "allocate", 1)
        .await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, data) in [
            (
                "an unknown location",
                json!({ "locations": { "nowhere": { "available": 5 } } }),
            ),
            (
                "a location without available",
                json!({ "locations": { "empty": {} } }),
            ),
            (
                "no quantity",
                json!({ "locations": { "empty": { "available": 5.0 } } }),
            ),
            (
                "taken out while allocated",
                json!({ "locations": { "berlin": null } }),
            ),
            (
                "too much in all",
                json!({ "locations": { "empty": { "available": QUANTITY_MAX } } }),
            ),
            ("another product", json!({ "id": id(2) })),
            ("another type", json!({ "type": "product" })),
            (
                "a list in place of figures",
                json!({ "locations": { "empty": [5] } }),
            ),
            ("no object of locations", json!({ "locations": ["berlin"] })),
            ("another total", json!({ "total": 5 })),
            (
                "another available figure, and no locations",
                json!({ "available": 91, "locations": {} }),
            ),
            ("no figure", json!({ "allocated": "10" })),
            ("nothing for a figure", json!({ "available": null })),
            (
                "one of two wrong",
                json!({ "locations": { "empty": { "available": 5 }, "nowhere": null } }),
            ),
        ] {
            let body = json!({ "data": { "attributes": data } });
            let answer = app
                .put(&path(&scene.stocked), &body)
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

/// A client that sends back what it has read, in either form.
#[tokio::test]
async fn figures_of_the_stock_are_an_echo() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for form in FORMS {
        let request = app.get(&path(&scene.stocked)).form(form);
        let mut read = request.send().await.json();
        if form == Form::MultiLocation {
            read["data"]["attributes"]["locations"] = json!({});
        }
        let answer = app
            .put(&path(&scene.stocked), &read)
            .form(form)
            .send()
            .await;
        answer.expect_status(200);
        assert_eq!(app.readings().await, before);
    }
    for figure in [
        json!({ "available": 90 }),
        json!({ "allocated": 10 }),
        json!({ "total": 100 }),
    ] {
        let body = json!({ "data": figure });
        let answer = app.put(&path(&scene.stocked), &body).send().await;
        answer.expect_status(200);
    }
    assert_eq!(app.readings().await, before);
    // Beside locations they say nothing, whatever they are.
    let locations = json!({ "berlin": { "available": 20 } });
    let body = json!({ "data": { "total": "5", "available": null, "locations": locations } });
    let answer = app.put(&path(&scene.stocked), &body).send().await;
    answer.expect_status(200);
    assert_eq!(app.readings().await, before);
    let nothing = json!({ "data": { "total": 5 } });
    let answer = app.put(&path(&id(404)), &nothing).send().await;
    answer.expect_status(404);
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    let body = json!({ "data": { "locations": { "berlin": { "available": 5 } } } });
    for form in FORMS {
        for id in [id(404), scene.product.clone(), "5".to_owned()] {
            let answer = app.put(&path(&id), &body).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn the_organizations_stock_needs_its_key() {
    let app = TestApp::new().await;
    let create = json!({ "data": { "quantity": 5 } });
    app.post(&path(&id(5)), &create)
        .organization()
        .send()
        .await
        .expect_status(201);
    let hub = json!({ "data": { "name": "Hub", "slug": "hub" } });
    let hub = app
        .post("/v2/inventories/locations", &hub)
        .organization()
        .send()
        .await;
    hub.expect_status(201);
    let before = app.readings().await;
    let body = json!({ "data": { "locations": { "hub": { "available": 5 } } } });
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.put(&path(&id(5)), &body).form(form).send().await;
        answer.expect_status(403);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
    let request = app
        .put(&path(&id(5)), &body)
        .organization()
        .in_store(&app.store.id);
    request.send().await.expect_status(200);
    assert_eq!(app.figures(&id(5)).await, [10, 0, 10]);
}

/// Actions, quantities and locations of a product's history.
async fn history(app: &TestApp, product: &str) -> Vec<Value> {
    let answer = app.get(&format!("{}/transactions", path(product)));
    let entries = answer.form(Form::MultiLocation).send().await.data();
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| {
            let attributes = &entry["attributes"];
            json!([
                attributes["action"],
                attributes["quantity"],
                attributes.get("location")
            ])
        })
        .collect()
}

#[tokio::test]
async fn an_entry_is_written_for_each_figure_that_changes_and_no_other() {
    let app = TestApp::new().await;
    for slug in ["berlin", "paris", "rome"] {
        app.create_location(slug).await;
    }
    app.create_stock(&id(1), 7).await;
    for (locations, expected) in [
        (json!({}), json!([])),
        (
            json!({ "berlin": { "available": 10 } }),
            json!([["increment", 10, "berlin"]]),
        ),
        (json!({ "berlin": { "available": 10 } }), json!([])),
        (
            json!({ "berlin": { "available": 4 } }),
            json!([["decrement", 6, "berlin"]]),
        ),
        (json!({ "paris": { "available": 0 } }), json!([])),
        (json!({ "rome": null }), json!([])),
        (json!({ "paris": null }), json!([])),
        (
            json!({ "berlin": null }),
            json!([["decrement", 4, "berlin"]]),
        ),
        (json!({ "berlin": null }), json!([])),
    ] {
        let before = history(&app, &id(1)).await;
        let body = json!({ "data": { "locations": locations } });
        app.put(&path(&id(1)), &body)
            .send()
            .await
            .expect_status(200);
        let after = history(&app, &id(1)).await;
        assert_eq!(json!(after[before.len()..]), expected, "{locations}");
    }
    assert_eq!(app.figures(&id(1)).await, [7, 0, 7]);
    assert_eq!(
        app.stock(&id(1)).await["attributes"]["locations"],
        json!({})
    );
}

#[tokio::test]
async fn what_is_not_named_stays() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.transact_at(&scene.stocked, "berlin", "allocate", 5)
        .await;
    let body = json!({ "data": { "locations": { "empty": { "available": 3 } }, "quantity": 99 } });
    app.put(&path(&scene.stocked), &body)
        .send()
        .await
        .expect_status(200);
    let stock = app.stock(&scene.stocked).await;
    assert_eq!(
        stock["attributes"],
        json!({
            "available": 88,
            "allocated": 15,
            "total": 103,
            "locations": {
                "berlin": { "available": 15, "allocated": 5, "total": 20 },
                "empty": { "available": 3, "allocated": 0, "total": 3 },
            },
        })
    );
    // The figure that is set is the available one: what is allocated stays allocated.
    let body = json!({ "data": { "locations": { "berlin": { "available": 0 } } } });
    app.put(&path(&scene.stocked), &body)
        .send()
        .await
        .expect_status(200);
    let berlin = app.stock(&scene.stocked).await["attributes"]["locations"]["berlin"].take();
    assert_eq!(
        berlin,
        json!({ "available": 0, "allocated": 5, "total": 5 })
    );
}

#[tokio::test]
async fn both_shapes_of_the_body_are_read_in_either_form() {
    for form in FORMS {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let locations = |available: u64| json!({ "berlin": { "available": available } });
        for (available, data) in [
            (1, json!({ "locations": locations(1) })),
            (2, json!({ "attributes": { "locations": locations(2) } })),
            (
                3,
                json!({ "id": scene.stocked, "type": "stock", "locations": locations(3) }),
            ),
            (
                4,
                json!({ "attributes": { "id": scene.stocked, "locations": locations(4) } }),
            ),
        ] {
            let body = json!({ "data": data });
            app.put(&path(&scene.stocked), &body)
                .form(form)
                .send()
                .await
                .expect_status(200);
            assert_eq!(
                app.figures(&scene.stocked).await[0],
                70 + available,
                "{data}"
            );
        }
    }
}
