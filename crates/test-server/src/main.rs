//! Runs a command beside a server that has a database of its own, and stops that server when the
//! command ends, however it does. To be started by `cargo xtask`, which builds the server first.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use stockroom_test_server::{
    Storage, THIS_PROGRAM, become_program, create_key, first_start, serve, serving,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::signal::unix::{SignalKind, signal};

/// How long the server may take to start.
const START_MAX: Duration = Duration::from_mins(1);

/// Run a command beside a server: its address is in the variable `API_URL`, and the credentials of a
/// key in `CLIENT_ID` and `CLIENT_SECRET`.
#[derive(Parser)]
#[command(subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// The program of the server.
    #[arg(long, required = true)]
    server: Option<PathBuf>,
    /// Make a key of the whole organization, instead of taking that of its store.
    #[arg(long)]
    organization: bool,
    /// After how many seconds the command is ended.
    #[arg(long, default_value_t = 600)]
    seconds_max: u64,
    /// The command.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Subcommand)]
enum Part {
    /// Becomes the server, or the command.
    #[command(hide = true)]
    Become {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: &Cli) -> anyhow::Result<ExitStatus> {
    if let Some(Part::Become { command }) = &cli.part {
        become_program(command)?;
    }
    // One thread: the processes that it starts end with the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            status = run(cli) => status,
            _ = terminate.recv() => anyhow::bail!("terminated"),
            _ = interrupt.recv() => anyhow::bail!("interrupted"),
        }
    })
}

async fn run(cli: &Cli) -> anyhow::Result<ExitStatus> {
    let program = cli
        .server
        .as_deref()
        .context("there is no server to start")?;
    let folder = tempfile::tempdir()?;
    let storage = Storage::Sqlite(folder.path().to_path_buf());
    let mut server = serve(program, &storage)
        .spawn()
        .with_context(|| format!("{} can't be started", program.display()))?;
    let stdout = server.stdout.take().context("no standard output")?;
    let mut log = BufReader::new(server.stderr.take().context("no standard error")?);
    let address = tokio::time::timeout(START_MAX, serving(&mut log, |_| Ok(())));
    let address = address.await.context("the server didn't start in time")??;
    tokio::spawn(read_to_end(log));
    let first = first_start(stdout).await?;
    let key = if cli.organization {
        create_key(program, &storage, &first.organization, None).await?
    } else {
        first.store_key
    };
    let mut command = Command::new(THIS_PROGRAM)
        .arg("become")
        .args(&cli.command)
        .env("API_URL", format!("http://{address}"))
        .env("CLIENT_ID", key.client_id)
        .env("CLIENT_SECRET", key.client_secret)
        .kill_on_drop(true)
        .spawn()?;
    let seconds_max = cli.seconds_max;
    let status = tokio::time::timeout(Duration::from_secs(seconds_max), command.wait()).await;
    let status =
        status.with_context(|| format!("the command didn't end within {seconds_max} s"))?;
    server.kill().await?;
    Ok(status?)
}

/// Takes what the server goes on to say, and shows its errors.
async fn read_to_end(log: BufReader<ChildStderr>) {
    let mut lines = log.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("\"level\":\"ERROR\"") {
            eprintln!("{line}");
        }
    }
}
