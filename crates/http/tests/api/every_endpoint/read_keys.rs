//! Keys that may only read.

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use stockroom_domain::Owner;

use super::order_of_refusals::unknown;
use crate::support::{Answer, FORMS, Form, GroupedTranscript, TestApp, TestRequest, endpoints};

/// Tokens of the store and of the organization that only read, each beside one of full access.
async fn tokens(app: &TestApp) -> [(String, String); 2] {
    let store = app.reading_token_of(Owner::Store(app.store.id)).await;
    let organization = app.reading_token_of(Owner::Organization).await;
    [
        (store, app.token.clone()),
        (organization, app.organization_token.clone()),
    ]
}

#[tokio::test]
async fn every_reading_is_answered_as_to_others() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let tokens = tokens(&app).await;
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        if !endpoint.only_reads() {
            continue;
        }
        for (reading, full) in &tokens {
            for form in FORMS {
                let request = endpoint.request(&app, &scene).form(form);
                let answer = request.clone().token(reading).send().await;
                let expected = request.clone().token(full).send().await;
                assert!([200, 404].contains(&answer.status), "{endpoint:?}");
                assert_eq!(answer.status, expected.status, "{endpoint:?}");
                if endpoint.tells_the_time() {
                    assert_eq!(answer.text().len(), expected.text().len(), "{endpoint:?}");
                } else {
                    assert_eq!(answer.text(), expected.text(), "{endpoint:?}");
                }
                if endpoint.method == Method::GET {
                    let head = request.head().token(reading);
                    head.send().await.expect_status(expected.status);
                }
            }
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn every_change_is_forbidden() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let tokens = tokens(&app).await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        if endpoint.only_reads() {
            continue;
        }
        for (reading, _) in &tokens {
            for form in FORMS {
                let request = endpoint.request(&app, &scene).form(form);
                let answer = request.token(reading).send().await;
                answer.expect_status(403);
                transcript.add(form, &answer);
            }
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

/// 403 goes before 400 and 404, even where the body has to be read to find out.
#[tokio::test]
async fn what_a_key_may_not_goes_before_the_rest() {
    let app = TestApp::new().await;
    app.scene().await;
    let [(reading, _), _] = tokens(&app).await;
    let before = app.readings().await;
    let unknown = unknown();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        if endpoint.only_reads() {
            continue;
        }
        for body in ["{", "[]", r#"{"data":5}"#, r#"{"data":[],"dry_run":null}"#] {
            let request = endpoint.bare(&app, &unknown).body(body);
            let request = request.header("content-type", "application/json");
            let request = request.header("idempotency-key", "no valid one");
            let answer = request.in_store(&"garbage").token(&reading).send().await;
            answer.expect_status(403);
        }
    }
    assert_eq!(app.readings().await, before);
}

/// The answer that was kept for somebody else is not shown either.
#[tokio::test]
async fn no_change_is_repeated() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let [(reading, full), _] = tokens(&app).await;
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        if endpoint.only_reads() {
            continue;
        }
        let request = endpoint.request(&app, &scene);
        let request = request.header("idempotency-key", endpoint.id());
        request.clone().token(&full).send().await;
        let before = app.readings().await;
        request.token(&reading).send().await.expect_status(403);
        assert_eq!(app.readings().await, before);
    }
}

