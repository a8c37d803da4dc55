//! The program `stockroom`: reads its settings, opens a database, and serves the API or executes an
//! operator's command.

mod cli;
mod config;
mod connections;
mod console;
mod database;
mod demo;
mod health;
mod logging;
mod metrics;
mod operator;
mod secret;
mod serve;
mod signing_key;
mod verify;

use std::process::ExitCode;

use mimalloc::MiMalloc;

use cli::Command;

/// Chosen by measurement: see "The allocator" in `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command = match config::read(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("stockroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(settings) => serve::run(*settings).await,
            Command::Migrate(settings) => operator::migrate(&settings).await,
            Command::Organization(command) => operator::organization(command).await,
            Command::Store(command) => operator::store(command).await,
            Command::Key(command) => operator::key(command).await,
            Command::Events(command) => operator::events(command).await,
            Command::SigningKey(command) => signing_key::run(command).await,
            Command::Verify(settings) => return Ok(verify::verify(&settings).await),
            Command::Repair(settings) => return Ok(verify::repair(&settings).await),
            Command::Health(settings) => health::ask(&settings),
            Command::Openapi => operator::openapi(),
        }
        .map(|()| ExitCode::SUCCESS)
    })
}
