//! `DELETE /v2/inventories/locations/{location}`

use insta::assert_snapshot;
use serde_json::json;

use super::PATH;
use crate::support::{FORMS, Form, TestApp, Transcript, id};

#[tokio::test]
async fn deleted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let path = format!("{PATH}/{}", scene.location);
        let answer = app.delete(&path).form(form).send().await;
        answer.expect_status(204);
        transcript.add(form, &answer);
        for gone in [app.delete(&path), app.get(&path)] {
            let answer = gone.form(form).send().await;
            answer.expect_status(404);
            transcript.add(format!("{form}, afterwards"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused_while_stock_lies_there() {
    let app = TestApp::new().await;
    let berlin = app.create_location("berlin").await;
    app.create_stock(&id(1), 0).await;
    app.transact_at(&id(1), "berlin", "increment", 5).await;
    app.transact_at(&id(1), "berlin", "allocate", 5).await;
    let before = app.readings().await;
    let path = format!("{PATH}/{berlin}");
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.delete(&path).form(form).send().await;
        answer.expect_status(400);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for id in [id(404), "5".to_owned()] {
            let answer = app.delete(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn its_empty_positions_go_with_it_and_its_history_stays() {
    let app = TestApp::new().await;
    let berlin = app.create_location("berlin").await;
    app.create_stock(&id(1), 7).await;
    app.transact_at(&id(1), "berlin", "increment", 5).await;
    app.transact_at(&id(1), "berlin", "decrement", 5).await;
    app.delete(&format!("{PATH}/{berlin}"))
        .send()
        .await
        .expect_status(204);
    let stock = app.stock(&id(1)).await;
    assert_eq!(stock["attributes"]["locations"], json!({}));
    assert_eq!(app.figures(&id(1)).await, [7, 0, 7]);
    let history = format!("/v2/inventories/{}/transactions", id(1));
    let entries = app
        .get(&history)
        .form(Form::MultiLocation)
        .send()
        .await
        .data();
    assert_eq!(entries[1]["attributes"]["location"], "berlin");
    assert_eq!(entries[2]["attributes"]["location"], "berlin");
    let body = json!({ "data": { "action": "increment", "quantity": 1, "location": "berlin" } });
    app.post(&history, &body).send().await.expect_status(400);
}
