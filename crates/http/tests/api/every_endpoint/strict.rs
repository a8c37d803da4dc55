//! `Prefer: handling=strict`: what nobody reads is refused and named.

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    Answer, FORMS, GroupedTranscript, TestApp, TestRequest, endpoints, id, twins,
};

const STRICT: &str = "handling=strict";

/// The request in a strict and in a lenient way.
fn both(request: TestRequest<'_>) -> [(bool, TestRequest<'_>); 2] {
    let strict = request.clone().header("prefer", STRICT);
    [(true, strict), (false, request)]
}

#[track_caller]
fn expect_applied(answer: &Answer, is_strict: bool) {
    let applied = answer.header("preference-applied");
    assert_eq!(applied, is_strict.then_some(STRICT));
}

#[track_caller]
fn expect_unknown(answer: &Answer, what: &str, names: &[&str]) {
    answer.expect_status(400);
    for name in names {
        assert!(answer.detail().contains(name), "{}", answer.text());
    }
    let meta = &answer.json()["errors"][0]["meta"][what];
    assert_eq!(*meta, json!(names), "{}", answer.text());
}

/// With nothing unknown in them, requests are answered as ever, and say that they were read so.
#[tokio::test]
async fn what_is_known_is_answered_as_ever() {
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
            for (is_strict, (app, scene)) in [true, false].into_iter().zip(twins) {
                let [strict, lenient] = both(endpoint.request(app, scene).form(form));
                let (_, request) = if is_strict { strict } else { lenient };
                let answer = request.send().await;
                expect_applied(&answer, is_strict);
                answers.push((answer.status, answer.text()));
            }
            assert_eq!(answers[0], answers[1], "{}", endpoint.name());
        }
    }
}

#[tokio::test]
async fn unknown_query_parameters() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for endpoint in endpoints() {
        let request = endpoint.bare(&app, &scene);
        let separator = if request.has_query() { "&" } else { "?" };
        let request = request.and_query(&format!("{separator}colour=blue&page[size]=5"));
        let request = request.with_body_of(&endpoint.request(&app, &scene));
        for form in FORMS {
            let strict = request.clone().form(form).header("prefer", STRICT);
            let answer = strict.clone().send().await;
            expect_applied(&answer, true);
            if endpoint.method != Method::HEAD {
                let names = ["colour", "page[size]"];
                expect_unknown(&answer, "unknown_parameters", &names);
            }
            if endpoint.is_secured {
                // Who may not ask isn't told anything.
                let nobody = strict.without_header("authorization");
                nobody.send().await.expect_status(401);
            }
        }
        assert_eq!(app.readings().await, before, "{}", endpoint.name());
    }
}

/// The object of a body under `data`, or the first one in a list.
fn first_object(body: &mut Value) -> &mut Value {
    if body["data"].is_array() {
        &mut body["data"][0]
    } else if body.get("data").is_some() {
        &mut body["data"]
    } else {
        body
    }
}

#[tokio::test]
async fn unknown_fields() {
    for endpoint in endpoints()
        .iter()
        .filter(|it| it.has_body && !it.takes_file())
    {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let request = endpoint.request(&app, &scene);
        let body = request.json_body();
        let before = app.readings().await;
        let is_list = body["data"].is_array();
        let is_batch = endpoint.is_batch();
        let mut flat = body.clone();
        first_object(&mut flat)["colour"] = json!("blue");
        let mut attributes = body.clone();
        first_object(&mut attributes)["attributes"]["colour"] = json!({ "a": 1 });
        let mut beside = body.clone();
        beside["colour"] = json!(null);
        let has_data = body.get("data").is_some();
        let of_lines = endpoint.name() == "POST /v2/inventories/multiple";
        let place = match (has_data, is_list && !is_batch) {
            (false, _) => "",
            (true, true) => "data[0].",
            (true, false) => "data.",
        };
        for form in FORMS {
            let send = async |body: &Value| {
                let request = request.clone().json(body).form(form);
                let answer = request.header("prefer", STRICT).send().await;
                expect_applied(&answer, true);
                answer
            };
            let name = format!("{place}colour");
            let answer = send(&flat).await;
            if is_batch {
                answer.expect_status(207);
                let error = answer.data()[0]["errors"][0].take();
                assert_eq!(error["meta"], json!({ "unknown_fields": [name] }));
            } else {
                expect_unknown(&answer, "unknown_fields", &[&name]);
            }
            if has_data && !of_lines && !is_batch {
                let name = format!("{place}attributes.colour");
                expect_unknown(&send(&attributes).await, "unknown_fields", &[&name]);
            }
            expect_unknown(&send(&beside).await, "unknown_fields", &["colour"]);
        }
        assert_eq!(app.readings().await, before, "{}", endpoint.name());
    }
}

