//! Where several refusals apply, the order is 401, 403, 400, 404, 409, 422.

use serde_json::{Value, json};
use stockroom_http::Options;

use crate::support::{FORMS, Scene, TestApp, endpoints, id};

#[tokio::test]
async fn a_missing_token_goes_before_everything() {
    let app = TestApp::new().await;
    app.scene().await;
    let unknown = unknown();
    for endpoint in endpoints().iter().filter(|it| it.is_secured) {
        // 400 and 404 apply as well.
        let request = endpoint.bare(&app, &unknown).body("{").in_store(&"garbage");
        for form in FORMS {
            let request = request.clone().form(form).without_header("authorization");
            request.send().await.expect_status(401);
        }
    }
}

#[tokio::test]
async fn what_an_implicit_token_may_not_goes_before_the_rest() {
    let app = TestApp::new().await;
    app.scene().await;
    let implicit = app.implicit_token().await;
    let before = app.readings().await;
    let unknown = unknown();
    let forbidden = endpoints();
    let forbidden = forbidden
        .iter()
        .filter(|it| it.is_secured && !it.is_implicit());
    for endpoint in forbidden {
        let request = endpoint.bare(&app, &unknown).body("{").in_store(&"garbage");
        for form in FORMS {
            let answer = request.clone().form(form).token(&implicit).send().await;
            answer.expect_status(403);
        }
        let query = format!("{}?page[limit]=-1&filter=(", "/v2/products");
        app.get(&query)
            .token(&implicit)
            .send()
            .await
            .expect_status(403);
    }
    assert_eq!(app.readings().await, before);
}

/// A scene in which nothing exists.
pub(super) fn unknown() -> Scene {
    Scene {
        stocked: id(404),
        transaction: id(404),
        batch: id(404),
        location: id(404),
        product: id(404),
        key: id(404),
        integration: id(404),
        import: id(404),
        finished_import: id(404),
        job: id(404),
        reserved: id(404),
        reservation: id(404),
        transfer: id(404),
        shipped: id(404),
        receipt: id(404),
    }
}

