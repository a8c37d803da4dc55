//! How fast all stock is verified, and in how much memory, with few entries and with many.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::{Storage, command};
use tokio::process::Child;
use uuid::Uuid;

use crate::products::{PIECES, products};
use crate::report::{Table, median, number};
use crate::seed::Seeding;
use crate::systems::{POSTGRES_SETTINGS, settle};
use crate::usage::Watched;

/// How many entries each ledger has.
const LEDGER: usize = 20;

/// How often it is looked how much memory there is in use.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Has the program verify a tenth of so many entries, and all of them, on each database.
pub(crate) async fn measure(
    program: &Path,
    rounds: usize,
    entries: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    let folder = tempfile::tempdir()?;
    let sqlite = Storage::Sqlite(folder.path().to_owned());
    rows.extend(on(program, rounds, entries, seed, ("SQLite", &sqlite), None).await?);
    let postgres = programs().context("there are no programs of PostgreSQL here")?;
    let cluster = Cluster::start(&postgres, &POSTGRES_SETTINGS).await;
    let cluster = cluster.context("PostgreSQL doesn't start")?;
    let postgres = Storage::Postgres(cluster.url());
    let measured = on(
        program,
        rounds,
        entries,
        seed,
        ("PostgreSQL", &postgres),
        Some(&cluster),
    );
    rows.extend(measured.await?);
    cluster.stop().await?;
    let columns = ["database", "stocks", "entries", "entries/s", "peak memory"];
    Ok(Table {
        title: format!("`stockroom verify`, {LEDGER} entries for each stock"),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

async fn on(
    program: &Path,
    rounds: usize,
    entries: usize,
    seed: u64,
    (name, storage): (&str, &Storage),
    cluster: Option<&Cluster>,
) -> anyhow::Result<Vec<Vec<String>>> {
    let stocks = entries / LEDGER;
    let all = products(seed, stocks);
    let (few, others) = all.split_at(stocks / 10);
    let mut rows = Vec::new();
    let mut filled = 0;
    for part in [few, others] {
        let start = Instant::now();
        fill(storage, part).await?;
        if let Some(cluster) = cluster {
            settle(cluster).await?;
        }
        filled += part.len();
        let entries = filled * LEDGER;
        eprintln!("{name}: {entries} entries, after {:.1?}", start.elapsed());
        let mut times = Vec::new();
        let mut peak = 0;
        for round in 1..=rounds {
            let (time, memory) = verify(program, storage).await?;
            eprintln!("{round}/{rounds} {name}: {entries} entries in {time:.1?}");
            times.push(time);
            peak = memory.max(peak);
        }
        let time = median(times).context("nothing was measured")?;
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let (rate, megabytes) = (entries as f64 / time.as_secs_f64(), peak as f64 / 1e6);
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let counts = [filled, entries].map(|count| number(count as f64));
        let [stocks, entries] = counts;
        let memory = format!("{megabytes:.0} MB");
        rows.push(vec![name.to_owned(), stocks, entries, number(rate), memory]);
    }
    Ok(rows)
}

/// Adds an organization with stock of these products.
async fn fill(storage: &Storage, products: &[Uuid]) -> anyhow::Result<()> {
    let seeding = Seeding::begin(storage).await?;
    let (store, _) = seeding.store("Benchmark").await?;
    seeding.create(store, products, PIECES).await?;
    let increments = products.iter();
    let increments = increments.flat_map(|product| std::iter::repeat_n(*product, LEDGER - 1));
    seeding.increment(store, increments).await?;
    seeding.finish().await;
    Ok(())
}

/// How long it takes, and the most memory that it has in use.
async fn verify(program: &Path, storage: &Storage) -> anyhow::Result<(Duration, u64)> {
    let start = Instant::now();
    let process = command(program, "verify", storage)
        .arg("--no-migrate")
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{} can't be started", program.display()))?;
    let peak = watch(process).await?;
    Ok((start.elapsed(), peak))
}

async fn watch(mut process: Child) -> anyhow::Result<u64> {
    let watched = Watched {
        server: process.id(),
        postgres: None,
    };
    let mut peak = 0;
    loop {
        if let Ok(status) = tokio::time::timeout(LOOK_INTERVAL, process.wait()).await {
            ensure!(status?.success(), "it found differences");
            return Ok(peak);
        }
        // It may have ended just now.
        let memory = watched.peak_memory().ok().flatten();
        peak = memory.unwrap_or(0).max(peak);
    }
}
