//! `cargo xtask torture`: builds everything in release mode, and tries to break what it promises.

use std::ffi::OsString;

use xshell::cmd;

use crate::workspace::Workspace;

/// What a run of everything that a change must pass takes of it, on each store.
pub(crate) const SHORT_ROUNDS: u32 = 8;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is handed on: `--store`, `--rounds`, `--minutes`, `--seed`, `--clients`,
    /// `--first-round`; `-- --help` shows all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Args {
    /// A few rounds on each store of this machine.
    pub(crate) fn short() -> Self {
        let arguments = ["--rounds".into(), SHORT_ROUNDS.to_string().into()];
        Self {
            arguments: arguments.into(),
        }
    }

    /// A few rounds on the Citus cluster that is named.
    pub(crate) fn short_on_citus() -> Self {
        let mut args = Self::short();
        args.arguments
            .extend(["--store", "citus"].map(OsString::from));
        args
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
