//! How a database is opened.

use std::time::Duration;

/// To how much a log that grew beyond that is cut.
pub(crate) const LOG_BYTES_MAX: u32 = 128 * 1024 * 1024;

/// How a database file is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How many reads run at the same time.
    pub read_connections: u32,
    /// How long to wait for a connection that others of this process use.
    pub acquire_timeout: Duration,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// How many pages of 4 KiB the log has when it is copied into the database. A page that was
    /// changed often is copied once, but the log is to stay small, too.
    pub log_pages: u32,
    /// How much of the file the connection for transactions keeps in memory, in KiB.
    pub write_cache_kibibytes: u32,
    /// How much of the file each connection that reads keeps in memory, in KiB.
    pub read_cache_kibibytes: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            read_connections: 4,
            acquire_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(10),
            log_pages: 20000,
            write_cache_kibibytes: 32 * 1024,
            read_cache_kibibytes: 8 * 1024,
        }
    }
}
