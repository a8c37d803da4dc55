//! What the dialect's documentation shows.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_stock_object_of_the_overview() {
    let app = TestApp::new().await;
    let product = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";
    let path = format!("/v2/inventories/{product}");
    app.post(&path, &json!({ "data": { "quantity": 100 } }))
        .send()
        .await
        .expect_status(201);
    let allocate = json!({
        "data": { "type": "stock-transaction", "action": "allocate", "quantity": 10 }
    });
    let history = format!("{path}/transactions");
    let transaction = app.post(&history, &allocate).send().await;
    transaction.expect_status(200);
    let transaction = transaction.data();
    assert_eq!(transaction["type"], "stock-transaction");
    assert_eq!(transaction["action"], "allocate");
    assert_eq!(transaction["product_id"], product);
    assert_eq!(transaction["quantity"], 10);

    let stock = app.get(&path).send().await;
    stock.expect_status(200);
    assert_eq!(
        stock.json(),
        json!({
            "data": {
                "id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e",
                "type": "stock",
                "total": 100,
                "available": 90,
                "allocated": 10
            }
        })
    );

    let history = app.get(&history).send().await.data();
    let shown: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["action"], entry["quantity"]]))
        .collect();
    assert_eq!(shown, [json!(["create", 100]), json!(["allocate", 10])]);
}

#[tokio::test]
async fn the_stock_level_of_a_new_product() {
    let app = TestApp::new().await;
    for (data, level) in [
        (
            json!({ "name": "Chair", "manage_stock": true, "stock": 20 }),
            20,
        ),
        (json!({ "name": "Table", "manage_stock": true }), 0),
    ] {
        let product = app
            .post("/v2/products", &json!({ "data": data }))
            .send()
            .await
            .data();
        assert_eq!(product["meta"]["stock"]["level"], level);
        let id = product["id"].as_str().unwrap();
        let stock = app
            .get(&format!("/v2/inventories/{id}"))
            .send()
            .await
            .data();
        assert_eq!(stock["total"], level);
    }
}

#[tokio::test]
async fn one_organization_level_product_in_several_stores() {
    let app = TestApp::new().await;
    let (_, other) = app.another_store("Acme Paris").await;
    let body = json!({ "data": { "name": "Chair" } });
    let product = app
        .post("/v2/products", &body)
        .organization()
        .send()
        .await
        .created_id();
    let path = format!("/v2/inventories/{product}");
    let body = json!({ "data": { "quantity": 5 } });
    app.post(&path, &body).send().await.expect_status(201);
    let second = app.post(&path, &body).token(&other).send().await;
    second.expect_status(400);
    let error = second.json()["errors"][0].take();
    assert_eq!(
        error,
        json!({
            "title": "Validation Error",
            "status": 400,
            "detail": "Invalid product identifier",
        })
    );
}
