//! Power cuts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::sync::Notify;

use crate::support::{Client, DataFolder, Server, product};

const ROUNDS: usize = 20;
const CLIENTS: u64 = 8;
const PRODUCTS: u64 = 4;

/// What clients were told, and what they never learned.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Value>,
    unclear: usize,
}

/// Makes random transactions until the server is gone.
async fn load(client: Client, seed: u64, answered: Arc<AtomicUsize>, enough: Arc<Notify>) -> Told {
    const ACTIONS: [&str; 5] = ["increment", "decrement", "allocate", "deallocate", "set"];
    let mut random = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    loop {
        let product = product(random.random_range(0..PRODUCTS));
        let action = ACTIONS[random.random_range(0..ACTIONS.len())];
        let quantity = random.random_range(0..50);
        match client.try_transact(&product, action, quantity).await {
            Ok((200, answer)) => told.acknowledged.push(answer["data"].clone()),
            Ok((422, _)) => {}
            Ok((status, answer)) => panic!("seed {seed}: {status} {answer}"),
            Err(_) => {
                told.unclear = 1;
                return told;
            }
        }
        if answered.fetch_add(1, Ordering::SeqCst) + 1 == 100 {
            enough.notify_one();
        }
    }
}

/// What the ledger says that the figures of a product must be.
fn fold(history: &[Value]) -> [i64; 2] {
    history
        .iter()
        .fold([0, 0], |[available, allocated], entry| {
            let quantity = entry["quantity"].as_i64().unwrap();
            match entry["action"].as_str().unwrap() {
                "create" | "increment" => [available + quantity, allocated],
                "decrement" => [available - quantity, allocated],
                "allocate" => [available - quantity, allocated + quantity],
                "deallocate" => [available + quantity, allocated - quantity],
                other => panic!("{other}"),
            }
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_being_killed() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let folder = DataFolder::new();
    let mut server = Server::start(&folder.path());
    let key = server.first_key();
    let client = server.client(&key).await;
    for number in 0..PRODUCTS {
        assert_eq!(client.create_stock(&product(number), 1_000).await.0, 201);
    }
    let mut acknowledged: Vec<Value> = Vec::new();
    let mut unclear = 0;
    for round in 0..ROUNDS as u64 {
        let client = server.client(&key).await;
        let answered = Arc::new(AtomicUsize::new(0));
        let enough = Arc::new(Notify::new());
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let seed = seed.wrapping_add(round * CLIENTS + number);
                let (answered, enough) = (Arc::clone(&answered), Arc::clone(&enough));
                tokio::spawn(load(client.clone(), seed, answered, enough))
            })
            .collect();
        enough.notified().await;
        server.kill();
        for client in clients {
            let told = client.await.unwrap();
            acknowledged.extend(told.acknowledged);
            unclear += told.unclear;
        }
        server = Server::start(&folder.path());
    }

    let client = server.client(&key).await;
    let mut in_ledger: HashMap<String, Value> = HashMap::new();
    let mut created = 0;
    for number in 0..PRODUCTS {
        let product = product(number);
        let history = client.history(&product).await;
        let (_, stock) = client.get(&format!("/v2/inventories/{product}")).await;
        let figures = ["available", "allocated"].map(|name| stock["data"][name].as_i64().unwrap());
        assert_eq!(fold(&history), figures, "seed {seed}, {product}");
        for entry in history {
            created += usize::from(entry["action"] == "create");
            let id = entry["id"].as_str().unwrap().to_owned();
            let twice = in_ledger.insert(id, entry);
            assert_eq!(twice, None, "seed {seed}");
        }
    }
    assert!(acknowledged.len() >= ROUNDS * 50, "seed {seed}");
    for entry in &acknowledged {
        let id = entry["id"].as_str().unwrap();
        assert_eq!(in_ledger.get(id), Some(entry), "seed {seed}");
    }
    let unacknowledged = in_ledger.len() - created - acknowledged.len();
    assert!(unacknowledged <= unclear, "seed {seed}: {unacknowledged}");
}
