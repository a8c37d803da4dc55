//! Tries to break the promises of a running server: random load from many clients, while servers
//! and PostgreSQL are killed and connections are cut, and then a check of every answer against an
//! independent model. To be started by `cargo xtask torture`, which builds everything in release
//! mode first.

mod ask;
mod chaos;
mod check;
mod client;
mod feed;
mod generate;
mod http;
mod ledger;
mod model;
mod record;
mod report;
mod reservation;
mod round;
mod run;
mod safety;
mod server;
mod system;
mod tally;

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use run::Setting;
use system::Store;

/// Try to break the promises of Stockroom.
#[derive(Parser)]
#[command(subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// The program to put to the torture.
    #[arg(long, required = true)]
    server: Option<PathBuf>,
    /// Where stock is kept; on SQLite and PostgreSQL in turn if left out.
    #[arg(long)]
    store: Option<Store>,
    /// How many rounds there are on each store.
    #[arg(long, default_value = "20")]
    rounds: NonZeroU64,
    /// The number of the first round: to repeat a single one.
    #[arg(long, default_value_t = 1)]
    first_round: u64,
    /// Go on for so many minutes on each store, however many rounds that takes.
    #[arg(long, conflicts_with = "rounds")]
    minutes: Option<NonZeroU64>,
    /// What all that is asked for follows from; at random if left out.
    #[arg(long)]
    seed: Option<u64>,
    /// How many clients there are.
    #[arg(long, default_value = "16")]
    clients: NonZeroUsize,
}

#[derive(Subcommand)]
enum Part {
    /// Becomes the program that is tortured.
    #[command(hide = true)]
    Become {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match torture(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn torture(cli: Cli) -> anyhow::Result<bool> {
    if let Some(Part::Become { command }) = cli.part {
        stockroom_test_server::become_program(&command)?;
    }
    let setting = Setting {
        program: cli.server.context("there is no program to torture")?,
        seed: cli.seed.unwrap_or_else(rand::random),
        first_round: cli.first_round,
        rounds: cli.rounds.get(),
        duration: cli
            .minutes
            .map(|minutes| Duration::from_secs(minutes.get().saturating_mul(60))),
        clients: cli.clients.get(),
    };
    println!("seed {}", setting.seed);
    let stores = match cli.store {
        Some(store) => vec![store],
        None => vec![Store::Sqlite, Store::Postgres],
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(until_stopped(async {
        for store in stores {
            if !torture_on(store, setting.clone()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }))
}

/// Runs on one store. If something goes wrong, the folder with the logs is kept.
async fn torture_on(store: Store, setting: Setting) -> anyhow::Result<bool> {
    let folder = tempfile::Builder::new()
        .prefix("stockroom-torture-")
        .tempdir()?;
    let seed = setting.seed;
    let run = tokio::spawn({
        let folder = folder.path().to_owned();
        async move { run::run(store, setting, &folder).await }
    });
    let result = run.await.unwrap_or_else(|error| Err(error.into()));
    if !matches!(result, Ok(true)) {
        println!(
            "On {} with seed {seed}. The logs and the whole history of the round are kept in {}.",
            store.name(),
            folder.keep().display(),
        );
    }
    result
}

/// Gives up what is under way, and with it every process that was started, on Ctrl-C or SIGTERM.
async fn until_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("told to stop"),
    }
}
