//! `GET /v2/inventories/locations/{location}`

use insta::assert_snapshot;

use super::PATH;
use crate::support::{FORMS, TestApp, Transcript, id};

#[tokio::test]
async fn found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app
            .get(&format!("{PATH}/{}", scene.location))
            .form(form)
            .send()
            .await;
        answer.expect_status(200);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for id in [id(404), "5".to_owned(), "transactions".to_owned()] {
            let answer = app.get(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}
