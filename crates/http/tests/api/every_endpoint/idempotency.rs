//! `Idempotency-Key`: what is sent again is answered the same, and done once.

use axum::http::Method;
use serde_json::{Value, json};
use stockroom_domain::Owner;

use crate::support::{Answer, Endpoint, FORMS, Form, Scene, TestApp, TestRequest, endpoints, id};

const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotent-replayed";

/// Every endpoint that changes something.
fn changing() -> Vec<Endpoint> {
    let mut endpoints = endpoints();
    endpoints.retain(|it| {
        let changes_nothing = [
            "POST /v2/inventories/multiple",
            "POST /v2/inventories/availability",
            "POST /v2/integrations/{integration}/test",
        ];
        let only_reads = changes_nothing.iter().any(|name| it.is(name));
        it.is_secured && it.method != Method::GET && !only_reads
    });
    endpoints
}

/// Status, body, and headers apart from the one that says that it was answered before.
fn content(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != REPLAYED);
    (answer.status, headers, answer.text())
}

async fn app() -> (TestApp, Scene) {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    (app, scene)
}

fn keyed<'a>(request: TestRequest<'a>, key: &str) -> TestRequest<'a> {
    request.header(KEY, key)
}

#[tokio::test]
async fn what_is_sent_again_is_answered_the_same() {
    for endpoint in changing() {
        let (app, scene) = app().await;
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let request = keyed(request, &format!("{form}"));
            let first = request.clone().send().await;
            let after = app.readings().await;
            let again = request.send().await;
            assert_eq!(content(&again), content(&first), "{endpoint:?}");
            assert_eq!(app.readings().await, after, "{endpoint:?}");
            assert_eq!(first.header(REPLAYED), None, "{endpoint:?}");
            let replayed = (first.status != 400).then_some("true");
            assert_eq!(again.header(REPLAYED), replayed, "{endpoint:?}");
        }
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_conflict() {
    for endpoint in changing() {
        let (app, scene) = app().await;
        let request = keyed(endpoint.request(&app, &scene).form(Form::Basic), "key");
        let first = request.clone().send().await;
        if first.status == 400 {
            continue;
        }
        let before = app.readings().await;
        // Some would be refused now for a reason that goes before.
        let is_gone = endpoint.method == Method::DELETE && !endpoint.template.ends_with("/policy");
        let status = if is_gone {
            404
        } else if ["POST /v2/inventories", "POST /v2/inventories/locations"]
            .contains(&endpoint.name().as_str())
        {
            400
        } else {
            409
        };
        let other = request.query("other=1");
        other.send().await.expect_status(status);
        assert_eq!(app.readings().await, before, "{endpoint:?}");
    }
}

/// The tests of single parts of a request are on the one that most requests are.
struct Allocation {
    app: TestApp,
    path: String,
}

impl Allocation {
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.create_stock(&id(1), 100).await;
        let path = format!("/v2/inventories/{}/transactions", id(1));
        Self { app, path }
    }

    fn of(&self, pieces: u64) -> TestRequest<'_> {
        let body = json!({ "data": { "action": "allocate", "quantity": pieces } });
        keyed(self.app.post(&self.path, &body), "key")
    }

    async fn available(&self) -> u64 {
        self.app.figures(&id(1)).await[0]
    }
}

