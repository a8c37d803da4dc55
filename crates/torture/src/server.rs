//! A server: a process of its own, which can be killed.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use stockroom_test_server::{Credentials, Storage, first_key, serve, serving};
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout};

const LOG_BYTES: usize = 64 * 1024;

/// How long a server may take to start, and to stop when it is told to.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reservations are stored as expired more often than they are outside of tests, so that this happens
/// within a round.
const SWEEPING: &str = "STOCKROOM_EXPIRY_SWEEP_SECONDS";
const SWEEP_SECONDS: &str = "1";

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    stdout: Option<ChildStdout>,
    pub(crate) address: SocketAddr,
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
        let mut process = serve(program, storage)
            .env(SWEEPING, SWEEP_SECONDS)
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = process.stdout.take();
        let mut said = BufReader::new(process.stderr.take().context("no standard error")?);
        let mut log = File::options().append(true).create(true).open(log)?;
        let address = serving(&mut said, |line| log.write_all(line.as_bytes()));
        let address = tokio::time::timeout(PATIENCE, address);
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
        first_key(self.stdout.take().context("it was read before")?).await
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
