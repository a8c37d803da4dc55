//! A round: new stock, random load while things go wrong, and then the check.

mod feed;
mod reservations;
mod stream;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::ask::{Kind, Message, Product};
use crate::chaos::Chaos;
use crate::check::{self, Evidence, Fault};
use crate::client::{Client, Stage, Wire};
use crate::generate::{self, Generator};
use crate::ledger::{self, Entry, Reading, StockBody};
use crate::safety::Safety;
use crate::system::System;
use crate::tally::Tally;

/// Entries are read so many at a time, which is the most that there is.
const PAGE: usize = 100;

/// How many times gone by stock is read at, about.
const TIMES: usize = 5;

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
    let start = feed::head(&stage).await?;
    create(&stage).await?;
    let by_pages = tokio::spawn(feed::follow(Arc::clone(&stage), start.clone()));
    let leaving = StdRng::from_rng(&mut random);
    let by_streams = stream::follow(Arc::clone(&stage), start.clone(), leaving);
    let by_streams = tokio::spawn(by_streams);

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
    let followed = async { tokio::try_join!(by_pages, by_streams) };
    let followed = tokio::time::timeout(PATIENCE, followed).await;
    let (by_pages, by_streams) =
        followed.with_context(|| format!("the feed isn't read after {PATIENCE:?}"))??;

    let mut faults = Vec::new();
    let mut records = Vec::new();
    for (asked, result) in finished {
        records.extend(asked);
        faults.extend(result.err().map(|error| Fault::new(format!("{error:#}"))));
    }
    reservations::run_out(&stage).await?;
    let (reservations, differing) = reservations::read(&stage).await?;
    faults.extend(differing);
    let readings = read(&stage).await?;
    let feed = feed::read(&stage, &start, by_pages?, by_streams?).await?;
    let evidence = Evidence {
        products,
        records,
        readings,
        reservations,
        feed,
        epoch: stage.clock.epoch,
    };
    faults.extend(check::faults(&evidence));
    let tally = Tally::of(&evidence);
    Ok(Outcome {
        evidence,
        faults,
        tally,
    })
}

/// Creates the stock that a round begins with, and sets its policies.
async fn create(stage: &Stage) -> anyhow::Result<()> {
    let mut wire = Wire::new(stage.board.servers());
    for (number, product) in stage.products.iter().enumerate() {
        let key = format!("{}-stock-{number}", stage.round);
        let creation = product.creation();
        let answer = wire.insist(stage, 0, &creation, Some(&key)).await?;
        ensure!(answer.status == 201, "stock can't be created: {answer}");
        if product.safety != Safety::default() {
            let answer = wire.insist(stage, 0, &product.policy(), None).await?;
            ensure!(answer.status == 200, "no policy can be set: {answer}");
        }
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
            let id = stage.products.get(product).map(|product| product.id);
            let path = format!("/v2/inventories/{}", id.unwrap_or_default());
            let stock = get(&mut wire, stage, server, path).await?;
            let stock = stock.as_ref().map(ledger::data).transpose()?;
            reading.stocks.push(stock);
        }
        reading.history = history(&mut wire, stage, product).await?;
        reading.holds = reservations::holds(&mut wire, stage, product).await?;
        reading.past = past(&mut wire, stage, product, &reading.history).await?;
        readings.push(reading);
    }
    Ok(readings)
}

/// All that happened to a product's stock.
async fn history(wire: &mut Wire, stage: &Stage, product: usize) -> anyhow::Result<Vec<Entry>> {
    let Some(Product { id, kind, .. }) = stage.products.get(product) else {
        return Ok(Vec::new());
    };
    let path = match kind {
        Kind::Fleeting => format!("/v2/inventories/audit?product_id={id}"),
        _ => format!("/v2/inventories/{id}/transactions"),
    };
    Ok(pages(wire, stage, 0, &path).await?.0)
}

/// All that is at a path, page by page, and the last page.
async fn pages<T: for<'de> Deserialize<'de>>(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    path: &str,
) -> anyhow::Result<(Vec<T>, Value)> {
    let mut all: Vec<T> = Vec::new();
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{separator}page%5Blimit%5D={PAGE}");
    loop {
        let page = get(wire, stage, server, next.clone()).await?;
        let page = page.with_context(|| format!("there is nothing at {next}"))?;
        all.extend(ledger::data::<Vec<T>>(&page)?);
        match page.pointer("/links/next").and_then(Value::as_str) {
            Some(link) => link.clone_into(&mut next),
            None => return Ok((all, page)),
        }
    }
}

/// The stock of a product as it stood at some times of its history.
async fn past(
    wire: &mut Wire,
    stage: &Stage,
    product: usize,
    history: &[Entry],
) -> anyhow::Result<Vec<(Timestamp, StockBody)>> {
    let product = stage.products.get(product);
    let Some(product) = product.filter(|product| product.kind != Kind::Fleeting) else {
        return Ok(Vec::new());
    };
    let mut past = Vec::new();
    for entry in history.iter().step_by(history.len() / TIMES + 1) {
        let (id, at) = (product.id, entry.created_at);
        let stock = get(wire, stage, 0, format!("/v2/inventories/{id}?at={at}")).await?;
        let stock = stock.with_context(|| format!("there was no stock of {id} at {at}"))?;
        past.push((at, ledger::data(&stock)?));
    }
    Ok(past)
}

/// What is at a path; `None` if there is nothing.
async fn get(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    path: String,
) -> anyhow::Result<Option<Value>> {
    let message = Message {
        method: "GET",
        path,
        body: None,
    };
    let answer = wire.insist(stage, server, &message, None).await?;
    match answer.status {
        200 => Ok(Some(answer.body)),
        404 => Ok(None),
        _ => anyhow::bail!("GET {}: {answer}", message.path),
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
