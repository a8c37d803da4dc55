//! `cargo xtask`: the one entry to every developer task. A task is a module here.

mod api_check;
mod bench;
mod ci;
mod deny;
mod dev;
mod fuzz;
mod lint;
mod openapi;
mod postgres;
mod postgres_image;
mod sqlx;
mod test;
mod tidy;
mod tools;
mod torture;
mod watched;
mod workspace;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::{self, ExitCode};
use std::{env, io};

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// The developer tasks of Stockroom.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run all tests and say how many ran.
    Test(test::Args),
    /// Check formatting, clippy and the documentation.
    Lint,
    /// Check licences, sources and known vulnerabilities of the dependencies.
    Deny,
    /// Check the layering, sizes, unused dependencies and what files must not contain.
    Tidy,
    /// Write the API description to docs/openapi.json.
    Openapi(CheckArgs),
    /// Validate docs/openapi.json, and hold the running program against it.
    ApiCheck(api_check::Args),
    /// Send damaged requests to the running program, and check that it takes no harm.
    Fuzz(fuzz::Args),
    /// Write the data that queries are checked against when there is no database.
    Sqlx(CheckArgs),
    /// Build the image of PostgreSQL that tests use where none can be pulled.
    PostgresImage(postgres_image::Args),
    /// Run the server and start it again when something changes.
    Dev(dev::Args),
    /// Measure, and write the tables to docs/performance.md.
    Bench(bench::Args),
    /// Kill servers and databases under load, and check that every promise is kept.
    Torture(torture::Args),
    /// Run everything that a change must pass.
    Ci,
}

/// For a task that writes files which are kept in the repository.
#[derive(clap::Args)]
struct CheckArgs {
    /// Write nothing: fail when what is there is out of date.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(error) = leave_package() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    match Workspace::open().and_then(|workspace| run(&workspace, &cli.task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes the same program without the variables that tell it which package Cargo runs. Build
/// scripts that look at them (that of `ring`, say) would find them changed in each build that a
/// task starts, and have all that depends on them built anew. Gives the error if that fails.
fn leave_package() -> Option<io::Error> {
    let about_package = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    let names = env::vars_os().map(|(name, _)| name);
    let names: Vec<OsString> = names.filter(|name| about_package(name)).collect();
    if names.is_empty() {
        return None;
    }
    let mut arguments = env::args_os();
    let mut program = process::Command::new(arguments.next()?);
    program.args(arguments);
    for name in names {
        program.env_remove(name);
    }
    Some(program.exec())
}

fn run(workspace: &Workspace, task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Test(args) => test::run(workspace, args),
        Task::Lint => lint::run(workspace),
        Task::Deny => deny::run(workspace),
        Task::Tidy => tidy::run(workspace),
        Task::Openapi(args) => openapi::run(workspace, args.check),
        Task::ApiCheck(args) => api_check::run(workspace, args),
        Task::Fuzz(args) => fuzz::run(workspace, args),
        Task::Sqlx(args) => sqlx::run(workspace, args.check),
        Task::PostgresImage(args) => postgres_image::run(workspace, args),
        Task::Dev(args) => dev::run(workspace, args),
        Task::Bench(args) => bench::run(workspace, args),
        Task::Torture(args) => torture::run(workspace, args),
        Task::Ci => ci::run(workspace),
    }
}
