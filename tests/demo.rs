//! The demonstration that a newcomer looks around in.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Client, DataFolder, Server, stockroom};

/// All items of a list, page by page.
async fn list(client: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = Some(format!("{path}?page[limit]=100"));
    while let Some(path) = next {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        items.extend(page["data"].as_array().unwrap().iter().cloned());
        next = page["links"]["next"].as_str().map(ToOwned::to_owned);
    }
    items
}

/// The number of reservations in each state.
async fn states(client: &Client) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for reservation in list(client, "/v2/inventories/reservations").await {
        let state = reservation["attributes"]["state"].as_str().unwrap();
        *states.entry(state.to_owned()).or_default() += 1;
    }
    states
}

#[tokio::test]
async fn the_demonstration_is_a_shop_with_a_past() {
    let folder = DataFolder::new();
    let server = Server::start_with(&folder.path(), &["--demo"]);
    let key = server.first_key();
    let console = format!("Open {} and sign in with these.", server.url("/console/"));
    assert!(server.printed.contains(&console), "{}", server.printed);
    let client = server.client(&key).await;

    let products = list(&client, "/v2/products").await;
    assert!(products.len() > 50, "{}", products.len());
    let stocks = list(&client, "/v2/inventories").await;
    assert_eq!(stocks.len(), products.len());
    let available = |stock: &Value| stock["available"].as_u64().unwrap();
    let sold_out = stocks.iter().filter(|it| available(it) == 0).count();
    assert!((2..10).contains(&sold_out), "{sold_out}");
    assert_eq!(list(&client, "/v2/inventories/locations").await.len(), 4);

    let mut days = BTreeSet::new();
    for stock in stocks.iter().take(5) {
        let id = stock["id"].as_str().unwrap();
        for entry in client.history(id).await {
            let made_at = entry["timestamps"]["created_at"].as_str().unwrap();
            days.insert(made_at[.."2026-01-01".len()].to_owned());
        }
        let path = format!("/v2/inventories/verify?product_id={id}");
        let (status, verified) = client.get(&path).await;
        assert_eq!(status, 200, "{verified}");
        assert_eq!(verified["data"]["attributes"]["intact"], true, "{verified}");
    }
    assert!(days.len() >= 5, "{days:?}");

    let of_web_shop = states(&client).await;
    for state in ["pending", "paid", "fulfilled", "released", "expired"] {
        assert!(of_web_shop.contains_key(state), "{of_web_shop:?}");
    }
    let of_store = states(&client.in_store(&key.store)).await;
    assert!(of_store["fulfilled"] > 10, "{of_store:?}");

    let imports = list(&client, "/v2/inventories/imports").await;
    assert_eq!(imports[0]["attributes"]["status"], "success");
    let (_, integrations) = client.get("/v2/integrations").await;
    assert_eq!(integrations["data"][0]["enabled"], json!(false));
    assert!(!folder.path().exists());
}

#[tokio::test]
async fn the_demonstration_goes_on() {
    let folder = DataFolder::new();
    let server = Server::start_with(&folder.path(), &["--demo"]);
    let client = server.client(&server.first_key()).await;
    let (_, page) = client.get("/v2/inventories/events?page[limit]=1").await;
    let cursor = |name: &str| page["meta"][name].to_string().replace('"', "");
    let head = format!("{}:{}", cursor("feed_id"), cursor("head"));
    let path = format!("/v2/inventories/events?page[after]={head}&wait=25");
    let (status, page) = client.get(&path).await;
    assert_eq!(status, 200, "{page}");
    assert!(!page["data"].as_array().unwrap().is_empty(), "{page}");
}

#[tokio::test]
async fn the_printed_curl_line_lists_stock() {
    let folder = DataFolder::new();
    let server = Server::start_with(&folder.path(), &["--demo"]);
    let curl = server.first_key().curl;
    let output = Command::new("sh").args(["-c", &curl]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!answer["data"].as_array().unwrap().is_empty(), "{answer}");
}

#[test]
fn a_demonstration_and_a_database_exclude_each_other() {
    let output = stockroom()
        .args([
            "serve",
            "--demo",
            "--database-url",
            "postgres://localhost/stockroom",
        ])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        error.contains("--demo and --database-url exclude each other"),
        "{error}"
    );
}
