//! A running server.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Client, stockroom};

/// A server process, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    log_reader: Option<JoinHandle<()>>,
    /// What it printed before it served.
    pub(crate) printed: String,
}

/// What the first start prints.
#[derive(Debug, Clone)]
pub(crate) struct FirstKey {
    pub(crate) organization: String,
    pub(crate) store: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) curl: String,
}

impl Server {
    /// Starts a server on a data folder, and waits until it serves.
    pub(crate) fn start(data_folder: &Path) -> Self {
        Self::start_with(data_folder, &[])
    }

    pub(crate) fn start_with(data_folder: &Path, arguments: &[&str]) -> Self {
        let data_folder = data_folder.to_str().unwrap();
        Self::spawn(["--data-folder", data_folder], arguments)
    }

    /// Starts a server on a PostgreSQL database, and waits until it serves.
    pub(crate) fn start_on(database_url: &str) -> Self {
        Self::start_on_with(database_url, &[])
    }

    pub(crate) fn start_on_with(database_url: &str, arguments: &[&str]) -> Self {
        Self::spawn(["--database-url", database_url], arguments)
    }

    fn spawn(database: [&str; 2], arguments: &[&str]) -> Self {
        let mut process = stockroom()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--metrics-listen", "127.0.0.1:0", "--log-format", "json"])
            .args(database)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let (serving, mut lines) = read_until_serving(&mut stderr);
        let Some(serving) = serving else {
            panic!("the server did not start: {lines:?}")
        };
        let address = |name: &str| serving[name].as_str().unwrap().parse().unwrap();
        let log = Arc::new(Mutex::new(std::mem::take(&mut lines)));
        let log_reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    // Shown if the test fails.
                    if !line.contains(r#""level":"INFO""#) {
                        eprintln!("{line}");
                    }
                    log.lock().unwrap().push(line);
                }
            }
        });
        let mut server = Self {
            address: address("listen"),
            metrics_address: address("metrics.listen"),
            process,
            log,
            log_reader: Some(log_reader),
            printed: String::new(),
        };
        server.read_printed();
        server
    }

    /// What is printed is there before the server serves: without waiting for more.
    fn read_printed(&mut self) {
        let stdout = self.process.stdout.as_mut().unwrap();
        rustix::io::ioctl_fionbio(&stdout, true).unwrap();
        let mut printed = Vec::new();
        let _would_block_at_the_end = stdout.read_to_end(&mut printed);
        self.printed = String::from_utf8(printed).unwrap();
    }

    /// The key that a first start printed.
    pub(crate) fn first_key(&self) -> FirstKey {
        let field = |name: &str| {
            let mut lines = self.printed.lines().map(str::split_whitespace);
            lines
                .find_map(|mut words| (words.next() == Some(name)).then(|| words.next()).flatten())
                .unwrap_or_else(|| panic!("no {name} in {:?}", self.printed))
                .to_owned()
        };
        let curl = self.printed.lines().find(|line| line.starts_with("curl "));
        FirstKey {
            organization: field("organization"),
            store: field("store"),
            client_id: field("client_id"),
            client_secret: field("client_secret"),
            curl: curl.unwrap().to_owned(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn metrics_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.metrics_address)
    }

    /// All metrics, as text.
    pub(crate) async fn metrics(&self) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let metrics = http.get(self.metrics_url("/metrics")).send().await.unwrap();
        metrics.text().await.unwrap()
    }

    /// Waits until the metrics have this line.
    pub(crate) async fn until_metric(&self, line: &str) {
        while !self.metrics().await.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A client with a token for the key.
    pub(crate) async fn client(&self, key: &FirstKey) -> Client {
        Client::with_key(self.address, &key.client_id, &key.client_secret).await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, signal).unwrap();
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until the server ends by itself; its exit status and its log.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.process.wait().unwrap();
        self.log_reader.take().unwrap().join().unwrap();
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        (status, log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _already_waited_for = self.process.wait();
    }
}

/// Reads the log until the line that says where the server listens.
fn read_until_serving(stderr: &mut BufReader<ChildStderr>) -> (Option<Value>, Vec<String>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stderr.read_line(&mut line).unwrap() == 0 {
            return (None, lines);
        }
        let entry: Option<Value> = serde_json::from_str(&line).ok();
        lines.push(line);
        if let Some(entry) = entry.filter(|entry| entry["message"] == "serving") {
            return (Some(entry), lines);
        }
    }
}