#[tokio::test]
async fn what_needs_an_organizations_key_goes_before_400() {
    let app = TestApp::new().await;
    let before = {
        let create = app.post(
            &format!("/v2/inventories/{}", id(5)),
            &json!({ "data": { "quantity": 5 } }),
        );
        create.organization().send().await.expect_status(201);
        app.readings().await
    };
    let settings = "/v2/settings/inventories";
    for body in [
        "",
        "{",
        r#"{"data":{"per_store_stock":5}}"#,
        r#"{"data":{"type":"stock"}}"#,
    ] {
        let answer = app.put(settings, &Value::Null).body(body).send().await;
        answer.expect_status(403);
    }
    // An unknown location, and the total beyond what it may be.
    let path = format!("/v2/inventories/{}", id(5));
    let body = json!({ "data": { "locations": { "nowhere": { "available": 1 } } } });
    app.put(&path, &body).send().await.expect_status(403);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_bad_request_goes_before_404() {
    let app = TestApp::new().await;
    app.scene().await;
    let unknown = unknown();
    let before = app.readings().await;
    // A file's path names nothing.
    let reading = endpoints()
        .into_iter()
        .filter(|it| it.has_body && it.is_secured && !it.takes_file());
    for endpoint in reading {
        for form in FORMS {
            let request = endpoint.bare(&app, &unknown).form(form);
            let request = request.header("content-type", "application/json");
            request.clone().body("{").send().await.expect_status(400);
            request
                .clone()
                .in_store(&"garbage")
                .body("{")
                .send()
                .await
                .expect_status(400);
            let kind = json!({ "data": { "type": "nothing", "name": "Name", "slug": "slug",
                "action": "increment", "quantity": 1 } });
            request.json(&kind).send().await.expect_status(400);
        }
    }
    for (path, status) in [
        (
            format!("/v2/inventories/{}/transactions?filter=(", id(404)),
            400,
        ),
        (
            format!("/v2/inventories/{}/transactions?page[limit]=101", id(404)),
            400,
        ),
        ("/v2/inventories/5/transactions?filter=(".to_owned(), 400),
        ("/v2/inventories/5/transactions".to_owned(), 404),
    ] {
        app.get(&path).send().await.expect_status(status);
    }
    for path in [
        "/v2/inventories",
        "/v2/inventories/locations",
        "/v2/products",
    ] {
        let path = format!("{path}?page[offset]=10001");
        app.get(&path)
            .in_store(&"garbage")
            .send()
            .await
            .expect_status(400);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_bad_value_goes_before_an_unknown_product() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    for product in [id(404), "no-uuid".to_owned()] {
        let transact = format!("/v2/inventories/{product}/transactions");
        for data in [
            json!({ "action": "increment", "quantity": -1 }),
            json!({ "action": "steal", "quantity": 1 }),
            json!({ "action": "increment", "quantity": 1, "product_id": scene.stocked }),
        ] {
            app.post(&transact, &json!({ "data": data }))
                .send()
                .await
                .expect_status(400);
        }
    }
    let location = json!({
        "data": { "action": "increment", "quantity": 1, "location": "nowhere" }
    });
    let transact = format!("/v2/inventories/{}/transactions", id(404));
    app.post(&transact, &location)
        .send()
        .await
        .expect_status(400);
    let put = json!({ "data": { "locations": { "nowhere": { "available": 1 } } } });
    let path = format!("/v2/inventories/{}", id(404));
    app.put(&path, &put).send().await.expect_status(400);
    let name = json!({ "data": { "name": "" } });
    for path in ["products", "application-keys", "inventories/locations"] {
        let path = format!("/v2/{path}/{}", id(404));
        app.put(&path, &name).send().await.expect_status(400);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn not_found_goes_before_what_the_stock_allows() {
    let app = TestApp::new().await;
    let before = app.readings().await;
    let transact = format!("/v2/inventories/{}/transactions", id(404));
    for action in ["decrement", "allocate", "deallocate"] {
        let body = json!({ "data": { "action": action, "quantity": 1_000_000 } });
        app.post(&transact, &body).send().await.expect_status(404);
    }
    let body = json!({ "data": { "action": "decrement", "quantity": 1_000_000 } });
    let request = app.post(&transact, &body).in_store(&"garbage");
    request.send().await.expect_status(404);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_bad_request_goes_before_what_the_stock_allows() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let transact = format!("/v2/inventories/{}/transactions", scene.stocked);
    let body = json!({
        "data": { "action": "decrement", "quantity": 1_000_000, "location": "nowhere" }
    });
    app.post(&transact, &body).send().await.expect_status(400);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn conflicts_come_after_400_and_404() {
    let limited = Options {
        store_rate_limit: Some(1_000_000),
        ..Options::default()
    };
    let app = TestApp::with(limited).await;
    let before = app.readings().await;
    let too_much = 1_000_001;
    let keys = "/v2/application-keys";
    let valid = json!({ "data": { "name": "Key", "reserved_rate_limit": too_much } });
    app.post(keys, &valid).send().await.expect_status(409);
    let nameless = json!({ "data": { "name": "", "reserved_rate_limit": too_much } });
    app.post(keys, &nameless).send().await.expect_status(400);
    let unknown = format!("{keys}/{}", id(404));
    app.put(&unknown, &valid).send().await.expect_status(404);
    app.put(&unknown, &nameless).send().await.expect_status(400);
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_go_before_the_token() {
    let app = TestApp::new().await;
    for (path, status) in [("/v2/nothing", 404), ("/v2/settings/inventories", 405)] {
        let request = app.delete(path).header("authorization", "Bearer garbage");
        request.send().await.expect_status(status);
    }
}
