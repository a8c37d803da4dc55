//! Databases on a Citus cluster that somebody else runs.

use std::env;
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context as _, ensure};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tokio::process::Command;

use crate::database::{blocking, execute};

/// Names a database on the coordinator that has the extension and knows the workers, and a user who
/// may create databases on all of them.
pub const CITUS_URL_VARIABLE: &str = "STOCKROOM_TEST_CITUS_URL";

/// Names the database there that tests get copies of. Set by `cargo xtask test` for those tests.
const TEMPLATE_VARIABLE: &str = "STOCKROOM_TEST_CITUS_TEMPLATE";

/// The coordinator, as the named database knows it or as it is reached, and whether it has shards.
const COORDINATOR: &str = "
    SELECT coalesce(nodename, host(inet_server_addr()), 'localhost') AS host,
        coalesce(nodeport, current_setting('port')::int) AS port,
        coalesce(shouldhaveshards, false) AS has_shards
    FROM (VALUES (1)) AS one LEFT JOIN pg_dist_node ON groupid = 0";

const WORKERS: &str = "
    SELECT nodename, nodeport FROM pg_dist_node
    WHERE groupid <> 0 AND noderole = 'primary' AND isactive ORDER BY nodeid";

/// A copy still has the name of what it was copied from in Citus' own tables.
const RENAME: &str = "
    UPDATE pg_dist_object
    SET objid = (SELECT oid FROM pg_database WHERE datname = current_database())
    WHERE classid = 'pg_database'::regclass";

/// A cluster.
#[derive(Clone)]
pub struct Citus {
    url: String,
}

impl Citus {
    /// The cluster that [`CITUS_URL_VARIABLE`] names, if it is set.
    #[must_use]
    pub fn named() -> Option<Self> {
        let url = env::var(CITUS_URL_VARIABLE).ok()?;
        Some(Self { url })
    }

    /// The cluster, and the database on it that tests get copies of, if they are to run there.
    pub(crate) fn with_template() -> Option<(Self, String)> {
        let template = env::var(TEMPLATE_VARIABLE).ok()?;
        Some((Self::named()?, template))
    }

    /// Which versions it has, and how many workers, for people.
    ///
    /// # Errors
    /// If it can't be reached, or has no Citus.
    pub async fn source(&self) -> anyhow::Result<String> {
        let mut connection = self.connect().await?;
        let (citus, postgres, workers): (String, String, i64) =
            sqlx::query_as(AssertSqlSafe(format!(
                "SELECT split_part(citus_version(), ' ', 2), current_setting('server_version'), \
                 (SELECT count(*) FROM ({WORKERS}) AS workers)"
            )))
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        let postgres = postgres.split(' ').next().unwrap_or_default();
        Ok(format!(
            "Citus {citus} (PostgreSQL {postgres}, workers: {workers})"
        ))
    }

    /// Makes an empty database on all machines, with the extension and the same workers.
    ///
    /// # Errors
    /// If a machine can't.
    pub async fn create(&self) -> anyhow::Result<CitusDatabase> {
        let mut named = self.connect().await?;
        let (host, port, has_shards): (String, i32, bool) =
            sqlx::query_as(COORDINATOR).fetch_one(&mut named).await?;
        let workers: Vec<(String, i32)> = sqlx::query_as(WORKERS).fetch_all(&mut named).await?;
        let database = self.database();
        let create = format!("CREATE DATABASE {} TEMPLATE template0", database.name);
        on_all_machines(&mut named, &create).await?;
        named.close().await?;

        let mut connection = database.connect().await?;
        sqlx::raw_sql("CREATE EXTENSION citus")
            .execute(&mut connection)
            .await?;
        let hosts: Vec<&str> = workers.iter().map(|(name, _)| &**name).collect();
        let ports: Vec<i32> = workers.iter().map(|(_, port)| *port).collect();
        let done: Vec<(bool, String)> = sqlx::query_as(
            "SELECT success, result FROM master_run_on_worker($1, $2, \
             array_fill('CREATE EXTENSION citus'::text, ARRAY[cardinality($2)]), true)",
        )
        .bind(&hosts)
        .bind(&ports)
        .fetch_all(&mut connection)
        .await?;
        check(&done)?;
        sqlx::query("SELECT citus_set_coordinator_host($1, $2)")
            .bind(&host)
            .bind(port)
            .execute(&mut connection)
            .await?;
        for (name, port) in &workers {
            sqlx::query("SELECT citus_add_node($1, $2)")
                .bind(name)
                .bind(port)
                .execute(&mut connection)
                .await?;
        }
        sqlx::query("SELECT citus_set_node_property($1, $2, 'shouldhaveshards', $3)")
            .bind(&host)
            .bind(port)
            .bind(has_shards || workers.is_empty())
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(database)
    }

