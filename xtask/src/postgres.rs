//! The PostgreSQL server that tasks use: what `crates/test-postgres` finds or starts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::workspace::Workspace;

/// Names the server for the tests.
pub(crate) const URL_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_URL";

/// A server that is there until this is dropped.
pub(crate) struct Server {
    keeper: Child,
    /// The URL of a database on it.
    pub(crate) url: String,
    /// What it is.
    pub(crate) source: String,
}

impl Server {
    /// The server that can be had on this machine, if any.
    pub(crate) fn start(workspace: &Workspace) -> anyhow::Result<Option<Self>> {
        let mut keeper = program(workspace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cargo run")?;
        let output = keeper.stdout.take().context("no output of cargo run")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some((url, source)) = line.trim_end().split_once('\t') else {
            ensure!(keeper.wait()?.success(), "PostgreSQL could not be started");
            return Ok(None);
        };
        Ok(Some(Self {
            keeper,
            url: url.to_owned(),
            source: source.to_owned(),
        }))
    }
}

/// The image of PostgreSQL that the Docker engine has or can pull, if any.
pub(crate) fn image(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let output = program(workspace).args(["--", "image"]).output()?;
    ensure!(output.status.success(), "cargo run: {}", output.status);
    let image = String::from_utf8(output.stdout)?;
    Ok(Some(image.trim().to_owned()).filter(|image| !image.is_empty()))
}

fn program(workspace: &Workspace) -> Command {
    let mut program = Command::new("cargo");
    program.current_dir(workspace.root()).args([
        "run",
        "--quiet",
        "--package",
        "stockroom-test-postgres",
    ]);
    program
}

impl Drop for Server {
    fn drop(&mut self) {
        // It goes when its input ends.
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}
