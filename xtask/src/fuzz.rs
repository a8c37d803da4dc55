//! `cargo xtask fuzz`: damages requests of every operation in the API description, and sends them
//! to the running program.

use std::ffi::OsString;

use xshell::cmd;

use crate::openapi;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments for the fuzzer: `--seconds`, `--seed`, `--store`, `--connections`, `--requests`;
    /// `-- --help` lists all.
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
    // Not optimized: a failed assertion that only exists in such builds is a finding, too.
    let built = workspace.build()?;
    let (fuzz, server) = (built.join("stockroom-fuzz"), built.join("stockroom"));
    let (description, arguments) = (openapi::FILE, &args.arguments);
    Ok(cmd!(
        shell,
        "{fuzz} --server {server} --description {description} {arguments...}"
    )
    .run()?)
}
