//! The PostgreSQL server for tasks: the one that `crates/test-postgres` finds or starts.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::workspace::Workspace;

/// The variable with the URL of the server for the tests.
pub(crate) const URL_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_URL";

/// The variable with the URL of the Citus cluster on which some tests run as well.
pub(crate) const CITUS_URL_VARIABLE: &str = "STOCKROOM_TEST_CITUS_URL";

/// A resource that a helper process provides until this is dropped.
struct Kept {
    keeper: Child,
    /// A URL, or a name.
    what: String,
    /// A description for people.
    source: String,
}

impl Kept {
    /// The resource that the program provides, if any.
    fn by(mut program: Command) -> anyhow::Result<Option<Self>> {
        let mut keeper = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = keeper.stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some((what, source)) = line.trim_end().split_once('\t') else {
            ensure!(keeper.wait()?.success(), "it failed");
            return Ok(None);
        };
        Ok(Some(Self {
            keeper,
            what: what.to_owned(),
            source: source.to_owned(),
        }))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // The process ends when its input ends.
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// A server that runs until this is dropped.
pub(crate) struct Server {
    _keeper: Kept,
    /// The URL of a database on it.
    pub(crate) url: String,
    /// A description for people.
    pub(crate) source: String,
}

impl Server {
    /// The server that is available on this machine, if any.
    pub(crate) fn start(workspace: &Workspace) -> anyhow::Result<Option<Self>> {
        let kept = Kept::by(program(workspace)).context("PostgreSQL could not be started")?;
        Ok(kept.map(|kept| Self {
            url: kept.what.clone(),
            source: kept.source.clone(),
            _keeper: kept,
        }))
    }
}

/// A database on a Citus cluster, of which tests get copies. It exists until this is dropped.
pub(crate) struct CitusTemplate {
    _keeper: Kept,
    pub(crate) name: String,
    /// The versions of the cluster.
    pub(crate) source: String,
}

impl CitusTemplate {
    /// Creates one on the cluster that the environment names, if any.
    pub(crate) fn make(workspace: &Workspace) -> anyhow::Result<Option<Self>> {
        if env::var_os(CITUS_URL_VARIABLE).is_none() {
            return Ok(None);
        }
        let built = workspace.build()?;
        let mut program = Command::new(built.join("stockroom-test-postgres"));
        program.arg("citus").arg(built.join("stockroom"));
        let kept = Kept::by(program).context("no database on the Citus cluster")?;
        Ok(kept.map(|kept| Self {
            name: kept.what.clone(),
            source: kept.source.clone(),
            _keeper: kept,
        }))
    }
}

/// The PostgreSQL image that the Docker engine has or can pull, if any.
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
