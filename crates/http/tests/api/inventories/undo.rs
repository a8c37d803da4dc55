//! Undoing transactions and batches, and counting.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, Form, TestApp, Transcript, id};

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    app
}

fn path(transaction: &str) -> String {
    format!("/v2/inventories/{}/transactions/{transaction}", id(1))
}

#[tokio::test]
async fn undone() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        let made = app.transact(&id(1), "allocate", 2).await;
        let undo = format!("{}/undo", path(&made));
        for (what, request) in [
            ("undone", app.post_nothing(&undo)),
            ("again", app.post_nothing(&undo)),
            ("what is undone", app.get(&path(&made))),
        ] {
            let answer = request.form(form).send().await;
            transcript.add(format!("{form}: {what}"), &answer);
        }
        assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_undone() {
    let app = app().await;
    app.create_stock(&id(2), 5).await;
    let made = app.transact(&id(1), "increment", 2).await;
    app.transact(&id(1), "decrement", 6).await;
    let elsewhere = format!("/v2/inventories/{}/transactions/{made}/undo", id(2));
    for (path, status) in [
        (format!("{}/undo", path(&made)), 422),
        (format!("{}/undo", path(&id(404))), 404),
        (format!("{}/undo", path("5")), 404),
        (elsewhere, 404),
    ] {
        app.post_nothing(&path).send().await.expect_status(status);
    }
    let stock = format!("/v2/inventories/{}", id(1));
    app.delete(&stock).send().await.expect_status(204);
    let undo = format!("{}/undo", path(&made));
    app.post_nothing(&undo).send().await.expect_status(404);
}

#[tokio::test]
async fn a_batch_undone() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        let line = |action: &str, pieces: u64| json!({ "product_id": id(1), "action": action, "quantity": pieces });
        let lines = json!({ "data": [line("allocate", 5), line("increment", 1)], "atomic": true });
        let made = app
            .post("/v2/inventories/transactions", &lines)
            .send()
            .await;
        let batch = made.json()["meta"]["batch_id"].take();
        let batch = batch.as_str().unwrap();
        let undo = format!("/v2/inventories/transactions/{batch}/undo");
        for what in ["undone", "again"] {
            let answer = app.post_nothing(&undo).form(form).send().await;
            transcript.add(format!("{form}: {what}"), &answer);
        }
        assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
        let (_, other) = app.another_store("Other").await;
        for (path, token) in [
            (undo.as_str(), &other),
            (undo.as_str(), &app.organization_token),
            ("/v2/inventories/transactions/5/undo", &app.token),
        ] {
            let answer = app.post_nothing(path).token(token).send().await;
            answer.expect_status(404);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn counted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        app.create_location("berlin").await;
        app.transact_at(&id(1), "berlin", "increment", 3).await;
        let as_of = app.now().to_string();
        app.transact(&id(1), "allocate", 1).await;
        let path = format!("/v2/inventories/{}/counts", id(1));
        for (what, data) in [
            ("fewer", json!({ "counted": 4, "as_of": as_of })),
            ("too few", json!({ "counted": 0, "as_of": as_of })),
            (
                "more, in a location",
                json!({ "type": "stock-count", "attributes": {
                    "counted": 7, "as_of": as_of, "location": "berlin", "reference": "autumn",
                } }),
            ),
        ] {
            let answer = app
                .post(&path, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            transcript.add(format!("{form}: {what}"), &answer);
        }
        assert_eq!(app.figures(&id(1)).await, [10, 1, 11]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_counted() {
    let app = app().await;
    let before = "2026-01-31T09:30:00Z";
    let path = format!("/v2/inventories/{}/counts", id(1));
    let elsewhere = format!("/v2/inventories/{}/counts", id(404));
    let now = app.now().to_string();
    for (path, data, status) in [
        (&path, json!({ "counted": 4 }), 400),
        (&path, json!({ "as_of": now }), 400),
        (&path, json!({ "counted": -4, "as_of": now }), 400),
        (&path, json!({ "counted": 4, "as_of": "noon" }), 400),
        (&path, json!({ "counted": 4, "as_of": 5 }), 400),
        (
            &path,
            json!({ "counted": 4, "as_of": "2999-01-01T00:00:00Z" }),
            400,
        ),
        (
            &path,
            json!({ "counted": 4, "as_of": now, "location": "nowhere" }),
            400,
        ),
        (
            &path,
            json!({ "counted": 4, "as_of": now, "type": "stock" }),
            400,
        ),
        (&path, json!({ "counted": 4, "as_of": before }), 404),
        (&elsewhere, json!({ "counted": 4, "as_of": now }), 404),
    ] {
        let answer = app.post(path, &json!({ "data": data })).send().await;
        assert_eq!(answer.status, status, "{data}: {}", answer.text());
    }
    assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
    app.get(&path)
        .form(Form::Basic)
        .send()
        .await
        .expect_status(405);
}
