//! `cargo xtask`: the entry to every developer task. Each task is a module here.

mod api_check;
mod bench;
mod browser;
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
    /// Run all tests and print their number.
    Test(test::Args),
    /// Check formatting, clippy and the documentation.
    Lint,
    /// Check licences, sources and known vulnerabilities of the dependencies.
    Deny,
    /// Check the layering, sizes, unused dependencies and forbidden contents of files.
    Tidy,
    /// Write the API description to docs/openapi.json.
    Openapi(CheckArgs),
    /// Validate docs/openapi.json, and check the running program against it.
    ApiCheck(api_check::Args),
    /// Send damaged requests to the running program, and check that it survives them.
    Fuzz(fuzz::Args),
    /// Write the data for checking queries without a database.
    Sqlx(CheckArgs),
    /// Build the PostgreSQL image for tests on machines that can't pull one.
    PostgresImage(postgres_image::Args),
    /// Run the server, and restart it when a source file changes.
    Dev(dev::Args),
    /// Make the pictures of the console in docs/images.
    Screenshots,
    /// Measure, and write the tables to docs/performance.md.
    Bench(bench::Args),
    /// Kill servers and databases under load, and check that every promise is kept.
    Torture(torture::Args),
    /// Run everything that a change must pass.
    Ci,
}

/// Arguments of a task that writes files of the repository.
#[derive(clap::Args)]
struct CheckArgs {
    /// Write nothing; fail if a file is out of date.
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

/// Replaces this process by the same program without the variables that name the package Cargo
/// runs. Build scripts that look at them (for example that of `ring`) would find them changed in
/// each build that a task starts, and all dependents would be rebuilt. Returns the error if that
/// fails.
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
        Task::Screenshots => browser::screenshots(workspace),
        Task::Bench(args) => bench::run(workspace, args),
        Task::Torture(args) => torture::run(workspace, args),
        Task::Ci => ci::run(workspace),
    }
}
