//! Damages requests that work, and sends them to a running server: nothing that a client sends may make
//! it fail, keep it from answering, or change anything of another tenant's. To be started by
//! `cargo xtask fuzz`, which builds the server first.

mod check;
mod client;
mod document;
mod json;
mod mutate;
mod report;
mod request;
mod run;
mod system;
mod valid;
mod watching;
mod world;

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use run::Setting;
use system::Store;

/// How many requests a second there may be, unless another bound is given: a bound for what a run can
/// leave in a database, which no machine reaches.
const REQUESTS_A_SECOND_MAX: u64 = 5_000;

/// Send damaged requests to Stockroom.
#[derive(Parser)]
#[command(subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// The program of the server.
    #[arg(long, required = true)]
    server: Option<PathBuf>,
    /// The OpenAPI document.
    #[arg(long, required = true)]
    description: Option<PathBuf>,
    /// For how many seconds, in all.
    #[arg(long, default_value = "60")]
    seconds: NonZeroU64,
    /// What all requests follow from; at random if left out. With one connection they are the same
    /// each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Where data is kept; on SQLite and on PostgreSQL, half of the time each, if left out.
    #[arg(long)]
    store: Option<Store>,
    /// How many connections there are: few, so that no answer is explained by the load.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..=64))]
    connections: u64,
    /// How many requests there are at most on each store; 5000 a second if left out.
    #[arg(long)]
    requests: Option<NonZeroU64>,
}

#[derive(Subcommand)]
enum Part {
    /// Becomes the server.
    #[command(hide = true)]
    Become {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match fuzz(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(cli: Cli) -> anyhow::Result<bool> {
    if let Some(Part::Become { command }) = cli.part {
        stockroom_test_server::become_program(&command)?;
    }
    let description = cli.description.context("there is no document")?;
    let document = std::fs::read(&description)
        .with_context(|| format!("{} can't be read", description.display()))?;
    let stores = match cli.store {
        Some(store) => vec![store],
        None => vec![Store::Sqlite, Store::Postgres],
    };
    let seconds = (cli.seconds.get() / stores.len() as u64).max(1);
    let requests = cli.requests.map(NonZeroU64::get);
    let setting = Setting {
        program: cli.server.context("there is no program")?,
        operations: document::operations(&serde_json::from_slice(&document)?)?,
        seed: cli.seed.unwrap_or_else(rand::random),
        duration: Duration::from_secs(seconds),
        connections: cli.connections,
        requests_max: requests.unwrap_or(seconds.saturating_mul(REQUESTS_A_SECOND_MAX)),
    };
    println!("seed {}", setting.seed);
    // One thread: the processes that it starts end with the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(until_stopped(async {
        let mut is_sound = true;
        for store in stores {
            is_sound &= run::run(store, &setting).await?;
        }
        Ok(is_sound)
    }))
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
