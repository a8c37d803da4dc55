//! `cargo xtask torture`: builds everything in release mode, and tries to break what it promises.

use std::ffi::OsString;

use xshell::cmd;

use crate::workspace::Workspace;

/// What a run of everything that a change must pass takes of it.
const SHORT: [&str; 2] = ["--rounds", "8"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is handed on: `--store`, `--rounds`, `--minutes`, `--seed`, `--clients`,
    /// `--first-round`; `-- --help` shows all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Args {
    /// A few rounds on each store.
    pub(crate) fn short() -> Self {
        Self {
            arguments: SHORT.map(OsString::from).into(),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(
        shell,
        "cargo build --release --package stockroom-server --package stockroom-torture"
    )
    .run()?;
    let built = workspace.target().join("release");
    let (torture, server) = (built.join("stockroom-torture"), built.join("stockroom"));
    let arguments = &args.arguments;
    Ok(cmd!(shell, "{torture} --server {server} {arguments...}").run()?)
}
