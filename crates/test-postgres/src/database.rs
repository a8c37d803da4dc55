//! A database for one test.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::str::FromStr as _;
use std::sync::{Arc, Weak};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use crate::Server;

/// Names a file to which each database made adds a byte, so that `cargo xtask test` can say how
/// many tests had one.
const COUNT_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_COUNT";

/// The server that this process has started, for as long as a test needs it.
static STARTED: Mutex<Weak<Server>> = Mutex::const_new(Weak::new());

/// An empty database, which is gone when this is dropped.
pub struct TestDatabase {
    name: String,
    url: String,
    server: Arc<Server>,
}

impl TestDatabase {
    /// Creates a database on the server that can be had.
    pub async fn create() -> Self {
        let server = server().await;
        let name = format!("stockroom_test_{:016x}", rand::random::<u64>());
        execute(
            server.url(),
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .await
        .expect("the server creates databases");
        count();
        let options = PgConnectOptions::from_str(server.url()).expect("a URL of PostgreSQL's");
        let url = options.database(&name).to_url_lossy().into();
        Self { name, url, server }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A test may end in the middle of its runtime, where nothing can be waited for.
        let done = std::thread::scope(|scope| {
            let drop_it = || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(execute(self.server.url(), statement))
            };
            scope.spawn(drop_it).join()
        });
        if !matches!(done, Ok(Ok(()))) {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

async fn server() -> Arc<Server> {
    let mut started = STARTED.lock().await;
    if let Some(server) = started.upgrade() {
        return server;
    }
    let server = Server::find()
        .await
        .expect("PostgreSQL starts")
        .expect("PostgreSQL can be had on this machine");
    let server = Arc::new(server);
    *started = Arc::downgrade(&server);
    server
}

async fn execute(url: &str, statement: String) -> anyhow::Result<()> {
    let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

fn count() {
    if let Some(path) = env::var_os(COUNT_VARIABLE) {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let counted = file.and_then(|mut file| file.write_all(b"."));
        counted.expect("the count can be written");
    }
}
