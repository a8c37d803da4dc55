//! A database for one test.

use std::any::Any;
use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::str::FromStr as _;
use std::sync::{Arc, Weak};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use crate::{Citus, Server};

/// Names a file to which each database made adds a byte, so that `cargo xtask test` can say how
/// many tests had one.
const COUNT_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_COUNT";

/// The server that this process has started, for as long as a test needs it.
static STARTED: Mutex<Weak<Server>> = Mutex::const_new(Weak::new());

/// A database, which is gone when this is dropped.
///
/// Where tests are to run on a Citus cluster, it isn't empty: its tables are there, and spread over
/// the cluster's machines.
pub struct TestDatabase {
    url: String,
    /// Drops it.
    _keeper: Box<dyn Any + Send + Sync>,
}

struct OnServer {
    name: String,
    server: Arc<Server>,
}

impl TestDatabase {
    /// Creates a database on the server that can be had, or on the Citus cluster that is named.
    pub async fn create() -> Self {
        let created = match Citus::with_template() {
            Some((citus, template)) => {
                let copied = citus.copy(&template).await;
                let database = copied.expect("the cluster copies databases");
                Self {
                    url: database.url().to_owned(),
                    _keeper: Box::new(database),
                }
            }
            None => on_server().await,
        };
        count();
        created
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

async fn on_server() -> TestDatabase {
    let server = server().await;
    let name = format!("stockroom_test_{:016x}", rand::random::<u64>());
    execute(
        server.url(),
        format!("CREATE DATABASE {name} TEMPLATE template0"),
    )
    .await
    .expect("the server creates databases");
    let options = PgConnectOptions::from_str(server.url()).expect("a URL of PostgreSQL's");
    TestDatabase {
        url: options.database(&name).to_url_lossy().into(),
        _keeper: Box::new(OnServer { name, server }),
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if blocking(execute(self.server.url(), statement)).is_err() {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

/// Waits for something on a thread of its own: a test may end in the middle of its runtime, where
/// nothing can be waited for.
pub(crate) fn blocking(
    work: impl Future<Output = anyhow::Result<()>> + Send,
) -> anyhow::Result<()> {
    let done = std::thread::scope(|scope| {
        let wait = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(work)
        };
        scope.spawn(wait).join()
    });
    done.unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")))
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

pub(crate) async fn execute(url: &str, statement: String) -> anyhow::Result<()> {
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
