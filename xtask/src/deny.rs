//! `cargo xtask deny`: checks the dependency tree by the rules of `deny.toml`.

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

    // The advisories come from a repository on another machine. If it can't be reached, the work
    // goes on; if it can, a known vulnerability is a failure.
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
