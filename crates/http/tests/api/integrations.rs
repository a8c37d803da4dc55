//! `/v2/integrations`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, TestApp, Transcript, id};

const PATH: &str = "/v2/integrations";

fn index() -> Value {
    json!({
        "type": "integration",
        "name": "Search index",
        "integration_type": "webhook",
        "observes": ["stock.created", "stock-transaction.created"],
        "configuration": { "url": "https://example.com/stock", "secret_key": "known to both" },
    })
}

/// The same with some fields replaced, some of them in the configuration.
fn but(fields: &Value, configuration: &Value) -> Value {
    let mut data = index();
    for (name, value) in fields.as_object().unwrap() {
        data[name] = value.clone();
    }
    for (name, value) in configuration.as_object().unwrap() {
        data["configuration"][name] = value.clone();
    }
    json!({ "data": data })
}

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        for body in [
            json!({ "data": index() }),
            but(
                &json!({ "description": "Follows Berlin", "enabled": false, "observes": ["*"] }),
                &json!({
                    "format": "standard",
                    "timeout_seconds": 30,
                    "filter": "eq(location,berlin)",
                    "secret_key": null,
                }),
            ),
        ] {
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(200);
            assert!(!answer.json().to_string().contains("known to both"));
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn create_refused() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    let nothing = || json!({});
    let mut transcript = Transcript::default();
    for (status, body) in [
        (400, json!({ "data": [] })),
        (400, but(&json!({ "name": 5 }), &nothing())),
        (400, but(&json!({ "type": "webhook" }), &nothing())),
        (400, but(&json!({ "observes": "*" }), &nothing())),
        (400, but(&json!({ "configuration": [] }), &nothing())),
        (422, json!({ "data": {} })),
        (422, but(&json!({ "name": "" }), &nothing())),
        (422, but(&json!({ "name": null }), &nothing())),
        (422, but(&json!({ "description": "x" }), &nothing())),
        (
            422,
            but(&json!({ "integration_type": "aws_sqs" }), &nothing()),
        ),
        (422, but(&json!({ "observes": [] }), &nothing())),
        (
            422,
            but(&json!({ "observes": ["order.created"] }), &nothing()),
        ),
        (422, but(&json!({ "configuration": {} }), &nothing())),
        (422, but(&nothing(), &json!({ "url": "ftp://example.com" }))),
        (
            422,
            but(&nothing(), &json!({ "url": "https://me@example.com" })),
        ),
        (
            422,
            but(&nothing(), &json!({ "url": "http://example.com" })),
        ),
        (422, but(&nothing(), &json!({ "url": "https://10.0.0.1" }))),
        (
            422,
            but(&nothing(), &json!({ "url": "https://[::ffff:7f00:1]" })),
        ),
        (422, but(&nothing(), &json!({ "url": "https://localhost" }))),
        (422, but(&nothing(), &json!({ "format": "xml" }))),
        (422, but(&nothing(), &json!({ "timeout_seconds": 31 }))),
        (422, but(&nothing(), &json!({ "timeout_seconds": "5" }))),
        (422, but(&nothing(), &json!({ "filter": "eq(reason,x)" }))),
        (
            422,
            but(&nothing(), &json!({ "filter": "like(location,b*)" })),
        ),
        (422, but(&nothing(), &json!({ "secret_key": "ä" }))),
    ] {
        let answer = app.post(PATH, &body).send().await;
        assert_eq!(answer.status, status, "{body}");
        transcript.add(Form::Basic, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn one_more_than_the_limit_is_refused() {
    let app = TestApp::new().await;
    for _ in 0..50 {
        let created = app.post(PATH, &json!({ "data": index() })).send().await;
        created.expect_status(200);
    }
    let refused = app.post(PATH, &json!({ "data": index() })).send().await;
    refused.expect_status(422);
}

#[tokio::test]
async fn read_and_listed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.log_delivery(&scene.integration, &id(72), 73, false)
        .await;
    let integration = format!("{PATH}/{}", scene.integration);
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (path, status) in [
            (PATH.to_owned(), 200),
            (integration.clone(), 200),
            (format!("{PATH}/{}", id(404)), 404),
            (format!("{PATH}/logs"), 200),
            (
                format!("{integration}/logs?page[limit]=1&page[offset]=1"),
                200,
            ),
            (format!("{integration}/logs?page[after]=x"), 400),
            (format!("{integration}/jobs"), 200),
            (format!("{integration}/jobs/{}/logs", scene.job), 200),
            (format!("{integration}/jobs/{}/logs", id(404)), 404),
            (format!("{PATH}/{}/logs", id(404)), 404),
            (format!("{PATH}/{}/jobs", id(404)), 404),
        ] {
            let answer = app.get(&path).form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn updated() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let path = format!("{PATH}/{}", scene.integration);
    let mut transcript = Transcript::default();
    for (status, data) in [
        (200, json!({})),
        (
            200,
            json!({ "enabled": false, "name": "Another", "expect_version": 2 }),
        ),
        (409, json!({ "name": "Too late", "expect_version": 2 })),
        (200, json!({ "enabled": true, "observes": ["*"] })),
        (
            200,
            json!({ "configuration": { "timeout_seconds": 5, "secret_key": null, "filter": "eq(location,berlin)" } }),
        ),
        (
            200,
            json!({ "description": "One", "configuration": { "filter": null } }),
        ),
        (400, json!({ "name": null })),
        (400, json!({ "expect_version": -1 })),
        (422, json!({ "observes": [] })),
        (422, json!({ "integration_type": "aws_sqs" })),
        (
            422,
            json!({ "configuration": { "url": "https://192.168.0.1" } }),
        ),
    ] {
        app.clock.advance_seconds(1);
        let answer = app.put(&path, &json!({ "data": data })).send().await;
        assert_eq!(answer.status, status, "{data}");
        transcript.add(Form::Basic, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn rotated_and_deleted() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let path = format!("{PATH}/{}", scene.integration);
    let rotate = format!("{path}/rotate-secret");
    let mut transcript = Transcript::default();
    let mut secrets = Vec::new();
    for overlap_hours in [json!(0), json!(168)] {
        let body = json!({ "data": { "overlap_hours": overlap_hours } });
        let answer = app.post(&rotate, &body).send().await;
        answer.expect_status(200);
        secrets.push(answer.json()["data"]["configuration"]["signing_secret"].take());
        transcript.add(Form::Basic, &answer);
    }
    assert_ne!(secrets[0], secrets[1]);
    app.post_nothing(&rotate).send().await.expect_status(200);
    for overlap_hours in [json!(169), json!(-1), json!("5"), json!(1.5)] {
        let body = json!({ "data": { "overlap_hours": overlap_hours } });
        let answer = app.post(&rotate, &body).send().await;
        answer.expect_status(422);
        transcript.add(Form::Basic, &answer);
    }
    for status in [204, 404] {
        let answer = app.delete(&path).send().await;
        answer.expect_status(status);
        transcript.add(Form::Basic, &answer);
    }
    let logs = app.get("/v2/integrations/logs").send().await;
    assert_eq!(logs.json()["results"]["total"], 0);
    assert_snapshot!(transcript.text());
}

/// No kept answer holds the secret, and yet the repeated request gets the same one.
#[tokio::test]
async fn a_repeated_request_gets_the_same_secret() {
    let mut app = TestApp::new().await;
    let body = json!({ "data": index() });
    let secret = async |app: &TestApp, path: &str, body: &Value| {
        let request = app.post(path, body).header("Idempotency-Key", "once");
        let answer = request.send().await;
        answer.expect_status(200);
        let data = answer.json()["data"].take();
        let secret = data["configuration"]["signing_secret"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            secret.starts_with("whsec_") && secret.len() == 50,
            "{secret}"
        );
        (data["id"].as_str().unwrap().to_owned(), secret)
    };
    let (integration, first) = secret(&app, PATH, &body).await;
    assert_eq!(
        secret(&app, PATH, &body).await,
        (integration.clone(), first)
    );
    let rotate = format!("{PATH}/{integration}/rotate-secret");
    let rotation = json!({ "data": {} });
    let request = app
        .post(&rotate, &rotation)
        .header("Idempotency-Key", "twice");
    request.send().await.expect_status(200);
    app.replace_signing_key().await;
    let request = app
        .post(&rotate, &rotation)
        .header("Idempotency-Key", "twice");
    request.send().await.expect_status(409);
}

/// A test sends one event at once, also while the integration is disabled. The receiver of these tests
/// answers with what it got.
#[tokio::test]
async fn tested() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for (fields, configuration) in [
        (json!({}), json!({})),
        (json!({ "enabled": false }), json!({ "format": "standard" })),
        (json!({}), json!({ "url": "https://example.com/refused" })),
    ] {
        let created = app.post(PATH, &but(&fields, &configuration)).send().await;
        let path = format!("{PATH}/{}", created.created_id());
        let answer = app.post_nothing(&format!("{path}/test")).send().await;
        answer.expect_status(200);
        transcript.add(Form::Basic, &answer);
        let logs = app.get(&format!("{path}/logs")).send().await;
        assert_eq!(logs.json()["data"], json!([answer.json()["data"]]));
    }
    let unknown = format!("{PATH}/{}/test", id(404));
    let answer = app.post_nothing(&unknown).send().await;
    answer.expect_status(404);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn replayed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let path = format!("{PATH}/{}", scene.integration);
    let replay = format!("{path}/replay");
    let mut transcript = Transcript::default();
    for (status, from) in [
        (202, json!(3)),
        (202, json!("2026-01-31T09:30:00Z")),
        (202, json!("2027-01-01T00:00:00Z")),
        (422, json!(1_000)),
        (422, json!(0)),
        (422, json!("yesterday")),
        (422, json!(null)),
    ] {
        let answer = app.post(&replay, &json!({ "data": { "from": from } }));
        let answer = answer.send().await;
        assert_eq!(answer.status, status, "{from}");
        transcript.add(Form::Basic, &answer);
    }
    app.forget_events().await;
    for from in [json!(1), json!("2026-01-31T09:30:00Z")] {
        let answer = app.post(&replay, &json!({ "data": { "from": from } }));
        let answer = answer.send().await;
        answer.expect_status(410);
        transcript.add(Form::Basic, &answer);
    }
    let disabled = json!({ "data": { "enabled": false } });
    app.put(&path, &disabled).send().await.expect_status(200);
    let answer = app.post(&replay, &json!({ "data": { "from": 1 } }));
    let answer = answer.send().await;
    answer.expect_status(409);
    transcript.add(Form::Basic, &answer);
    assert_snapshot!(transcript.text());
}
