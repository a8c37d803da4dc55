//! `/v2/application-keys`

use insta::assert_snapshot;
use serde_json::json;
use stockroom_domain::Owner;
use stockroom_http::Options;

use crate::support::{FORMS, TestApp, Transcript, id};

const PATH: &str = "/v2/application-keys";

async fn limited() -> TestApp {
    TestApp::with(Options {
        store_rate_limit: Some(1_000_000),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn created() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = limited().await;
        for data in [
            json!({ "name": "Shop" }),
            json!({
                "type": "application_key",
                "name": "Checkout",
                "reserved_rate_limit": 500,
                "allow_implicit": true,
            }),
            json!({ "name": "Dashboard", "access": "read" }),
            json!({ "name": "ERP", "access": "full" }),
        ] {
            let answer = app
                .post(PATH, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(201);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn create_refused() {
    let app = limited().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (status, data) in [
            (400, json!({})),
            (400, json!({ "name": "" })),
            (400, json!({ "name": "x".repeat(1_025) })),
            (400, json!({ "name": 5 })),
            (400, json!({ "name": "Shop", "reserved_rate_limit": -1 })),
            (400, json!({ "name": "Shop", "reserved_rate_limit": 5.0 })),
            (400, json!({ "name": "Shop", "reserved_rate_limit": "5" })),
            (400, json!({ "name": "Shop", "reserved_rate_limit": null })),
            (
                400,
                json!({ "name": "Shop", "reserved_rate_limit": 4_294_967_296_u64 }),
            ),
            (400, json!({ "name": "Shop", "allow_implicit": "true" })),
            (400, json!({ "name": "Shop", "allow_implicit": 1 })),
            (400, json!({ "name": "Shop", "access": "write" })),
            (400, json!({ "name": "Shop", "access": "Read" })),
            (400, json!({ "name": "Shop", "access": true })),
            (400, json!({ "name": "Shop", "access": null })),
            (400, json!({ "name": "Shop", "type": "key" })),
            (
                409,
                json!({ "name": "Shop", "reserved_rate_limit": 1_000_001 }),
            ),
        ] {
            let answer = app
                .post(PATH, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn listed() {
    let app = limited().await;
    for (name, reserved) in [("Shop", 300), ("Checkout", 200)] {
        let body = json!({ "data": { "name": name, "reserved_rate_limit": reserved } });
        app.post(PATH, &body).send().await.expect_status(201);
    }
    let mut transcript = Transcript::default();
    for form in FORMS {
        for path in [
            PATH,
            "/v2/application-keys?page[limit]=1&page[offset]=1",
            "/v2/application-keys?page[offset]=5",
        ] {
            let answer = app.get(path).form(form).send().await;
            answer.expect_status(200);
            // Of all keys, whatever the page.
            assert_eq!(answer.json()["meta"]["total_reserved_rate_limit"], 500);
            transcript.add(form, &answer);
        }
        let answer = app
            .get("/v2/application-keys?page[limit]=101")
            .form(form)
            .send()
            .await;
        answer.expect_status(400);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn read() {
    let app = limited().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (id, status) in [
            (scene.key.clone(), 200),
            (id(404), 404),
            ("5".to_owned(), 404),
        ] {
            let answer = app.get(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn updated() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = limited().await;
        let scene = app.scene().await;
        let path = format!("{PATH}/{}", scene.key);
        for data in [
            json!({}),
            json!({ "name": "Renamed" }),
            json!({ "attributes": { "reserved_rate_limit": 1_000_000, "allow_implicit": true } }),
            json!({ "access": "read" }),
            json!({ "name": "Dashboard" }),
            json!({ "attributes": { "access": "full" } }),
        ] {
            let answer = app
                .put(&path, &json!({ "data": data }))
                .form(form)
                .send()
                .await;
            answer.expect_status(200);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn update_refused() {
    let app = limited().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (status, id, data) in [
            (400, &scene.key, json!({ "name": null })),
            (400, &scene.key, json!({ "name": "" })),
            (400, &scene.key, json!({ "reserved_rate_limit": null })),
            (400, &scene.key, json!({ "allow_implicit": null })),
            (400, &scene.key, json!({ "access": null })),
            (400, &scene.key, json!({ "access": "none" })),
            (400, &scene.key, json!({ "type": "stock" })),
            (404, &id(404), json!({ "name": "Nothing" })),
            (404, &"5".to_owned(), json!({ "name": "Nothing" })),
            (
                409,
                &scene.key,
                json!({ "name": "Greedy", "reserved_rate_limit": 1_000_001 }),
            ),
        ] {
            let request = app.put(&format!("{PATH}/{id}"), &json!({ "data": data }));
            let answer = request.form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn deleted() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = limited().await;
        let scene = app.scene().await;
        for (status, id) in [(204, &scene.key), (404, &scene.key), (404, &"5".to_owned())] {
            let answer = app.delete(&format!("{PATH}/{id}")).form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
        app.get(&format!("{PATH}/{}", scene.key))
            .send()
            .await
            .expect_status(404);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_secret_is_shown_once() {
    let app = TestApp::new().await;
    let created = app
        .post(PATH, &json!({ "data": { "name": "Shop" } }))
        .send()
        .await
        .data();
    let secret = created["client_secret"].as_str().unwrap();
    assert!(secret.len() >= 32);
    let path = created["links"]["self"].as_str().unwrap();
    for answer in [
        app.get(path).send().await,
        app.get(PATH).send().await,
        app.put(path, &json!({ "data": { "name": "Other" } }))
            .send()
            .await,
    ] {
        answer.expect_status(200);
        assert!(!answer.text().contains(secret));
        assert!(!answer.text().contains("secret"));
    }
    // It works, and for this key alone.
    let client_id = created["client_id"].as_str().unwrap();
    let token = app.token_for(client_id, secret).await;
    app.get("/v2/inventories")
        .token(&token)
        .send()
        .await
        .expect_status(200);
    let again = app
        .post(PATH, &json!({ "data": { "name": "Shop" } }))
        .send()
        .await
        .data();
    assert_ne!(again["client_secret"], secret);
    assert_ne!(again["client_id"], client_id);
}

#[tokio::test]
async fn last_used_at_is_when_it_last_gave_a_token() {
    let app = TestApp::new().await;
    let created = app
        .post(PATH, &json!({ "data": { "name": "Shop" } }))
        .send()
        .await
        .data();
    let path = created["links"]["self"].as_str().unwrap();
    let text = |field: &str| created[field].as_str().unwrap();
    let last_used_at = async || {
        let key = app.get(path).send().await.data();
        key["meta"]["timestamps"]["last_used_at"]
            .as_str()
            .map(ToOwned::to_owned)
    };
    assert_eq!(last_used_at().await, None);
    app.token_for(text("client_id"), text("client_secret"))
        .await;
    let first = last_used_at().await.unwrap();
    assert!(
        first.as_str()
            > created["meta"]["timestamps"]["created_at"]
                .as_str()
                .unwrap()
    );
    app.clock.advance_seconds(120);
    app.token_for(text("client_id"), text("client_secret"))
        .await;
    assert!(last_used_at().await.unwrap() > first);
}

#[tokio::test]
async fn reserved_limits_together_stay_within_the_stores() {
    let app = limited().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let reserving =
        |limit: u32| json!({ "data": { "name": "Shop", "reserved_rate_limit": limit } });
    let first = app
        .post(PATH, &reserving(600_000))
        .send()
        .await
        .created_id();
    let path = format!("{PATH}/{first}");
    app.post(PATH, &reserving(400_001))
        .send()
        .await
        .expect_status(409);
    app.post(PATH, &reserving(400_000))
        .send()
        .await
        .expect_status(201);
    app.post(PATH, &reserving(1))
        .send()
        .await
        .expect_status(409);
    app.post(PATH, &reserving(0))
        .send()
        .await
        .expect_status(201);
    // A key's own share is not counted twice.
    app.put(&path, &reserving(600_000))
        .send()
        .await
        .expect_status(200);
    app.put(&path, &reserving(600_001))
        .send()
        .await
        .expect_status(409);
    app.put(&path, &reserving(100_000))
        .send()
        .await
        .expect_status(200);
    app.post(PATH, &reserving(500_000))
        .send()
        .await
        .expect_status(201);
    // What a deleted key had is free again, and each store has a limit of its own.
    app.delete(&path).send().await.expect_status(204);
    app.post(PATH, &reserving(100_000))
        .send()
        .await
        .expect_status(201);
    app.post(PATH, &reserving(1_000_000))
        .token(&other)
        .send()
        .await
        .expect_status(201);
}

#[tokio::test]
async fn keys_are_administered_at_their_own_level() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let shop = format!("{PATH}/{}", scene.key);
    app.get(&shop)
        .organization()
        .send()
        .await
        .expect_status(404);
    let in_store = app
        .get(&shop)
        .organization()
        .in_store(&app.store.id)
        .send()
        .await;
    in_store.expect_status(200);
    let body = json!({ "data": { "name": "Central" } });
    let central = app
        .post(PATH, &body)
        .organization()
        .send()
        .await
        .created_id();
    let central = format!("{PATH}/{central}");
    app.get(&central)
        .organization()
        .send()
        .await
        .expect_status(200);
    for request in [
        app.get(&central),
        app.delete(&central),
        app.put(&central, &body),
    ] {
        request.send().await.expect_status(404);
    }
    let listed = app.get(PATH).send().await.ids();
    assert!(
        central
            .rsplit('/')
            .all(|id| !listed.contains(&id.to_owned()))
    );
}

#[tokio::test]
async fn a_secret_is_of_one_key_also_where_the_request_is_sent_again() {
    let app = TestApp::new().await;
    let operator = app.key(Owner::Store(app.store.id), false).await;
    let create = async |token: &str| {
        let request = app.post(PATH, &json!({ "data": { "name": "Shop" } }));
        let request = request.header("idempotency-key", "shop");
        let answer = request.token(token).send().await;
        answer.expect_status(201);
        answer.data()
    };
    let first = create(&app.token).await;
    assert_eq!(create(&app.token).await, first, "the answer is kept");
    let path = first["links"]["self"].as_str().unwrap();
    app.delete(path).send().await.expect_status(204);
    assert_eq!(create(&app.token).await, first, "the answer is still kept");

    app.clock.advance_seconds(24 * 3_600 + 1);
    let (client_id, secret) = (&operator.key.client_id, &operator.client_secret);
    let token = app.token_for(client_id, secret).await;
    let later = create(&token).await;
    for field in ["id", "client_id", "client_secret"] {
        assert_ne!(later[field], first[field], "{field}");
    }
}

#[tokio::test]
async fn a_secret_that_came_from_a_replaced_signing_key_is_not_given_again() {
    let mut app = TestApp::new().await;
    let body = json!({ "data": { "name": "Shop" } });
    let create = async |app: &TestApp| {
        let request = app.post(PATH, &body).header("idempotency-key", "shop");
        request.send().await
    };
    create(&app).await.expect_status(201);
    app.replace_signing_key().await;
    let refused = create(&app).await;
    refused.expect_status(409);
    let detail = "This key was created by the same request before, and its secret can no longer be given. \
                  Delete the key, and create another with a new Idempotency-Key";
    assert_eq!(refused.detail(), detail);
}
