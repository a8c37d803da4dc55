//! `PgBouncer`, between a test and the server.

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use crate::TestDatabase;
use crate::cluster;

/// How often it is tried whether it is up.
const PAUSE: Duration = Duration::from_millis(20);

/// A `PgBouncer` that lends out connections to a test's database for a transaction at a time. It
/// ends when this is dropped.
pub struct Pooler {
    url: String,
    _process: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Starts one with few connections to the database, so that its clients share them; `None` on
    /// a machine that has no `PgBouncer`.
    pub async fn start(database: &TestDatabase) -> Option<Self> {
        let program = program()?;
        Some(launch(program, database).await.expect("PgBouncer starts"))
    }

    /// The URL of the database behind it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Debian has it where only administrators look.
fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
}

async fn launch(program: PathBuf, database: &TestDatabase) -> anyhow::Result<Pooler> {
    let server = PgConnectOptions::from_str(database.url())?;
    let name = server.get_database().context("the URL names a database")?;
    let host = match server.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => server.get_host().to_owned(),
    };
    let user = server.get_username();
    let password = Url::parse(database.url())?
        .password()
        .map(|password| format!(" password={password}"))
        .unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    drop(listener);
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("pgbouncer.ini");
    std::fs::write(
        &settings,
        format!(
            "[databases]\n\
             {name} = host={host} port={server_port} user={user}{password}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = any\n\
             pool_mode = transaction\n\
             default_pool_size = 3\n",
            server_port = server.get_port(),
        ),
    )?;
    let mut command = Command::new(program);
    command.arg(&settings).kill_on_drop(true);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // It refuses to run as root.
    if let Some((user, group)) = cluster::user_instead_of_root().await? {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group))?;
        command.uid(user).gid(group);
    }
    let mut process = command.spawn()?;
    let url = format!("postgres://{user}@127.0.0.1:{port}/{name}");
    let client = PgConnectOptions::from_str(&url)?
        .statement_cache_capacity(0)
        .extra_float_digits(None);
    loop {
        match client.connect().await {
            Ok(connection) => break connection.close().await?,
            Err(sqlx::Error::Io(_)) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
        ensure!(process.try_wait()?.is_none(), "it ended");
    }
    Ok(Pooler {
        url,
        _process: process,
        _folder: folder,
    })
}
