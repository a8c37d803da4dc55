//! `cargo xtask lint`: formatting, clippy, documentation; a warning is an error.

use xshell::cmd;

use crate::workspace::Workspace;

pub(crate) fn run(Workspace { shell, .. }: &Workspace) -> anyhow::Result<()> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(
        shell,
        "cargo clippy --workspace --all-targets -- --deny warnings"
    )
    .run()?;
    cmd!(shell, "cargo doc --workspace --no-deps")
        .env("RUSTDOCFLAGS", "--deny warnings")
        .run()?;
    Ok(())
}
