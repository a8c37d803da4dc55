//! The browser in which the console is tested, and `cargo xtask screenshots`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::api_check;
use crate::workspace::Workspace;

/// The variable with the path of axe-core's script, which looks for barriers in pages.
pub(crate) const AXE_VARIABLE: &str = "STOCKROOM_TEST_AXE";

/// The variable with the folder into which the tests put pictures of screens.
const SCREENSHOTS_VARIABLE: &str = "STOCKROOM_SCREENSHOTS";

/// The tests that need a browser.
pub(crate) const TESTS: &str = "test(/^console::/)";

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const REQUIREMENTS: &str = "xtask/browser/requirements.txt";
const IMAGES: &str = "docs/images";

/// The path of axe-core's script, installed below `target/` if it is missing; `None` where there is no
/// browser.
pub(crate) fn axe(workspace: &Workspace) -> anyhow::Result<Option<PathBuf>> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| env::split_paths(&path).any(|it| it.join(program).is_file());
    if !PROGRAMS.into_iter().all(is_there) {
        return Ok(None);
    }
    if let Some(given) = env::var_os(AXE_VARIABLE) {
        return Ok(Some(given.into()));
    }
    let shell = &workspace.shell;
    let folder = workspace.target().join("xtask-tools").join("axe");
    let script = folder.join("files/axe_playwright_python/axe.min.js");
    if script.is_file() {
        return Ok(Some(script));
    }
    let interpreter = api_check::interpreter(workspace)?;
    let files = folder.join("files");
    let python = folder.join("python/bin/python");
    cmd!(shell, "{interpreter} -m venv --clear {folder}/python").run()?;
    cmd!(
        shell,
        "{python} -m pip install --quiet --disable-pip-version-check --no-input --no-deps
            --require-hashes --only-binary :all: --target {files} --requirement {REQUIREMENTS}"
    )
    .run()
    .context("axe-core, which looks for barriers in pages, could not be installed")?;
    Ok(Some(script))
}

/// Makes the pictures of the documentation anew.
pub(crate) fn screenshots(workspace: &Workspace) -> anyhow::Result<()> {
    let axe = axe(workspace)?;
    let axe =
        axe.context("pictures are made in a browser: install chromium and chromium-driver")?;
    let images = workspace.root().join(IMAGES);
    workspace.shell.create_dir(&images)?;
    let status = Command::new("cargo")
        .current_dir(workspace.root())
        .env(AXE_VARIABLE, axe)
        .env(SCREENSHOTS_VARIABLE, images)
        .args([
            "nextest",
            "run",
            "-p",
            "stockroom-server",
            "-E",
            "test(console::screens::pictures_for_the_documentation)",
        ])
        .status()?;
    ensure!(status.success(), "the pictures could not be made");
    Ok(())
}
