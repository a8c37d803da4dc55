//! `POST /v2/inventories/locations`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::PATH;
use crate::support::{FORMS, TestApp, Transcript};

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let least = json!({ "data": { "name": "Paris", "slug": "paris" } });
        let whole = json!({
            "data": {
                "type": "inventory_location",
                "attributes": {
                    "name": "Berlin",
                    "slug": "berlin",
                    "external_ref": "WH-1",
                    "description": "The large one",
                    "address": ["Hauptstraße 1", "10827 Berlin"],
                    "geolocation": { "lat": 52.48, "lon": 13.36 },
                },
            },
        });
        let off = json!({
            "data": { "name": "Lyon", "slug": "lyon", "enabled": false, "priority": 10 },
        });
        let usual = json!({
            "data": { "name": "Rome", "slug": "rome", "enabled": null, "priority": null },
        });
        for (what, body) in [
            ("the least", least),
            ("the whole", whole),
            ("disabled, and of a priority", off),
            ("null for what is usual", usual),
        ] {
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(201);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

fn valid() -> Value {
    json!({ "type": "inventory_location", "name": "Berlin", "slug": "berlin" })
}

fn with(field: &str, value: Value) -> Value {
    let mut data = valid();
    data[field] = value;
    data
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    app.create_location("taken").await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, data) in [
            ("no name", json!({ "slug": "berlin" })),
            ("no slug", json!({ "name": "Berlin" })),
            ("a short name", with("name", json!("Be"))),
            ("a slug with a space", with("slug", json!("ber lin"))),
            ("a slug that is taken", with("slug", json!("taken"))),
            ("a short external_ref", with("external_ref", json!("W1"))),
            ("a short description", with("description", json!("No"))),
            ("no line of address", with("address", json!([]))),
            ("no list of lines", with("address", json!("Hauptstraße 1"))),
            (
                "beyond the pole",
                with("geolocation", json!({ "lat": 90.1, "lon": 0 })),
            ),
            (
                "beyond the date line",
                with("geolocation", json!({ "lat": 0, "lon": -180.1 })),
            ),
            ("half a point", with("geolocation", json!({ "lat": 0 }))),
            ("no flag", with("enabled", json!("false"))),
            ("a negative priority", with("priority", json!(-1))),
            (
                "a priority that is too large",
                with("priority", json!(1_000_001)),
            ),
            ("a list of priorities", with("priority", json!([1]))),
            ("another type", with("type", json!("location"))),
        ] {
            let body = json!({ "data": data });
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(400);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

fn text(characters: usize) -> Value {
    json!("ö".repeat(characters))
}

fn lines(count: usize) -> Value {
    json!(vec!["x"; count])
}

#[tokio::test]
async fn texts_beyond_their_limits_are_refused() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    for (field, wrong) in [
        (
            "name",
            vec![
                text(0),
                text(2),
                text(1_025),
                json!(null),
                json!(5),
                json!(["Berlin"]),
            ],
        ),
        (
            "external_ref",
            vec![text(0), text(2), text(1_025), json!(5)],
        ),
        ("description", vec![text(0), text(2), text(1_025), json!(5)]),
        (
            "address",
            vec![
                lines(0),
                lines(9),
                json!([text(1_025)]),
                json!([5]),
                json!({}),
            ],
        ),
        (
            "geolocation",
            vec![
                json!({ "lat": -90.5, "lon": 0 }),
                json!({ "lat": 0, "lon": 181 }),
                json!({ "lat": "0", "lon": "0" }),
                json!({ "lat": null, "lon": null }),
                json!({ "latitude": 0, "longitude": 0 }),
                json!([0, 0]),
                json!("0,0"),
            ],
        ),
        ("enabled", vec![json!(0), json!("true"), json!([true])]),
        (
            "priority",
            vec![
                json!(-1),
                json!(0.5),
                json!(1_000_001),
                json!(1e300),
                json!("5"),
                json!(true),
                json!({}),
            ],
        ),
    ] {
        for value in wrong {
            let body = json!({ "data": with(field, value.clone()) });
            let answer = app.post(PATH, &body).send().await;
            assert_eq!(answer.status, 400, "{field}: {value}");
        }
    }
    let infinite =
        r#"{"data":{"name":"Berlin","slug":"berlin","geolocation":{"lat":1e999,"lon":0}}}"#;
    app.post(PATH, &json!(null))
        .body(infinite)
        .send()
        .await
        .expect_status(400);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn texts_at_their_limits_are_kept() {
    let app = TestApp::new().await;
    for (number, (field, value)) in [
        ("name", text(3)),
        ("name", text(1_024)),
        ("external_ref", text(3)),
        ("external_ref", text(1_024)),
        ("description", text(3)),
        ("description", text(1_024)),
        ("address", lines(1)),
        ("address", lines(8)),
        ("address", json!([text(1_024)])),
        ("geolocation", json!({ "lat": 90, "lon": -180 })),
        ("geolocation", json!({ "lat": -90.0, "lon": 180.0 })),
        ("priority", json!(0)),
        ("priority", json!(1_000_000)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut data = with(field, value.clone());
        data["slug"] = json!(format!("berlin-{number}"));
        let answer = app.post(PATH, &json!({ "data": data })).send().await;
        answer.expect_status(201);
        let kept = &answer.data()["attributes"][field];
        if field == "geolocation" {
            assert_eq!(kept["lat"].as_f64(), value["lat"].as_f64());
        } else {
            assert_eq!(*kept, value, "{field}");
        }
    }
}

#[tokio::test]
async fn slugs_are_unique_within_their_level() {
    let app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let body = json!({ "data": valid() });
    for request in [
        app.post(PATH, &body),
        app.post(PATH, &body).token(&other),
        app.post(PATH, &body).organization(),
    ] {
        request.clone().send().await.expect_status(201);
        request.send().await.expect_status(400);
    }
}
