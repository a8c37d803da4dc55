//! `cargo xtask sqlx`: the data in `crates/postgres/.sqlx` by which sqlx checks queries, so that a build
//! needs no database.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, process};

use anyhow::{Context as _, ensure};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::runtime::Runtime;
use xshell::cmd;

use crate::postgres::Server;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let server = Server::start(workspace)?
        .context("queries for PostgreSQL are checked on one, and none can be had here")?;
    let runtime = Runtime::new()?;
    let options: PgConnectOptions = server.url.parse()?;
    let name = format!("stockroom_schema_{}", process::id());
    let admin = |statement: String| async {
        let mut connection = options.connect().await?;
        let statement = sqlx::raw_sql(AssertSqlSafe(statement));
        statement.execute(&mut connection).await?;
        anyhow::Ok(connection.close().await?)
    };
    runtime.block_on(admin(format!("CREATE DATABASE {name} TEMPLATE template0")))?;
    let options = options.clone().database(&name);
    let migrated = runtime.block_on(async {
        let mut connection = options.connect().await?;
        let migrations = workspace.root().join("migrations/postgres");
        let migrator = Migrator::new(migrations.as_path()).await?;
        migrator.run(&mut connection).await?;
        anyhow::Ok(connection.close().await?)
    });
    let url = options.to_url_lossy();
    let queries = migrated.and_then(|()| prepare(workspace, "stockroom-postgres", url.as_str()));
    runtime.block_on(admin(format!("DROP DATABASE {name} WITH (FORCE)")))?;
    keep(workspace, "crates/postgres/.sqlx", &queries?, check)
}

/// The data files of a package's queries by name. sqlx writes them while it compiles the package
/// with a database.
fn prepare(
    workspace: &Workspace,
    package: &str,
    database_url: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let written = tempfile::Builder::new().prefix("prepare_").tempdir()?;
    // A flag that is new in each run makes Cargo recompile the package, and keeps the result apart
    // from other builds.
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

/// Writes the data to the folder where builds find it, or compares it with the files there.
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
