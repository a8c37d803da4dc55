//! Replacing the key that tokens are signed with.

use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, DataFolder, Server, stockroom};

/// The promise is a second; the bound is on the promise, not on how fast this machine is.
const PATIENCE: Duration = Duration::from_secs(20);

fn rotate(database: [&str; 2], arguments: &[&str]) -> Output {
    stockroom()
        .args(["signing-key", "rotate"])
        .args(database)
        .args(arguments)
        .output()
        .unwrap()
}

fn rotated(database: [&str; 2], arguments: &[&str]) {
    let output = rotate(database, arguments);
    assert!(output.status.success(), "{output:?}");
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Creates a key, or has it answered again.
async fn create_key(client: &Client) -> (u16, Value) {
    let body = json!({ "data": { "name": "Shop" } });
    let request = client.request(Method::POST, "/v2/application-keys");
    let request = request.header("idempotency-key", "shop").json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn status(client: &Client) -> u16 {
    client.get("/v2/inventories").await.0
}

/// Replaces the key of these servers, then drops what is left of former ones.
pub(crate) async fn keys_are_replaced(database: [&str; 2], servers: &[Server]) {
    let key = servers[0].first_key();
    let first = servers[0].client(&key).await;
    let created = create_key(&first).await;
    assert_eq!(created.0, 201);

    rotated(database, &[]);
    let mut second = Vec::new();
    let asked = Instant::now();
    for server in servers {
        second.push(loop {
            let client = server.client(&key).await;
            if client.token_head() != first.token_head() {
                break client;
            }
            assert!(asked.elapsed() < PATIENCE, "the new key doesn't sign");
        });
    }
    for server in servers {
        for client in second.iter().chain([&first]) {
            assert_eq!(status(&client.at(server.address)).await, 200);
        }
        let client = second[0].at(server.address);
        assert_eq!(create_key(&client).await, created, "it is the same secret");
    }

    rotated(database, &["--now"]);
    let asked = Instant::now();
    for server in servers {
        for client in second.iter().chain([&first]) {
            while status(&client.at(server.address)).await == 200 {
                assert!(asked.elapsed() < PATIENCE, "the former key is accepted");
            }
            assert_eq!(status(&client.at(server.address)).await, 401);
        }
    }
    for server in servers {
        let third = server.client(&key).await;
        assert_ne!(third.token_head(), second[0].token_head());
        for other in servers {
            assert_eq!(status(&third.at(other.address)).await, 200);
        }
        // What the secret followed from has gone with the key.
        assert_eq!(create_key(&third).await.0, 409);
    }
}

#[tokio::test]
async fn a_signing_key_is_replaced_while_the_server_runs() {
    let folder = DataFolder::new();
    let servers = [Server::start(&folder.path())];
    let database = ["--data-folder", folder.path().to_str().unwrap()].map(ToOwned::to_owned);
    keys_are_replaced([&database[0], &database[1]], &servers).await;
}

#[tokio::test]
async fn a_copy_of_a_database_makes_no_tokens_that_the_original_takes() {
    let [original, copy] = [DataFolder::new(), DataFolder::new()];
    let server = Server::start(&original.path());
    let key = server.first_key();
    let of_original = server.client(&key).await;
    drop(server);
    std::fs::create_dir(copy.path()).unwrap();
    for file in std::fs::read_dir(original.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    rotated(["--data-folder", copy.path().to_str().unwrap()], &["--now"]);

    let [original, copy] = [original, copy].map(|folder| (Server::start(&folder.path()), folder));
    let of_copy = copy.0.client(&key).await;
    assert_eq!(status(&of_copy).await, 200);
    assert_eq!(status(&of_copy.at(original.0.address)).await, 401);
    let of_original = of_original.at(original.0.address);
    assert_eq!(status(&of_original).await, 200);
    assert_eq!(status(&of_original.at(copy.0.address)).await, 401);
}

#[test]
fn a_key_that_servers_are_given_is_not_replaced() {
    let folder = DataFolder::new();
    let path = folder.path();
    let database = ["--data-folder", path.to_str().unwrap()];
    let given = ["--token-signing-key", "a signing key that is long enough"];
    drop(Server::start_with(&path, &given));
    let none = complaint(&rotate(database, &[]));
    assert!(none.contains("keeps no signing key"), "{none}");
    drop(Server::start(&path));
    rotated(database, &[]);
    for by in [&given[..], &["--now", given[0], given[1]]] {
        let refused = complaint(&rotate(database, by));
        assert!(refused.contains("has no effect"), "{refused}");
    }
}
