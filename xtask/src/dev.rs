//! `cargo xtask dev`: rebuilds and restarts the server when a source file changes.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::Context as _;
use cargo_metadata::Message;
use cargo_metadata::camino::Utf8PathBuf;
use notify::{RecursiveMode, Watcher as _};

use crate::workspace::Workspace;

/// Editors and version control write several files at once, which counts as one change.
const QUIET: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Options for `stockroom serve`, after `--`.
    #[arg(last = true)]
    serve: Vec<String>,
}

enum Event {
    Changed,
    Stop,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let (sender, events) = mpsc::channel();
    let stop = sender.clone();
    // Sending may fail: when the program is about to end, nothing receives any more.
    ctrlc::set_handler(move || drop(stop.send(Event::Stop)))?;
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_a_change(&event)) {
            drop(sender.send(Event::Changed));
        }
    })?;
    for (path, mode) in [
        (".", RecursiveMode::NonRecursive),
        ("crates", RecursiveMode::Recursive),
        ("migrations", RecursiveMode::Recursive),
    ] {
        watcher.watch(&workspace.root().join(path), mode)?;
    }

    let mut server: Option<Server> = None;
    loop {
        // While a build fails, the previous server keeps running.
        if let Some(program) = build(workspace)? {
            drop(server.take());
            eprintln!("--- starting stockroom serve {}", args.serve.join(" "));
            server = Some(Server::start(workspace.root(), &program, &args.serve)?);
        }
        if !wait_for_change(&events) {
            return Ok(());
        }
        eprintln!("--- changed: building");
    }
}

/// The running server; it is stopped when this is dropped.
struct Server(Child);

impl Server {
    fn start(root: &Path, program: &Utf8PathBuf, args: &[String]) -> anyhow::Result<Self> {
        let child = Command::new(program)
            .current_dir(root)
            .arg("serve")
            .args(args)
            .spawn()
            .with_context(|| program.clone())?;
        Ok(Self(child))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself. The server loses nothing when it is killed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Builds the server and returns its path, or `None` if the build fails; Cargo prints the reason.
fn build(workspace: &Workspace) -> anyhow::Result<Option<Utf8PathBuf>> {
    let mut cargo = Command::new("cargo")
        .current_dir(workspace.root())
        .args(["build", "--package", "stockroom-server"])
        .args(["--bin", "stockroom"])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo build")?;
    let output = cargo.stdout.take().context("no output of cargo build")?;
    let mut program = None;
    for message in Message::parse_stream(io::BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message? {
            program = artifact.executable.or(program);
        }
    }
    let built = cargo.wait()?.success();
    Ok(program.filter(|_| built))
}

/// Waits for a change, and then until there has been none for a moment. Returns `false` if it is
/// time to stop.
fn wait_for_change(events: &Receiver<Event>) -> bool {
    if !matches!(events.recv(), Ok(Event::Changed)) {
        return false;
    }
    loop {
        match events.recv_timeout(QUIET) {
            Ok(Event::Changed) => {}
            Ok(Event::Stop) => return false,
            Err(_) => return true,
        }
    }
}

/// Whether a source file was written. Every build reads them, which doesn't count.
fn is_a_change(event: &notify::Event) -> bool {
    let is_source = |path: &Path| {
        path.extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| ["json", "rs", "sql", "toml"].contains(&extension))
    };
    !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))
}
