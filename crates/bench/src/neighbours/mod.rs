//! What one tenant is left with while another one, or a stranger, does its worst.

mod attack;
mod neighbour;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::Storage;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout};

use crate::products::{PIECES, products};
use crate::report::{Table, median, number};
use crate::seed::Seeding;
use crate::server::Server;
use crate::systems::{POSTGRES_SETTINGS, settle, this_program};
use crate::usage::Watched;
use attack::{Attack, Done, Load};
use neighbour::{Neighbour, Times};

pub(crate) use attack::run as attack;

/// How much stock the attacker has.
const STOCKS: usize = 100_000;

/// For how long there is load before anything is measured, and how long the server has to itself
/// afterwards.
const BEFORE: Duration = Duration::from_millis(500);
const AFTER: Duration = Duration::from_secs(2);

/// How long the server may take to answer as usual again.
const RECOVERY_MAX: Duration = Duration::from_secs(30);

/// The longest measurement: no load lasts longer than ten seconds, in all.
const DURATION_MAX: Duration = Duration::from_secs(6);

/// How long an attack may take to be prepared, and how much longer than it was told to it may take.
const GRACE: Duration = Duration::from_mins(1);

/// Has PostgreSQL write a line for each connection, whatever becomes of it.
const LOG_CONNECTIONS: &str = "log_connections=on";
const CONNECTION: &str = "connection received";

/// A database with two tenants, and its server.
struct Bed {
    name: &'static str,
    server: Server,
    cluster: Option<Cluster>,
    neighbour: Neighbour,
    /// The other tenant's token.
    token: String,
    seed: u64,
}

/// A process that attacks.
struct Attacker {
    process: Child,
    output: BufReader<ChildStdout>,
}

/// What was measured under one load in one round.
struct Measured {
    /// Of reads, and of changes.
    times: [Times; 2],
    /// None without a load.
    done: Option<Done>,
    seconds: f64,
    /// Of the server, in bytes: before, at most, and after.
    memory: [u64; 3],
    /// None where there is no PostgreSQL.
    connections: Option<usize>,
}

