//! `cargo xtask bench`: builds everything in release mode, measures, and keeps the tables in the
//! repository.

use std::ffi::OsString;

use anyhow::ensure;
use xshell::cmd;

use crate::workspace::Workspace;

const FILE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- measured by `cargo xtask bench` -->";
const END: &str = "<!-- end of what was measured -->";

/// Measure, and write the tables to docs/performance.md.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the measurements, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Arguments for the benchmark: `--case`, `--seconds`, `--connections`, `--products`,
    /// `--rounds`, `--json`; `-- --help` lists all. With any of these, nothing is written.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let built = workspace.build_optimized(["stockroom-server", "stockroom-bench"])?;
    let (bench, server) = (built.join("stockroom-bench"), built.join("stockroom"));
    let arguments = &args.arguments;
    let measured = cmd!(shell, "{bench} --server {server} {arguments...}").read()?;
    println!("{measured}");
    if !args.dry_run && arguments.is_empty() {
        let machine = machine(workspace)?;
        let document = shell.read_file(FILE)?;
        let document = replace(&document, &format!("{machine}\n\n{measured}"))?;
        shell.write_file(FILE, document)?;
    }
    Ok(())
}

/// A description of the machine, for comparison.
fn machine(Workspace { shell, .. }: &Workspace) -> anyhow::Result<String> {
    let cpu = shell.read_file("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism()?;
    let memory = shell.read_file("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default();
    let kibibytes: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let date = cmd!(shell, "date -u +%Y-%m-%d").read()?;
    let kernel = cmd!(shell, "uname -sr").read()?;
    // The file system of the databases' folder. If it is in memory, nothing is durable.
    let folder = std::env::temp_dir();
    let disk = cmd!(shell, "stat --file-system --format %T {folder}").read()?;
    Ok(format!(
        "Measured on {date}: {cores} cores ({model}), {} GiB of memory, {kernel}, {disk} at {}; \
         servers, databases and load on the same machine.",
        kibibytes / 1024 / 1024,
        folder.display()
    ))
}

fn replace(document: &str, measured: &str) -> anyhow::Result<String> {
    let parts = document
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    ensure!(
        parts.is_some(),
        "{FILE} has no place marked for what is measured"
    );
    let (before, after) = parts.unwrap_or_default();
    Ok(format!("{before}{BEGIN}\n{measured}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_part_is_replaced() {
        let document = format!("before {BEGIN}\nold\n{END} after");
        let expected = format!("before {BEGIN}\nnew\n{END} after");
        assert_eq!(replace(&document, "new").unwrap(), expected);
        assert!(replace("no marks", "new").is_err());
    }
}
