//! Options for opening a database.

use std::str::FromStr as _;

use super::error::{Fault, failed};

/// The most commits in parallel. One is enough unless it is stalled, and each has fewer changes if
/// there are more.
pub(crate) const PARALLEL_COMMITS_MAX: usize = 4;

use sqlx::postgres::PgConnectOptions;
use std::time::Duration;
use stockroom_application::ports::StoreError;

/// Options for the use of a database server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The most connections for requests at the same time. The server has two more for itself.
    pub max_connections: u32,
    /// The longest wait for a connection.
    pub acquire_timeout: Duration,
    /// The longest time that a statement may take.
    pub statement_timeout: Duration,
    /// The longest wait for a lock that another transaction holds.
    pub lock_timeout: Duration,
    /// Whether the address is that of a pooler that assigns a connection for one transaction at a time,
    /// like `PgBouncer` in its transaction mode. If so, nothing is kept on a connection: no prepared
    /// statements, and no settings, so that the timeouts above have no effect (they can be set for the
    /// role on the server).
    pub behind_pooler: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            behind_pooler: false,
        }
    }
}

impl PostgresOptions {
    /// The number of parallel commits. Most connections are left to reads.
    pub(crate) fn parallel_commits(&self) -> usize {
        usize::try_from(self.max_connections / 2)
            .unwrap_or(PARALLEL_COMMITS_MAX)
            .clamp(1, PARALLEL_COMMITS_MAX)
    }

    /// The options that connections are made with. Citus can't plan a statement before it knows the
    /// organization, so a statement can't be planned once and for all there.
    pub(crate) fn connect(
        &self,
        url: &str,
        on_citus: bool,
    ) -> Result<PgConnectOptions, StoreError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|start| url.starts_with(start))
        {
            return Err(Fault::NotPostgres.into());
        }
        let connect = PgConnectOptions::from_str(url)
            .map_err(failed)?
            .application_name("stockroom");
        if self.behind_pooler {
            return Ok(connect.statement_cache_capacity(0).extra_float_digits(None));
        }
        let milliseconds = |timeout: Duration| format!("{}ms", timeout.as_millis());
        Ok(connect.statement_cache_capacity(256).options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            ("lock_timeout", milliseconds(self.lock_timeout)),
            // A server that vanished without notice, or is paused, doesn't hold its locks for longer
            // than others wait for them.
            (
                "idle_in_transaction_session_timeout",
                milliseconds(self.lock_timeout),
            ),
            // Rows are looked up along indexes, however many are requested, and whatever PostgreSQL
            // assumes about disks and about tables that it doesn't know yet. Each statement therefore
            // has one plan, which is made once.
            (
                "plan_cache_mode",
                if on_citus {
                    "auto"
                } else {
                    "force_generic_plan"
                }
                .to_owned(),
            ),
            ("enable_seqscan", "off".to_owned()),
            ("enable_hashjoin", "off".to_owned()),
            ("enable_mergejoin", "off".to_owned()),
            ("jit", "off".to_owned()),
        ]))
    }
}
