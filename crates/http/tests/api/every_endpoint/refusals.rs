//! 400, 401, 403, 404, 415: what is refused everywhere in the same way.

use insta::assert_snapshot;

use crate::support::{FORMS, Form, GroupedTranscript, TestApp, endpoints};

#[tokio::test]
async fn without_a_token() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let answer = request.without_header("authorization").send().await;
            answer.expect_status(401);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn with_a_token_that_is_none() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer garbage",
            "Bearer a.b.c",
            "Basic dXNlcjpwYXNzd29yZA==",
            &app.token,
            &format!("Bearer {} {}", app.token, app.token),
            &format!("Bearer {}x", app.token),
            // Unsigned, and naming the algorithm "none".
            &format!("Bearer eyJhbGciOiJub25lIn0.{}.", payload(&app.token)),
        ] {
            let request = endpoint.request(&app, &scene);
            let answer = request.header("authorization", value).send().await;
            answer.expect_status(401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(app.readings().await, before);
}

fn payload(token: &str) -> &str {
    token.split('.').nth(1).unwrap()
}

#[tokio::test]
async fn with_an_implicit_token() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let implicit = app.implicit_token().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let answer = request.token(&implicit).send().await;
            if endpoint.is_implicit() {
                answer.expect_status(200);
            } else {
                answer.expect_status(403);
                transcript.add(form, &answer);
            }
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

/// Creating stock for another's product id makes stock of one's own, of a product of one's own.
const CREATES_ITS_OWN: &str = "POST /v2/inventories/{product}";

#[tokio::test]
async fn what_is_another_organizations() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let (_, stranger, strange_organization) = app.stranger().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    let named = endpoints()
        .into_iter()
        .filter(|it| it.names_something() && !it.is(CREATES_ITS_OWN));
    for endpoint in named {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let answer = request.clone().token(&stranger).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
            let answer = request.token(&strange_organization).send().await;
            answer.expect_status(404);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn what_is_another_stores() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let before = app.readings().await;
    let named = endpoints()
        .into_iter()
        .filter(|it| it.names_something() && !it.is(CREATES_ITS_OWN));
    for endpoint in named {
        for token in [&other, &app.organization_token] {
            let answer = endpoint.request(&app, &scene).token(token).send().await;
            answer.expect_status(404);
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_store_that_is_not_the_callers() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let (strange_store, stranger, _) = app.stranger().await;
    let (other_store, _) = app.another_store("Acme Paris").await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form).organization();
            let answer = request.in_store(&strange_store.id).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
        // An organization's key with what is no store; a store's key with another store of its
        // organization; a stranger's with this one.
        for (token, store) in [
            (&app.organization_token, "garbage".to_owned()),
            (&app.organization_token, app.organization.id.to_string()),
            (&app.organization_token, String::new()),
            (&app.token, other_store.id.to_string()),
            (&app.token, "garbage".to_owned()),
            (&stranger, app.store.id.to_string()),
        ] {
            let request = endpoint.request(&app, &scene).token(token);
            let answer = request.in_store(&store).send().await;
            // What only the organization may do is refused to a store first.
            let may = if endpoint.is("PUT /v2/settings/inventories") {
                *token == app.organization_token
            } else {
                true
            };
            answer.expect_status(if may { 404 } else { 403 });
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn an_id_that_is_no_uuid() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.names_something()) {
        for wrong in [
            "5",
            "15fbeab075a34d6bb23b9db7455c077e",
            "15fbeab0-75a3-4d6b-b23b-9db7455c077",
            "15fbeab0-75a3-4d6b-b23b-9db7455c077e0",
            "15fbeab0-75a3-4d6b-b23b-9db7455c077g",
            "%7B15fbeab0-75a3-4d6b-b23b-9db7455c077e%7D",
            "urn:uuid:15fbeab0-75a3-4d6b-b23b-9db7455c077e",
            "%00",
            "%ff",
            "%2e%2e",
            "'%20OR%201=1",
        ] {
            let mut broken = endpoint.clone();
            let start = broken.template.find('{').unwrap();
            let end = start + broken.template[start..].find('}').unwrap() + 1;
            broken.template.replace_range(start..end, wrong);
            let mut request = broken.bare(&app, &scene);
            if endpoint.has_body {
                let valid = endpoint.request(&app, &scene);
                request = request.with_body_of(&valid);
            }
            for form in FORMS {
                let answer = request.clone().form(form).send().await;
                let creates = endpoint.is(CREATES_ITS_OWN);
                answer.expect_status(if creates { 400 } else { 404 });
            }
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_body_that_is_no_json() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    for endpoint in endpoints().iter().filter(|it| it.has_body) {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let answer = request.body(r#"{"data": {"#).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_body_that_says_nothing() {
    const LINE: &[u8] = b"{\"data\":[5]}";
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let deep = format!("{{\"data\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for endpoint in endpoints().iter().filter(|it| it.has_body) {
        for body in [
            &b""[..],
            b" ",
            b"null",
            b"5",
            b"\"data\"",
            b"[]",
            b"{}",
            b"{\"data\":null}",
            b"{\"data\":5}",
            b"{\"data\":\"\"}",
            b"{\"data\":{\"attributes\":[]}}",
            b"{\"data\":{\"attributes\":null}}",
            b"{\"data\":{\"type\":\"nothing\"}}",
            b"{\"data\":{\"type\":null}}",
            LINE,
            b"{\"data\":{}} {}",
            b"{\"data\":{},}",
            b"\xff\xfe",
            b"{\"data\":{\"name\":\"\xff\"}}",
            deep.as_bytes(),
        ] {
            if body.is_empty() && endpoint.needs_no_body {
                continue;
            }
            for form in FORMS {
                let request = endpoint.request(&app, &scene).form(form);
                let answer = request.body(body).send().await;
                // A batch answers for each of its lines.
                let is_line = endpoint.is_batch() && [LINE, deep.as_bytes()].contains(&body);
                answer.expect_status(if is_line { 207 } else { 400 });
            }
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn another_content_type() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = GroupedTranscript::default();
    // The token endpoint looks at the body alone.
    let reading = endpoints()
        .into_iter()
        .filter(|it| it.has_body && it.is_secured);
    for endpoint in reading {
        for form in FORMS {
            let request = endpoint.request(&app, &scene).form(form);
            let answer = request.header("content-type", "text/plain").send().await;
            answer.expect_status(415);
            transcript.add(form, &answer);
        }
        for content_type in [
            "",
            "json",
            "application/jsonp",
            "text/json",
            "application/x-www-form-urlencoded",
        ] {
            let request = endpoint.request(&app, &scene);
            let answer = request.header("content-type", content_type).send().await;
            answer.expect_status(415);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn content_types_that_are_json() {
    for content_type in [
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("application/vnd.api+json"),
        None,
    ] {
        let app = TestApp::new().await;
        let path = format!("/v2/inventories/{}", crate::support::id(1));
        let request = app.post(&path, &serde_json::json!({ "data": { "quantity": 5 } }));
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request.without_header("content-type"),
        };
        request.send().await.expect_status(201);
    }
}

#[tokio::test]
async fn an_unknown_path() {
    let app = TestApp::new().await;
    let mut transcript = GroupedTranscript::default();
    for path in [
        "/",
        "/v2",
        "/v2/inventory",
        "/v2/inventories/a/b/c/d",
        "/v2/inventories/locations/a/b",
        "/inventories",
        "/oauth",
    ] {
        for form in FORMS {
            let answer = app.get(path).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
            let request = app.get(path).form(form);
            let without_token = request.without_header("authorization").send().await;
            assert_eq!(without_token.body, answer.body, "whoever asks");
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn some_answer_in_the_multi_location_form_without_the_header() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for endpoint in endpoints() {
        let request = endpoint.request(&app, &scene).form(Form::Basic);
        let answer = request.without_header("authorization").send().await;
        let status = &answer.json()["errors"][0]["status"];
        assert_eq!(
            status.is_string(),
            endpoint.has_one_form(),
            "{}",
            endpoint.name()
        );
    }
}
