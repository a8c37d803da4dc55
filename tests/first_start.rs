//! A newcomer's first minutes.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{DataFolder, Server, closed_pipe, figures, product, stockroom};

#[tokio::test]
async fn the_printed_curl_line_creates_stock() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let curl = server.first_key().curl;
    let output = Command::new("sh").args(["-c", &curl]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert!(answer.contains(r#""total":100"#), "{answer}");
}

#[tokio::test]
async fn the_key_is_printed_at_the_first_start_only() {
    let folder = DataFolder::new();
    let first = Server::start(&folder.path());
    let key = first.first_key();
    first.kill();
    let second = Server::start(&folder.path());
    assert_eq!(second.printed, "");
    second.client(&key).await;
}

#[tokio::test]
async fn a_key_that_could_not_be_printed_is_made_again() {
    let folder = DataFolder::new();
    let mut unread = stockroom()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "127.0.0.1:0",
        ])
        .arg("--data-folder")
        .arg(folder.path())
        .stdout(Stdio::from(closed_pipe()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(!unread.wait().unwrap().success());

    let server = Server::start(&folder.path());
    let client = server.client(&server.first_key()).await;
    assert_eq!(client.create_stock(&product(1), 5).await.0, 201);
}

#[tokio::test]
async fn the_overview_can_be_acted_out() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let client = server.client(&server.first_key()).await;
    let product = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";

    let (status, _) = client.create_stock(product, 100).await;
    assert_eq!(status, 201);
    let (status, allocation) = client.transact(product, "allocate", 10).await;
    assert_eq!((status, &allocation["data"]["quantity"]), (200, &json!(10)));

    let (_, stock) = client.get(&format!("/v2/inventories/{product}")).await;
    let expected = json!({ "data": {
        "id": product, "type": "stock", "total": 100, "available": 90, "allocated": 10,
    } });
    assert_eq!(stock, expected);
    let history = client.history(product).await;
    let actions: Vec<_> = history.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["create", "allocate"]);

    // A product with its first stock level, as the overview has it.
    let body = json!({ "data": { "type": "product", "name": "Shirt", "stock": 7 } });
    let (status, shirt) = client.post("/v2/products", &body).await;
    assert_eq!(status, 201);
    assert_eq!(shirt["data"]["meta"]["stock"]["level"], 7);
    let shirt = shirt["data"]["id"].as_str().unwrap();
    let (_, stock) = client.get(&format!("/v2/inventories/{shirt}")).await;
    assert_eq!(figures(&stock), [7, 0, 7]);
}
