//! `cargo xtask torture`: kills servers and databases under load, and checks that every promise is kept.

use std::ffi::OsString;

use xshell::cmd;

use crate::workspace::Workspace;

/// The number of rounds on each store in `cargo xtask ci`.
pub(crate) const SHORT_ROUNDS: u32 = 8;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build without optimizing, as `cargo xtask ci` does: it takes minutes less, and the load is lower.
    #[arg(long)]
    debug: bool,
    /// Arguments for the torture: `--store`, `--rounds`, `--minutes`, `--seed`, `--clients`,
    /// `--first-round`; `-- --help` lists all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Args {
    /// A few rounds on each store that is available on this machine.
    pub(crate) fn short() -> Self {
        let arguments = ["--rounds".into(), SHORT_ROUNDS.to_string().into()];
        Self {
            debug: true,
            arguments: arguments.into(),
        }
    }

    /// A few rounds on the Citus cluster that the environment names.
    pub(crate) fn short_on_citus() -> Self {
        let mut args = Self::short();
        args.arguments
            .extend(["--store", "citus"].map(OsString::from));
        args
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let built = if args.debug {
        workspace.build()?
    } else {
        workspace.build_optimized(["stockroom-server", "stockroom-torture"])?
    };
    let (torture, server) = (built.join("stockroom-torture"), built.join("stockroom"));
    let arguments = &args.arguments;
    Ok(cmd!(shell, "{torture} --server {server} {arguments...}").run()?)
}
