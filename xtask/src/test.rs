//! `cargo xtask test`: every test, once.

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::postgres::{CITUS_URL_VARIABLE, CitusTemplate, Server, URL_VARIABLE};
use crate::watched::{self, Stream};
use crate::workspace::Workspace;
use crate::{browser, tools, torture};

/// The variable with the path of a file to which each test database appends a byte.
const COUNT_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_COUNT";

/// The number of tests that run at once on each core: those of the program often wait, for a clock or for
/// PostgreSQL.
const TESTS_PER_CORE: usize = 2;

/// The variable with the name of the database on a Citus cluster of which tests get copies.
const CITUS_TEMPLATE_VARIABLE: &str = "STOCKROOM_TEST_CITUS_TEMPLATE";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fail if there is no PostgreSQL, instead of skipping the tests that need it.
    #[arg(long)]
    require_postgres: bool,
    /// Options and filters for cargo-nextest; if there are any, documentation tests are skipped.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<String>,
}

impl Args {
    pub(crate) const fn everything() -> Self {
        Self {
            require_postgres: true,
            nextest: Vec::new(),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let postgres = Server::start(workspace)?;
    ensure!(
        postgres.is_some() || !args.require_postgres,
        "there is no PostgreSQL: none at {URL_VARIABLE}, none in Docker, and no programs of one"
    );
    let scratch = tempfile::tempdir()?;
    let count = scratch.path().join("databases");
    let place = match &postgres {
        Some(server) => Place::Postgres {
            server,
            count: &count,
        },
        None => Place::WithoutPostgres,
    };
    let tests = nextest(workspace, &args.nextest, &place)?;
    let doctests = if args.nextest.is_empty() && tests.ran > 0 {
        doctests(workspace)?
    } else {
        Tally::NOTHING
    };
    let citus = CitusRun::start(workspace, &args.nextest)?;
    let databases = fs::metadata(&count).map_or(0, |count| count.len());
    report(&tests, &doctests, postgres.as_ref(), databases);
    let on_citus = citus.as_ref().map_or(0, |citus| citus.tests.ran);
    match &citus {
        Some(citus) => println!("{citus}"),
        None => println!("Citus was not tested: set {CITUS_URL_VARIABLE}"),
    }
    ensure!(tests.passed && doctests.passed, "tests failed");
    if let Some(citus) = citus {
        ensure!(citus.tests.passed, "tests on Citus failed");
        citus.torture.context("on Citus")?;
    }
    ensure!(tests.ran + on_citus > 0, "no test ran");
    Ok(())
}

/// The database server of a test run.
enum Place<'a> {
    WithoutPostgres,
    Postgres { server: &'a Server, count: &'a Path },
    Citus(&'a CitusTemplate),
}

/// The results on a Citus cluster.
struct CitusRun {
    source: String,
    tests: Tally,
    rounds: u32,
    torture: anyhow::Result<()>,
}

impl CitusRun {
    /// If the environment names a cluster, runs the database tests on it, and some rounds of
    /// torture unless particular tests are asked for.
    fn start(workspace: &Workspace, args: &[String]) -> anyhow::Result<Option<Self>> {
        let Some(template) = CitusTemplate::make(workspace)? else {
            return Ok(None);
        };
        let tests = nextest(workspace, args, &Place::Citus(&template))?;
        let is_whole = args.is_empty() && tests.passed;
        let torture = if is_whole {
            torture::run(workspace, &torture::Args::short_on_citus())
        } else {
            Ok(())
        };
        let rounds = if is_whole && torture.is_ok() {
            torture::SHORT_ROUNDS
        } else {
            0
        };
        Ok(Some(Self {
            source: template.source.clone(),
            tests,
            rounds,
            torture,
        }))
    }
}

impl fmt::Display for CitusRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            tests,
            rounds,
            ..
        } = self;
        write!(
            f,
            "{source}: {} tests, {rounds} rounds of torture",
            tests.ran
        )
    }
}

/// The number of tests that ran, and whether their command succeeded.
struct Tally {
    ran: usize,
    passed: bool,
}

impl Tally {
    const NOTHING: Self = Self {
        ran: 0,
        passed: true,
    };
}

/// Prints the end of the output: the tests that ran, and the servers that they found on this
/// machine.
fn report(tests: &Tally, doctests: &Tally, postgres: Option<&Server>, databases: u64) {
    match postgres {
        Some(Server { source, .. }) => println!("PostgreSQL: {databases} databases on {source}"),
        None => eprintln!(
            "WARNING: tests on PostgreSQL were left out. Set {URL_VARIABLE}, start Docker, or \
             install the server's programs."
        ),
    }
    println!(
        "{} tests ran ({} unit and integration tests, {} documentation tests)",
        tests.ran + doctests.ran,
        tests.ran,
        doctests.ran
    );
}

