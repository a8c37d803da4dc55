//! `cargo xtask openapi`: the API description that the server prints. It is kept in the repository,
//! so that a change of the API is visible in a review.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

pub(crate) const FILE: &str = "docs/openapi.json";

pub(crate) fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let server = workspace.build()?.join("stockroom");
    let mut description = cmd!(shell, "{server} openapi")
        .read()
        .context("the server did not print its API description")?;
    description.push('\n');
    if check {
        let kept = shell.read_file(FILE).unwrap_or_default();
        ensure!(
            kept == description,
            "{FILE} is not what the server describes: run `cargo xtask openapi`"
        );
    } else {
        shell.write_file(FILE, description)?;
    }
    Ok(())
}
