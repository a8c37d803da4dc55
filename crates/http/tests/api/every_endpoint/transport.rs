//! Headers that every answer carries, and compression.

use std::io::Read;

use serde_json::Value;

use crate::support::{TestApp, endpoints};

#[tokio::test]
async fn the_clients_request_id_is_taken_over() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for endpoint in endpoints() {
        let request = endpoint.request(&app, &scene);
        for id in ["a", "0af7651916cd43dd8448eb211c80319c", &"x".repeat(128)] {
            let answer = request.clone().header("x-request-id", id).send().await;
            assert_eq!(
                answer.header("x-request-id"),
                Some(id),
                "{}",
                endpoint.name()
            );
        }
    }
    let answer = app
        .get("/nowhere")
        .header("x-request-id", "mine")
        .send()
        .await;
    assert_eq!(answer.header("x-request-id"), Some("mine"));
}

#[tokio::test]
async fn a_request_id_is_made_where_there_is_none_that_fits() {
    let app = TestApp::new().await;
    let mut made = std::collections::BTreeSet::new();
    for path in ["/v2/inventories", "/nowhere", "/openapi.json"] {
        for id in [
            None,
            Some(String::new()),
            Some("a b".to_owned()),
            Some("x".repeat(129)),
        ] {
            let request = app.get(path).without_header("x-request-id");
            let request = match &id {
                Some(id) => request.header("x-request-id", id),
                None => request,
            };
            let answer = request.send().await;
            let request_id = answer.header("x-request-id").unwrap().to_owned();
            let parsed: Result<uuid::Uuid, _> = request_id.parse();
            assert!(parsed.is_ok(), "{path}: {request_id}");
            assert!(made.insert(request_id), "the same id twice");
        }
    }
}

#[tokio::test]
async fn headers_for_browsers() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut answers = Vec::new();
    for endpoint in endpoints() {
        answers.push(endpoint.request(&app, &scene).send().await);
        let refused = endpoint.bare(&app, &scene).without_header("authorization");
        answers.push(refused.send().await);
    }
    answers.push(app.get("/nowhere").send().await);
    for answer in answers {
        let is_file = answer.header("content-disposition").is_some();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(
                answer.header(name),
                Some(value),
                "{name}: {}",
                answer.text()
            );
        }
        let content_type = answer.header("content-type");
        let of_answer = if is_file {
            "text/csv; charset=utf-8"
        } else {
            "application/json"
        };
        let expected = (!answer.body.is_empty()).then_some(of_answer);
        assert_eq!(content_type, expected);
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_accept_it() {
    let app = TestApp::new().await;
    app.create_many_stocks(100).await;
    let path = "/v2/inventories?page[limit]=100";
    let plain = app.get(path).send().await;
    assert_eq!(plain.header("content-encoding"), None);
    assert!(
        plain
            .header("vary")
            .is_some_and(|vary| vary.contains("accept-encoding"))
    );

    let packed = app.get(path).header("accept-encoding", "gzip").send().await;
    packed.expect_status(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len() / 4);
    let mut unpacked = String::new();
    let mut decoder = flate2::read::GzDecoder::new(packed.body.as_slice());
    decoder.read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.text());

    let small = app.get("/v2/inventories?page[limit]=1");
    let small = small.header("accept-encoding", "gzip").send().await;
    assert_eq!(small.header("content-encoding"), None);
}

#[tokio::test]
async fn the_document_lists_what_is_served() {
    let app = TestApp::new().await;
    let answer = app
        .get("/openapi.json")
        .without_header("authorization")
        .send()
        .await;
    answer.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document: Value =
        serde_json::from_str(&stockroom_http::openapi().to_json().unwrap()).unwrap();
    assert_eq!(answer.json(), document);
}

#[tokio::test]
async fn the_reference_page_is_served() {
    let app = TestApp::new().await;
    let answer = app
        .get("/docs/")
        .without_header("authorization")
        .send()
        .await;
    answer.expect_status(200);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'"));
    // Nothing is loaded from elsewhere.
    assert!(!answer.text().contains("//"), "{}", answer.text());
}
