//! Counts of one position and of many.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, FORMS, Form, TestApp, Transcript, id};

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    app
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
        (&path, json!({ "as_of": now }), 400),
        (&path, json!({ "counted": 4, "as_of": null }), 400),
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

/// The examples of the contract, each from 10 on hand.
#[tokio::test]
async fn a_difference_is_applied_once() {
    let app = app().await;
    let path = format!("/v2/inventories/{}/counts", id(1));
    app.transact(&id(1), "set", 10).await;
    let mut times = Vec::new();
    for _ in 0..2 {
        times.push(app.now().to_string());
        app.clock.advance_seconds(1);
    }
    let count =
        |counted: u64, as_of: &str| json!({ "data": { "counted": counted, "as_of": as_of } });
    for (counted, as_of, left) in [(8, 0, 8), (8, 1, 8), (8, 1, 8), (6, 1, 6), (9, 1, 9)] {
        let body = count(counted, &times[as_of]);
        app.post(&path, &body)
            .form(Form::MultiLocation)
            .send()
            .await
            .expect_status(201);
        assert_eq!(app.figures(&id(1)).await, [left, 0, left]);
    }
    let older = app
        .post(&path, &count(9, &times[0]))
        .form(Form::MultiLocation)
        .send()
        .await;
    older.expect_status(409);
    assert_snapshot!(older.text());
}

async fn counted_many(app: &TestApp, form: Form, body: &Value) -> Answer {
    app.post("/v2/inventories/counts", body)
        .form(form)
        .send()
        .await
}

/// Where it would be left out, the count would be one of now.
#[tokio::test]
async fn a_line_has_no_time_of_its_own() {
    let app = app().await;
    let before = app.figures(&id(1)).await;
    let line = json!({ "product_id": id(1), "counted": 2, "as_of": "2001-01-01T00:00:00Z" });
    let answer = counted_many(&app, Form::Basic, &json!({ "data": [line] })).await;
    answer.expect_status(207);
    let detail = &answer.json()["data"][0]["errors"][0]["detail"];
    assert_eq!(*detail, "as_of must stand beside data, for all counts");
    assert_eq!(app.figures(&id(1)).await, before);
}

#[tokio::test]
async fn many_are_counted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        app.create_location("berlin").await;
        let as_of = app.now().to_string();
        app.transact(&id(1), "increment", 2).await;
        let lines = json!([
            { "type": "stock-count", "product_id": id(1), "counted": 4, "reference": "autumn" },
            { "attributes": { "product_id": id(1), "counted": 3, "location": "berlin" } },
            { "product_id": id(1), "counted": 6, "location": null },
            { "product_id": id(404), "counted": 1 },
            { "product_id": "no id", "counted": 1 },
            { "product_id": id(1) },
            { "product_id": id(1), "counted": 1, "type": "stock" },
            7,
        ]);
        let body = json!({ "data": lines, "as_of": as_of });
        let answer = counted_many(&app, form, &body).await;
        transcript.add(format!("{form}: each for itself"), &answer);
        answer.expect_status(207);
        assert_eq!(app.figures(&id(1)).await, [11, 0, 11]);
        let batch = answer.json()["meta"]["batch_id"].clone();
        let batch = batch.as_str().expect("the batch has an id");
        let undo = format!("/v2/inventories/transactions/{batch}/undo");
        app.post(&undo, &json!({}))
            .form(form)
            .send()
            .await
            .expect_status(201);
        assert_eq!(app.figures(&id(1)).await, [7, 0, 7]);
        for lines in [&lines, &json!([{ "product_id": id(1), "counted": 1 }])] {
            let body = json!({ "data": lines, "atomic": true });
            let answer = counted_many(&app, form, &body).await;
            transcript.add(format!("{form}: all or none"), &answer);
        }
        assert_eq!(app.figures(&id(1)).await, [1, 0, 1]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn many_are_not_counted() {
    let app = app().await;
    let line = json!({ "product_id": id(1), "counted": 4 });
    let too_many = vec![line.clone(); 10_001];
    for body in [
        json!([line]),
        json!({ "data": line }),
        json!({ "data": [line], "as_of": "noon" }),
        json!({ "data": [line], "as_of": 5 }),
        json!({ "data": [line], "as_of": "2999-01-01T00:00:00Z" }),
        json!({ "data": [line], "atomic": 1 }),
        json!({ "data": too_many }),
    ] {
        let answer = counted_many(&app, Form::Basic, &body).await;
        answer.expect_status(400);
    }
    assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
}

/// A dry run of counts is answered as they would be, and changes nothing.
#[tokio::test]
async fn previewed() {
    let app = app().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let body = json!({
            "data": [
                { "product_id": id(1), "counted": 7 },
                { "product_id": id(2), "counted": 7 },
            ],
            "dry_run": true,
        });
        let answer = app.post("/v2/inventories/counts", &body).form(form);
        transcript.add(form, &answer.send().await);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}
