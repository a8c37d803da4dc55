//! `?at=`: stock as it stood.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, TestApp, Transcript, id, query};

fn path(product: &str) -> String {
    format!("/v2/inventories/{product}")
}

/// The time of the application's clock, as `at` takes it.
fn now(app: &TestApp) -> String {
    app.now().to_string()
}

async fn at(app: &TestApp, path: &str, at: &str) -> (u16, Value) {
    let path = query(path, &[("at", at)]);
    let answer = app.get(&path).form(Form::MultiLocation).send().await;
    (answer.status, answer.data())
}

#[tokio::test]
async fn read_at_a_time() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    let before = now(&app);
    app.create_location("berlin").await;
    app.create_stock(&id(1), 5).await;
    let then = now(&app);
    app.transact_at(&id(1), "berlin", "increment", 20).await;
    app.transact(&id(1), "allocate", 2).await;
    for form in FORMS {
        for (what, time) in [("before", &before), ("then", &then)] {
            let path = query(&path(&id(1)), &[("at", time)]);
            let answer = app.get(&path).form(form).send().await;
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn every_reading_answers_for_the_time() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    app.create_stock(&id(2), 7).await;
    let then = now(&app);
    let listed = app.get("/v2/inventories").form(Form::MultiLocation);
    let listed = listed.send().await.data();
    let read = app.get(&path(&id(1))).form(Form::MultiLocation);
    let read = read.send().await.data();
    app.transact(&id(1), "decrement", 5).await;
    app.delete(&path(&id(2))).send().await.expect_status(204);
    app.create_stock(&id(3), 1).await;
    assert_eq!(at(&app, &path(&id(1)), &then).await, (200, read.clone()));
    assert_eq!(
        at(&app, "/v2/inventories", &then).await,
        (200, listed.clone())
    );
    assert_eq!(at(&app, &path(&id(3)), &then).await.0, 404);
    let several = json!({ "data": [{ "id": id(2) }, { "id": id(1) }] });
    let several = app.post(
        &query("/v2/inventories/multiple", &[("at", &then)]),
        &several,
    );
    let several = several.form(Form::MultiLocation).send().await.data();
    assert_eq!(several, json!([listed[1], listed[0]]));
    let filtered = query("/v2/inventories", &[("filter", "gt(available,5)")]);
    let filtered = format!("{filtered}&at={then}");
    let filtered = app.get(&filtered).form(Form::MultiLocation).send().await;
    assert_eq!(filtered.data(), json!([listed[1]]));
    assert_eq!(filtered.json()["meta"]["results"]["total"], 1);
    let history = format!("{}/transactions", path(&id(1)));
    let (_, history) = at(&app, &history, &then).await;
    assert_eq!(history.as_array().unwrap().len(), 1);
}

/// Following the links.
#[tokio::test]
async fn pages_keep_the_time() {
    let app = TestApp::new().await;
    for number in 1..=3 {
        app.create_stock(&id(number), 5).await;
    }
    let then = now(&app);
    for number in 1..=3 {
        app.delete(&path(&id(number)))
            .send()
            .await
            .expect_status(204);
    }
    let mut next = query("/v2/inventories", &[("page[limit]", "1"), ("at", &then)]);
    let mut ids = Vec::new();
    loop {
        let answer = app.get(&next).send().await;
        ids.extend(answer.ids());
        match answer.json()["links"]["next"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(ids, [id(1), id(2), id(3)]);
}

#[tokio::test]
async fn times_have_many_forms() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let path = path(&id(1));
    for (text, status) in [
        ("2026-01-31T09:30:30Z", 400),
        ("2026-01-31T12:00:00+02:30", 404),
        ("2026-01-31", 404),
        ("1769851800000", 404),
        ("", 400),
        ("yesterday", 400),
        ("2026-01-31T09:30:00", 400),
        ("9999999999999999999", 400),
    ] {
        assert_eq!(at(&app, &path, text).await.0, status, "{text}");
    }
    let twice = format!("{path}?at=2026-01-31&at=2026-01-31");
    app.get(&twice).send().await.expect_status(400);
}

/// Implicit tokens read the past as they read the present.
#[tokio::test]
async fn whoever_reads_stock_reads_its_past() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let then = now(&app);
    let implicit = app.implicit_token().await;
    let read = query(&path(&id(1)), &[("at", &then)]);
    app.get(&read)
        .token(&implicit)
        .send()
        .await
        .expect_status(200);
}
