//! A server: a process of its own, which can be killed.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// The file may have been replaced by a newer build.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Settings in the environment of whoever runs this are none of the server's.
const ENVIRONMENT_PREFIX: &str = "STOCKROOM_";

const LOG_BYTES: usize = 64 * 1024;

/// How long a server may take to start, and to stop when it is told to.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where servers keep their data.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Sqlite(PathBuf),
    Postgres(String),
}

/// What a client gets a token with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    stdout: Option<ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// Makes this process another program's, which ends with its parent, however that comes.
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
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Sqlite(folder) => vec!["--data-folder".into(), folder.into()],
            Self::Postgres(url) => vec!["--database-url".into(), url.into()],
        }
    }
}

/// The program with a command, on a storage.
pub(crate) fn command(program: &Path, name: &str, storage: &Storage) -> Command {
    let mut command = Command::new(THIS_PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(ENVIRONMENT_PREFIX) {
            command.env_remove(name);
        }
    }
    command
        .arg("become")
        .arg(program)
        .arg(name)
        .args(storage.arguments())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

impl Server {
    /// Starts one that appends its log to a file, and waits until it serves.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn start(
        program: &Path,
        storage: &Storage,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut process = command(program, "serve", storage)
            .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = process.stdout.take();
        let mut said = BufReader::new(process.stderr.take().context("no standard error")?);
        let mut log = File::options().append(true).create(true).open(log)?;
        let address = tokio::time::timeout(PATIENCE, serving(&mut said, &mut log));
        let address = address.await.context("a server didn't start in time")??;
        tokio::spawn(keep(said, log));
        Ok(Self {
            process,
            stdout,
            address,
        })
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
                ["client_id", id] => id.clone_into(&mut credentials.id),
                ["client_secret", secret] => {
                    secret.clone_into(&mut credentials.secret);
                    return Ok(credentials);
                }
                _ => {}
            }
        }
        bail!("the server printed no key")
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    /// If it had ended by itself.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        let ended = self.process.try_wait()?;
        ensure!(ended.is_none(), "a server ended by itself: {ended:?}");
        self.process.kill().await?;
        Ok(())
    }

    /// Tells it to stop, and waits until it has.
    ///
    /// # Errors
    /// If it doesn't stop as it should.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        let status = ended.context("a server didn't stop in time")??;
        ensure!(status.success(), "a server that was told to stop: {status}");
        Ok(())
    }

    /// Stops it where it is, or lets it go on.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn freeze(&self, freeze: bool) -> anyhow::Result<()> {
        self.signal(if freeze { Signal::STOP } else { Signal::CONT })
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let process = self.process.id().context("a server has ended")?;
        let process = Pid::from_raw(process.try_into()?).context("no process")?;
        Ok(kill_process(process, signal)?)
    }
}

/// Where it listens, as soon as it does.
async fn serving(said: &mut BufReader<ChildStderr>, log: &mut File) -> anyhow::Result<SocketAddr> {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if said.read_line(&mut line).await? == 0 {
            bail!("a server ended before it served: {all}");
        }
        log.write_all(line.as_bytes())?;
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["message"] == "serving" {
            return Ok(entry["listen"].as_str().context("no address")?.parse()?);
        }
        all += &line;
    }
}

/// Writes to the log what is said until the end.
async fn keep(mut said: BufReader<ChildStderr>, mut log: File) {
    let mut buffer = vec![0; LOG_BYTES];
    while let Ok(length @ 1..) = said.read(&mut buffer).await {
        if log.write_all(&buffer[..length]).is_err() {
            eprintln!("the log of a server can't be written");
            return;
        }
    }
}
