//! Running the server: health, metrics, logs, stopping, revoking.

use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Client, DataFolder, FirstKey, Server, closed_pipe, product, stockroom};

async fn get(url: String) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn health_is_answered_on_both_addresses_and_metrics_on_one() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(server.url(path)).await.0, 200);
        assert_eq!(get(server.metrics_url(path)).await.0, 200);
    }
    assert_eq!(get(server.url("/metrics")).await.0, 404);

    let client = server.client(&server.first_key()).await;
    client.create_stock(&product(1), 5).await;
    client.transact(&product(1), "allocate", 9).await;
    let (status, metrics) = get(server.metrics_url("/metrics")).await;
    assert_eq!(status, 200);
    for line in [
        r#"stockroom_operations_total{action="create",outcome="accepted"} 1"#,
        r#"stockroom_operations_total{action="allocate",outcome="unprocessable"} 1"#,
        r#"stockroom_http_requests_total{method="POST",route="/v2/inventories/{product}",status="201"} 1"#,
        r#"stockroom_database_duration_seconds_count{operation="commit"}"#,
        "stockroom_commit_changes_count",
        "stockroom_queued_changes 0",
        "stockroom_http_request_duration_seconds_bucket{",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_hinders_no_one() {
    let folder = DataFolder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut server = stockroom()
        .args(["serve", "--listen", &address])
        .args(["--metrics-listen", "127.0.0.1:0", "--data-folder"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::from(closed_pipe()))
        .spawn()
        .unwrap();
    while TcpStream::connect(&address).is_err() {
        assert!(server.try_wait().unwrap().is_none());
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        let (status, answer) = get(format!("http://{address}/v2/inventories")).await;
        assert_eq!(status, 401, "{answer}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_command_line_asks_a_server_whether_it_is_ready() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let address = server.address.to_string();
    let health = || {
        let asked = stockroom()
            .env("STOCKROOM_LISTEN", &address)
            .arg("health")
            .output();
        asked.unwrap().status.code()
    };
    assert_eq!(health(), Some(0));
    server.kill();
    assert_eq!(health(), Some(1));
}

#[tokio::test]
async fn the_log_has_a_line_per_request_and_no_secrets() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let key = server.first_key();
    let client = server.client(&key).await;
    client.create_stock(&product(1), 5).await;
    server.signal(Signal::TERM);
    let (_, log) = server.wait();

    let answered: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|entry: &Value| entry["message"] == "answered")
        .collect();
    let routes: Vec<_> = answered.iter().map(|entry| &entry["http.route"]).collect();
    assert_eq!(routes, ["/oauth/access_token", "/v2/inventories/{product}"]);
    assert_eq!(answered[1]["http.status"], 201);
    assert!(answered[1]["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(answered[1]["span"]["request.id"].is_string());
    assert!(!log.concat().contains(&key.client_secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_finishes_what_is_under_way() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let key = server.first_key();
    let client = server.client(&key).await;
    client.create_stock(&product(1), 0).await;
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut acknowledged = 0;
                // Once the server is gone no answer comes, and that ends it.
                while let Ok((200, _)) = client.try_transact(&product(1), "increment", 1).await {
                    acknowledged += 1;
                }
                acknowledged
            })
        })
        .collect();
    while client
        .get(&format!("/v2/inventories/{}", product(1)))
        .await
        .1["data"]["total"]
        == 0
    {}
    server.signal(Signal::TERM);
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.last().unwrap().contains("stopped"), "{log:?}");
    let mut acknowledged = 0;
    for client in clients {
        acknowledged += client.await.unwrap();
    }

    let server = Server::start(&folder.path());
    let client = server.client(&key).await;
    let (_, stock) = client.get(&format!("/v2/inventories/{}", product(1))).await;
    let total = stock["data"]["total"].as_i64().unwrap();
    // An answer on its way when the connection ended may be lost, its change is not.
    assert!(
        (acknowledged..=acknowledged + 16).contains(&total),
        "{acknowledged} {total}"
    );
}

#[tokio::test]
async fn a_key_revoked_by_another_process_stops_working_within_a_second() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let first = server.first_key();
    let client = server.client(&first).await;
    let run = |arguments: &[&str]| {
        let output = stockroom()
            .args(arguments)
            .args([
                "--organization",
                &first.organization,
                "--store",
                &first.store,
            ])
            .arg("--data-folder")
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let keys = run(&["key", "list"]);
    let id = keys.split_whitespace().next().unwrap().to_owned();
    assert_eq!(client.get("/v2/inventories").await.0, 200);

    run(&["key", "revoke", &id]);
    // The promise is a second; the bound is on the promise, not on how fast this machine is.
    let revoked = Instant::now();
    while client.get("/v2/inventories").await.0 == 200 {
        assert!(revoked.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(client.get("/v2/inventories").await.0, 401);
}

#[tokio::test]
async fn a_key_that_is_made_read_only_changes_nothing() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let first = server.first_key();
    let client = server.client(&first).await;
    assert_eq!(client.create_stock(&product(1), 5).await.0, 201);
    let output = stockroom()
        .args(["key", "create", "--read-only", "Dashboard"])
        .args(["--organization", &first.organization])
        .args(["--store", &first.store, "--data-folder"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let field = |name: &str| {
        let line = printed.lines().find(|line| line.starts_with(name));
        line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
    };
    let key = FirstKey {
        client_id: field("client_id"),
        client_secret: field("client_secret"),
        ..first
    };
    let reader = server.client(&key).await;
    assert_eq!(reader.get("/v2/inventories").await.0, 200);
    assert_eq!(reader.create_stock(&product(2), 5).await.0, 403);
    assert_eq!(reader.transact(&product(1), "allocate", 1).await.0, 403);
    let keys = client.get("/v2/application-keys").await.1;
    assert_eq!(keys["data"][1]["access"], "read");
}

#[tokio::test]
async fn in_memory_nothing_is_left_behind() {
    let folder = DataFolder::new();
    let server = Server::start_with(&folder.path(), &["--in-memory"]);
    let key = server.first_key();
    let client: Client = server.client(&key).await;
    assert_eq!(client.create_stock(&product(1), 5).await.0, 201);
    assert!(!folder.path().exists());
}
