//! Imports while servers are killed.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Client, DataFolder, Server};

const PRODUCTS: usize = 20;
const LINES: usize = 12_000;

/// A file whose lines each add a piece of one of some products, which aren't there yet.
pub(crate) fn file() -> String {
    let lines = (0..LINES).map(|line| format!("SKU-{},increment,1\n", line % PRODUCTS));
    format!("sku,action,quantity\n{}", lines.collect::<String>())
}

/// Sends the file, and returns the path of its job.
pub(crate) async fn send(client: &Client) -> String {
    let request = client.request(Method::POST, "/v2/inventories/imports?products=create");
    let request = request.header("content-type", "text/csv").body(file());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let job: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let id = job["data"]["id"].as_str().unwrap();
    format!("/v2/inventories/imports/{id}")
}

/// The job as it is now, once its version isn't `version` or it has ended.
pub(crate) async fn moved_on(client: &Client, path: &str, version: u64) -> Value {
    loop {
        let (_, answer) = client.get(path).await;
        let job = &answer["data"];
        let has_ended = !job["attributes"]["completed_at"].is_null();
        if has_ended || job["meta"]["version"].as_u64() != Some(version) {
            return job.clone();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn version(job: &Value) -> u64 {
    job["meta"]["version"].as_u64().unwrap()
}

pub(crate) fn status(job: &Value) -> &str {
    job["attributes"]["status"].as_str().unwrap()
}

/// All products have this number of pieces and of ledger entries.
pub(crate) async fn check(client: &Client, pieces: usize, entries: usize) {
    let (_, stocks) = client.get("/v2/inventories?page[limit]=100").await;
    let stocks = stocks["data"].as_array().unwrap().clone();
    assert_eq!(stocks.len(), PRODUCTS);
    for stock in stocks {
        assert_eq!(stock["total"], pieces);
        let product = stock["id"].as_str().unwrap();
        assert_eq!(client.history(product).await.len(), entries);
    }
}

/// Whatever is under way when the server is killed, the effect is that of one run; so it is of undoing.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_killed_in_every_chunk() {
    let folder = DataFolder::new();
    let mut server = Server::start(&folder.path());
    let key = server.first_key();
    let mut client = server.client(&key).await;
    let path = send(&client).await;
    let each = LINES / PRODUCTS;
    for (end, undo, pieces, entries) in [
        ("success", false, each, each + 1),
        ("undone", true, 0, 2 * each + 1),
    ] {
        if undo {
            let (status, _) = client.post(&format!("{path}/undo"), &Value::Null).await;
            assert_eq!(status, 202);
        }
        let mut kills = 0;
        let mut job = client.get(&path).await.1["data"].take();
        while status(&job) != end {
            moved_on(&client, &path, version(&job)).await;
            server.kill();
            kills += 1;
            server = Server::start(&folder.path());
            client = server.client(&key).await;
            job = client.get(&path).await.1["data"].take();
        }
        assert!(kills >= 6, "{kills} kills");
        check(&client, pieces, entries).await;
    }
}
