//! 500 and 503: what is answered when the database fails or the server has too much to do, and
//! that nothing of the inside is in it.

use std::time::Duration;

use futures::poll;
use insta::assert_snapshot;
use serde_json::json;
use stockroom_application::Limits;
use stockroom_http::Options;

use crate::support::{Answer, Endpoint, FORMS, Failure, GroupedTranscript, TestApp, endpoints, id};

/// Endpoints that ask the database in every request: all, as long as the token is valid.
fn asking() -> Vec<Endpoint> {
    endpoints()
}

/// What every endpoint answers over a database that fails.
async fn answers_over(failure: Failure, options: Options, status: u16) -> GroupedTranscript {
    let mut app = TestApp::new().await;
    let scene = app.scene().await;
    app.break_database(failure, options).await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in asking() {
        for form in FORMS {
            let answer = endpoint.request(&app, &scene).form(form).send().await;
            answer.expect_status(status);
            assert_discreet(&answer);
            transcript.add(form, &answer);
        }
    }
    transcript
}

fn assert_discreet(answer: &Answer) {
    let headers = format!("{:?}", answer.headers);
    for secret in ["secret", "password", "table", "panic", ".rs"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
        assert!(!headers.contains(secret), "{headers}");
    }
}

#[tokio::test]
async fn the_database_is_not_available() {
    let transcript = answers_over(Failure::Unavailable, Options::default(), 503).await;
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_database_fails() {
    let transcript = answers_over(Failure::Failed, Options::default(), 500).await;
    assert_snapshot!(transcript.text());
    let corrupt = answers_over(Failure::Corrupt, Options::default(), 500).await;
    assert_eq!(corrupt.text(), transcript.text());
    let panic = answers_over(Failure::Panic, Options::default(), 500).await;
    assert_eq!(panic.text(), transcript.text());
}

#[tokio::test]
async fn the_request_takes_too_long() {
    let impatient = Options {
        request_timeout: Duration::ZERO,
        ..Options::default()
    };
    let transcript = answers_over(Failure::Hang, impatient, 503).await;
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn too_many_changes_are_waiting() {
    let mut app = TestApp::new().await;
    let limits = Limits {
        queue_max: 1,
        ..Limits::default()
    };
    app.break_database_within(Failure::Hang, limits, Options::default())
        .await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let body = json!({ "data": { "action": "allocate", "quantity": 1 } });
    let request = || Box::pin(app.post(&path, &body).send());
    let mut stored = request();
    assert!(poll!(&mut stored).is_pending());
    // The lane takes it.
    tokio::task::yield_now().await;
    let mut waiting = request();
    assert!(poll!(&mut waiting).is_pending());
    let answer = request().await;
    answer.expect_status(503);
    let retry_after = ("retry-after".to_owned(), "1".to_owned());
    assert!(
        answer.headers.contains(&retry_after),
        "{:?}",
        answer.headers
    );
    let detail = &answer.json()["errors"][0]["detail"];
    assert_eq!(
        *detail,
        "Too many changes are queued (limit 1). Try again shortly."
    );
}

#[tokio::test]
async fn the_server_has_too_much_to_do() {
    let mut app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    app.set_options(Options {
        concurrent_requests_max: 0,
        ..Options::default()
    });
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints() {
        for form in FORMS {
            let answer = endpoint.request(&app, &scene).form(form).send().await;
            answer.expect_status(503);
            assert_eq!(answer.header("retry-after"), Some("1"));
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    app.set_options(Options::default());
    assert_eq!(app.readings().await, before);
}
