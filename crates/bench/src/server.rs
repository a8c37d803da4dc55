//! The server under measurement: a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use stockroom_test_server::{Credentials, Storage, first_key, serve, serving};
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout};

/// The log is written as in production, and thrown away with as little work as possible: seldom,
/// and much at once.
const LOG_BYTES: usize = 1024 * 1024;
const LOG_READ_EVERY: Duration = Duration::from_millis(5);

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    stdout: Option<ChildStdout>,
    /// Where the API is.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `program`, and waits until it serves.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn start(program: &Path, storage: &Storage) -> anyhow::Result<Self> {
        Self::start_with(program, storage, &[]).await
    }

    /// Starts `program` with more arguments, and waits until it serves.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn start_with(
        program: &Path,
        storage: &Storage,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let mut process = serve(program, storage)
            .args(arguments)
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = process.stdout.take();
        let stderr = process.stderr.take().context("no standard error")?;
        rustix::pipe::fcntl_setpipe_size(&stderr, LOG_BYTES)?;
        let mut log = BufReader::new(stderr);
        let address = serving(&mut log, |_| Ok(())).await?;
        tokio::spawn(throw_away(log));
        Ok(Self {
            process,
            stdout,
            address,
        })
    }

    /// Ends it, and waits until it is gone: others may have its database then.
    ///
    /// # Errors
    /// If it can't be ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.process.kill().await?)
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
        first_key(self.stdout.take().context("it was read before")?).await
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

/// Reads the log, or else the server would wait for a reader.
async fn throw_away(mut log: BufReader<ChildStderr>) {
    let mut buffer = vec![0; LOG_BYTES];
    while let Ok(1..) = log.read(&mut buffer).await {
        tokio::time::sleep(LOG_READ_EVERY).await;
    }
}
