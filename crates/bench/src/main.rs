//! Measures a running server, side by side with what it is held against, in one run. To be started
//! by `cargo xtask bench`, which builds everything in release mode first.

mod cases;
mod ceiling;
mod console;
mod figures;
mod imports;
mod lists;
mod load;
mod neighbours;
mod products;
mod report;
mod reservations;
mod run;
mod seed;
mod server;
mod service;
mod streams;
mod systems;
mod targets;
mod usage;
mod verify;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use report::Table;
use run::Outcome;
use systems::Setting;

// Cases that are measured apart. Each is a table of its own.
const LISTS: &str = "lists";
const VERIFY: &str = "verify";
const RESERVATIONS: &str = "reservations";
const NEIGHBOURS: &str = "neighbours";
const STREAMS: &str = "streams";
const IMPORTS: &str = "imports";
const CONSOLE: &str = "console";

/// Measure Stockroom.
#[derive(Parser)]
#[command(subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// The program to measure.
    #[arg(long, required = true)]
    server: Option<PathBuf>,
    /// What to measure; everything if left out. The name of a case, as in `postgres/writes/hot`,
    /// or parts of it, as in `postgres`, `by-hand`, `writes/hot` or `lone`. May be repeated.
    #[arg(long = "case", value_name = "CASE")]
    cases: Vec<String>,
    /// How long one measurement takes, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How often each case is measured.
    #[arg(long, default_value = "3")]
    rounds: NonZeroUsize,
    /// How many connections there are to a server.
    #[arg(long, default_value = "64")]
    connections: NonZeroUsize,
    /// How many products there are.
    #[arg(long, default_value = "100000")]
    products: NonZeroUsize,
    /// How much stock the large store of the case `lists` has, and how many lines the files of the case
    /// `imports`.
    #[arg(long, default_value = "1000000")]
    stocks: NonZeroUsize,
    /// How many ledger entries the case `verify` has.
    #[arg(long, default_value = "1000000")]
    entries: NonZeroUsize,
    /// How many pending reservations the case `reservations` has at last.
    #[arg(long, default_value = "1000000")]
    reservations: NonZeroUsize,
    /// What every random choice follows from.
    #[arg(long, default_value_t = 4)]
    seed: u64,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// The processes that this one starts.
#[derive(Subcommand)]
enum Part {
    /// Sends requests.
    #[command(hide = true)]
    Load,
    /// Does what hostile clients do.
    #[command(hide = true)]
    Attack,
    /// Serves what does nothing.
    #[command(hide = true)]
    Ceiling,
    /// Serves what could be written in a day, on a PostgreSQL.
    #[command(hide = true)]
    Service {
        /// The folder of PostgreSQL's socket.
        socket: String,
    },
    /// Becomes the program that is measured.
    #[command(hide = true)]
    Become {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Everything that was measured.
#[derive(Serialize)]
struct Report {
    side_by_side: Option<Outcome>,
    lists: Option<Table>,
    verify: Option<Table>,
    reservations: Option<Table>,
    neighbours: Option<Table>,
    streams: Option<Table>,
    imports: Option<Table>,
    console: Option<Table>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.part {
        Some(Part::Load) => load::run(),
        Some(Part::Attack) => neighbours::attack(),
        Some(Part::Ceiling) => tokio::runtime::Runtime::new()?.block_on(ceiling::run()),
        Some(Part::Service { socket }) => {
            tokio::runtime::Runtime::new()?.block_on(service::run(&socket))
        }
        Some(Part::Become { command }) => stockroom_test_server::become_program(&command),
        None => report(cli),
    }
}

fn report(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let json = cli.json;
    let report = runtime.block_on(until_stopped(measure(cli)))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    if let Some(outcome) = &report.side_by_side {
        println!("{outcome}");
    }
    let tables = [
        &report.lists,
        &report.verify,
        &report.reservations,
        &report.neighbours,
        &report.streams,
        &report.imports,
        &report.console,
    ];
    for table in tables.into_iter().flatten() {
        println!("{table}");
    }
    Ok(())
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

async fn measure(cli: Cli) -> anyhow::Result<Report> {
    let program = cli.server.context("there is no program to measure")?;
    let cases = cases::all(cli.connections.get());
    let cases = cases::select(
        cases,
        &[
            LISTS,
            VERIFY,
            RESERVATIONS,
            NEIGHBOURS,
            STREAMS,
            IMPORTS,
            CONSOLE,
        ],
        &cli.cases,
    )?;
    let measures = |name| cli.cases.is_empty() || cli.cases.iter().any(|case| case == name);
    let duration = Duration::from_secs(cli.seconds);
    let (rounds, seed) = (cli.rounds.get(), cli.seed);
    let side_by_side = if cases.is_empty() {
        None
    } else {
        let setting = Setting {
            program: program.clone(),
            seed,
            products: cli.products.get(),
            duration,
        };
        Some(run::measure(setting, rounds, &cases).await?)
    };
    let stocks = cli.stocks.get();
    let lists = lists::measure(&program, duration, rounds, stocks, seed);
    let verify = verify::measure(&program, rounds, cli.entries.get(), seed);
    let many = cli.reservations.get();
    let reservations = reservations::measure(&program, duration, rounds, many, seed);
    let reservations = Box::pin(reservations);
    let neighbours = Box::pin(neighbours::measure(&program, duration, rounds, seed));
    let streams = streams::measure(&program, duration, rounds, seed);
    let imports = imports::measure(&program, rounds, stocks);
    let console = console::measure(&program, duration, cli.products.get(), seed);
    Ok(Report {
        side_by_side,
        lists: table(measures(LISTS), lists).await?,
        verify: table(measures(VERIFY), verify).await?,
        reservations: table(measures(RESERVATIONS), reservations).await?,
        neighbours: table(measures(NEIGHBOURS), neighbours).await?,
        streams: table(measures(STREAMS), streams).await?,
        imports: table(measures(IMPORTS), imports).await?,
        console: table(measures(CONSOLE), console).await?,
    })
}

/// The table of a case, if it is to be measured.
async fn table(
    is_measured: bool,
    case: impl Future<Output = anyhow::Result<Table>>,
) -> anyhow::Result<Option<Table>> {
    if is_measured {
        case.await.map(Some)
    } else {
        Ok(None)
    }
}
