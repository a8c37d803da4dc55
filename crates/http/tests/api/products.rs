//! `/v2/products`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, QUANTITY_MAX, TestApp, Transcript, id};

const PATH: &str = "/v2/products";

fn whole() -> Value {
    json!({
        "type": "product",
        "name": "Chair",
        "sku": "CHAIR-1",
        "slug": "chair",
        "description": "Four legs",
        "status": "live",
        "commodity_type": "digital",
        "manage_stock": true,
        "external_ref": "C1",
        "stock": 5,
    })
}

async fn create(app: &TestApp, data: Value) -> String {
    let answer = app.post(PATH, &json!({ "data": data })).send().await;
    answer.expect_status(201);
    answer.created_id()
}

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        for (what, data) in [
            ("the least", json!({ "name": "Stool" })),
            ("managed", json!({ "name": "Table", "manage_stock": true })),
            ("with stock", json!({ "name": "Bench", "stock": 7 })),
            ("the whole", whole()),
        ] {
            let answer = app
                .post(PATH, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(201);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn create_refused() {
    let app = TestApp::new().await;
    let taken = create(&app, whole()).await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for data in [
            json!({}),
            json!({ "name": null }),
            json!({ "name": "" }),
            json!({ "name": "x".repeat(1_025) }),
            json!({ "name": "Stool", "sku": "" }),
            json!({ "name": "Stool", "sku": 5 }),
            json!({ "name": "Stool", "sku": "CHAIR-1" }),
            json!({ "name": "Stool", "external_ref": "C1" }),
            json!({ "name": "Stool", "sku": "STOOL-1 " }),
            json!({ "name": "Stool", "sku": "\t" }),
            json!({ "name": "Stool", "external_ref": "\u{a0}C2" }),
            json!({ "name": "Stool", "id": "5" }),
            json!({ "name": "Stool", "id": null }),
            json!({ "name": "Stool", "id": taken }),
            json!({ "name": "Stool", "status": "sold" }),
            json!({ "name": "Stool", "commodity_type": "liquid" }),
            json!({ "name": "Stool", "status": { "live": null } }),
            json!({ "name": "Stool", "manage_stock": "true" }),
            json!({ "name": "Stool", "manage_stock": null }),
            json!({ "name": "Stool", "stock": -1 }),
            json!({ "name": "Stool", "stock": 5.0 }),
            json!({ "name": "Stool", "stock": "5" }),
            json!({ "name": "Stool", "stock": null }),
            json!({ "name": "Stool", "stock": QUANTITY_MAX + 1 }),
            json!({ "name": "Stool", "type": "stock" }),
        ] {
            let answer = app
                .post(PATH, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn listed() {
    let app = TestApp::new().await;
    create(&app, whole()).await;
    create(&app, json!({ "name": "Stool" })).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for path in [
            PATH,
            "/v2/products?page[limit]=1",
            "/v2/products?page[offset]=5",
        ] {
            let answer = app.get(path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(form, &answer);
        }
        let answer = app
            .get("/v2/products?page[limit]=101")
            .form(form)
            .send()
            .await;
        answer.expect_status(400);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn read() {
    let app = TestApp::new().await;
    let product = create(&app, whole()).await;
    app.create_stock(&id(1), 5).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app
            .get(&format!("{PATH}/{product}"))
            .form(form)
            .send()
            .await;
        answer.expect_status(200);
        transcript.add(form, &answer);
        // Stock of an unregistered product doesn't register it.
        for id in [id(404), id(1), "5".to_owned()] {
            let answer = app.get(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn updated() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let product = create(&app, whole()).await;
        let path = format!("{PATH}/{product}");
        for data in [
            json!({}),
            json!({ "type": "product", "name": "Armchair" }),
            json!({ "stock": 9, "sku": null, "status": "draft" }),
            json!({ "attributes": { "stock": 0 } }),
        ] {
            let answer = app
                .put(&path, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(200);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn update_refused() {
    let app = TestApp::new().await;
    create(&app, whole()).await;
    let product = create(&app, json!({ "name": "Stool", "stock": 5 })).await;
    app.transact(&product, "allocate", 3).await;
    let shared = json!({ "data": { "name": "Shared" } });
    let shared = app
        .post(PATH, &shared)
        .organization()
        .send()
        .await
        .created_id();
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (status, id, data) in [
            (400, &product, json!({ "name": null })),
            (400, &product, json!({ "name": "" })),
            (400, &product, json!({ "sku": "CHAIR-1" })),
            (400, &product, json!({ "external_ref": "C1" })),
            (400, &product, json!({ "status": null })),
            (400, &product, json!({ "stock": null })),
            (400, &product, json!({ "type": "stock" })),
            (403, &shared, json!({ "name": "Mine" })),
            (404, &id(404), json!({ "name": "Nothing" })),
            (404, &"5".to_owned(), json!({ "name": "Nothing" })),
            // 3 are allocated.
            (422, &product, json!({ "name": "Less", "stock": 2 })),
            // A bad request goes first.
            (400, &product, json!({ "sku": "CHAIR-1", "stock": 2 })),
        ] {
            let request = app.put(&format!("{PATH}/{id}"), &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn deleted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let stocked = create(&app, whole()).await;
        let bare = create(&app, json!({ "name": "Stool", "sku": "S" })).await;
        let shared = json!({ "data": { "name": "Shared" } });
        let shared = app
            .post(PATH, &shared)
            .organization()
            .send()
            .await
            .created_id();
        for (status, id) in [
            (204, &bare),
            (404, &bare),
            (404, &"5".to_owned()),
            (400, &stocked),
            (403, &shared),
        ] {
            let answer = app.delete(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
        app.get(&format!("{PATH}/{stocked}"))
            .send()
            .await
            .expect_status(200);
        // Its sku is free again.
        create(&app, json!({ "name": "Stool", "sku": "S" })).await;
        app.delete(&format!("/v2/inventories/{stocked}"))
            .send()
            .await
            .expect_status(204);
        app.delete(&format!("{PATH}/{stocked}"))
            .send()
            .await
            .expect_status(204);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn a_first_stock_level_creates_stock_in_the_same_step() {
    let app = TestApp::new().await;
    for (data, level) in [
        (json!({ "name": "A" }), None),
        (json!({ "name": "B", "manage_stock": false }), None),
        (json!({ "name": "C", "manage_stock": true }), Some(0)),
        (
            json!({ "name": "D", "manage_stock": true, "stock": 5 }),
            Some(5),
        ),
        (json!({ "name": "E", "stock": 5 }), Some(5)),
        (json!({ "name": "F", "stock": 0 }), Some(0)),
        (
            json!({ "name": "G", "attributes": { "stock": QUANTITY_MAX } }),
            Some(QUANTITY_MAX),
        ),
    ] {
        let product = create(&app, data.clone()).await;
        let stock = app.get(&format!("/v2/inventories/{product}")).send().await;
        stock.expect_status(if level.is_some() { 200 } else { 404 });
        if let Some(level) = level {
            assert_eq!(stock.data()["available"], level, "{data}");
            let history = app.get(&format!("/v2/inventories/{product}/transactions"));
            let history = history.send().await.data();
            assert_eq!(history.as_array().unwrap().len(), 1);
            assert_eq!(history[0]["action"], "create");
        }
        let read = app.get(&format!("{PATH}/{product}")).send().await.data();
        let level = level.unwrap_or(0);
        let availability = if level > 0 { "in-stock" } else { "out-stock" };
        let expected = json!({ "level": level, "availability": availability });
        assert_eq!(read["meta"]["stock"], expected, "{data}");
    }
}

#[tokio::test]
async fn the_level_is_what_is_available_everywhere() {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    let product = create(&app, json!({ "name": "Chair", "stock": 5 })).await;
    app.transact_at(&product, "berlin", "increment", 20).await;
    app.transact(&product, "allocate", 5).await;
    let path = format!("{PATH}/{product}");
    let level = async || app.get(&path).send().await.data()["meta"]["stock"]["level"].take();
    assert_eq!(level().await, 20);
    // A PUT sets the unlocated level as `set` does: its total, of which 5 are allocated.
    let answer = app
        .put(&path, &json!({ "data": { "stock": 8 } }))
        .send()
        .await;
    assert_eq!(answer.data()["meta"]["stock"]["level"], 23);
    assert_eq!(level().await, 23);
    assert_eq!(app.figures(&product).await, [23, 5, 28]);
    let history = app.get(&format!("/v2/inventories/{product}/transactions"));
    let history = history.form(Form::MultiLocation).send().await.data();
    let last = &history.as_array().unwrap().last().unwrap()["attributes"];
    assert_eq!(last["action"], "increment");
    assert_eq!(last["quantity"], 3);
}

#[tokio::test]
async fn a_put_creates_stock_where_there_is_none() {
    let app = TestApp::new().await;
    for (data, level) in [
        (json!({ "name": "Renamed" }), None),
        (json!({ "manage_stock": false }), None),
        (json!({ "manage_stock": true }), Some(0)),
        (json!({ "stock": 4 }), Some(4)),
    ] {
        let product = create(&app, json!({ "name": "Chair" })).await;
        let path = format!("{PATH}/{product}");
        app.put(&path, &json!({ "data": data }))
            .send()
            .await
            .expect_status(200);
        let stock = app.get(&format!("/v2/inventories/{product}")).send().await;
        stock.expect_status(if level.is_some() { 200 } else { 404 });
        // Switching it off leaves stock as it is.
        let off = json!({ "data": { "manage_stock": false } });
        app.put(&path, &off).send().await.expect_status(200);
        let after = app.get(&format!("/v2/inventories/{product}")).send().await;
        assert_eq!(after.text(), stock.text());
    }
}

#[tokio::test]
async fn texts_are_unique_where_they_are_set_within_their_level() {
    let app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    for field in ["sku", "external_ref"] {
        let body = json!({ "data": { "name": "Chair", field: "ONE" } });
        for request in [
            app.post(PATH, &body),
            app.post(PATH, &body).token(&other),
            app.post(PATH, &body).organization(),
        ] {
            request.clone().send().await.expect_status(201);
            request.send().await.expect_status(400);
        }
        // Several without one are fine, and one's own stays one's own.
        create(&app, json!({ "name": "Chair", field: null })).await;
        let second = create(&app, json!({ "name": "Chair" })).await;
        let path = format!("{PATH}/{second}");
        for (value, status) in [("TWO", 200), ("TWO", 200), ("ONE", 400)] {
            let update = json!({ "data": { field: value } });
            app.put(&path, &update).send().await.expect_status(status);
        }
    }
}

#[tokio::test]
async fn registered_under_an_id() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        app.create_stock(&id(2), 10).await;
        app.transact(&id(2), "allocate", 4).await;
        let own = json!({ "type": "product", "id": id(1), "name": "Chair", "stock": 5 });
        for (what, data, status) in [
            ("an id of the catalogue's", &own, 201),
            ("the same once more", &own, 400),
            (
                "of stock that is there, with less than is allocated",
                &json!({ "id": id(2), "name": "Table", "stock": 3 }),
                422,
            ),
            (
                "of stock that is there",
                &json!({ "attributes": { "id": id(2), "name": "Table", "stock": 10 } }),
                201,
            ),
        ] {
            let request = app.post(PATH, &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(status);
            transcript.add(format!("{form}: {what}"), &answer);
        }
        assert_eq!(app.figures(&id(2)).await, [6, 4, 10]);
    }
    assert_snapshot!(transcript.text());
}

/// Two stores may use one id, each for a product of its own; what the organization has is taken.
#[tokio::test]
async fn an_id_is_taken_by_what_can_be_seen() {
    let app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let (_, stranger, _) = app.stranger().await;
    let body = |number: u32| json!({ "data": { "id": id(number), "name": "Chair" } });
    let shared = app.post(PATH, &body(1)).organization();
    shared.send().await.expect_status(201);
    for (number, token, status) in [
        (1, &app.token, 400),
        (1, &other, 400),
        (1, &stranger, 201),
        (2, &app.token, 201),
        (2, &other, 201),
        (2, &app.organization_token, 400),
        (2, &stranger, 201),
    ] {
        let answer = app.post(PATH, &body(number)).token(token).send().await;
        answer.expect_status(status);
        if status == 400 {
            assert_eq!(answer.detail(), "Another product has this id");
            assert_eq!(answer.json()["errors"][0].get("meta"), None);
        }
    }
    // Each has its own.
    let path = format!("{PATH}/{}", id(2));
    let renamed = json!({ "data": { "name": "Armchair" } });
    app.put(&path, &renamed).send().await.expect_status(200);
    let unchanged = app.get(&path).token(&other).send().await;
    assert_eq!(unchanged.data()["name"], "Chair");
    app.delete(&path).send().await.expect_status(204);
    app.get(&path).token(&other).send().await.expect_status(200);
    app.get(&path).send().await.expect_status(404);
}

/// Whoever sends back what it has read writes nothing.
#[tokio::test]
async fn the_total_that_is_there_writes_no_entry() {
    let app = TestApp::new().await;
    let product = create(&app, whole()).await;
    app.transact(&product, "allocate", 2).await;
    let history = format!("/v2/inventories/{product}/transactions");
    let before = app.get(&history).send().await.text();
    let body = json!({ "data": { "stock": 5 } });
    let answer = app.put(&format!("{PATH}/{product}"), &body).send().await;
    answer.expect_status(200);
    assert_eq!(answer.data()["meta"]["stock"]["level"], 3);
    assert_eq!(app.get(&history).send().await.text(), before);
}
