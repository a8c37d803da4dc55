//! `GET /v2/inventories/verify`

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, Form, TestApp, Transcript, id, query};

const PATH: &str = "/v2/inventories/verify";

fn path(product: &str) -> String {
    query(PATH, &[("product_id", product)])
}

#[tokio::test]
async fn intact() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.get(&path(&scene.stocked)).form(form).send().await;
        answer.expect_status(200);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_last_hash_is_that_of_the_last_transaction() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let history = format!("/v2/inventories/{}/transactions", scene.stocked);
    let history = app.get(&history).form(Form::MultiLocation).send().await;
    let history = history.data();
    let last = history.as_array().unwrap().last().unwrap();
    let verified = app.get(&path(&scene.stocked)).send().await.data();
    assert_eq!(verified["attributes"]["last_hash"], last["meta"]["hash"]);
    assert_eq!(
        verified["attributes"]["entries"],
        last["attributes"]["sequence"]
    );
}

#[tokio::test]
async fn damaged() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.embezzle(&scene.stocked, 3).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.get(&path(&scene.stocked)).form(form).send().await;
        transcript.add(form, &answer);
    }
    // What is built on it contradicts what was there before.
    app.transact(&scene.stocked, "decrement", 1).await;
    let answer = app.get(&path(&scene.stocked)).send().await;
    transcript.add("a transaction later", &answer);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    let twice = format!("{}&product_id={}", path(&scene.stocked), id(2));
    for form in FORMS {
        for (what, path, status) in [
            ("no product", PATH.to_owned(), 400),
            ("an empty id", path(""), 400),
            ("no id", path("5"), 400),
            ("two products", twice.clone(), 400),
            ("never managed", path(&id(2)), 404),
            ("registered, but not managed", path(&scene.product), 404),
        ] {
            let answer = app.get(&path).form(form).send().await;
            answer.expect_status(status);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

/// A caller verifies the stock that it sees.
#[tokio::test]
async fn whose_stock_is_verified() {
    let app = TestApp::new().await;
    let product = id(1);
    let body = json!({ "data": { "quantity": 5 } });
    let create = app.post(&format!("/v2/inventories/{product}"), &body);
    create.organization().send().await.expect_status(201);
    let (_, other_store) = app.another_store("Acme Hamburg").await;
    let own = id(2);
    app.create_stock(&own, 1).await;
    let (_, stranger, strange_organization) = app.stranger().await;
    for (token, statuses) in [
        (&app.token, [200, 200]),
        (&app.organization_token, [200, 404]),
        (&other_store, [200, 404]),
        (&stranger, [404, 404]),
        (&strange_organization, [404, 404]),
    ] {
        for (product, status) in [&product, &own].into_iter().zip(statuses) {
            let request = app.get(&path(product)).token(token);
            request.send().await.expect_status(status);
        }
    }
    // Deleted stock isn't anyone's.
    let delete = app.delete(&format!("/v2/inventories/{own}"));
    delete.send().await.expect_status(204);
    app.get(&path(&own)).send().await.expect_status(404);
}
