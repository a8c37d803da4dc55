//! `cargo xtask deny`: what the dependency tree may hold, as `deny.toml` says.

use xshell::cmd;

use crate::tools;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let deny = tools::DENY.program(workspace)?;
    cmd!(
        shell,
        "{deny} check --hide-inclusion-graph bans licenses sources"
    )
    .run()?;

    // The advisories are a repository on another machine. Out of reach, it can't stop the work
    // here; but what is known of there, does.
    let fetched = cmd!(shell, "{deny} fetch db")
        .env("GIT_TERMINAL_PROMPT", "0")
        .ignore_status()
        .output()?;
    if fetched.status.success() {
        cmd!(shell, "{deny} check --hide-inclusion-graph advisories").run()?;
    } else {
        eprintln!(
            "WARNING: known vulnerabilities were NOT checked: the advisory database can't be fetched"
        );
    }
    Ok(())
}
