//! Clients that go away before they are answered.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Servers;
use crate::support::product;

const ATTACKERS: usize = 8;
const ATTACK: Duration = Duration::from_secs(3);

/// Connections to PostgreSQL that are made for other reasons: those that are there for use, and those
/// that look whether it is there.
const NEW_CONNECTIONS_MAX: i64 = 50;

/// How many connections to the database there have been.
async fn connections(database_url: &str) -> i64 {
    // Without the parameters that only the server's library knows.
    let url = database_url.split('?').next().unwrap();
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let sessions = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()";
    client
        .execute("SELECT pg_stat_force_next_flush()", &[])
        .await
        .unwrap();
    let sessions = client.query_one(sessions, &[]).await.unwrap().get(0);
    drop(client);
    connection.await.unwrap().unwrap();
    sessions
}

#[tokio::test]
async fn a_tenant_is_served_while_others_abort_requests() {
    let Servers { servers, database } = Servers::<1>::start().await;
    let [server] = &servers;
    let key = server.first_key();
    let client = server.client(&key).await;
    let product = product(1);
    client.create_stock(&product, 5).await;
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        key.client_id, key.client_secret
    );
    let length = body.len();
    let request = format!(
        "POST /oauth/access_token HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let before = connections(database.url()).await;
    let end = Instant::now() + ATTACK;
    let mut attackers = JoinSet::new();
    for _ in 0..ATTACKERS {
        let (address, request) = (server.address, request.clone());
        attackers.spawn(async move {
            while Instant::now() < end {
                let mut connection = TcpStream::connect(address).await.unwrap();
                connection.set_zero_linger().unwrap();
                connection.write_all(request.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    while Instant::now() < end {
        let (status, answer) = client.get(&format!("/v2/inventories/{product}")).await;
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = client.transact(&product, "increment", 1).await;
        assert_eq!(status, 200, "{answer}");
    }
    while let Some(attacker) = attackers.join_next().await {
        attacker.unwrap();
    }
    let new = connections(database.url()).await - before;
    assert!(new <= NEW_CONNECTIONS_MAX, "{new} new connections");
}
