//! The command line, which also lists all settings.

mod console;
mod events;
mod operator;
mod signing_key;
mod verify;
mod webhooks;

pub(crate) use operator::{EventsCommand, KeyCommand, KeyOwner, OrganizationCommand, StoreCommand};
pub(crate) use signing_key::SigningKeyCommand;
pub(crate) use verify::{Repair, Verify};

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::secret::secret;
use console::ConsoleSettings;
use events::EventSettings;
use signing_key::TokenSigning;
use webhooks::WebhookSettings;

/// An inventory service that speaks the Elastic Path Commerce dialect.
#[derive(Debug, Parser)]
#[command(name = "stockroom", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API. This is the default command.
    Serve(Box<Serve>),
    /// Bring the database's schema up to date.
    Migrate(Migrate),
    /// Create and list organizations.
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Create and list the stores of an organization.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Create, list and revoke application keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Replace the key that access tokens are signed with.
    #[command(subcommand)]
    SigningKey(SigningKeyCommand),
    /// Work on the feeds of events.
    #[command(subcommand)]
    Events(EventsCommand),
    /// Recompute all stock from its ledgers and print every difference. Exit code: 0 if there is no
    /// difference, 1 if there is one, 2 if the check could not be completed.
    Verify(Verify),
    /// Correct current stock by its ledgers, where these are sound. Exit code: 0 if no difference
    /// is left, 1 if one is, 2 if the check could not be completed.
    Repair(Repair),
    /// Ask the server on this machine whether it is ready. Exit code: 1 if it is not.
    Health(Health),
    /// Print the API's `OpenAPI` document.
    Openapi,
}

/// The sources of settings, and the place of the data.
#[derive(Debug, Clone, Args)]
pub(crate) struct Storage {
    /// A TOML file with settings, named like the options but with underscores, as in
    /// `data_folder = "/var/lib/stockroom"`. Flags and environment variables take precedence.
    #[arg(long, env = "STOCKROOM_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The folder of the embedded database. It is created if it does not exist.
    #[arg(
        long,
        env = "STOCKROOM_DATA_FOLDER",
        value_name = "FOLDER",
        default_value = "stockroom-data"
    )]
    pub(crate) data_folder: PathBuf,

    /// The database on a PostgreSQL server to use instead of the embedded one, as in
    /// `postgres://user:password@host:5432/stockroom?sslmode=verify-full`.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    database_url: Option<String>,

    /// A file that contains the database URL.
    #[arg(long, env = "STOCKROOM_DATABASE_URL_FILE", value_name = "FILE")]
    database_url_file: Option<PathBuf>,

    /// The maximum number of connections to PostgreSQL.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_CONNECTIONS",
        value_name = "CONNECTIONS",
        default_value = "16",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(crate) database_connections: u32,

    /// The maximum time that a request waits for a connection to PostgreSQL, in seconds.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_CONNECT_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "3",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub(crate) database_connect_timeout_seconds: u64,

    /// The maximum time that PostgreSQL works on a statement, in seconds.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_STATEMENT_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) database_statement_timeout_seconds: u64,

    /// The maximum time that a statement waits for a lock of another transaction, in seconds.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_LOCK_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) database_lock_timeout_seconds: u64,

    /// The database URL is that of a pooler that assigns a connection for one transaction at a
    /// time, such as `PgBouncer` in transaction mode.
    #[arg(
        long,
        env = "STOCKROOM_DATABASE_POOLER",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    pub(crate) database_pooler: bool,
}

impl Storage {
    /// The URL of the PostgreSQL database, if one is to be used.
    ///
    /// # Errors
    /// If both the URL and its file are given, or the file can't be read.
    pub(crate) fn database_url(&self) -> anyhow::Result<Option<String>> {
        let value = self.database_url.as_deref();
        secret("database-url", value, self.database_url_file.as_deref())
    }
}

/// A database with its schema up to date.
#[derive(Debug, Clone, Args)]
pub(crate) struct Database {
    #[command(flatten)]
    pub(crate) storage: Storage,

