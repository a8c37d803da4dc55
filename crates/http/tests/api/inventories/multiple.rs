//! `POST /v2/inventories/multiple`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, TestApp, Transcript, id};

const PATH: &str = "/v2/inventories/multiple";

fn asking_for(ids: &[&str]) -> Value {
    let ids: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({ "data": ids })
}

#[tokio::test]
async fn found() {
    let app = TestApp::new().await;
    app.scene().await;
    app.create_stock(&id(2), 5).await;
    app.create_stock(&id(3), 0).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, body) in [
            ("in the order asked", asking_for(&[&id(2), &id(1)])),
            ("none asked for", asking_for(&[])),
        ] {
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn missing() {
    let app = TestApp::new().await;
    app.scene().await;
    let mut transcript = Transcript::default();
    let body = asking_for(&["5", &id(1), &id(9), &id(8), "5", &id(9), ""]);
    for form in FORMS {
        let answer = app.post(PATH, &body).form(form).send().await;
        answer.expect_status(if form == Form::Basic { 200 } else { 404 });
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    app.scene().await;
    let mut transcript = Transcript::default();
    let id = id(1);
    let too_many = asking_for(&vec![id.as_str(); 1_001]);
    for form in FORMS {
        for (what, body) in [
            ("no list", json!({ "data": { "id": id } })),
            ("no objects", json!({ "data": [id] })),
            ("no id", json!({ "data": [{}] })),
            ("an id that is no text", json!({ "data": [{ "id": 5 }] })),
            ("an id that is null", json!({ "data": [{ "id": null }] })),
            ("a list in place of an object", json!({ "data": [[id]] })),
            ("too many", too_many.clone()),
        ] {
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(400);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn repeated_ids_are_answered_once() {
    let app = TestApp::new().await;
    for number in 1..=3 {
        app.create_stock(&id(number), 5).await;
    }
    let upper = id(2).to_uppercase();
    let body = asking_for(&[&id(3), &id(2), &id(3), &upper, &id(1), &id(2)]);
    for form in FORMS {
        let answer = app.post(PATH, &body).form(form).send().await;
        assert_eq!(answer.ids(), [id(3), id(2), id(1)]);
    }
}

#[tokio::test]
async fn a_thousand_are_answered_at_once() {
    let app = TestApp::new().await;
    app.create_many_stocks(1_000).await;
    let mut ids: Vec<String> = (0..1_000).map(id).collect();
    ids.reverse();
    let body = asking_for(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    for form in FORMS {
        assert_eq!(app.post(PATH, &body).form(form).send().await.ids(), ids);
    }
}

#[tokio::test]
async fn what_is_another_organizations_is_missing() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let (_, stranger, _) = app.stranger().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let body = asking_for(&[&scene.stocked]);
    for token in [&stranger, &other, &app.organization_token] {
        let basic = app.post(PATH, &body).token(token).send().await;
        assert_eq!(basic.ids(), [""; 0]);
        let request = app.post(PATH, &body).token(token).form(Form::MultiLocation);
        let answer = request.send().await;
        answer.expect_status(404);
        let missing = &answer.json()["errors"][0]["meta"]["missing_ids"];
        assert_eq!(*missing, json!([scene.stocked]));
    }
}