    /// Copies a database that nobody is connected to, with all that is on any machine.
    ///
    /// # Errors
    /// If a machine can't.
    pub(crate) async fn copy(&self, template: &str) -> anyhow::Result<CitusDatabase> {
        let database = self.database();
        let create = format!("CREATE DATABASE {} TEMPLATE {template}", database.name);
        let mut named = self.connect().await?;
        on_all_machines(&mut named, &create).await?;
        named.close().await?;
        let mut connection = database.connect().await?;
        on_all_machines(&mut connection, RENAME).await?;
        connection.close().await?;
        Ok(database)
    }

    /// A database that isn't there yet.
    fn database(&self) -> CitusDatabase {
        let name = format!("stockroom_test_{:016x}", rand::random::<u64>());
        let options = PgConnectOptions::from_str(&self.url).expect("a URL of PostgreSQL's");
        CitusDatabase {
            citus: self.clone(),
            url: options.database(&name).to_url_lossy().into(),
            name,
        }
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        let options = PgConnectOptions::from_str(&self.url)?;
        Ok(options.connect().await?)
    }
}

/// A database on all machines of a cluster, which is gone when this is dropped.
pub struct CitusDatabase {
    citus: Citus,
    name: String,
    url: String,
}

impl CitusDatabase {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, at the coordinator.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has the program make its schema, and spread it over the machines.
    ///
    /// # Errors
    /// If the program fails.
    pub async fn distribute(&self, program: &Path) -> anyhow::Result<()> {
        let mut migrate = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("STOCKROOM_") {
                migrate.env_remove(name);
            }
        }
        let output = migrate
            .args(["migrate", "--citus", "--database-url", &self.url])
            .output()
            .await
            .with_context(|| program.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`migrate --citus`: {said}");
        Ok(())
    }

    /// Ends all connections to it and lets nobody in any more, so that it can be copied.
    ///
    /// # Errors
    /// If a machine can't.
    pub async fn close(&self) -> anyhow::Result<()> {
        let mut named = self.citus.connect().await?;
        let name = &self.name;
        // Citus has a connection of its own on each machine.
        for statement in [
            format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
            format!(
                "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
                 WHERE datname = '{name}'"
            ),
        ] {
            on_all_machines(&mut named, &statement).await?;
        }
        Ok(named.close().await?)
    }

    /// Ends the connections of all servers to it.
    ///
    /// # Errors
    /// If the coordinator can't be reached.
    pub async fn cut_connections(&self) -> anyhow::Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'stockroom'";
        execute(&self.url, statement.to_owned()).await
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnectOptions::from_str(&self.url)?.connect().await?)
    }
}

impl Drop for CitusDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = blocking(async {
            let mut named = self.citus.connect().await?;
            on_all_machines(&mut named, &statement).await?;
            Ok(named.close().await?)
        });
        if let Err(error) = dropped {
            eprintln!("the database {} could not be dropped: {error:#}", self.name);
        }
    }
}

/// Carries out a statement on the coordinator and all workers.
async fn on_all_machines(connection: &mut PgConnection, statement: &str) -> anyhow::Result<()> {
    let done: Vec<(bool, String)> =
        sqlx::query_as("SELECT success, result FROM run_command_on_all_nodes($1)")
            .bind(statement)
            .fetch_all(connection)
            .await?;
    ensure!(!done.is_empty(), "the cluster has no machines");
    check(&done).with_context(|| statement.to_owned())
}

/// Machines say what went wrong as a row, and no error.
fn check(done: &[(bool, String)]) -> anyhow::Result<()> {
    let failed = done.iter().find(|(success, _)| !success);
    ensure!(
        failed.is_none(),
        "a machine of the cluster fails: {}",
        failed.map_or("", |(_, result)| result)
    );
    Ok(())
}