/// A batch of each kind.
fn batches(product: &str) -> [(&'static str, Value); 2] {
    [
        (
            "/v2/inventories/transactions",
            json!({ "data": [{ "product_id": product, "action": "increment", "quantity": 5 }] }),
        ),
        (
            "/v2/inventories/counts",
            json!({ "data": [{ "product_id": product, "counted": 85 }] }),
        ),
    ]
}

#[tokio::test]
async fn a_dry_run_of_a_batch_is_allowed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let [(reading, _), _] = tokens(&app).await;
    let before = app.readings().await;
    for (path, mut body) in batches(&scene.stocked) {
        for (dry_run, status) in [
            (json!(true), 207),
            (json!(false), 403),
            (json!("true"), 403),
            (json!(1), 403),
            (json!(null), 403),
            (json!([true]), 403),
        ] {
            body["dry_run"] = dry_run;
            for form in FORMS {
                let request = app.post(path, &body).form(form).token(&reading);
                let answer = request.send().await;
                answer.expect_status(status);
                assert_eq!(
                    answer.json()["meta"]["dry_run"] == true,
                    status == 207,
                    "{body}"
                );
            }
        }
        // Only beside the lines.
        let inside = json!({ "data": { "attributes": body["data"], "dry_run": true } });
        let request = app.post(path, &inside).token(&reading);
        request.send().await.expect_status(403);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_dry_run_of_a_file_is_allowed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let [(reading, _), _] = tokens(&app).await;
    app.finish_imports().await;
    let before = app.figures(&scene.stocked).await;
    let file = format!("product_id,action,quantity\n{},set,95\n", scene.stocked);
    let send = async |query: &str| -> Answer {
        let request: TestRequest<'_> = app.request(Method::POST, "/v2/inventories/imports");
        let request = request.query(query).header("content-type", "text/csv");
        request.body(file.clone()).token(&reading).send().await
    };
    for query in [
        "",
        "dry_run=false",
        "dry_run=True",
        "dry_run",
        "dry_run=true&dry_run=true",
        "dry_run=true&dry_run=false",
        "abort_after=-1",
    ] {
        send(query).await.expect_status(403);
    }
    let accepted = send("dry_run=true").await;
    accepted.expect_status(202);
    let id = accepted.created_id();
    for step in ["cancel", "undo"] {
        let path = format!("/v2/inventories/imports/{id}/{step}");
        let refused = app.post_nothing(&path).token(&reading).send().await;
        refused.expect_status(403);
    }
    app.finish_imports().await;
    let job = app.import_job(&id).await;
    assert_eq!(job["attributes"]["status"], "success", "{job}");
    assert_eq!(app.figures(&scene.stocked).await, before);
}

#[tokio::test]
async fn the_access_of_a_key_is_that_of_its_tokens_at_once() {
    let app = TestApp::new().await;
    app.create_stock("00000000-0000-0000-0000-000000000001", 5)
        .await;
    let key = app.key(Owner::Store(app.store.id), true).await;
    let token = async || app.token_for(&key.key.client_id, &key.client_secret).await;
    let full = token().await;
    let implicit = json!({ "grant_type": "implicit", "client_id": key.key.client_id });
    let implicit = app.post("/oauth/access_token", &implicit).send().await;
    let implicit = implicit.json()["access_token"].take();
    let path = format!("/v2/application-keys/{}", key.key.id);
    let set = async |access: &str| {
        let body = json!({ "data": { "access": access } });
        app.put(&path, &body).send().await.expect_status(200);
    };
    let status = async |token: &str| {
        let read = app.get("/v2/inventories").token(token).send().await.status;
        let location = json!({ "data": { "name": "Paris", "slug": format!("p{}", app.now().as_milliseconds()) } });
        let change = app.post("/v2/inventories/locations", &location);
        (
            read,
            change.form(Form::Basic).token(token).send().await.status,
        )
    };
    set("full").await;
    assert_eq!(status(&full).await, (200, 201));

    set("read").await;
    assert_eq!(status(&full).await, (401, 401));
    assert_eq!(status(implicit.as_str().unwrap()).await, (200, 403));
    let reading = token().await;
    assert_eq!(status(&reading).await, (200, 403));
    // A key that may only read gives nobody more.
    let more = json!({ "data": { "access": "full" } });
    let refused = app.put(&path, &more).token(&reading).send().await;
    refused.expect_status(403);
    set("read").await;
    assert_eq!(status(&reading).await, (200, 403));

    set("full").await;
    assert_eq!(status(&full).await, (401, 401));
    assert_eq!(status(&reading).await, (200, 403));
    assert_eq!(status(&token().await).await, (200, 201));
}