    /// Do not migrate the database's schema; fail if it is out of date. For operators who run
    /// `stockroom migrate` separately.
    #[arg(
        long,
        env = "STOCKROOM_NO_MIGRATE",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    pub(crate) no_migrate: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) storage: Storage,

    /// Also distribute the tables over the machines of a Citus cluster, unless they already are.
    #[arg(long)]
    pub(crate) citus: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) database: Database,

    /// Keep everything in memory; nothing survives a restart. For tests and demonstrations.
    #[arg(
        long,
        env = "STOCKROOM_IN_MEMORY",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    pub(crate) in_memory: bool,

    /// Show a demonstration: an organization with products, locations, and five days of sales that
    /// go on. It is kept in memory; nothing survives a restart.
    #[arg(
        long,
        env = "STOCKROOM_DEMO",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) console: ConsoleSettings,

    /// The address on which to serve the API.
    #[arg(
        long,
        env = "STOCKROOM_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,

    /// The address on which to serve /metrics; health is served there as well.
    #[arg(
        long,
        env = "STOCKROOM_METRICS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9464"
    )]
    pub(crate) metrics_listen: SocketAddr,

    #[command(flatten)]
    pub(crate) signing: TokenSigning,

    /// The largest request body, in bytes.
    #[arg(
        long,
        env = "STOCKROOM_BODY_BYTES_MAX",
        value_name = "BYTES",
        default_value = "1048576",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) body_bytes_max: u32,

    /// The largest body of a batch of transactions, in bytes.
    #[arg(
        long,
        env = "STOCKROOM_BATCH_BYTES_MAX",
        value_name = "BYTES",
        default_value = "8388608",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) batch_bytes_max: u32,

    /// The largest file of an import, as it is sent, in bytes.
    #[arg(
        long,
        env = "STOCKROOM_IMPORT_BYTES_MAX",
        value_name = "BYTES",
        default_value = "104857600",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) import_bytes_max: u32,

    /// The maximum number of connected clients. Further connections are closed at once. The limit
    /// is lower if the system allows the process fewer open files.
    #[arg(
        long,
        env = "STOCKROOM_CONNECTIONS_MAX",
        value_name = "CONNECTIONS",
        default_value = "16384",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) connections_max: u32,

    /// The maximum number of requests in progress. Further requests are refused with 503. One
    /// organization may have half of them.
    #[arg(
        long,
        env = "STOCKROOM_CONCURRENT_REQUESTS_MAX",
        value_name = "REQUESTS",
        default_value = "4096",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) concurrent_requests_max: u32,

    /// The maximum number of changes that wait to be stored. Further changes are refused with 503.
    #[arg(
        long,
        env = "STOCKROOM_QUEUED_CHANGES_MAX",
        value_name = "CHANGES",
        default_value = "4096",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) queued_changes_max: u32,

    /// The time for which the answer to a request with an Idempotency-Key is kept, in hours. The
    /// request can be repeated for that long.
    #[arg(
        long,
        env = "STOCKROOM_IDEMPOTENCY_HOURS",
        value_name = "HOURS",
        default_value = "24",
        value_parser = clap::value_parser!(u64).range(1..=8_760)
    )]
    pub(crate) idempotency_hours: u64,

    #[command(flatten)]
    pub(crate) events: EventSettings,

    #[command(flatten)]
    pub(crate) webhooks: WebhookSettings,

    /// The interval at which overdue reservations are stored as expired, in seconds; 0 for never.
    /// Availability does not depend on it: the pieces are available from the expiry on.
    #[arg(
        long,
        env = "STOCKROOM_EXPIRY_SWEEP_SECONDS",
        value_name = "SECONDS",
        default_value = "5",
        value_parser = clap::value_parser!(u64).range(0..=86_400)
    )]
    pub(crate) expiry_sweep_seconds: u64,

    /// The maximum duration of a request, in seconds.
    #[arg(
        long,
        env = "STOCKROOM_REQUEST_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) request_timeout_seconds: u64,

    /// The maximum time that a client may take to send the head of a request, in seconds.
    #[arg(
        long,
        env = "STOCKROOM_HEADER_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) header_timeout_seconds: u64,

    /// Requests per second that all callers of one organization may make together; 0 for no limit.
    #[arg(
        long,
        env = "STOCKROOM_ORGANIZATION_RATE_LIMIT",
        value_name = "REQUESTS",
        default_value = "0"
    )]
    pub(crate) organization_rate_limit: u32,

    /// Requests per second that all callers in one store may make together; 0 for no limit.
    #[arg(
        long,
        env = "STOCKROOM_STORE_RATE_LIMIT",
        value_name = "REQUESTS",
        default_value = "0"
    )]
    pub(crate) store_rate_limit: u32,

    /// The maximum time that requests in progress may take to finish when the server is stopped, in
    /// seconds. Orchestrators usually kill after 30.
    #[arg(
        long,
        env = "STOCKROOM_SHUTDOWN_TIMEOUT_SECONDS",
        value_name = "SECONDS",
        default_value = "20",
        value_parser = clap::value_parser!(u64).range(0..=86_400)
    )]
    pub(crate) shutdown_timeout_seconds: u64,

    /// The format of the log: for people, as JSON, or for people on a terminal and JSON
    /// otherwise.
    #[arg(
        long,
        env = "STOCKROOM_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto"
    )]
    pub(crate) log_format: LogFormat,

    /// The level of the log: `error`, `warn`, `info`, `debug` or `trace`, also by target, as in
    /// `info,sqlx=debug`.
    #[arg(
        long,
        env = "STOCKROOM_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub(crate) log: String,
}

impl Serve {
    /// Whether everything is kept in memory.
    ///
    /// # Errors
    /// If there is a database as well.
    pub(crate) fn is_in_memory(&self) -> anyhow::Result<bool> {
        let in_memory = if self.demo { "--demo" } else { "--in-memory" };
        let is_in_memory = self.demo || self.in_memory;
        ensure!(
            !is_in_memory || self.database.storage.database_url()?.is_none(),
            "{in_memory} and --database-url exclude each other"
        );
        Ok(is_in_memory)
    }
}

/// The server to ask: the one with the same settings.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The server's settings file.
    #[arg(long, env = "STOCKROOM_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The address on which the server serves the API.
    #[arg(
        long,
        env = "STOCKROOM_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    Auto,
    Human,
    Json,
}
