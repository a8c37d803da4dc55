//! Random transactions of many clients, and whether all that they were told is true.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{Client, product};

/// How many transactions are under way at the same time, on each server.
const CLIENTS: usize = 8;
const PRODUCTS: u64 = 4;

/// How long a client that was turned away waits, and how often it is looked whether there were
/// enough answers.
const PAUSE: Duration = Duration::from_millis(10);

/// What clients were told, and what they never learned.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Value>,
    unclear: usize,
}

pub(crate) struct Load {
    seed: u64,
    random: StdRng,
    answered: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    clients: JoinSet<Told>,
    told: Told,
}

impl Load {
    pub(crate) fn new() -> Self {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        Self {
            seed,
            random: StdRng::seed_from_u64(seed),
            answered: Arc::default(),
            stopping: Arc::default(),
            clients: JoinSet::new(),
            told: Told::default(),
        }
    }

    /// Creates the stock that transactions are made on.
    pub(crate) async fn create_stock(&self, client: &Client) {
        for number in 0..PRODUCTS {
            assert_eq!(client.create_stock(&product(number), 1_000).await.0, 201);
        }
    }

    /// Starts to make transactions through each of these clients.
    pub(crate) fn start(&mut self, clients: &[Client]) {
        self.stopping = Arc::default();
        for client in clients {
            for _ in 0..CLIENTS {
                let seed = self.random.random();
                let answered = Arc::clone(&self.answered);
                let stopping = Arc::clone(&self.stopping);
                self.clients
                    .spawn(transact(client.clone(), seed, answered, stopping));
            }
        }
    }

    /// Waits until so many more transactions were accepted or refused.
    pub(crate) async fn wait_for_answers(&self, more: u64) {
        let enough = self.answered.load(Ordering::SeqCst) + more;
        while self.answered.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes no more transactions, and waits for those under way.
    pub(crate) async fn stop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        while let Some(told) = self.clients.join_next().await {
            let told = told.unwrap();
            self.told.acknowledged.extend(told.acknowledged);
            self.told.unclear += told.unclear;
        }
    }

    /// Checks that every acknowledged transaction is in the ledger once, that there are no others
    /// than those of which nothing was learned, and that stock is the sum of its ledger.
    pub(crate) async fn check(&self, client: &Client) {
        let seed = self.seed;
        let mut in_ledger: HashMap<String, Value> = HashMap::new();
        let mut created = 0;
        for number in 0..PRODUCTS {
            let product = product(number);
            let history = client.history(&product).await;
            let (_, stock) = client.get(&format!("/v2/inventories/{product}")).await;
            let figures =
                ["available", "allocated"].map(|name| stock["data"][name].as_i64().unwrap());
            assert_eq!(fold(&history), figures, "seed {seed}, {product}");
            for entry in history {
                created += usize::from(entry["action"] == "create");
                let id = entry["id"].as_str().unwrap().to_owned();
                let twice = in_ledger.insert(id, entry);
                assert_eq!(twice, None, "seed {seed}");
            }
        }
        assert!(!self.told.acknowledged.is_empty(), "seed {seed}");
        for entry in &self.told.acknowledged {
            let id = entry["id"].as_str().unwrap();
            assert_eq!(in_ledger.get(id), Some(entry), "seed {seed}");
        }
        let others = in_ledger.len() - created - self.told.acknowledged.len();
        assert!(others <= self.told.unclear, "seed {seed}: {others}");
    }
}

/// Makes random transactions until it is told to stop.
async fn transact(
    client: Client,
    seed: u64,
    answered: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
) -> Told {
    const ACTIONS: [&str; 5] = ["increment", "decrement", "allocate", "deallocate", "set"];
    let mut random = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    while !stopping.load(Ordering::SeqCst) {
        let product = product(random.random_range(0..PRODUCTS));
        let action = ACTIONS[random.random_range(0..ACTIONS.len())];
        let quantity = random.random_range(0..50);
        match client.try_transact(&product, action, quantity).await {
            Ok((200, answer)) => told.acknowledged.push(answer["data"].clone()),
            Ok((422, _)) => {}
            Ok((503, _)) => {
                told.unclear += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Ok((status, answer)) => panic!("{status} {answer}"),
            Err(error) => {
                // Who didn't get through knows that nothing was done.
                told.unclear += usize::from(!error.is_connect());
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        }
        answered.fetch_add(1, Ordering::SeqCst);
    }
    told
}

/// What the ledger says that the figures of a product must be.
pub(crate) fn fold<'a>(history: impl IntoIterator<Item = &'a Value>) -> [i64; 2] {
    let history = history.into_iter();
    history.fold([0, 0], |[available, allocated], entry| {
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
