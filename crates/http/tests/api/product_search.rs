//! Searching and sorting `/v2/products`

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{FORMS, TestApp, Transcript, id, query};

const PATH: &str = "/v2/products";

/// Products 1 to 5.
async fn catalogue(app: &TestApp) {
    for (number, data) in [
        (
            1,
            json!({ "name": "Oak chair", "sku": "CHAIR-1", "stock": 5, "status": "live" }),
        ),
        (
            2,
            json!({ "name": "oak table", "sku": "table-1", "manage_stock": true }),
        ),
        (
            3,
            json!({ "name": "Lamp (\"red\"), 50%", "slug": "lamp", "commodity_type": "digital" }),
        ),
        (
            4,
            json!({ "name": "Élan", "external_ref": "ERP-4", "description": "Oak and steel" }),
        ),
        (
            5,
            json!({ "name": "OAK CHAIR", "sku": "chair-2", "status": "live" }),
        ),
    ] {
        let mut data = data;
        data["id"] = json!(id(number));
        let answer = app.post(PATH, &json!({ "data": data })).send().await;
        answer.expect_status(201);
    }
}

fn ids(numbers: &[u32]) -> Vec<String> {
    numbers.iter().copied().map(id).collect()
}

#[tokio::test]
async fn found() {
    let app = TestApp::new().await;
    catalogue(&app).await;
    for (filter, expected) in [
        ("eq(name,Oak chair)", &[1][..]),
        ("ilike(name,oak chair)", &[1, 5]),
        ("like(name,Oak*)", &[1]),
        ("ilike(name,oak*)", &[1, 2, 5]),
        ("ilike(name,*CHAIR)", &[1, 5]),
        ("ilike(name,é*)", &[4]),
        (r#"eq(name,'Lamp ("red"), 50%')"#, &[3]),
        ("in(sku,CHAIR-1,chair-2,none)", &[1, 5]),
        ("ilike(sku,CHAIR-*)", &[1, 5]),
        ("is_null(sku)", &[3, 4]),
        ("eq(slug,lamp)", &[3]),
        ("eq(external_ref,ERP-4)", &[4]),
        ("like(description,*steel)", &[4]),
        ("eq(status,live)", &[1, 5]),
        ("in(status,live,draft)", &[1, 2, 3, 4, 5]),
        ("eq(commodity_type,digital)", &[3]),
        ("eq(manage_stock,true)", &[2]),
        ("eq(status,live):ilike(sku,*2)", &[5]),
    ] {
        for form in FORMS {
            let path = query(PATH, &[("filter", filter)]);
            let answer = app.get(&path).form(form).send().await;
            assert_eq!(answer.ids(), ids(expected), "{filter}");
            let total = &answer.json()["meta"]["results"]["total"];
            assert_eq!(*total, expected.len(), "{filter}");
        }
    }
}

#[tokio::test]
async fn filters_refused() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for filter in [
        "eq(price,5)",
        "is_null(name)",
        "gt(sku,a)",
        "eq(status,sold)",
        "like(status,l*)",
        "eq(manage_stock,yes)",
        "ilike(name,a*b)",
        "ilike(name,a,b)",
    ] {
        let path = query(PATH, &[("filter", filter)]);
        transcript.add(filter, &app.get(&path).send().await);
    }
    assert_snapshot!(transcript.text());
}

/// All ids of a list, page by page.
async fn to_the_end(app: &TestApp, parameters: &[(&str, &str)]) -> Vec<String> {
    let limit = [("page[limit]", "2")];
    let mut path = query(PATH, &[parameters, &limit].concat());
    let mut all = Vec::new();
    loop {
        let answer = app.get(&path).send().await;
        all.extend(answer.ids());
        match answer.json()["links"]["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => return all,
        }
    }
}

#[tokio::test]
async fn sorted() {
    let app = TestApp::new().await;
    catalogue(&app).await;
    let change = json!({ "data": { "type": "product", "description": "New" } });
    let path = format!("{PATH}/{}", id(2));
    app.put(&path, &change).send().await.expect_status(200);
    for (sort, expected) in [
        ("", [1, 2, 3, 4, 5]),
        ("nothing", [1, 2, 3, 4, 5]),
        ("created_at", [1, 2, 3, 4, 5]),
        ("-created_at", [5, 4, 3, 2, 1]),
        ("updated_at", [1, 3, 4, 5, 2]),
        ("-updated_at", [2, 5, 4, 3, 1]),
        ("name", [3, 1, 5, 2, 4]),
        ("-name", [4, 2, 5, 1, 3]),
        ("sku", [3, 4, 1, 5, 2]),
        ("-sku", [2, 5, 1, 4, 3]),
    ] {
        let all = to_the_end(&app, &[("sort", sort)]).await;
        assert_eq!(all, ids(&expected), "{sort}");
        let filtered = [("sort", sort), ("filter", "ilike(name,*)")];
        assert_eq!(to_the_end(&app, &filtered).await, ids(&expected), "{sort}");
    }
}

#[tokio::test]
async fn with_stock() {
    let app = TestApp::new().await;
    catalogue(&app).await;
    app.create_location("berlin").await;
    let located = json!({ "data": { "locations": { "berlin": { "available": 3 } } } });
    let path = format!("/v2/inventories/{}", id(2));
    app.put(&path, &located).send().await.expect_status(200);
    let mut transcript = Transcript::default();
    for form in FORMS {
        for path in [
            query(
                PATH,
                &[("include", "files,stock"), ("filter", "ilike(name,oak *)")],
            ),
            format!("{PATH}/{}?include=stock", id(1)),
            format!("{PATH}/{}?include=stock", id(3)),
            format!("{PATH}/{}?include=nothing", id(1)),
        ] {
            let answer = app.get(&path).form(form).send().await;
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

/// A store finds its own products and the organization's, and never another store's.
#[tokio::test]
async fn only_what_is_seen_is_found() {
    let app = TestApp::new().await;
    catalogue(&app).await;
    let (_, other) = app.another_store("Other").await;
    let answer = app.get(&query(PATH, &[("filter", "ilike(name,*)")]));
    assert_eq!(answer.token(&other).send().await.ids(), ids(&[]));
    let sku = query("/v2/inventories", &[("filter", "eq(sku,CHAIR-1)")]);
    assert_eq!(app.get(&sku).token(&other).send().await.ids(), ids(&[]));
}
