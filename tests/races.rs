//! Many clients at once.

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::support::{Client, DataFolder, FirstKey, Server, figures, product, stockroom};

/// A key of the organization that the first start made on this database, and the ids of two of its
/// stores.
pub(crate) fn organization(first: &FirstKey, database: [&str; 2]) -> (FirstKey, [String; 2]) {
    let run = |arguments: &[&str]| {
        let output = stockroom()
            .args(arguments)
            .args(["--organization", &first.organization])
            .args(database)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let key = run(&["key", "create", "ERP"]);
    let [client_id, client_secret] = ["client_id", "client_secret"].map(|name| field(&key, name));
    let second = field(&run(&["store", "create", "Second store"]), "store");
    let key = FirstKey {
        client_id,
        client_secret,
        ..first.clone()
    };
    (key, [first.store.clone(), second])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pieces_are_allocated_a_thousand_times() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let client = server.client(&server.first_key()).await;
    a_thousand_of_two_thousand(&[client], 64).await;
}

/// 2,000 times one piece of 1,000 is allocated, by so many at once.
pub(crate) async fn a_thousand_of_two_thousand(clients: &[Client], at_once: usize) {
    let product = product(1);
    clients[0].create_stock(&product, 1_000).await;
    let statuses: Vec<u16> = stream::iter(clients.iter().cycle().take(2_000))
        .map(|client| client.transact(&product, "allocate", 1))
        .buffer_unordered(at_once)
        .map(|(status, _)| status)
        .collect()
        .await;

    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200), count(422)), (1_000, 1_000));
    for client in clients {
        let (_, stock) = client.get(&format!("/v2/inventories/{product}")).await;
        assert_eq!(figures(&stock), [0, 1_000, 1_000]);
        let history = client.history(&product).await;
        assert_eq!(history.len(), 1_001);
        assert_eq!(history[0]["action"], "create");
        let allocated = |entry: &Value| entry["action"] == "allocate";
        assert!(history[1..].iter().all(allocated));
    }
}

/// Two stores create stock of a product of the organization at the same time.
async fn race(organization: &Client, stores: &[Client; 2], name: &str) -> [(u16, Value); 2] {
    let body = json!({ "data": { "type": "product", "name": name } });
    let (status, registered) = organization.post("/v2/products", &body).await;
    assert_eq!(status, 201, "{registered}");
    let product = registered["data"]["id"].as_str().unwrap();
    let creations = stores.each_ref().map(async |store| {
        let body = json!({ "data": { "quantity": 5 } });
        let path = format!("/v2/inventories/{product}");
        let request = store.request(reqwest::Method::POST, &path).json(&body);
        let request = request.header("EP-Inventories-Multi-Location", "true");
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    });
    join_all(creations).await.try_into().unwrap()
}

/// Many such races, first for the one place to manage a product, then with `per_store_stock`.
pub(crate) async fn many_product_races(organization: &Client, stores: &[Client; 2]) {
    for round in 0..100 {
        let mut answers = race(organization, stores, &format!("Product {round}")).await;
        answers.sort_by_key(|(status, _)| *status);
        let [(won, _), (lost, error)] = answers;
        assert_eq!((won, lost), (201, 400), "round {round}: {error}");
        let expected = json!({ "errors": [{
            "title": "Validation Error", "status": "400", "detail": "Invalid product identifier",
        }] });
        assert_eq!(error, expected, "round {round}");
    }

    let body = json!({ "data": { "type": "settings", "per_store_stock": true } });
    let (status, _) = organization.put("/v2/settings/inventories", &body).await;
    assert_eq!(status, 200);
    for round in 0..20 {
        let answers = race(organization, stores, &format!("Shared product {round}")).await;
        let [one, other] = answers.map(|(status, stock)| {
            assert_eq!(status, 201, "round {round}: {stock}");
            stock["data"]["meta"]["stock_id"].clone()
        });
        assert_ne!(one, other, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_stores_gets_to_manage_an_organization_product() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let database = folder.path();
    let database = ["--data-folder", database.to_str().unwrap()];
    let (key, stores) = organization(&server.first_key(), database);
    let client = server.client(&key).await;
    let stores = stores.each_ref().map(|store| client.in_store(store));
    many_product_races(&client, &stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_retries_makes_one_entry() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let client = server.client(&server.first_key()).await;
    a_retry_storm(&[client], 100).await;
}

/// So many clients send the same request under the same key, each a hundred times, to one of the
/// servers after the other.
pub(crate) async fn a_retry_storm(servers: &[Client], clients: usize) {
    const REQUESTS: usize = 100;
    let product = product(1);
    servers[0].create_stock(&product, 1_000).await;
    let path = format!("/v2/inventories/{product}/transactions");
    let body = json!({ "data": { "action": "allocate", "quantity": 1 } });
    let send = async |client: &Client| {
        let request = client.request(reqwest::Method::POST, &path).json(&body);
        let request = request.header("Idempotency-Key", "storm");
        let answer = request.send().await.unwrap();
        let is_replayed = answer.headers().contains_key("idempotent-replayed");
        (answer.status(), is_replayed, answer.text().await.unwrap())
    };
    let storm = (0..clients).map(async |number| {
        let mut answers = Vec::new();
        for request in 0..REQUESTS {
            answers.push(send(&servers[(number + request) % servers.len()]).await);
        }
        answers
    });
    let answers: Vec<_> = join_all(storm).await.into_iter().flatten().collect();
    assert_eq!(answers.len(), clients * REQUESTS);
    let fresh = answers.iter().filter(|(_, is_replayed, _)| !is_replayed);
    assert_eq!(fresh.count(), 1);
    let (status, _, first) = &answers[0];
    assert_eq!(status.as_u16(), 200);
    assert!(
        answers
            .iter()
            .all(|(it, _, body)| (it, body) == (status, first))
    );
    assert_eq!(servers[0].history(&product).await.len(), 2);
    let (_, stock) = servers[0].get(&format!("/v2/inventories/{product}")).await;
    assert_eq!(figures(&stock), [999, 1, 1_000]);
}
