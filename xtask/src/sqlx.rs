//! `cargo xtask sqlx`: the data in `crates/*/.sqlx` that sqlx checks queries against, so that a
//! build needs no database.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use xshell::cmd;

use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    sqlite(workspace, check)
}

fn sqlite(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let database = scratch.path().join("schema.db");
    migrate_sqlite(&workspace.root().join("migrations/sqlite"), &database)?;
    let url = format!("sqlite://{}", database.display());
    let queries = prepare(workspace, "stockroom-sqlite", &url)?;
    keep(workspace, "crates/sqlite/.sqlx", &queries, check)
}

/// Makes a database with the schema that the migrations give.
fn migrate_sqlite(migrations: &Path, database: &Path) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true);
    tokio::runtime::Runtime::new()?.block_on(async {
        let migrator = Migrator::new(migrations).await?;
        let mut connection = options.connect().await?;
        migrator.run(&mut connection).await?;
        connection.close().await?;
        anyhow::Ok(())
    })
}

/// The data files of a package's queries by name, as sqlx writes them while it compiles the
/// package with a database at hand.
fn prepare(
    workspace: &Workspace,
    package: &str,
    database_url: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let written = tempfile::Builder::new().prefix("prepare_").tempdir()?;
    // A flag that no build has had makes Cargo compile the package anew, and keeps what comes out
    // apart from other builds.
    let flag = written.path().file_name().unwrap_or_default();
    cmd!(
        workspace.shell,
        "cargo rustc --quiet --package {package} --lib --profile check -- --cfg {flag}"
    )
    .env("CARGO_INCREMENTAL", "0")
    .env("DATABASE_URL", database_url)
    .env("SQLX_OFFLINE", "false")
    .env("SQLX_OFFLINE_DIR", written.path())
    .run()?;
    let queries = read_queries(written.path())?;
    ensure!(!queries.is_empty(), "{package}: sqlx saw no query");
    Ok(queries)
}

/// Puts the data where builds find it, or compares it with what is there.
fn keep(
    workspace: &Workspace,
    directory: &str,
    queries: &BTreeMap<String, String>,
    check: bool,
) -> anyhow::Result<()> {
    let path = workspace.root().join(directory);
    let kept = if path.exists() {
        read_queries(&path)?
    } else {
        BTreeMap::new()
    };
    if check {
        ensure!(
            kept == *queries,
            "{directory} is out of date: run `cargo xtask sqlx`"
        );
        return Ok(());
    }
    fs::create_dir_all(&path)?;
    for name in kept.keys().filter(|name| !queries.contains_key(*name)) {
        fs::remove_file(path.join(name))?;
    }
    for (name, content) in queries {
        if kept.get(name) != Some(content) {
            fs::write(path.join(name), content)?;
        }
    }
    println!("{directory}: {} queries", queries.len());
    Ok(())
}

fn read_queries(directory: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut queries = BTreeMap::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("query-") {
            queries.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(queries)
}
