//! Starts the program as a process of its own, which ends with the one that started it, for
//! benchmarks, torture, fuzzing and the check of the API.
//!
//! Whoever uses it has a command line of its own that calls [`become_program`] with what follows the
//! word `become`.

pub mod http;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdout, Command};

/// This program, whose file may have been replaced by a newer build.
pub const THIS_PROGRAM: &str = "/proc/self/exe";

/// Settings in the environment of whoever starts the program are none of the program's.
const ENVIRONMENT_PREFIX: &str = "STOCKROOM_";

/// Where the program keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// On PostgreSQL, at a URL.
    Postgres(String),
    /// On SQLite, in a folder.
    Sqlite(PathBuf),
    /// In its memory.
    Memory,
}

impl Storage {
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Postgres(url) => vec!["--database-url".into(), url.into()],
            Self::Sqlite(folder) => vec!["--data-folder".into(), folder.into()],
            Self::Memory => vec!["--in-memory".into()],
        }
    }
}

/// What a client gets a token with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The key's client id.
    pub client_id: String,
    /// The key's secret.
    pub client_secret: String,
}

/// What a server prints when it starts for the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstStart {
    /// The id of the organization.
    pub organization: String,
    /// The key of the organization's store.
    pub store_key: Credentials,
}

/// Makes this process another program's, which ends with its parent, however that comes: nothing is
/// to be left that disturbs what comes next.
///
/// # Errors
/// If there is no such program.
pub fn become_program(command: &[OsString]) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let (program, arguments) = command.split_first().context("no program is named")?;
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("{} can't be started", program.display()))
}

/// The program with one of its commands (`verify`, `key create`), on a storage.
#[must_use]
pub fn command(program: &Path, name: &str, storage: &Storage) -> Command {
    let mut command = Command::new(THIS_PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(ENVIRONMENT_PREFIX) {
            command.env_remove(name);
        }
    }
    command
        .arg("become")
        .arg(program)
        .args(name.split(' '))
        .args(storage.arguments())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The program as a server, on ports that are free, which says all in JSON.
#[must_use]
pub fn serve(program: &Path, storage: &Storage) -> Command {
    let mut command = command(program, "serve", storage);
    command
        .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
        .args(["--log-format", "json"])
        // Integrations of tests call nobody else.
        .args(["--webhook-networks", "127.0.0.0/8"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Where a server listens, as soon as it does. Each line that it says until then goes to `hear`.
///
/// # Errors
/// If it ends before, or `hear` fails.
pub async fn serving(
    said: &mut BufReader<ChildStderr>,
    mut hear: impl FnMut(&str) -> io::Result<()>,
) -> anyhow::Result<SocketAddr> {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if said.read_line(&mut line).await? == 0 {
            bail!("a server ended before it served: {all}");
        }
        hear(&line)?;
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["message"] == "serving" {
            return Ok(entry["listen"].as_str().context("no address")?.parse()?);
        }
        all += &line;
    }
}

/// The key that a server prints when it starts for the first time.
///
/// # Errors
/// If it doesn't.
pub async fn first_key(stdout: ChildStdout) -> anyhow::Result<Credentials> {
    Ok(first_start(stdout).await?.store_key)
}

/// What a server prints when it starts for the first time.
///
/// # Errors
/// If it doesn't.
pub async fn first_start(stdout: ChildStdout) -> anyhow::Result<FirstStart> {
    let mut lines = BufReader::new(stdout).lines();
    let mut first = FirstStart::default();
    while let Some(line) = lines.next_line().await? {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["organization", id, ..] => id.clone_into(&mut first.organization),
            ["client_id", id] => id.clone_into(&mut first.store_key.client_id),
            ["client_secret", secret] => {
                secret.clone_into(&mut first.store_key.client_secret);
                return Ok(first);
            }
            _ => {}
        }
    }
    bail!("the server printed no key")
}

/// Makes an organization beside a running server, and gives its id.
///
/// # Errors
/// If that fails, as it does on storage in memory, which no other process sees.
pub async fn create_organization(
    program: &Path,
    storage: &Storage,
    name: &str,
) -> anyhow::Result<String> {
    let printed = printed(command(program, "organization create", storage).arg(name)).await?;
    value(&printed, "organization")
}

/// Makes a store of an organization beside a running server, and gives its id.
///
/// # Errors
/// If that fails, as it does on storage in memory, which no other process sees.
pub async fn create_store(
    program: &Path,
    storage: &Storage,
    organization: &str,
    name: &str,
) -> anyhow::Result<String> {
    let mut create = command(program, "store create", storage);
    let printed = printed(create.args(["--organization", organization, name])).await?;
    value(&printed, "store")
}

/// Makes a key of a store, or of a whole organization, beside a running server.
///
/// # Errors
/// If that fails, as it does on storage in memory, which no other process sees.
pub async fn create_key(
    program: &Path,
    storage: &Storage,
    organization: &str,
    store: Option<&str>,
) -> anyhow::Result<Credentials> {
    let mut create = command(program, "key create", storage);
    create.args(["--organization", organization]);
    if let Some(store) = store {
        create.args(["--store", store]);
    }
    let printed = printed(create.arg("Test")).await?;
    Ok(Credentials {
        client_id: value(&printed, "client_id")?,
        client_secret: value(&printed, "client_secret")?,
    })
}

/// What one of the operator's commands prints.
async fn printed(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::inherit()).output().await?;
    Ok(String::from_utf8(output.stdout)?)
}

/// The word behind a name, at the beginning of a line.
fn value(printed: &str, name: &str) -> anyhow::Result<String> {
    let mut lines = printed.lines().map(str::split_whitespace);
    let value = lines.find_map(|mut words| words.next().filter(|it| *it == name).and(words.next()));
    let value = value.map(ToOwned::to_owned);
    value.with_context(|| format!("no {name} was printed"))
}
