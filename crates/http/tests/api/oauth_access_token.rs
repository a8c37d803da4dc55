//! `POST /oauth/access_token`

use insta::assert_snapshot;
use serde_json::{Value, json};
use stockroom_application::NewKey;
use stockroom_domain::Owner;

use crate::support::{Answer, FORMS, TestApp, Transcript};

const PATH: &str = "/oauth/access_token";

async fn key(app: &TestApp, allow_implicit: bool) -> NewKey {
    app.key(Owner::Store(app.store.id), allow_implicit).await
}

async fn ask(app: &TestApp, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = app.post(PATH, &Value::Null).without_header("authorization");
    request
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
}

#[tokio::test]
async fn issued() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let app = TestApp::new().await;
        let key = key(&app, true).await;
        for body in [
            json!({
                "grant_type": "client_credentials",
                "client_id": key.key.client_id,
                "client_secret": key.client_secret,
            }),
            json!({ "grant_type": "implicit", "client_id": key.key.client_id }),
        ] {
            let request = app
                .post(PATH, &body)
                .form(form)
                .without_header("authorization");
            let answer = request.send().await;
            answer.expect_status(200);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let plain = key(&app, false).await;
    let other = key(&app, false).await;
    let id = &plain.key.client_id;
    let secret = &plain.client_secret;
    let before = app.readings().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (status, body) in [
            (400, json!({})),
            (400, json!({ "grant_type": "client_credentials" })),
            (
                400,
                json!({ "grant_type": "client_credentials", "client_id": id }),
            ),
            (400, json!({ "grant_type": "implicit" })),
            (
                400,
                json!({ "grant_type": "password", "client_id": id, "client_secret": secret }),
            ),
            (400, json!({ "client_id": id, "client_secret": secret })),
            (400, json!({ "grant_type": "implicit", "client_id": 5 })),
            (
                401,
                json!({
                    "grant_type": "client_credentials", "client_id": id, "client_secret": "wrong",
                }),
            ),
            (
                401,
                json!({
                    "grant_type": "client_credentials", "client_id": id, "client_secret": "",
                }),
            ),
            (
                401,
                json!({
                    "grant_type": "client_credentials", "client_id": id,
                    "client_secret": other.client_secret,
                }),
            ),
            (
                401,
                json!({
                    "grant_type": "client_credentials", "client_id": "x", "client_secret": secret,
                }),
            ),
            (401, json!({ "grant_type": "implicit", "client_id": "x" })),
            (403, json!({ "grant_type": "implicit", "client_id": id })),
        ] {
            let answer = app.post(PATH, &body).form(form).send().await;
            answer.expect_status(status);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn the_body_is_read_as_what_it_is() {
    let app = TestApp::new().await;
    let key = key(&app, false).await;
    let (id, secret) = (&key.key.client_id, &key.client_secret);
    let json = json!({
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
        "scope": ["unknown"],
    });
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let encoded = form.replace("client_credentials", "client%5Fcredentials");
    let bodies = [
        json.to_string(),
        format!("\n  {json}\n"),
        format!("{form}&scope=unknown"),
        encoded,
        format!("{form}\r\n"),
    ];
    for body in bodies {
        for content_type in [
            "application/json",
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "text/plain",
            "",
        ] {
            ask(&app, content_type, body.clone())
                .await
                .expect_status(200);
        }
        let request = app
            .post(PATH, &Value::Null)
            .body(body)
            .without_header("content-type");
        request.send().await.expect_status(200);
    }
    for body in [
        format!("{form}&client_id=other"),
        form.replace("client_id", "id"),
        "grant_type".to_owned(),
        "&&&".to_owned(),
        "%ff%fe=%00".to_owned(),
        "{".to_owned(),
        format!("[{json}]"),
    ] {
        ask(&app, "application/x-www-form-urlencoded", body)
            .await
            .expect_status(400);
    }
}

#[tokio::test]
async fn a_token_says_when_it_runs_out() {
    let app = TestApp::new().await;
    let key = key(&app, true).await;
    let issued_at = app.stockroom.now().as_seconds() + 1;
    let body = json!({ "grant_type": "implicit", "client_id": key.key.client_id });
    let token = app.post(PATH, &body).send().await.json();
    assert_eq!(token["expires"], issued_at + 3_600);
    assert_eq!(token["expires_in"], 3_600);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["identifier"], "implicit");
}

#[tokio::test]
async fn an_implicit_token_reads_stock_and_locations() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let implicit = app.implicit_token().await;
    for form in FORMS {
        for path in [
            "/v2/inventories".to_owned(),
            format!("/v2/inventories/{}", scene.stocked),
            "/v2/inventories/locations".to_owned(),
            format!("/v2/inventories/locations/{}", scene.location),
        ] {
            let own = app.get(&path).form(form).send().await;
            let answer = app.get(&path).form(form).token(&implicit).send().await;
            answer.expect_status(200);
            assert_eq!(answer.text(), own.text());
        }
        let body = json!({ "data": [{ "id": scene.stocked }] });
        let several = app.post("/v2/inventories/multiple", &body).token(&implicit);
        assert_eq!(
            several.form(form).send().await.ids(),
            std::slice::from_ref(&scene.stocked)
        );
    }
}
