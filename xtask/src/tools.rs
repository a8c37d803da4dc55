//! The Cargo tools that tasks need. They are taken from `PATH`, or else installed into `target/`.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

/// A tool, and the version to install if it is missing.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.143",
};

pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

pub(crate) const MACHETE: Tool = Tool {
    name: "cargo-machete",
    version: "0.9.2",
};

impl Tool {
    /// The tool's program, which is installed if it is missing.
    pub(crate) fn program(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let Self { name, version } = self;
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        let tools = workspace.target().join("xtask-tools");
        let path = env::var_os("PATH").unwrap_or_default();
        let found = env::split_paths(&path)
            .chain([tools.join("bin")])
            .map(|directory| directory.join(&file))
            .find(|program| program.is_file());
        if let Some(program) = found {
            return Ok(program);
        }
        // Unoptimized: on a fresh machine, building a tool takes longer than running it.
        cmd!(
            workspace.shell,
            "cargo install --locked --debug --root {tools} {name} --version {version}"
        )
        .run()
        .with_context(|| format!("{name} is not in PATH and could not be installed"))?;
        Ok(tools.join("bin").join(file))
    }
}
