//! Tokens that are not, not yet or no longer good.

use stockroom_domain::Owner;

use crate::support::{TestApp, endpoints};

#[tokio::test]
async fn a_token_with_any_bit_flipped_is_refused() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let app = TestApp::new().await;
    for token in [&app.token, &app.organization_token] {
        app.get("/v2/inventories")
            .token(token)
            .send()
            .await
            .expect_status(200);
        for (position, character) in token.bytes().enumerate().filter(|(_, it)| *it != b'.') {
            let index = ALPHABET.iter().position(|it| *it == character).unwrap();
            for bit in 0..6 {
                let mut forged = token.clone().into_bytes();
                forged[position] = ALPHABET[index ^ (1 << bit)];
                let forged = String::from_utf8(forged).unwrap();
                let answer = app.get("/v2/inventories").token(&forged).send().await;
                assert_eq!(answer.status, 401, "bit {bit} of character {position}");
            }
        }
        for length in 0..token.len() {
            let answer = app
                .get("/v2/inventories")
                .token(&token[..length])
                .send()
                .await;
            assert_eq!(answer.status, 401, "cut off at {length}");
        }
    }
}

#[tokio::test]
async fn a_token_runs_out_after_an_hour() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let token = app.token_of(Owner::Store(app.store.id)).await;
    // A request is sent one second after the one before.
    app.clock.advance_seconds(3_600 - 2);
    app.get("/v2/inventories")
        .token(&token)
        .send()
        .await
        .expect_status(200);
    app.get("/v2/inventories")
        .token(&token)
        .send()
        .await
        .expect_status(401);
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        let answer = endpoint.request(&app, &scene).token(&token).send().await;
        answer.expect_status(401);
    }
}

#[tokio::test]
async fn a_deleted_keys_tokens_stop_working() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let key = app.key(Owner::Store(app.store.id), true).await;
    let token = app.token_for(&key.key.client_id, &key.client_secret).await;
    let path = format!("/v2/application-keys/{}", key.key.id);
    app.get("/v2/inventories")
        .token(&token)
        .send()
        .await
        .expect_status(200);
    app.delete(&path).send().await.expect_status(204);
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        let answer = endpoint.request(&app, &scene).token(&token).send().await;
        answer.expect_status(401);
    }
    let body = serde_json::json!({
        "grant_type": "client_credentials",
        "client_id": key.key.client_id,
        "client_secret": key.client_secret,
    });
    app.post("/oauth/access_token", &body)
        .send()
        .await
        .expect_status(401);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_key_that_no_longer_allows_implicit_tokens_stops_those_alone() {
    let app = TestApp::new().await;
    let key = app.key(Owner::Store(app.store.id), true).await;
    let token = app.token_for(&key.key.client_id, &key.client_secret).await;
    let body = serde_json::json!({ "grant_type": "implicit", "client_id": key.key.client_id });
    let implicit = app.post("/oauth/access_token", &body).send().await.json();
    let implicit = implicit["access_token"].as_str().unwrap();
    app.get("/v2/inventories")
        .token(implicit)
        .send()
        .await
        .expect_status(200);

    let path = format!("/v2/application-keys/{}", key.key.id);
    let update = serde_json::json!({ "data": { "allow_implicit": false } });
    app.put(&path, &update).send().await.expect_status(200);
    app.get("/v2/inventories")
        .token(implicit)
        .send()
        .await
        .expect_status(401);
    app.get("/v2/inventories")
        .token(&token)
        .send()
        .await
        .expect_status(200);
    app.post("/oauth/access_token", &body)
        .send()
        .await
        .expect_status(403);
}

#[tokio::test]
async fn the_word_bearer_is_read_in_letters_of_either_case() {
    let app = TestApp::new().await;
    for word in ["Bearer", "bearer", "BEARER"] {
        let request = app.get("/v2/inventories");
        let value = format!("{word} {}", app.token);
        request
            .header("authorization", value)
            .send()
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn which_of_two_tokens_or_stores_is_meant_is_not_guessed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let (_, other_token) = app.another_store("Acme Paris").await;
    let implicit = app.implicit_token().await;
    let store = app.store.id.to_string();
    let before = app.readings().await;
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        let request = || endpoint.request(&app, &scene);
        for token in [app.token.as_str(), &other_token, "nonsense"] {
            let second = format!("Bearer {token}");
            let answer = request()
                .another_header("authorization", second)
                .send()
                .await;
            answer.expect_status(400);
        }
        let in_two = || {
            let request = request().organization().in_store(&store);
            request.another_header("x-moltin-auth-store", store.as_str())
        };
        in_two().send().await.expect_status(400);
        let refused = in_two().token("nonsense").send().await;
        refused.expect_status(401);
        let expected = if endpoint.is_implicit() { 400 } else { 403 };
        let refused = in_two().token(&implicit).send().await;
        refused.expect_status(expected);
    }
    assert_eq!(app.readings().await, before);
}
