//! Methods: 405 and what is told of those that there are.

use std::collections::BTreeSet;

use axum::http::Method;
use insta::assert_snapshot;

use crate::support::{FORMS, GroupedTranscript, TestApp, endpoints, paths, twins};

const METHODS: [Method; 6] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::TRACE,
];

/// The methods of an `Allow` header.
fn allowed(header: Option<&str>) -> BTreeSet<String> {
    let methods = header.unwrap_or_default().split(',');
    methods.map(|method| method.trim().to_owned()).collect()
}

/// The methods that a path takes: where it can be read, its head can be.
fn expected(methods: &[Method]) -> BTreeSet<String> {
    let head = methods.contains(&Method::GET).then_some(Method::HEAD);
    let methods = methods.iter().cloned().chain(head);
    methods.map(|method| method.to_string()).collect()
}

#[tokio::test]
async fn a_wrong_method() {
    let app = TestApp::new().await;
    let mut transcript = GroupedTranscript::default();
    for (path, methods) in paths() {
        let path = path.replace(['{', '}'], "");
        for method in METHODS.iter().filter(|it| !methods.contains(it)) {
            for form in FORMS {
                let request = app.request(method.clone(), &path).form(form);
                let answer = request.without_header("authorization").send().await;
                answer.expect_status(405);
                assert_eq!(
                    allowed(answer.header("allow")),
                    expected(&methods),
                    "{path}"
                );
                if *method == Method::PATCH {
                    transcript.add(form, &answer);
                }
            }
        }
        if !methods.contains(&Method::GET) {
            let answer = app.request(Method::HEAD, &path).send().await;
            answer.expect_status(405);
            assert_eq!(answer.text(), "");
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn options() {
    let app = TestApp::new().await;
    let mut transcript = GroupedTranscript::default();
    for (path, methods) in paths() {
        let path = path.replace(['{', '}'], "");
        let request = app.request(Method::OPTIONS, &path);
        let answer = request.without_header("authorization").send().await;
        answer.expect_status(204);
        assert_eq!(
            allowed(answer.header("allow")),
            expected(&methods),
            "{path}"
        );
        transcript.add("OPTIONS", &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for endpoint in endpoints().iter().filter(|it| it.method == Method::GET) {
        let get = endpoint.bare(&app, &scene);
        let mut head = endpoint.clone();
        head.method = Method::HEAD;
        let head = head.bare(&app, &scene);
        for refused in [false, true] {
            let send = async |request: crate::support::TestRequest<'_>| {
                if refused {
                    request.without_header("authorization").send().await
                } else {
                    request.send().await
                }
            };
            let get = send(get.clone()).await;
            get.expect_status(if refused { 401 } else { 200 });
            assert!(!get.body.is_empty());
            let head = send(head.clone()).await;
            assert_eq!(head.status, get.status, "{}", endpoint.name());
            assert_eq!(head.headers, get.headers, "{}", endpoint.name());
            assert_eq!(head.text(), "", "{}", endpoint.name());
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let readers = twins().await;
    for endpoint in endpoints() {
        for form in FORMS {
            let mut answers = Vec::new();
            let changed;
            let twins = if endpoint.method == Method::GET {
                &readers
            } else {
                changed = twins().await;
                &changed
            };
            for (slash, (app, scene)) in ["", "/"].into_iter().zip(twins) {
                let mut endpoint = endpoint.clone();
                let request = endpoint.request(app, scene);
                endpoint.template.push_str(slash);
                let with_slash = endpoint.bare(app, scene).form(form);
                let answer = if endpoint.has_body {
                    with_slash.with_body_of(&request).send().await
                } else {
                    with_slash.send().await
                };
                answers.push((answer.status, answer.headers.clone(), answer.text()));
            }
            assert_eq!(answers[0], answers[1], "{}", endpoint.name());
        }
    }
}
