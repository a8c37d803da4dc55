//! `DELETE /v2/inventories/{product}`

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, TestApp, Transcript, id};

#[tokio::test]
async fn deleted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        // Some of it is allocated, which doesn't hinder.
        let scene = app.scene().await;
        let path = format!("/v2/inventories/{}", scene.stocked);
        let answer = app.delete(&path).form(form).send().await;
        answer.expect_status(204);
        transcript.add(form, &answer);
        let transaction = json!({ "data": { "action": "increment", "quantity": 1 } });
        let history = format!("{path}/transactions");
        let entry = format!("{history}/{}", scene.transaction);
        for gone in [
            app.delete(&path),
            app.get(&path),
            app.get(&history),
            app.get(&entry),
            app.post(&history, &transaction),
            app.put(&path, &json!({ "data": {} })),
        ] {
            let answer = gone.form(form).send().await;
            answer.expect_status(404);
            transcript.add(format!("{form}, afterwards"), &answer);
        }
        let left = app.get("/v2/inventories").send().await.ids();
        assert_eq!(left, [scene.reserved]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_organizations_stock_needs_its_key() {
    let app = TestApp::new().await;
    let path = format!("/v2/inventories/{}", id(5));
    let body = json!({ "data": { "quantity": 5 } });
    app.post(&path, &body)
        .organization()
        .send()
        .await
        .expect_status(201);
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.delete(&path).form(form).send().await;
        answer.expect_status(403);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
    app.delete(&path)
        .organization()
        .send()
        .await
        .expect_status(204);
    app.get(&path).send().await.expect_status(404);
}