#[tokio::test]
async fn all_of_a_request_counts() {
    let allocation = Allocation::new().await;
    let first = allocation.of(1);
    first.clone().send().await.expect_status(200);
    // With other white space it is another body.
    let spaced = r#"{"data": {"action": "allocate", "quantity": 1}}"#;
    let other_query = format!("{}?page=1", allocation.path);
    let body = json!({ "data": { "action": "allocate", "quantity": 1 } });
    for other in [
        allocation.of(2),
        first.clone().form(Form::MultiLocation),
        first.clone().body(spaced),
        keyed(allocation.app.post(&other_query, &body), "key"),
    ] {
        other.send().await.expect_status(409);
    }
    let slash = format!("{}/", allocation.path);
    let slash = keyed(allocation.app.post(&slash, &body), "key");
    for same in [
        first.clone(),
        slash,
        first.clone().header("x-request-id", "other"),
    ] {
        let answer = same.send().await;
        answer.expect_status(200);
        assert_eq!(answer.header(REPLAYED), Some("true"));
    }
    assert_eq!(allocation.available().await, 99);
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let allocation = Allocation::new().await;
    allocation.of(1).send().await.expect_status(200);
    // Each request moves the clock by a second.
    allocation.app.clock.advance_seconds(24 * 3_600 - 3);
    let app = &allocation.app;
    let token = app.token_of(Owner::Store(app.store.id)).await;
    for is_replayed in [true, false] {
        let answer = allocation.of(1).token(&token).send().await;
        answer.expect_status(200);
        assert_eq!(answer.header(REPLAYED).is_some(), is_replayed);
    }
}

#[tokio::test]
async fn refusals_are_answered_the_same() {
    let allocation = Allocation::new().await;
    allocation.of(101).send().await.expect_status(422);
    let more = json!({ "data": { "action": "increment", "quantity": 900 } });
    let more = allocation.app.post(&allocation.path, &more).send().await;
    more.expect_status(200);
    let again = allocation.of(101).send().await;
    again.expect_status(422);
    assert_eq!(again.header(REPLAYED), Some("true"));
    assert_eq!(allocation.available().await, 1_000);
}

#[tokio::test]
async fn a_key_is_one_to_255_visible_characters() {
    let allocation = Allocation::new().await;
    let longest = "k".repeat(255);
    for key in ["!", "~", longest.as_str()] {
        let answer = allocation.of(1).header(KEY, key).send().await;
        answer.expect_status(200);
    }
    let before = allocation.available().await;
    let too_long = "k".repeat(256);
    for key in ["", "a b", "schlüssel", "\t", too_long.as_str()] {
        let answer = allocation.of(1).header(KEY, key).send().await;
        answer.expect_status(400);
        assert!(answer.detail().starts_with("Idempotency-Key"), "{key}");
    }
    assert_eq!(allocation.available().await, before);
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_its_place() {
    let (app, scene) = app().await;
    let implicit = app.implicit_token().await;
    let before = app.readings().await;
    for endpoint in changing() {
        let request = keyed(endpoint.request(&app, &scene), "");
        let answer = request.clone().send().await;
        answer.expect_status(400);
        let answer = request.clone().token(&implicit).send().await;
        answer.expect_status(403);
        let answer = request.without_header("authorization").send().await;
        answer.expect_status(401);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn readings_ignore_the_key() {
    let (app, scene) = app().await;
    let changing: Vec<String> = changing().iter().map(Endpoint::name).collect();
    for endpoint in endpoints() {
        if endpoint.is_secured && !changing.contains(&endpoint.name()) {
            for key in ["key", ""] {
                let answer = keyed(endpoint.request(&app, &scene), key).send().await;
                answer.expect_status(200);
                assert_eq!(answer.header(REPLAYED), None);
            }
        }
    }
}

/// The secret is shown again, and works.
#[tokio::test]
async fn a_key_created_twice_is_one_key() {
    let app = TestApp::new().await;
    let body = json!({ "data": { "type": "application_key", "name": "New" } });
    let request = keyed(app.post("/v2/application-keys", &body), "key");
    let first: Value = request.clone().send().await.data();
    let again: Value = request.send().await.data();
    assert_eq!(first, again);
    let other = keyed(app.post("/v2/application-keys", &body), "other");
    let other = other.send().await.data();
    assert_ne!(first["client_secret"], other["client_secret"]);
    let credentials = json!({
        "grant_type": "client_credentials",
        "client_id": first["client_id"],
        "client_secret": first["client_secret"],
    });
    let token = app.post("/oauth/access_token", &credentials).send().await;
    token.expect_status(200);
}
