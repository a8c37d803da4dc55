//! 413, 414, 431, 429: what is too large or too much.

use axum::body::Body;
use futures::stream;
use insta::assert_snapshot;
use stockroom_domain::Owner;
use stockroom_http::Options;

use crate::support::{Answer, Endpoint, FORMS, GroupedTranscript, TestApp, TestRequest, endpoints};

const MIB: usize = 1024 * 1024;

/// A JSON document of this many bytes, whose `data` is an object with a long name.
fn document_of(bytes: usize) -> String {
    let (head, tail) = (r#"{"data":{"name":""#, r#""}}"#);
    format!(
        "{head}{}{tail}",
        "x".repeat(bytes - head.len() - tail.len())
    )
}

/// A body of this many bytes, of the kind that an endpoint takes.
fn body_of(endpoint: &Endpoint, bytes: usize) -> String {
    if !endpoint.takes_file() {
        return document_of(bytes);
    }
    let head = "sku,action,quantity\n";
    format!("{head}{}\n", "CHAIR\n".repeat(bytes / 6))
        .chars()
        .take(bytes)
        .collect()
}

#[tokio::test]
async fn a_body_that_is_announced_too_large() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.has_body) {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let request = request.header("content-length", (2 * MIB).to_string());
            // Not a byte of it is read.
            let unread = Body::from_stream(stream::once(async {
                panic!("the body is read");
                #[expect(unreachable_code, reason = "gives the stream its type")]
                Ok::<Vec<u8>, std::io::Error>(Vec::new())
            }));
            let answer = request.send_with(unread).await;
            answer.expect_status(413);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_body_that_turns_out_too_large() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.has_body) {
        let document = body_of(endpoint, 2 * MIB);
        let chunks: Vec<_> = document
            .as_bytes()
            .chunks(65_536)
            .map(<[u8]>::to_vec)
            .collect();
        let chunks = chunks.into_iter().map(Ok::<_, std::io::Error>);
        let streamed = Body::from_stream(stream::iter(chunks));
        let request = endpoint.request(&app, &scene);
        let answer = request.clone().send_with(streamed).await;
        answer.expect_status(413);
        let answer = request
            .clone()
            .body(body_of(endpoint, MIB + 1))
            .send()
            .await;
        answer.expect_status(413);
        // One that just fits is read: its name is what is wrong with it, or nothing is.
        let token = endpoint.name().contains("access_token");
        let fits = body_of(endpoint, if token { 16 * 1024 } else { MIB });
        let answer = request.body(fits).send().await;
        assert_ne!(answer.status, 413, "{}", endpoint.name());
        assert!(answer.status < 500, "{}", endpoint.name());
    }
    // Only where everything may be left out did it do something: stock was made for a new product,
    // a reservation was released, the secret of an integration replaced, a job made of a file, and every step of a
    // transfer taken.
    let after = app.readings().await;
    let [history, moved] = [&scene.reserved, &scene.stocked]
        .map(|product| format!("store: /v2/inventories/{product}/transactions"));
    let changed = [
        "store: stock",
        "store: /v2/inventories/reservations",
        "store: /v2/integrations",
        "store: /v2/inventories/imports",
        "store: /v2/inventories/transfers",
        &history,
        &moved,
    ];
    for (path, reading) in after.iter().filter(|(path, _)| before.contains_key(*path)) {
        let is_changed = changed.contains(&path.as_str());
        assert_eq!(is_changed, *reading != before[path], "{path}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.has_body) {
        let chunks = [
            Ok(b"{\"data\":".to_vec()),
            Err(std::io::Error::other("gone")),
        ];
        let broken = Body::from_stream(stream::iter(chunks));
        let answer = endpoint.request(&app, &scene).send_with(broken).await;
        answer.expect_status(400);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_query_that_is_too_long() {
    let app = TestApp::new().await;
    let mut transcript = GroupedTranscript::default();
    let fits = format!("/v2/inventories?unknown={}", "x".repeat(32 * 1024 - 8));
    app.get(&fits).send().await.expect_status(200);
    for form in FORMS {
        let answer = app.get(&format!("{fits}x")).form(form).send().await;
        answer.expect_status(414);
        assert!(answer.json()["errors"][0]["title"].is_string());
        let mut shown = answer;
        shown.shorten_request(60);
        transcript.add(form, &shown);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn headers_that_are_too_large() {
    let app = TestApp::new().await;
    let mut transcript = GroupedTranscript::default();
    for form in FORMS {
        let request = app.get("/v2/inventories").form(form);
        let answer = request
            .header("x-large", "x".repeat(32 * 1024))
            .send()
            .await;
        answer.expect_status(431);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

/// Sends a request until it is refused: as many as the limit lets through in a second are not.
async fn until_limited(request: TestRequest<'_>) -> Answer {
    until_limited_with(|| request.clone()).await
}

/// Sends requests until one is refused.
async fn until_limited_with<'a>(mut request: impl FnMut() -> TestRequest<'a>) -> Answer {
    const REQUESTS_MAX: usize = 10_000;
    for _ in 0..REQUESTS_MAX {
        let answer = request().send().await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("no request was refused");
}

#[tokio::test]
async fn the_rate_limit_of_a_store() {
    let mut app = TestApp::new().await;
    let scene = app.scene().await;
    let limited = Options {
        store_rate_limit: Some(1),
        ..Options::default()
    };
    app.set_options(limited);
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        for form in FORMS {
            // Counted for the store, whoever acts in it.
            let request = endpoint.bare(&app, &scene).form(form);
            let answer = until_limited(request.organization().in_store(&app.store.id)).await;
            assert_eq!(answer.header("retry-after"), Some("1"));
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_rate_limit_of_an_organization() {
    let mut app = TestApp::new().await;
    let limited = Options {
        organization_rate_limit: Some(1),
        ..Options::default()
    };
    app.set_options(limited);
    let store = until_limited(app.get("/v2/inventories")).await;
    assert_eq!(store.header("retry-after"), Some("1"));
    let organization = until_limited(app.get("/v2/inventories").organization()).await;
    assert_eq!(organization.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_limit_is_each_stores_own() {
    let mut app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let limited = Options {
        store_rate_limit: Some(1),
        ..Options::default()
    };
    app.set_options(limited);
    until_limited(app.get("/v2/inventories")).await;
    let answer = app.get("/v2/inventories").token(&other).send().await;
    answer.expect_status(200);
}

#[tokio::test]
async fn requests_for_stores_of_others_are_limited_and_use_up_nothing_of_theirs() {
    let mut app = TestApp::new().await;
    let (sister, other) = app.another_store("Acme Paris").await;
    app.set_options(Options {
        store_rate_limit: Some(1),
        ..Options::default()
    });
    let list = || app.get("/v2/inventories");
    until_limited(list().in_store(&sister.id)).await;
    let answer = list().token(&other).send().await;
    answer.expect_status(200);
    // An organization's key that tries any stores.
    let mut stores = 0_u128;
    until_limited_with(|| {
        stores += 1;
        list()
            .organization()
            .in_store(&uuid::Uuid::from_u128(stores))
    })
    .await;
}

/// A batch of more lines than the limit is let through when there is room, as half a second's worth.
#[tokio::test]
async fn a_batch_counts_by_its_lines() {
    const LIMIT: u32 = 10;
    let mut app = TestApp::new().await;
    app.set_options(Options {
        organization_rate_limit: Some(LIMIT),
        ..Options::default()
    });
    let line = serde_json::json!({ "product_id": app.store.id.to_string(), "action": "set" });
    let body = serde_json::json!({ "data": vec![line; 20] });
    let batch = || app.post("/v2/inventories/transactions", &body);
    batch().send().await.expect_status(207);
    let mut batches = 0;
    until_limited_with(|| {
        batches += 1;
        batch()
    })
    .await;
    assert!(batches < LIMIT, "{batches}");
}

#[tokio::test]
async fn requests_within_the_keys_reserved_limit_pass() {
    const LIMIT: u32 = 20;
    let options = Options {
        store_rate_limit: Some(LIMIT),
        ..Options::default()
    };
    let app = TestApp::with(options).await;
    let body = serde_json::json!({ "data": { "name": "Checkout", "reserved_rate_limit": LIMIT } });
    let key = app.post("/v2/application-keys", &body).send().await.data();
    let text = |field: &str| key[field].as_str().unwrap().to_owned();
    let reserved = app
        .token_for(&text("client_id"), &text("client_secret"))
        .await;
    let plain = app.token_of(Owner::Store(app.store.id)).await;
    // The store's limit is used up; those with a reserved one pass nevertheless.
    until_limited(app.get("/v2/inventories").token(&plain)).await;
    // Getting the token was one of the requests.
    for _ in 1..LIMIT {
        let answer = app.get("/v2/inventories").token(&reserved).send().await;
        answer.expect_status(200);
    }
    // But no more than is reserved.
    until_limited(app.get("/v2/inventories").token(&reserved)).await;
}
