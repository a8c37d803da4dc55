//! `cargo xtask fuzz`: damages requests of every operation in the API description, and sends them to the
//! running program.

use std::ffi::OsString;

use xshell::cmd;

use crate::openapi;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is handed on: `--seconds`, `--seed`, `--store`, `--connections`, `--requests`;
    /// `-- --help` shows all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Args {
    /// The run that a change must pass: a minute.
    pub(crate) const fn usual() -> Self {
        Self {
            arguments: Vec::new(),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    // One after the other: built together, they would share features, and much would be built anew.
    // Not in release mode: what is asserted there only while developing is a finding, too.
    for package in ["stockroom-server", "stockroom-fuzz"] {
        cmd!(shell, "cargo build --package {package}").run()?;
    }
    let built = workspace.target().join("debug");
    let (fuzz, server) = (built.join("stockroom-fuzz"), built.join("stockroom"));
    let (description, arguments) = (openapi::FILE, &args.arguments);
    Ok(cmd!(
        shell,
        "{fuzz} --server {server} --description {description} {arguments...}"
    )
    .run()?)
}
