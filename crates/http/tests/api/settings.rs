//! `/v2/settings/inventories`

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, TestApp, Transcript};

const PATH: &str = "/v2/settings/inventories";

#[tokio::test]
async fn read_and_updated() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let answer = app.get(PATH).organization().form(form).send().await;
        answer.expect_status(200);
        transcript.add(form, &answer);
        for data in [
            json!({ "type": "settings", "per_store_stock": true }),
            json!({}),
            json!({ "attributes": { "per_store_stock": false } }),
        ] {
            let request = app
                .put(PATH, &json!({ "data": data }))
                .organization()
                .form(form);
            let answer = request.send().await;
            answer.expect_status(200);
            transcript.add(form, &answer);
            let read = app.get(PATH).organization().form(form).send().await;
            assert_eq!(read.text(), answer.text());
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let valid = json!({ "data": { "type": "settings", "per_store_stock": true } });
        let answer = app.put(PATH, &valid).form(form).send().await;
        answer.expect_status(403);
        transcript.add(form, &answer);
        for data in [
            json!({ "per_store_stock": null }),
            json!({ "per_store_stock": "true" }),
            json!({ "per_store_stock": 1 }),
            json!({ "type": "stock" }),
        ] {
            let request = app
                .put(PATH, &json!({ "data": data }))
                .organization()
                .form(form);
            let answer = request.send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn each_organization_has_its_own() {
    let app = TestApp::new().await;
    let (_, _, strange) = app.stranger().await;
    let body = json!({ "data": { "per_store_stock": true } });
    app.put(PATH, &body)
        .organization()
        .send()
        .await
        .expect_status(200);
    let other = app.get(PATH).token(&strange).send().await;
    assert_eq!(other.data()["per_store_stock"], false);
}
