//! `PUT /v2/inventories/locations/{location}`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::PATH;
use crate::support::{FORMS, Form, TestApp, Transcript, id};

fn whole() -> Value {
    json!({
        "name": "Berlin",
        "slug": "berlin",
        "external_ref": "WH-1",
        "description": "The large one",
        "address": ["Hauptstraße 1"],
        "geolocation": { "lat": 52.5, "lon": 13.5 },
    })
}

#[tokio::test]
async fn updated() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let body = json!({ "data": { "attributes": whole() } });
        let location = app.post(PATH, &body).send().await.created_id();
        let path = format!("{PATH}/{location}");
        for (what, attributes) in [
            ("nothing", json!({})),
            ("a new name", json!({ "name": "Berlin Mitte" })),
            (
                "two cleared",
                json!({ "external_ref": null, "address": null }),
            ),
            (
                "disabled, and of a priority",
                json!({ "enabled": false, "priority": 5 }),
            ),
            ("both reset", json!({ "enabled": null, "priority": null })),
        ] {
            let body =
                json!({ "data": { "type": "inventory_location", "attributes": attributes } });
            let answer = app.put(&path, &body).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let path = format!("{PATH}/{}", scene.location);
    let mut transcript = Transcript::default();
    for form in FORMS {
        for attributes in [
            json!({ "name": null }),
            json!({ "slug": null }),
            json!({ "name": "No" }),
            json!({ "slug": "../" }),
            json!({ "slug": "berlin" }),
            json!({ "address": [] }),
            json!({ "geolocation": { "lat": 91, "lon": 0 } }),
            json!({ "enabled": 1 }),
            json!({ "priority": 1_000_001 }),
            json!({ "priority": "first" }),
            json!({ "type": "location" }),
        ] {
            let body = json!({ "data": { "attributes": attributes } });
            let answer = app.put(&path, &body).form(form).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    let body = json!({ "data": { "name": "Berlin" } });
    let mut transcript = Transcript::default();
    for form in FORMS {
        for id in [id(404), "5".to_owned()] {
            let answer = app
                .put(&format!("{PATH}/{id}"), &body)
                .form(form)
                .send()
                .await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn the_organizations_location_needs_its_key() {
    let app = TestApp::new().await;
    let body = json!({ "data": { "attributes": whole() } });
    let hub = app
        .post(PATH, &body)
        .organization()
        .send()
        .await
        .created_id();
    let path = format!("{PATH}/{hub}");
    let before = app.readings().await;
    let body = json!({ "data": { "name": "Mine" } });
    let mut transcript = Transcript::default();
    for form in FORMS {
        let answer = app.put(&path, &body).form(form).send().await;
        answer.expect_status(403);
        transcript.add(form, &answer);
        let answer = app.delete(&path).form(form).send().await;
        answer.expect_status(403);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
    app.put(&path, &body)
        .organization()
        .in_store(&app.store.id)
        .send()
        .await
        .expect_status(200);
    app.delete(&path)
        .organization()
        .send()
        .await
        .expect_status(204);
}

#[tokio::test]
async fn what_is_not_named_stays_and_null_clears() {
    let app = TestApp::new().await;
    let body = json!({ "data": whole() });
    let location = app.post(PATH, &body).send().await.created_id();
    let path = format!("{PATH}/{location}");
    let mut expected = whole();
    for (field, value) in [
        ("name", json!("Berlin Mitte")),
        ("slug", json!("mitte")),
        ("slug", json!("mitte")),
        ("external_ref", json!("WH-2")),
        ("external_ref", json!(null)),
        ("description", json!("The small one")),
        ("description", json!(null)),
        ("address", json!(["Nebenstraße 2", "Berlin"])),
        ("address", json!(null)),
        ("geolocation", json!({ "lat": 1.5, "lon": 2.5 })),
        ("geolocation", json!(null)),
        ("enabled", json!(false)),
        ("enabled", json!(null)),
        ("priority", json!(7)),
        ("priority", json!(null)),
    ] {
        let body = json!({ "data": { "attributes": { field: value } } });
        app.put(&path, &body).send().await.expect_status(200);
        if value.is_null() {
            expected.as_object_mut().unwrap().remove(field);
        } else {
            expected[field] = value;
        }
        let kept = app.get(&path).send().await.data()["attributes"].take();
        assert_eq!(kept, expected, "{field}");
    }
}

/// Neither is shown while it is what it would be if it had never been set.
#[tokio::test]
async fn the_usual_values_are_not_shown() {
    let app = TestApp::new().await;
    let body = json!({ "data": whole() });
    let location = app.post(PATH, &body).send().await.created_id();
    let path = format!("{PATH}/{location}");
    for (field, usual, other) in [
        ("enabled", json!(true), json!(false)),
        ("priority", json!(1_000), json!(0)),
    ] {
        for (value, is_shown) in [(usual.clone(), false), (other, true), (usual, false)] {
            let body = json!({ "data": { field: value } });
            let answer = app.put(&path, &body).send().await;
            answer.expect_status(200);
            let shown = &answer.data()["attributes"][field];
            let expected = if is_shown { value } else { Value::Null };
            assert_eq!(*shown, expected, "{field}");
        }
    }
}

#[tokio::test]
async fn a_new_slug_shows_in_all_stock() {
    let app = TestApp::new().await;
    let berlin = app.create_location("berlin").await;
    for number in [1, 2] {
        app.create_stock(&id(number), 0).await;
        app.transact_at(&id(number), "berlin", "increment", 5).await;
    }
    let body = json!({ "data": { "slug": "spree" } });
    app.put(&format!("{PATH}/{berlin}"), &body)
        .send()
        .await
        .expect_status(200);
    let stocks = app
        .get("/v2/inventories")
        .form(Form::MultiLocation)
        .send()
        .await
        .data();
    for stock in stocks.as_array().unwrap() {
        let locations = stock["attributes"]["locations"].as_object().unwrap();
        assert_eq!(locations.keys().collect::<Vec<_>>(), ["spree"]);
    }
}
