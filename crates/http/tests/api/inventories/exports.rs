//! Exports, and that importing them again changes nothing.

use std::fmt::Write as _;
use std::io::Read as _;

use axum::http::Method;
use flate2::read::GzDecoder;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestRequest, id};

const PATH: &str = "/v2/inventories/export";

/// Whom a file is exported for and imported by.
#[derive(Debug, Clone, Copy)]
enum Level {
    Store,
    Organization,
}

impl Level {
    fn of(self, request: TestRequest<'_>) -> TestRequest<'_> {
        match self {
            Self::Store => request,
            Self::Organization => request.organization(),
        }
    }
}

async fn product(app: &TestApp, level: Level, number: u32, fields: Value) {
    let mut product = json!({ "type": "product", "id": id(number), "name": "Thing" });
    for (name, value) in fields.as_object().unwrap() {
        product[name] = value.clone();
    }
    let request = app.post("/v2/products", &json!({ "data": product }));
    level.of(request).send().await.expect_status(201);
}

async fn transact(app: &TestApp, level: Level, number: u32, fields: Value) {
    let path = format!("/v2/inventories/{}/transactions", id(number));
    let request = app.post(&path, &json!({ "data": fields }));
    level.of(request).send().await.expect_status(200);
}

async fn location(app: &TestApp, level: Level, slug: &str, name: &str) {
    let location = json!({ "data": { "type": "inventory_location", "name": name, "slug": slug } });
    let request = app.post("/v2/inventories/locations", &location);
    level.of(request).send().await.expect_status(201);
}

/// Products of the organization and of the store, with and without SKU, with all that is nasty in names.
async fn shop() -> TestApp {
    let app = TestApp::new().await;
    for level in [Level::Organization, Level::Store] {
        location(&app, level, "berlin", "Berlin, \"Mitte\"").await;
        location(&app, level, "hamburg", "Lager").await;
        // Two of one name.
        location(&app, level, "bremen", "Lager").await;
    }
    let (shared, own) = (Level::Organization, Level::Store);
    product(
        &app,
        shared,
        1,
        json!({ "name": "Chair, \"oak\"", "sku": "CHAIR", "stock": 10 }),
    )
    .await;
    product(
        &app,
        shared,
        2,
        json!({ "name": "=1+1", "external_ref": "erp-2", "stock": 0 }),
    )
    .await;
    product(
        &app,
        own,
        3,
        json!({ "name": "Own\nchair", "sku": "CHAIR", "stock": 5, "slug": "own-chair" }),
    )
    .await;
    product(
        &app,
        own,
        4,
        json!({ "name": "Tisch für Ärzte", "sku": "-", "stock": 7 }),
    )
    .await;
    // Nobody registered it.
    app.create_stock(&id(5), 3).await;
    let at = |location: &str, quantity: u64| json!({ "action": "set", "quantity": quantity, "location": location });
    transact(&app, shared, 1, at("berlin", 4)).await;
    transact(&app, own, 3, at("hamburg", 6)).await;
    transact(&app, own, 3, at("bremen", 0)).await;
    transact(&app, own, 5, json!({ "action": "allocate", "quantity": 2 })).await;
    app
}

async fn export(app: &TestApp, level: Level, query: &str) -> Answer {
    let at = format!("at={}", app.now());
    app.clock.advance_seconds(3);
    let request = level
        .of(app.get(PATH).query(query))
        .and_query(&format!("&{at}"));
    request.send().await
}

#[tokio::test]
async fn exported() {
    let app = shop().await;
    let mut text = String::new();
    for query in [
        "profile=stockroom&format=csv",
        "profile=stockroom&format=jsonl",
        "profile=elasticpath",
        "profile=shopify",
    ] {
        let answer = export(&app, Level::Store, query).await;
        answer.expect_status(200);
        let of = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        writeln!(
            text,
            "{query}\n{}\n{}\n\n{}\n",
            of("content-type"),
            of("content-disposition"),
            answer.text()
        )
        .unwrap();
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn what_is_exported_changes_nothing_when_it_is_imported() {
    let app = shop().await;
    for level in [Level::Store, Level::Organization] {
        for (profile, format) in [
            ("stockroom", "csv"),
            ("stockroom", "jsonl"),
            ("elasticpath", "jsonl"),
            ("shopify", "csv"),
        ] {
            let query = format!("profile={profile}&format={format}");
            let file = export(&app, level, &query).await;
            let positions = if matches!(level, Level::Store) { 8 } else { 3 };
            let before = app.readings().await;
            let request = app.request(Method::POST, "/v2/inventories/imports");
            let request = request
                .query(&format!("profile={profile}"))
                .body(file.text());
            let content_type = if format == "csv" {
                "text/csv"
            } else {
                "application/x-ndjson"
            };
            let answer = level
                .of(request)
                .header("content-type", content_type)
                .send()
                .await;
            answer.expect_status(202);
            app.finish_imports().await;
            let path = format!("/v2/inventories/imports/{}", answer.created_id());
            let job = level.of(app.get(&path)).send().await.data();
            let errors = level
                .of(app.get(&format!("{path}/errors")))
                .send()
                .await
                .text();
            let lines = &job["attributes"]["lines"];
            assert_eq!(job["attributes"]["status"], "success", "{query}: {errors}");
            assert_eq!(
                lines["unchanged"],
                positions,
                "{level:?}, {query}: {}",
                file.text()
            );
            assert_eq!(lines["total"], positions, "{level:?}, {query}");
            for (path, reading) in app.readings().await {
                if !path.ends_with("imports") {
                    assert_eq!(reading, before[&path], "{path}");
                }
            }
        }
    }
}

/// A shop that has nothing gets all of it with one file.
#[tokio::test]
async fn a_file_moves_a_shop() {
    let app = shop().await;
    let file = export(&app, Level::Store, "format=csv").await.text();
    let (_, token, _) = app.stranger().await;
    let request = app
        .request(Method::POST, "/v2/inventories/imports")
        .token(&token);
    let request = request
        .query("create=true&products=create&locations=create")
        .body(file.clone());
    let answer = request.header("content-type", "text/csv").send().await;
    answer.expect_status(202);
    app.finish_imports().await;
    let path = format!("/v2/inventories/imports/{}", answer.created_id());
    let job = app.get(&path).token(&token).send().await.data();
    let errors = app
        .get(&format!("{path}/errors"))
        .token(&token)
        .send()
        .await
        .text();
    assert_eq!(job["attributes"]["status"], "success", "{errors}");
    let at = app.now();
    app.clock.advance_seconds(3);
    let moved = app
        .get(PATH)
        .token(&token)
        .query(&format!("at={at}"))
        .send()
        .await;
    let pieces = |file: &str| -> u64 {
        let lines = file
            .lines()
            .filter_map(|line| line.rsplit(',').next()?.parse::<u64>().ok());
        lines.sum()
    };
    assert_eq!(pieces(&moved.text()), pieces(&file));
}

#[tokio::test]
async fn filtered_and_continued() {
    let app = shop().await;
    let rows = |answer: &Answer| answer.text().matches('\n').count() - 1;
    let all = export(&app, Level::Store, "profile=shopify").await;
    let own = export(&app, Level::Store, "profile=shopify&filter=eq(sku,-)").await;
    assert_eq!((rows(&own), rows(&all) > 6), (1, true));
    for query in [
        "filter=(",
        "profile=magento",
        "format=xml",
        "profile=shopify&format=jsonl",
        "at=2999-01-01T00:00:00Z",
        "page[after]=x",
        "page[offset]=5",
    ] {
        app.get(PATH).query(query).send().await.expect_status(400);
    }
    let at = app.now();
    app.clock.advance_seconds(3);
    let page = format!("/v2/inventories?page[limit]=3&at={at}");
    let page = app.get(&page).send().await.json();
    let next = page["links"]["next"].as_str();
    assert!(next.is_some(), "{page}");
}

#[tokio::test]
async fn an_export_of_the_past_shows_the_past() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 10).await;
    let before = app.now();
    app.transact(&id(1), "decrement", 4).await;
    app.clock.advance_seconds(3);
    let then = app
        .get(PATH)
        .query(&format!("at={before}&format=jsonl"))
        .send()
        .await;
    let row: Value = serde_json::from_str(then.text().lines().next().unwrap()).unwrap();
    assert_eq!(row["quantity"], 10);
}

#[tokio::test]
async fn files_are_packed_for_those_who_accept_it() {
    let app = TestApp::new().await;
    app.create_many_stocks(100).await;
    let at = app.now();
    app.clock.advance_seconds(3);
    let job = app.import("", "sku,action,quantity\nNONE,set,1\n").await;
    app.finish_imports().await;
    let errors = format!("/v2/inventories/imports/{job}/errors");
    for path in [format!("{PATH}?at={at}"), errors] {
        let request = app.get(&path).header("accept", "text/csv");
        let plain = request.clone().send().await;
        let packed = request.header("accept-encoding", "gzip").send().await;
        packed.expect_status(200);
        let mut text = String::new();
        let mut unpacked = GzDecoder::new(&packed.body[..]);
        unpacked.read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.text());
    }
}