/// An endpoint that reads no body takes none.
#[tokio::test]
async fn bodies_that_nobody_reads() {
    for endpoint in endpoints().iter().filter(|it| !it.has_body) {
        let app = TestApp::new().await;
        let scene = app.scene().await;
        let request = endpoint.bare(&app, &scene);
        let request = request.json(&json!({ "data": { "colour": "blue" } }));
        let strict = request.header("prefer", STRICT).send().await;
        strict.expect_status(400);
        if endpoint.method != Method::HEAD {
            assert_eq!(strict.detail(), "This request does not take a body");
        }
    }
}

#[tokio::test]
async fn nested_fields() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = GroupedTranscript::default();
    let stock = format!("/v2/inventories/{}", scene.stocked);
    let transactions = format!("{stock}/transactions");
    let release = format!("/v2/inventories/reservations/{}/release", scene.reservation);
    let item = json!({ "product_id": scene.reserved, "quantity": 1, "size": "L" });
    let geolocation = json!({ "lat": 1, "lon": 2, "alt": 3 });
    let location = json!({ "name": "Rome", "slug": "rome", "geolocation": geolocation });
    let line = json!({ "product_id": scene.stocked, "action": "increment", "quantity": 1 });
    let mut wrong = line.clone();
    wrong["expect"] = json!({ "available": 70, "reserved": 0 });
    let mut many = json!({ "name": "Stool" });
    for number in 0..12 {
        many[format!("field-{number}-{}", "x".repeat(200))] = json!(1);
    }
    for (path, body) in [
        (&transactions, json!({ "data": wrong })),
        (&transactions, json!({ "data": { "attributes": wrong } })),
        (
            &"/v2/inventories/transactions".to_owned(),
            json!({ "data": [line, wrong, line], "atomic": true }),
        ),
        (
            &"/v2/inventories/transactions".to_owned(),
            json!({ "data": [line, wrong, { "attributes": wrong, "colour": 1 }] }),
        ),
        (
            &"/v2/inventories/locations".to_owned(),
            json!({ "data": location }),
        ),
        (
            &"/v2/inventories/availability".to_owned(),
            json!({ "data": [{ "product_id": id(1), "quantity": 1 }, item], "order_id": "7" }),
        ),
        (&release, json!({ "data": { "items": [item] } })),
        (
            &"/v2/inventories/reservations".to_owned(),
            json!({ "data": { "attributes": { "items": [item, item] } } }),
        ),
        (
            &"/v2/inventories".to_owned(),
            json!({ "data": {
                "id": id(9),
                "locations": { "berlin": { "available": 1, "total": 1 } },
            } }),
        ),
        (&"/v2/products".to_owned(), json!({ "data": many })),
    ] {
        let request = app.post(path, &body).header("prefer", STRICT);
        transcript.add("", &request.send().await);
    }
    let body = json!({ "data": { "locations": { "berlin": { "available": 1, "total": 1 } } } });
    let request = app.put(&stock, &body).header("prefer", STRICT);
    transcript.add("", &request.send().await);
    assert_snapshot!(transcript.text());
}

/// Credentials come as a form, too.
#[tokio::test]
async fn forms() {
    let app = TestApp::new().await;
    let form = "grant_type=implicit&client_id=unknown&colour=blue";
    for (is_strict, request) in both(app.post_nothing("/oauth/access_token").body(form)) {
        let answer = request.send().await;
        expect_applied(&answer, is_strict);
        if is_strict {
            expect_unknown(&answer, "unknown_fields", &["colour"]);
        } else {
            answer.expect_status(401);
        }
    }
}

/// What is wrong with a request for another reason is told as ever, and the preference of others
/// is none.
#[tokio::test]
async fn other_preferences_change_nothing() {
    let app = TestApp::new().await;
    let body = json!({ "data": { "name": "Stool", "colour": "blue" }, "more": 1 });
    for preference in [
        "handling=lenient",
        "return=minimal",
        "handling",
        "",
        "strict",
    ] {
        let request = app.post("/v2/products?colour=blue", &body);
        let answer = request.header("prefer", preference).send().await;
        answer.expect_status(201);
        expect_applied(&answer, false);
    }
}