/// Measures on each database, first without a load and then under each.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    rounds: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    let duration = duration.min(DURATION_MAX);
    let folder = tempfile::tempdir()?;
    let sqlite = Storage::Sqlite(folder.path().to_owned());
    let bed = Bed::fill(program, "SQLite", &sqlite, None, seed).await?;
    let mut rows = bed.measure(duration, rounds).await?;
    bed.server.stop().await?;
    let programs = programs().context("there are no programs of PostgreSQL here")?;
    let settings = [&POSTGRES_SETTINGS[..], &[LOG_CONNECTIONS]].concat();
    let cluster = Cluster::start(&programs, &settings).await;
    let cluster = cluster.context("PostgreSQL doesn't start")?;
    let postgres = Storage::Postgres(cluster.url());
    let bed = Bed::fill(program, "PostgreSQL", &postgres, Some(cluster), seed).await?;
    rows.extend(bed.measure(duration, rounds).await?);
    bed.server.stop().await?;
    if let Some(cluster) = bed.cluster {
        cluster.stop().await?;
    }
    let columns = [
        "database",
        "load by others",
        "read p50",
        "read p99",
        "change p50",
        "change p99",
        "failed",
        "load, requests/s",
        "of them failed",
        "memory before, peak, after",
        "new connections to PostgreSQL",
    ];
    Ok(Table {
        title: format!(
            "Neighbours: a read and a change every 5 ms under each load, {} s; times are medians of \
             {rounds} rounds, the rest sums and peaks; a time without end is that of failures",
            duration.as_secs()
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

impl Bed {
    async fn fill(
        program: &Path,
        name: &'static str,
        storage: &Storage,
        cluster: Option<Cluster>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        // An organization each.
        let seeding = Seeding::begin(storage).await?;
        let (store, own) = seeding.store("Neighbour").await?;
        let own_products = products(seed.wrapping_add(1), 1);
        let product = own_products.first().context("no product")?.to_string();
        seeding.create(store, &own_products, PIECES).await?;
        seeding.finish().await;
        let seeding = Seeding::begin(storage).await?;
        let (store, others) = seeding.store("Attacker").await?;
        seeding
            .create(store, &products(seed, STOCKS), PIECES)
            .await?;
        seeding.finish().await;
        if let Some(cluster) = &cluster {
            settle(cluster).await?;
        }
        eprintln!("{name}: filled, after {:.1?}", start.elapsed());
        let server = Server::start(program, storage).await?;
        Ok(Self {
            name,
            neighbour: Neighbour {
                address: server.address,
                token: server.token(&own).await?,
                product,
            },
            token: server.token(&others).await?,
            server,
            cluster,
            seed,
        })
    }

    async fn measure(&self, duration: Duration, rounds: usize) -> anyhow::Result<Vec<Vec<String>>> {
        let loads = [None].into_iter().chain(Load::ALL.map(Some));
        let mut all: Vec<(Option<Load>, Vec<Measured>)> =
            loads.map(|load| (load, Vec::new())).collect();
        for round in 1..=rounds {
            for (load, measured) in &mut all {
                let title = load.map_or("none", Load::title);
                let once = self.under(*load, duration).await;
                let once = once.with_context(|| format!("{}: {title}", self.name))?;
                let row = row(self.name, title, &[&once]).join(" | ");
                eprintln!("{round}/{rounds} {row}");
                measured.push(once);
            }
        }
        let rows = all.iter().map(|(load, measured)| {
            let title = load.map_or("none", Load::title);
            row(self.name, title, &measured.iter().collect::<Vec<_>>())
        });
        Ok(rows.collect())
    }

    async fn under(&self, load: Option<Load>, duration: Duration) -> anyhow::Result<Measured> {
        let watched = Watched {
            server: self.server.process(),
            postgres: None,
        };
        let before = watched.memory()?.unwrap_or(0);
        watched.reset_peak_memory()?;
        let connections = self.connections()?;
        let attack_lasts = BEFORE + duration;
        let attacker = match load {
            Some(load) => Some(Attacker::start(&self.attack(load, attack_lasts)).await?),
            None => None,
        };
        let attack = async {
            match attacker {
                Some(attacker) => attacker.done(attack_lasts + GRACE).await.map(Some),
                None => Ok(None),
            }
        };
        let shopping = async {
            tokio::time::sleep(BEFORE).await;
            self.neighbour.shop(duration).await
        };
        let (done, times) = tokio::try_join!(attack, shopping)?;
        let connections = self
            .connections()?
            .zip(connections)
            .map(|(after, before)| after.saturating_sub(before));
        tokio::time::sleep(AFTER).await;
        // What the load has left behind is none of the next one's.
        self.neighbour.wait_for_answers(RECOVERY_MAX).await;
        let peak = watched.peak_memory()?.unwrap_or(0);
        Ok(Measured {
            times,
            done,
            seconds: attack_lasts.as_secs_f64(),
            memory: [before, peak, watched.memory()?.unwrap_or(0)],
            connections,
        })
    }

    fn attack(&self, load: Load, duration: Duration) -> Attack {
        Attack {
            load,
            address: self.server.address,
            token: self.token.clone(),
            seed: self.seed,
            products: STOCKS,
            duration,
        }
    }

    /// How many connections there have been to PostgreSQL.
    fn connections(&self) -> anyhow::Result<Option<usize>> {
        let Some(cluster) = &self.cluster else {
            return Ok(None);
        };
        let log = fs::read(cluster.log())?;
        let log = String::from_utf8_lossy(&log);
        Ok(Some(log.matches(CONNECTION).count()))
    }
}

impl Attacker {
    /// Starts one, and waits until its attack begins.
    async fn start(attack: &Attack) -> anyhow::Result<Self> {
        let mut process = this_program(&["attack"])?;
        let mut input = process.stdin.take().context("no standard input")?;
        let output = process.stdout.take().context("no standard output")?;
        input.write_all(&serde_json::to_vec(attack)?).await?;
        input.write_all(b"\n").await?;
        input.flush().await?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let begun = tokio::time::timeout(GRACE, output.read_line(&mut line)).await;
        begun.context("the attack doesn't begin")??;
        ensure!(!line.is_empty(), "the attack ended before it began");
        Ok(Self { process, output })
    }

    /// What it got done, once it has ended.
    async fn done(mut self, longest: Duration) -> anyhow::Result<Done> {
        let mut said = Vec::new();
        let read = tokio::time::timeout(longest, self.output.read_to_end(&mut said)).await;
        read.context("the attack doesn't end")??;
        let status = self.process.wait().await?;
        ensure!(status.success(), "the attack failed: {status}");
        Ok(serde_json::from_slice(&said)?)
    }
}

fn row(database: &str, title: &str, measured: &[&Measured]) -> Vec<String> {
    let time = |kind: usize, thousandths| {
        let never = Duration::MAX;
        let times = measured.iter().filter_map(|it| it.times.get(kind));
        let quantiles = times.map(|times| times.quantile(thousandths).unwrap_or(never));
        match median(quantiles.collect()) {
            Some(time) if time < never => format!("{:.2} ms", time.as_secs_f64() * 1e3),
            _ => "∞".to_owned(),
        }
    };
    let failures: usize = measured
        .iter()
        .flat_map(|it| it.times.each_ref().map(|times| times.failures))
        .sum();
    let done: Vec<Done> = measured.iter().filter_map(|it| it.done).collect();
    let none = || "–".to_owned();
    let rates = measured.iter().filter_map(|it| rate(it.done?, it.seconds));
    let most = |index: usize| measured.iter().filter_map(|it| it.memory.get(index)).max();
    let memory = [0, 1, 2].map(|index| megabytes(most(index).copied().unwrap_or(0)));
    let connections = measured.iter().map(|it| it.connections);
    let connections: Option<usize> = connections.sum();
    vec![
        database.to_owned(),
        title.to_owned(),
        time(0, 500),
        time(0, 990),
        time(1, 500),
        time(1, 990),
        failures.to_string(),
        median(rates.collect()).map_or_else(none, shown_rate),
        if done.is_empty() {
            none()
        } else {
            done.iter().map(|it| it.failures).sum::<u64>().to_string()
        },
        memory.join(", "),
        connections.map_or_else(none, |connections| connections.to_string()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
fn rate(done: Done, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| done.requests as f64 / seconds)
}

fn shown_rate(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        number(rate)
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(connections: Option<usize>, failures: u64) -> Measured {
        Measured {
            times: <[Times; 2]>::default(),
            done: Some(Done {
                requests: 30,
                failures,
            }),
            seconds: 3.0,
            memory: [1_000_000, 3_000_000, 2_000_000],
            connections,
        }
    }

    #[test]
    fn a_row_has_sums_peaks_and_medians() {
        let (one, other) = (measured(Some(2), 1), measured(Some(3), 4));
        let shown = row("PostgreSQL", "load", &[&one, &other]);
        assert_eq!(
            shown,
            [
                "PostgreSQL",
                "load",
                "∞",
                "∞",
                "∞",
                "∞",
                "0",
                "10",
                "5",
                "1 MB, 3 MB, 2 MB",
                "5"
            ]
        );
        let none = Measured {
            done: None,
            ..measured(None, 0)
        };
        assert_eq!(row("SQLite", "none", &[&none])[7..9], ["–", "–"]);
        assert_eq!(row("SQLite", "none", &[&none])[10], "–");
        assert_eq!([0.25, 1_234.0].map(shown_rate), ["0.2", "1,234"]);
    }
}
