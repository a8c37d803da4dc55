//! PostgreSQL crashes, or is away.

use reqwest::Method;
use serde_json::json;
use stockroom_test_postgres::CrashingServer;

use crate::support::{Load, Server, product};

const ROUNDS: u64 = 20;

/// Asks until the server says so.
async fn wait_for_status(server: &Server, path: &str, status: u16) {
    while reqwest::get(server.url(path)).await.unwrap().status() != status {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_crashes_of_postgresql() {
    let mut postgres = CrashingServer::start().await;
    let servers = [(); 2].map(|()| Server::start_on(postgres.url()));
    let key = servers[0].first_key();
    let clients = [servers[0].client(&key).await, servers[1].client(&key).await];
    let mut load = Load::new();
    load.create_stock(&clients[0]).await;
    load.start(&clients);
    for _ in 0..ROUNDS {
        load.wait_for_answers(100).await;
        postgres.crash().await;
        postgres.restart().await;
    }
    // It has recovered when it gives answers again.
    load.wait_for_answers(100).await;
    load.stop().await;
    for client in &clients {
        load.check(client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_falls_silent_is_away_until_it_answers() {
    let mut postgres = CrashingServer::start().await;
    let server = Server::start_on(postgres.url());
    let client = server.client(&server.first_key()).await;
    client.create_stock(&product(1), 10).await;
    postgres.freeze().await;
    let (status, answer) = client.transact(&product(1), "allocate", 1).await;
    assert_eq!(status, 503, "{answer}");
    let stock = format!("/v2/inventories/{}", product(1));
    assert_eq!(client.get(&stock).await.0, 503);
    wait_for_status(&server, "/health/ready", 503).await;
    postgres.thaw().await;
    wait_for_status(&server, "/health/ready", 200).await;
    // What was under way when it fell silent may have happened, but once at the most.
    let before = client.get(&stock).await.1["data"]["allocated"].clone();
    let before = before.as_u64().unwrap();
    assert!(before <= 1, "{before}");
    client.transact(&product(1), "allocate", 1).await;
    let (_, after) = client.get(&stock).await;
    assert_eq!(after["data"]["allocated"], before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_away_requests_fail_and_recover_by_themselves() {
    let mut postgres = CrashingServer::start().await;
    let server = Server::start_on(postgres.url());
    let client = server.client(&server.first_key()).await;
    client.create_stock(&product(1), 10).await;
    for round in 1..=2 {
        postgres.crash().await;
        wait_for_status(&server, "/health/ready", 503).await;
        let path = format!("/v2/inventories/{}/transactions", product(1));
        let body = json!({ "data": { "action": "allocate", "quantity": 1 } });
        let answer = client.request(Method::POST, &path).json(&body).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let error: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(error["errors"][0]["status"], 503, "{error}");
        assert!(!error.to_string().contains("postgres"), "{error}");
        wait_for_status(&server, "/health/live", 200).await;
        postgres.restart().await;
        wait_for_status(&server, "/health/ready", 200).await;
        let (status, answer) = client.transact(&product(1), "allocate", 1).await;
        assert_eq!(status, 200, "{answer}");
        let (_, stock) = client.get(&format!("/v2/inventories/{}", product(1))).await;
        assert_eq!(stock["data"]["allocated"], round);
    }
}
