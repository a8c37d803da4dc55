//! Sorting `/v2/inventories`, SKUs in its filter, and products beside stock.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, TestApp, Transcript, id, query};

const PATH: &str = "/v2/inventories";

/// Stock of products 1 to 4; 1 and 2 are registered.
async fn stocks(app: &TestApp) {
    for (number, pieces, sku) in [(1, 20, Some("CHAIR-1")), (2, 5, Some("TABLE-1"))] {
        let data = json!({ "id": id(number), "name": "A product", "sku": sku, "stock": pieces });
        let answer = app.post("/v2/products", &json!({ "data": data })).send();
        answer.await.expect_status(201);
    }
    for (number, pieces) in [(3, 30), (4, 5)] {
        let path = format!("{PATH}/{}", id(number));
        let answer = app
            .post(&path, &json!({ "data": { "quantity": pieces } }))
            .send();
        answer.await.expect_status(201);
    }
    app.transact(&id(1), "allocate", 16).await;
}

#[tokio::test]
async fn by_figures() {
    let app = TestApp::new().await;
    stocks(&app).await;
    for (sort, expected) in [
        ("available", [1, 2, 4, 3]),
        ("-available", [3, 4, 2, 1]),
        ("allocated", [2, 3, 4, 1]),
        ("-allocated", [1, 4, 3, 2]),
        ("total", [2, 4, 1, 3]),
        ("updated_at", [2, 3, 4, 1]),
        ("-updated_at", [1, 4, 3, 2]),
        ("name", [1, 2, 3, 4]),
    ] {
        let mut path = query(PATH, &[("sort", sort), ("page[limit]", "3")]);
        let mut all = Vec::new();
        loop {
            let answer = app.get(&path).send().await;
            all.extend(answer.ids());
            assert_eq!(answer.json()["meta"]["results"]["total"], 4, "{sort}");
            match answer.json()["links"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        assert_eq!(all, expected.map(id), "{sort}");
    }
    let filtered = query(PATH, &[("sort", "-total"), ("filter", "lt(available,6)")]);
    assert_eq!(app.get(&filtered).send().await.ids(), [1, 4, 2].map(id));
}

#[tokio::test]
async fn by_sku() {
    let app = TestApp::new().await;
    stocks(&app).await;
    for (filter, expected) in [
        ("eq(sku,CHAIR-1)", &[1][..]),
        ("in(sku,TABLE-1,CHAIR-1,none)", &[1, 2]),
        ("eq(sku,chair-1)", &[]),
        ("in(sku,TABLE-1,CHAIR-1):gt(total,10)", &[1]),
    ] {
        let expected: Vec<String> = expected.iter().copied().map(id).collect();
        let found = app.get(&query(PATH, &[("filter", filter)])).send().await;
        assert_eq!(found.ids(), expected, "{filter}");
        let now = app.stockroom.now().to_string();
        let past = query(PATH, &[("filter", filter), ("at", &now)]);
        assert_eq!(app.get(&past).send().await.ids(), expected, "{filter}");
        let sorted = query(PATH, &[("filter", filter), ("sort", "-total")]);
        assert_eq!(app.get(&sorted).send().await.ids(), expected, "{filter}");
    }
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    stocks(&app).await;
    let implicit = app.implicit_token().await;
    let mut transcript = Transcript::default();
    let past = [("sort", "total"), ("at", "2026-01-31T09:30:00Z")];
    let answer = app.get(&query(PATH, &past)).send().await;
    transcript.add("in the past", &answer);
    for (what, parameter, value) in [
        ("sorted", "sort", "-available"),
        ("by SKU", "filter", "eq(sku,CHAIR-1)"),
        ("with products", "include", "product"),
    ] {
        let path = query(PATH, &[(parameter, value)]);
        let answer = app.get(&path).token(&implicit).send().await;
        transcript.add(format!("{what}, with an implicit token"), &answer);
    }
    assert_snapshot!(transcript.text());
    // All else stays as it is for them.
    let path = query(PATH, &[("sort", "name"), ("include", "sequence")]);
    let answer = app.get(&path).token(&implicit).send().await;
    assert_eq!(answer.ids(), [1, 2, 3, 4].map(id));
}

#[tokio::test]
async fn with_products() {
    let app = TestApp::new().await;
    stocks(&app).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let list = query(PATH, &[("include", "sequence,product"), ("sort", "total")]);
        transcript.add(form, &app.get(&list).form(form).send().await);
        for number in [1, 3] {
            let path = format!("{PATH}/{}?include=product", id(number));
            transcript.add(form, &app.get(&path).form(form).send().await);
        }
        let several = json!({ "data": [{ "id": id(2) }, { "id": id(4) }] });
        let path = format!("{PATH}/multiple?include=product");
        let answer = app.post(&path, &several).form(form).send().await;
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}
