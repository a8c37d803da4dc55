//! `cargo xtask postgres-image`: the PostgreSQL image for tests on machines whose Docker engine has
//! no registry to pull the official image from. It is built from Debian's packages.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use xshell::{Shell, cmd};

use crate::postgres;
use crate::workspace::Workspace;

/// The variable with the image's name, for this task and for tests.
const SETTING: &str = "STOCKROOM_TEST_POSTGRES_IMAGE";
/// The image's name unless the variable is set.
const IMAGE: &str = "stockroom-test-postgres:debian";

const ENTRYPOINT: &str = "xtask/postgres-image/entrypoint.sh";
const DATA: &str = "/var/lib/postgresql/data";
/// `dumb-init` translates the signal by which Docker stops a container into the one that PostgreSQL
/// expects; an imported image can't configure that signal.
const PACKAGES: &str = "postgresql,dumb-init";
/// Files that no test needs, which are most of the size: downloaded packages, documentation,
/// translations, the package's own cluster, and the optional compiler of queries.
const LEFT_OUT: [&str; 12] = [
    "./proc/*",
    "./sys/*",
    "./usr/lib/*/libLLVM-*",
    "./usr/lib/*/libz3.*",
    "./usr/lib/postgresql/*/lib/bitcode",
    "./usr/lib/postgresql/*/lib/llvmjit*",
    "./usr/share/doc",
    "./usr/share/locale",
    "./usr/share/man",
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./var/lib/postgresql/*/main",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build the image even if the engine already has one with this name.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let image = env::var(SETTING).unwrap_or_else(|_| IMAGE.into());
    if !args.force && exists(shell, &image)? {
        println!("{image} is there");
        return Ok(());
    }
    ensure!(
        cmd!(shell, "id -u").read()? == "0",
        "a root file system is made by root: run this as root, or set {SETTING} to an image that \
         the engine has"
    );
    let scratch = tempfile::tempdir()?;
    let root = scratch.path().join("root");
    bootstrap(shell, &root)?;
    let path = set_up(shell, &root)?;
    import(shell, &root, &path, &image)?;
    println!("{image} is built: set {SETTING} to it for tests");
    Ok(())
}

/// Builds the image if Docker has none and can't pull one. If that fails, tests can still use the
/// PostgreSQL programs of this machine.
pub(crate) fn provide(workspace: &Workspace) -> anyhow::Result<()> {
    let has_engine = cmd!(workspace.shell, "docker version")
        .quiet()
        .read()
        .is_ok();
    if !has_engine || env::var_os(postgres::URL_VARIABLE).is_some() {
        return Ok(());
    }
    if let Some(image) = postgres::image(workspace)? {
        println!("{image} is there");
    } else if let Err(error) = run(workspace, &Args { force: false }) {
        eprintln!("WARNING: there is no image of PostgreSQL for tests: {error:#}");
    }
    Ok(())
}

fn exists(shell: &Shell, image: &str) -> anyhow::Result<bool> {
    let found = cmd!(shell, "docker image ls --quiet {image}")
        .read()
        .context("the Docker engine doesn't answer")?;
    Ok(!found.is_empty())
}

/// Fills the folder with a minimal Debian of the same release as this machine.
fn bootstrap(shell: &Shell, root: &Path) -> anyhow::Result<()> {
    if cmd!(shell, "debootstrap --version").quiet().read().is_err() {
        cmd!(shell, "apt-get update").run()?;
        cmd!(
            shell,
            "apt-get install --yes --no-install-recommends debootstrap"
        )
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
        .context("debootstrap is needed, and could not be installed")?;
    }
    let release = shell.read_file("/etc/os-release")?;
    let codename = value(&release, "VERSION_CODENAME").context("a release without a name")?;
    let mirror = mirror(shell, codename)?;
    cmd!(
        shell,
        "debootstrap --variant=minbase --include={PACKAGES} {codename} {root} {mirror}"
    )
    .run()?;
    Ok(())
}

/// The URL from which apt on this machine gets the release.
fn mirror(shell: &Shell, codename: &str) -> anyhow::Result<String> {
    let format = "$(REPO_URI)";
    let mirrors = cmd!(
        shell,
        "apt-get indextargets --format {format}
            'Created-By: Packages' 'Origin: Debian' 'Component: main' 'Codename: '{codename}"
    )
    .read()?;
    let first = mirrors.lines().next();
    Ok(first
        .with_context(|| format!("apt has no mirror of Debian's {codename}: try `apt-get update`"))?
        .to_owned())
}

/// The value of a variable in a file of shell assignments.
fn value<'a>(assignments: &'a str, name: &str) -> Option<&'a str> {
    assignments.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix('=')?;
        Some(value.trim_matches(['"', '\'']))
    })
}

/// Creates the files that the entry point expects, and returns the folder of PostgreSQL's programs.
fn set_up(shell: &Shell, root: &Path) -> anyhow::Result<String> {
    let mut versions = fs::read_dir(root.join("usr/lib/postgresql"))?;
    let (Some(version), None) = (versions.next().transpose()?, versions.next()) else {
        bail!("not one version of PostgreSQL was installed");
    };
    // The locale of the official image, because the order of texts depends on it.
    cmd!(
        shell,
        "chroot {root} localedef --inputfile=en_US --charmap=UTF-8 en_US.UTF-8"
    )
    .run()?;
    cmd!(
        shell,
        "chroot {root} install --directory --owner=postgres --mode=0700 {DATA}"
    )
    .run()?;
    let entrypoint = root.join("entrypoint.sh");
    cmd!(shell, "install --mode=0755 {ENTRYPOINT} {entrypoint}").run()?;
    let version = version.file_name();
    Ok(format!(
        "/usr/lib/postgresql/{}/bin:/usr/bin:/bin",
        version.display()
    ))
}

fn import(shell: &Shell, root: &Path, path: &str, image: &str) -> anyhow::Result<()> {
    let archive = root.with_extension("tar");
    let left_out = LEFT_OUT.map(|pattern| format!("--exclude={pattern}"));
    cmd!(
        shell,
        "tar --create --file {archive} --directory {root} --numeric-owner {left_out...} ."
    )
    .run()?;
    let changes = [
        format!("ENV PATH={path}"),
        "ENV LANG=en_US.utf8".to_owned(),
        format!("ENV PGDATA={DATA}"),
        "USER postgres".to_owned(),
        format!("VOLUME {DATA}"),
        "EXPOSE 5432".to_owned(),
        r#"ENTRYPOINT ["/entrypoint.sh"]"#.to_owned(),
    ];
    let changes = changes.iter().flat_map(|change| ["--change", change]);
    cmd!(shell, "docker import {changes...} {archive} {image}").run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_with_and_without_quotes() {
        let release = "VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID='debian'\n";
        for (name, expected) in [
            ("VERSION", Some("12 (bookworm)")),
            ("VERSION_CODENAME", Some("bookworm")),
            ("ID", Some("debian")),
            ("CODENAME", None),
        ] {
            assert_eq!(value(release, name), expected, "{name}");
        }
    }
}
