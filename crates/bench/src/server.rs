//! The server under measurement: a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// A running server, killed when the value is dropped.
pub(crate) struct Server {
    process: Child,
    /// Where the API is.
    pub(crate) base: String,
}

impl Server {
    /// Starts `program` on a data folder, and waits until it serves.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) fn start(program: &Path, data_folder: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--metrics-listen", "127.0.0.1:0", "--log-format", "json"])
            .arg("--data-folder")
            .arg(data_folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stderr = process.stderr.take().context("no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let base = loop {
            let Some(line) = lines.next().transpose()? else {
                bail!("the server ended before it served");
            };
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == "serving" {
                let address = entry["listen"].as_str().context("no address")?;
                break format!("http://{address}");
            }
        };
        // The log has to be read on, or else the server would wait for a reader.
        std::thread::spawn(move || lines.count());
        Ok(Self { process, base })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _already_waited_for = self.process.wait();
    }
}
