//! Measures a running server, side by side in one run. To be started by `cargo xtask bench`, which
//! builds everything in release mode first.

mod lists;
mod report;
mod seed;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use report::Table;

/// Measure Stockroom.
#[derive(Parser)]
struct Cli {
    /// The program to measure.
    #[arg(long)]
    server: PathBuf,
    /// What to measure; everything if left out.
    #[arg(long)]
    case: Vec<Case>,
    /// How long one measurement takes, in seconds; there are three of each.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How much stock the large store has.
    #[arg(long, default_value_t = 1_000_000)]
    stocks: u32,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Lists and histories in a store with little stock and in one with much.
    Lists,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let cases = if cli.case.is_empty() {
        Case::value_variants().to_vec()
    } else {
        cli.case
    };
    let duration = Duration::from_secs(cli.seconds);
    let runtime = tokio::runtime::Runtime::new()?;
    for case in cases {
        let table: Table = match case {
            Case::Lists => runtime.block_on(lists::measure(&cli.server, duration, cli.stocks))?,
        };
        if cli.json {
            println!("{}", serde_json::to_string_pretty(&table)?);
        } else {
            println!("{table}");
        }
    }
    Ok(())
}
