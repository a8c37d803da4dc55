//! Undoing transactions and batches.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, TestApp, Transcript, id};

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
