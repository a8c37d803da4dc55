//! `cargo xtask tidy`: the promises about the code that neither rustc nor clippy checks. (The
//! length of functions is checked by clippy's `too_many_lines`; its limit is in `clippy.toml`.)

mod contents;
mod files;
mod floors;
mod layering;
mod manifests;

use anyhow::ensure;
use xshell::cmd;

use crate::tools;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let files = files::kept(workspace.root())?;
    let mut violations = layering::violations(&workspace.metadata.workspace_packages());
    violations.extend(floors::violations(workspace.root())?);
    violations.extend(manifests::violations(workspace)?);
    violations.extend(files::too_long(&files));
    violations.extend(contents::violations(&files));
    for violation in &violations {
        eprintln!("{violation}");
    }

    let machete = tools::MACHETE.program(workspace)?;
    let no_unused_dependencies = cmd!(workspace.shell, "{machete} --with-metadata").run();

    ensure!(
        violations.is_empty(),
        "rules of xtask/src/tidy broken: {}",
        violations.len()
    );
    no_unused_dependencies?;
    Ok(())
}
