//! `POST /v2/inventories/transactions`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, TestApp, Transcript, id};

const PATH: &str = "/v2/inventories/transactions";

fn line(product: &str, action: &str, quantity: u64) -> Value {
    json!({ "type": "stock-transaction", "product_id": product, "action": action, "quantity": quantity })
}

/// An application with five pieces of a product.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    app
}

#[tokio::test]
async fn all_made() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        app.create_location("berlin").await;
        let in_location = json!({ "attributes": {
            "product_id": id(1), "action": "increment", "quantity": 1, "location": "berlin",
        } });
        let data = json!([
            line(&id(1), "allocate", 5),
            line(&id(1), "deallocate", 2),
            in_location
        ]);
        let body = json!({ "data": data, "atomic": true });
        let answer = app.post(PATH, &body).form(form).send().await;
        answer.expect_status(201);
        transcript.add(form, &answer);
        assert_eq!(app.figures(&id(1)).await, [3, 3, 6]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn each_for_itself() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = app().await;
        let mut nowhere = line(&id(1), "increment", 1);
        nowhere["location"] = json!("nowhere");
        let mut other_type = line(&id(1), "increment", 1);
        other_type["type"] = json!("stock");
        let data = json!([
            line(&id(1), "allocate", 5),
            line(&id(1), "allocate", 1),
            line(&id(2), "allocate", 1),
            line("no id", "allocate", 1),
            line(&id(1), "create", 1),
            json!({ "action": "allocate", "quantity": 1 }),
            json!({ "product_id": id(1), "action": "allocate", "quantity": 1.5 }),
            json!(7),
            nowhere,
            other_type,
            line(&id(1), "deallocate", 5),
        ]);
        let answer = app
            .post(PATH, &json!({ "data": data }))
            .form(form)
            .send()
            .await;
        answer.expect_status(207);
        transcript.add(form, &answer);
        assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn none_made() {
    let app = app().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, failing, status) in [
            ("insufficient", line(&id(1), "allocate", 9), 422),
            ("unknown stock", line(&id(2), "allocate", 1), 404),
            (
                "no transaction",
                json!({ "product_id": id(1), "action": "allocate" }),
                400,
            ),
        ] {
            // What comes after the first that fails isn't looked at any more.
            let data = json!([line(&id(1), "allocate", 1), failing, json!("nonsense")]);
            let body = json!({ "data": data, "atomic": true });
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(status);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn refused() {
    let app = app().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    let too_many = vec![0; 10_001];
    for form in FORMS {
        for (what, body) in [
            ("no list", json!({ "data": line(&id(1), "increment", 1) })),
            ("no data", json!({ "atomic": true })),
            ("atomic is no truth", json!({ "data": [], "atomic": "yes" })),
            ("dry_run is no truth", json!({ "data": [], "dry_run": 1 })),
            ("too many", json!({ "data": too_many })),
        ] {
            let mut answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(400);
            answer.shorten_request(120);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn of_nothing_nothing_is_made() {
    let app = app().await;
    for (body, status) in [
        (json!({ "data": [] }), 207),
        (json!({ "data": [], "atomic": true }), 201),
    ] {
        let answer = app.post(PATH, &body).send().await;
        answer.expect_status(status);
        assert_eq!(answer.json(), json!({ "data": [] }));
    }
}

/// A dry run is answered as the batch would be, and changes nothing.
#[tokio::test]
async fn previewed() {
    let app = app().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for atomic in [false, true] {
            let lines = json!([line(&id(1), "allocate", 3), line(&id(1), "allocate", 3)]);
            let body = json!({ "data": lines, "atomic": atomic, "dry_run": true });
            let answer = app.post(PATH, &body).form(form).send().await;
            transcript.add(format!("{form}, atomic: {atomic}"), &answer);
        }
    }
    let nothing = json!({ "data": [], "dry_run": true });
    transcript.add("nothing", &app.post(PATH, &nothing).send().await);
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

/// A key with which a dry run came is still free.
#[tokio::test]
async fn a_preview_is_kept_under_no_key() {
    let app = app().await;
    let send = async |dry_run: bool| {
        let body = json!({ "data": [line(&id(1), "increment", 1)], "dry_run": dry_run });
        let request = app.post(PATH, &body).header("idempotency-key", "K");
        let answer = request.send().await;
        answer.expect_status(207);
    };
    send(true).await;
    send(true).await;
    assert_eq!(app.figures(&id(1)).await, [5, 0, 5]);
    send(false).await;
    send(false).await;
    assert_eq!(app.figures(&id(1)).await, [6, 0, 6]);
}