fn nextest(workspace: &Workspace, args: &[String], place: &Place<'_>) -> anyhow::Result<Tally> {
    let mut command = Command::new(tools::NEXTEST.program(workspace)?);
    command.current_dir(workspace.root()).args([
        "nextest",
        "run",
        "--color",
        if io::stderr().is_terminal() {
            "always"
        } else {
            "auto"
        },
    ]);
    command.env_remove(CITUS_TEMPLATE_VARIABLE);
    match place {
        Place::WithoutPostgres => command.args(["--profile", "without-postgres"]),
        Place::Postgres { server, count } => command
            .env(URL_VARIABLE, &server.url)
            .env(COUNT_VARIABLE, count),
        Place::Citus(template) => command
            .env(CITUS_TEMPLATE_VARIABLE, &template.name)
            // Perhaps none of the requested tests runs on a cluster.
            .args(["--profile", "on-citus", "--no-tests", "pass"]),
    };
    if !names_a_package(args) {
        command.arg("--workspace");
    }
    match browser::axe(workspace)? {
        Some(axe) => {
            command.env(browser::AXE_VARIABLE, axe);
        }
        None if args.is_empty() => {
            command.args(["-E", &format!("not {}", browser::TESTS)]);
            eprintln!(
                "WARNING: tests of the console in a browser were left out ({}). Install chromium and \
                 chromium-driver.",
                browser::TESTS
            );
        }
        None => {}
    }
    // On a cluster, the profile says how many.
    if !matches!(place, Place::Citus(_)) && !names_threads(args) {
        let threads = std::thread::available_parallelism()?.get() * TESTS_PER_CORE;
        command.args(["--test-threads", &threads.to_string()]);
    }
    command.args(args);
    let mut ran = 0;
    let status = watched::run(command, Stream::Stderr, |line| {
        ran = ran_by_nextest(line).unwrap_or(ran);
    })?;
    Ok(Tally {
        ran,
        passed: status.success(),
    })
}

fn doctests(workspace: &Workspace) -> anyhow::Result<Tally> {
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace.root())
        .args(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let mut ran = 0;
    let status = watched::run(command, Stream::Stdout, |line| {
        ran += ran_by_libtest(line).unwrap_or(0);
    })?;
    Ok(Tally {
        ran,
        passed: status.success(),
    })
}

/// Whether the options name packages to test.
fn names_a_package(args: &[String]) -> bool {
    has_option(args, ["--package", "-p"])
}

/// Whether the options say how many tests run at once.
fn names_threads(args: &[String]) -> bool {
    has_option(args, ["--test-threads", "-j"])
}

fn has_option(args: &[String], names: [&str; 2]) -> bool {
    args.iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| names.iter().any(|name| arg.starts_with(name)))
}

/// The number in nextest's last line: `Summary [0.1s] 12 tests run: …`, or `3/12 tests run: …` if
/// it was stopped early.
fn ran_by_nextest(line: &str) -> Option<usize> {
    let (_, counts) = line
        .trim_start()
        .strip_prefix("Summary [")?
        .split_once(']')?;
    let (ran, _) = counts.trim_start().split_once(" test")?;
    ran.split('/').next()?.parse().ok()
}

/// The number in libtest's last line: `test result: ok. 3 passed; 1 failed; 0 ignored; …`.
fn ran_by_libtest(line: &str) -> Option<usize> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = counts.split("; ");
    let passed: usize = counts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed: usize = counts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some(passed + failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_nextest_are_counted() {
        for (line, ran) in [
            (
                "     Summary [   0.012s] 12 tests run: 12 passed, 0 skipped",
                Some(12),
            ),
            (
                "     Summary [   1.1s] 1 test run: 0 passed, 1 failed",
                Some(1),
            ),
            (
                "     Summary [   1.1s] 3/12 tests run: 2 passed, 1 failed",
                Some(3),
            ),
            (
                "     Summary [   0.000s] 0 tests run: 0 passed, 4 skipped",
                Some(0),
            ),
            (
                "        PASS [   0.004s] stockroom-domain key::tests::parses",
                None,
            ),
        ] {
            assert_eq!(ran_by_nextest(line), ran, "{line}");
        }
    }

    #[test]
    fn closing_lines_of_libtest_are_counted() {
        for (line, ran) in [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
                Some(3),
            ),
            (
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured",
                Some(3),
            ),
            ("test crates/domain/src/lib.rs (line 3) ... ok", None),
        ] {
            assert_eq!(ran_by_libtest(line), ran, "{line}");
        }
    }

    #[test]
    fn packages_are_recognised() {
        for (args, named) in [
            (&["-p", "stockroom-domain"][..], true),
            (&["--package=stockroom-domain"], true),
            (&["decide", "--no-capture"], false),
            (&["--", "-p"], false),
        ] {
            let args: Vec<String> = args.iter().copied().map(String::from).collect();
            assert_eq!(names_a_package(&args), named, "{args:?}");
        }
    }
}
