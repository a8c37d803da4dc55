//! The server under measurement: a process of its own.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde_json::{Value, json};
use stockroom_application::NewKey;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// The file may have been replaced by a newer build.
pub(crate) const THIS_PROGRAM: &str = "/proc/self/exe";

/// Settings in the environment of whoever measures are none of the measured server's.
const ENVIRONMENT_PREFIX: &str = "STOCKROOM_";

/// The log is written as in production, and thrown away with as little work as possible: seldom,
/// and much at once.
const LOG_BYTES: usize = 1024 * 1024;
const LOG_READ_EVERY: Duration = Duration::from_millis(5);

/// Where a server keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// On PostgreSQL, at a URL.
    Postgres(String),
    /// On SQLite, in a folder.
    Sqlite(PathBuf),
    /// In its memory.
    Memory,
}

/// What a client gets a token with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    client_id: String,
    client_secret: String,
}

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    stdout: Option<ChildStdout>,
    /// Where the API is.
    pub(crate) address: SocketAddr,
}

impl From<&NewKey> for Credentials {
    fn from(key: &NewKey) -> Self {
        Self {
            client_id: key.key.client_id.clone(),
            client_secret: key.client_secret.clone(),
        }
    }
}

/// Makes this process another program's, which ends with its parent, however that comes: nothing is
/// to be left that disturbs the next measurement.
///
/// # Errors
/// If there is no such program.
pub(crate) fn become_program(command: &[OsString]) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let (program, arguments) = command.split_first().context("no program is named")?;
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("{} can't be started", program.display()))
}

impl Storage {
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Postgres(url) => vec!["--database-url".into(), url.into()],
            Self::Sqlite(folder) => vec!["--data-folder".into(), folder.into()],
            Self::Memory => vec!["--in-memory".into()],
        }
    }
}

impl Server {
    /// Starts `program`, and waits until it serves.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn start(program: &Path, storage: &Storage) -> anyhow::Result<Self> {
        let mut command = Command::new(THIS_PROGRAM);
        without_settings(&mut command);
        let mut process = command
            .arg("become")
            .arg(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--metrics-listen", "127.0.0.1:0", "--log-format", "json"])
            .args(storage.arguments())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = process.stdout.take();
        let stderr = process.stderr.take().context("no standard error")?;
        rustix::pipe::fcntl_setpipe_size(&stderr, LOG_BYTES)?;
        let mut log = BufReader::new(stderr);
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            if log.read_line(&mut line).await? == 0 {
                bail!("the server ended before it served: {said}");
            }
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == "serving" {
                let address = entry["listen"].as_str().context("no address")?;
                break address.parse()?;
            }
            said += &line;
        };
        tokio::spawn(throw_away(log));
        Ok(Self {
            process,
            stdout,
            address,
        })
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> Option<u32> {
        self.process.id()
    }

    /// The URL of a path in its API.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The key that it printed when it started for the first time.
    ///
    /// # Errors
    /// If it didn't.
    pub(crate) async fn first_key(&mut self) -> anyhow::Result<Credentials> {
        let stdout = self.stdout.take().context("it was read before")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut credentials = Credentials::default();
        while let Some(line) = lines.next_line().await? {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["client_id", id] => id.clone_into(&mut credentials.client_id),
                ["client_secret", secret] => {
                    secret.clone_into(&mut credentials.client_secret);
                    return Ok(credentials);
                }
                _ => {}
            }
        }
        bail!("the server printed no key")
    }

    /// A fresh token.
    ///
    /// # Errors
    /// If it gives none.
    pub(crate) async fn token(&self, credentials: &Credentials) -> anyhow::Result<String> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = json!({
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        });
        let answer = http.post(self.url("/oauth/access_token")).json(&request);
        let answer: Value = answer.send().await?.json().await?;
        let token = answer["access_token"].as_str().context("no token")?;
        Ok(token.to_owned())
    }
}

/// Keeps settings in this process's environment from a program.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(ENVIRONMENT_PREFIX) {
            command.env_remove(name);
        }
    }
}

/// Reads the log, or else the server would wait for a reader.
async fn throw_away(mut log: BufReader<ChildStderr>) {
    let mut buffer = vec![0; LOG_BYTES];
    while let Ok(1..) = log.read(&mut buffer).await {
        tokio::time::sleep(LOG_READ_EVERY).await;
    }
}
