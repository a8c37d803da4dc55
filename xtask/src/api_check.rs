//! `cargo xtask api-check`: validates the API description, and checks the running program against
//! it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use xshell::cmd;

use crate::openapi;
use crate::workspace::Workspace;

/// The tools and all their dependencies, each in one version and with the hashes of its files.
const REQUIREMENTS: &str = "xtask/api-check/requirements.txt";
const EXAMPLES: &str = "xtask/api-check/examples.py";
const CONFIGURATION: &str = "xtask/api-check/schemathesis.toml";

/// Exits with 0 if the tools can be installed with this interpreter, and prints the reason
/// otherwise.
const USABLE: &str = "import sys, venv, ensurepip
sys.exit(None if sys.version_info >= (3, 11) else 'this is Python ' + sys.version.split()[0])";

const NO_PYTHON: &str = "the API is checked with tools written in Python: install Python 3.11 or \
                         later with its module `venv` (on Debian and Ubuntu: `apt-get install \
                         python3 python3-venv`)";

/// The seed of the requests, unless another one is asked for.
const SEED: u64 = 20_260_131;

/// A safety net. A run is bounded by its number of requests, so that it is the same everywhere.
const SECONDS_MAX: &str = "600";

/// The keys of the requests, as options of the program that starts the server.
const KEYS: [(&str, Option<&str>); 2] = [
    ("the store's key", None),
    ("the organization's key", Some("--organization")),
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The seed of the requests.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Arguments for `schemathesis run`: `--include-operation-id`, `--max-examples`, `--phases`,
    /// `--checks`; `-- --help` lists all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Args {
    /// The run that a change must pass.
    pub(crate) fn usual() -> Self {
        Self {
            seed: SEED,
            arguments: Vec::new(),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let tools = tools(workspace)?;
    let description = openapi::FILE;

    let validator = tools.join("openapi-spec-validator");
    cmd!(shell, "{validator} --subschema-errors all {description}")
        .run()
        .context("the API description is not valid")?;

    let python = tools.join("python");
    cmd!(shell, "{python} {EXAMPLES} {description}")
        .run()
        .context("an example is not what its schema says")?;

    let built = workspace.build()?;
    let (test_server, server) = (built.join("stockroom-test-server"), built.join("stockroom"));
    let schemathesis = tools.join("schemathesis");
    let seed = args.seed.to_string();
    let arguments = &args.arguments;
    for (key, option) in KEYS {
        println!("with {key} and seed {seed}:");
        cmd!(
            shell,
            "{test_server} --server {server} --seconds-max {SECONDS_MAX} {option...} --
                {schemathesis} --config-file {CONFIGURATION} run {description} --seed {seed} {arguments...}"
        )
        .run()
        .with_context(|| {
            format!("the program and its description differ, with {key} and seed {seed}")
        })?;
    }
    Ok(())
}

/// The folder of the tools' programs. They are installed below `target/` if they are missing.
fn tools(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let environment = workspace.target().join("xtask-tools").join("python");
    let programs = environment.join("bin");
    let wanted = shell.read_file(REQUIREMENTS)?;
    // Written last, so an environment without it is incomplete.
    let installed = environment.join("installed-requirements.txt");
    let python = programs.join("python");
    let is_there = shell.read_file(&installed).is_ok_and(|it| it == wanted)
        && cmd!(shell, "{python} --version").quiet().read().is_ok();
    if is_there {
        return Ok(programs);
    }
    let interpreter = interpreter(workspace)?;
    cmd!(shell, "{interpreter} -m venv --clear {environment}").run()?;
    cmd!(
        shell,
        "{python} -m pip install --quiet --disable-pip-version-check --no-input
            --require-hashes --only-binary :all: --requirement {REQUIREMENTS}"
    )
    .run()
    .context("the tools that check the API could not be installed")?;
    shell.write_file(&installed, wanted)?;
    Ok(programs)
}

/// A Python interpreter that can install the tools.
pub(crate) fn interpreter(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let path = env::var_os("PATH").unwrap_or_default();
    let mut reasons = Vec::new();
    for folder in env::split_paths(&path) {
        let python = folder.join("python3");
        if !python.is_file() {
            continue;
        }
        let output = cmd!(shell, "{python} -c {USABLE}")
            .quiet()
            .ignore_status()
            .output()?;
        if output.status.success() {
            return Ok(python);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.trim().lines().next_back().unwrap_or("it doesn't run");
        reasons.push(format!("{}: {reason}", python.display()));
    }
    if reasons.is_empty() {
        bail!("{NO_PYTHON}");
    }
    bail!("{NO_PYTHON}; {}", reasons.join("; "))
}
