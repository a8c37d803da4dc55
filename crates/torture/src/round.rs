//! A round: new stock, random load while things go wrong, and then the check.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::ask::{Message, Product, Request};
use crate::chaos::Chaos;
use crate::check::{self, Evidence, Fault};
use crate::client::{Client, Stage, Wire};
use crate::generate::{self, Generator};
use crate::ledger::{self, Page, Reading};
use crate::system::System;
use crate::tally::Tally;

/// Entries are read so many at a time, which is the most that there is.
const PAGE: usize = 100;

/// How long clients may take to finish when all runs again.
const PATIENCE: Duration = Duration::from_mins(5);

/// What came of a round.
pub(crate) struct Outcome {
    pub(crate) evidence: Evidence,
    pub(crate) faults: Vec<Fault>,
    pub(crate) tally: Tally,
}

/// The products of an earlier round, and what was read of them then.
pub(crate) struct Past {
    products: Arc<[Product]>,
    digests: Vec<u64>,
}

/// Runs a round.
///
/// # Errors
/// If something can't be had: a server that doesn't start, or never answers.
pub(crate) async fn run(
    system: &mut System,
    seed: u64,
    round: u64,
    clients: usize,
) -> anyhow::Result<Outcome> {
    let mut random = generate::round(seed, round);
    let products: Arc<[Product]> = generate::products(&mut random).into();
    let chaos = Chaos::plan(&mut random, system.store);
    let token = system.token().await?;
    let board = Arc::clone(&system.board);
    let stage = Arc::new(Stage::new(round, Arc::clone(&products), board, token));
    create(&stage).await?;

    // The fewer there are, the more often a server finds all as it left it.
    let clients = if random.random() {
        clients
    } else {
        random.random_range(1..=clients)
    };
    let mut running = JoinSet::new();
    for number in 1..=clients {
        let random = StdRng::from_rng(&mut random);
        let servers = stage.board.servers();
        let generator = Generator::new(random, Arc::clone(&products), servers);
        running.spawn(Client::new(Arc::clone(&stage), number, generator).run());
    }
    let happened = chaos.happen(system).await;
    stage.stop();
    let finished = tokio::time::timeout(PATIENCE, running.join_all()).await;
    let finished = finished.with_context(|| format!("not all is answered after {PATIENCE:?}"))?;
    happened?;

    let mut faults = Vec::new();
    let mut records = Vec::new();
    for (asked, result) in finished {
        records.extend(asked);
        faults.extend(result.err().map(|error| Fault::new(format!("{error:#}"))));
    }
    let readings = read(&stage).await?;
    let evidence = Evidence {
        products,
        records,
        readings,
    };
    faults.extend(check::faults(&evidence));
    let tally = Tally::of(&evidence);
    Ok(Outcome {
        evidence,
        faults,
        tally,
    })
}

/// Creates the stock that a round begins with.
async fn create(stage: &Stage) -> anyhow::Result<()> {
    let mut wire = Wire::new(stage.board.servers());
    for (number, product) in stage.products.iter().enumerate() {
        let key = format!("{}-stock-{number}", stage.round);
        let creation = product.creation();
        let answer = wire.insist(stage, 0, &creation, Some(&key)).await?;
        ensure!(answer.status == 201, "stock can't be created: {answer}");
    }
    Ok(())
}

/// Reads all that there is of a round's products.
async fn read(stage: &Stage) -> anyhow::Result<Vec<Reading>> {
    let mut wire = Wire::new(stage.board.servers());
    let mut readings = Vec::new();
    for product in 0..stage.products.len() {
        let mut reading = Reading::default();
        for server in 0..stage.board.servers() {
            let stock = Request::Stock { product };
            let stock = get(&mut wire, stage, server, &stock).await?;
            let stock = stock.as_ref().map(ledger::data).transpose()?;
            reading.stocks.push(stock);
        }
        loop {
            let page = Request::History {
                product,
                offset: reading.history.len(),
                limit: PAGE,
            };
            let Some(page) = get(&mut wire, stage, 0, &page).await? else {
                break;
            };
            let page = Page::of(&page)?;
            reading.history.extend(page.data);
            if reading.history.len() >= page.meta.results.total {
                break;
            }
        }
        readings.push(reading);
    }
    Ok(readings)
}

/// What is there; `None` if there is nothing.
async fn get(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    request: &Request,
) -> anyhow::Result<Option<Value>> {
    let message: Message = request.message("", &stage.products);
    let answer = wire.insist(stage, server, &message, None).await?;
    match answer.status {
        200 => Ok(Some(answer.body)),
        404 => Ok(None),
        _ => anyhow::bail!("{} {}: {answer}", message.method, message.path),
    }
}

impl Past {
    pub(crate) fn new(evidence: Evidence) -> Self {
        Self {
            digests: evidence.readings.iter().map(digest).collect(),
            products: evidence.products,
        }
    }

    /// Reads it all again, and says if anything isn't as it was.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) async fn fault(&self, system: &System) -> anyhow::Result<Option<Fault>> {
        let board = Arc::clone(&system.board);
        let products = Arc::clone(&self.products);
        let stage = Stage::new(0, products, board, system.token().await?);
        let readings = read(&stage).await?;
        let digests = readings.iter().map(digest);
        let mut products = self.products.iter().zip(self.digests.iter().zip(digests));
        let changed = products.find(|(_, (before, after))| *before != after);
        Ok(changed.map(|(product, _)| {
            let id = product.id;
            Fault::new(format!(
                "the stock or the ledger of product {id} changed after its round"
            ))
        }))
    }
}

fn digest(reading: &Reading) -> u64 {
    let mut hasher = DefaultHasher::new();
    reading.hash(&mut hasher);
    hasher.finish()
}
