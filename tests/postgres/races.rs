//! 96 clients, who are spread over three servers.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::Servers;
use crate::races::{a_retry_storm, a_thousand_of_two_thousand, many_product_races, organization};
use crate::support::{Client, fold, product};

const CLIENTS: usize = 96;

/// How many requests make a tangle; `STOCKROOM_TEST_REQUESTS` has it last longer.
fn requests() -> u64 {
    let requests = std::env::var("STOCKROOM_TEST_REQUESTS");
    requests.map_or(5_000, |number| number.parse().unwrap())
}

/// Of how many products: few, but none with a longer history than can be paged through.
fn products() -> u64 {
    2 + requests() / 2_500
}

async fn clients(servers: &Servers<3>) -> Vec<Client> {
    let key = servers.servers[0].first_key();
    let mut clients = Vec::new();
    for server in &servers.servers {
        clients.push(server.client(&key).await);
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pieces_are_allocated_a_thousand_times() {
    let servers = Servers::start().await;
    a_thousand_of_two_thousand(&clients(&servers).await, CLIENTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_retries_makes_one_entry() {
    let servers = Servers::start().await;
    a_retry_storm(&clients(&servers).await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_stores_gets_to_manage_an_organization_product() {
    let Servers { servers, database } = Servers::<2>::start().await;
    let database = ["--database-url", database.url()];
    let (key, stores) = organization(&servers[0].first_key(), database);
    let clients = [servers[0].client(&key).await, servers[1].client(&key).await];
    let in_stores = [
        clients[0].in_store(&stores[0]),
        clients[1].in_store(&stores[1]),
    ];
    many_product_races(&clients[0], &in_stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_loses_full_access_loses_it_on_every_server() {
    let Servers { servers, .. } = &Servers::<2>::start().await;
    let key = servers[0].first_key();
    let client = servers[0].client(&key).await;
    assert_eq!(client.create_stock(&product(1), 5).await.0, 201);
    let keys = client.get("/v2/application-keys").await.1;
    let path = format!(
        "/v2/application-keys/{}",
        keys["data"][0]["id"].as_str().unwrap()
    );
    let elsewhere = servers[1].client(&key).await;
    assert_eq!(elsewhere.get("/v2/inventories").await.0, 200);
    let body = json!({ "data": { "type": "application_key", "access": "read" } });
    let updated = client.put(&path, &body).await;
    assert_eq!(updated.0, 200, "{updated:?}");
    assert_eq!(client.get("/v2/inventories").await.0, 401);
    // The promise is a second; the bound is on the promise, not on how fast this machine is.
    let changed = Instant::now();
    while elsewhere.get("/v2/inventories").await.0 == 200 {
        assert!(changed.elapsed() < Duration::from_secs(10));
    }
    for server in servers {
        let reader = server.client(&key).await;
        assert_eq!(reader.get("/v2/inventories").await.0, 200);
        assert_eq!(reader.transact(&product(1), "allocate", 1).await.0, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_stops_working_on_every_server() {
    let Servers { servers, database } = Servers::<2>::start().await;
    let database = ["--database-url", database.url()];
    let (key, _) = organization(&servers[0].first_key(), database);
    let client = servers[0].client(&key).await;
    let body = json!({ "data": { "type": "application_key", "name": "Till" } });
    let (status, created) = client.post("/v2/application-keys", &body).await;
    assert_eq!(status, 201, "{created}");
    let [id, client_id, client_secret] = [
        &created["data"]["id"],
        &created["data"]["client_id"],
        &created["data"]["client_secret"],
    ]
    .map(|text| text.as_str().unwrap());
    let elsewhere = Client::with_key(servers[1].address, client_id, client_secret).await;
    assert_eq!(elsewhere.get("/v2/inventories").await.0, 200);
    let path = format!("/v2/application-keys/{id}");
    let (status, _) = client
        .try_send(reqwest::Method::DELETE, &path, None)
        .await
        .unwrap();
    assert_eq!(status, 204);
    while elsewhere.get("/v2/inventories").await.0 != 401 {
        tokio::task::yield_now().await;
    }
}

/// One of: a transaction in a location or in none, on two products in any order; a new name for a
/// location.
async fn tangle(client: &Client, locations: &[String; 2], seed: u64) {
    const ACTIONS: [&str; 4] = ["increment", "decrement", "allocate", "deallocate"];
    let mut random = StdRng::seed_from_u64(seed);
    let place = random.random_range(0..2);
    let slug = format!("place-{place}-{}", random.random_range(0..2));
    if random.random_ratio(1, 10) {
        let path = format!("/v2/inventories/locations/{}", locations[place]);
        let body = json!({ "data": { "slug": slug, "name": slug } });
        let (status, answer) = client.put(&path, &body).await;
        assert_eq!(status, 200, "{answer}");
        return;
    }
    let mut body = json!({ "data": {
        "action": ACTIONS[random.random_range(0..ACTIONS.len())],
        "quantity": random.random_range(0..10),
    } });
    if random.random() {
        body["data"]["location"] = json!(slug);
    }
    let first = random.random_range(0..products());
    let second = random.random_range(0..products());
    for number in [first, second] {
        let path = format!("/v2/inventories/{}/transactions", product(number));
        let (status, answer) = client.post(&path, &body).await;
        // The location may have another name just now, or there may not be as much.
        assert!([200, 400, 422].contains(&status), "{status} {answer}");
    }
}

/// What a server says of a product: its stock, and its history.
async fn reading(client: &Client, number: u64) -> (Value, Vec<Value>) {
    let path = format!("/v2/inventories/{}", product(number));
    let request = client.request(reqwest::Method::GET, &path);
    let request = request.header("EP-Inventories-Multi-Location", "true");
    let stock: Value = request.send().await.unwrap().json().await.unwrap();
    (stock, client.history(&product(number)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_renames_in_all_orders_hinder_no_one() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let servers = Servers::start().await;
    let clients = clients(&servers).await;
    let mut locations = Vec::new();
    for place in 0..2 {
        let body = json!({ "data": { "name": "Place", "slug": format!("place-{place}-0") } });
        let (status, created) = clients[0].post("/v2/inventories/locations", &body).await;
        assert_eq!(status, 201, "{created}");
        locations.push(created["data"]["id"].as_str().unwrap().to_owned());
    }
    let locations: [String; 2] = locations.try_into().unwrap();
    for number in 0..products() {
        clients[0].create_stock(&product(number), 1_000).await;
    }

    stream::iter((0..requests()).zip(clients.iter().cycle()))
        .map(|(number, client)| tangle(client, &locations, seed.wrapping_add(number)))
        .buffer_unordered(CLIENTS)
        .collect::<()>()
        .await;

    for number in 0..products() {
        let (stock, history) = reading(&clients[0], number).await;
        let attributes = &stock["data"]["attributes"];
        let figures = ["available", "allocated"].map(|name| attributes[name].as_i64().unwrap());
        assert_eq!(fold(&history), figures, "seed {seed}: {stock}");
        for client in &clients[1..] {
            let elsewhere = reading(client, number).await;
            assert_eq!(elsewhere, (stock.clone(), history.clone()), "seed {seed}");
        }
    }
}
