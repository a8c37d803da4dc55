//! Options for opening a database.

use std::time::Duration;

/// The number of statements that a connection keeps prepared: more than there are.
pub(crate) const STATEMENTS_MAX: usize = 256;

/// The size to which a longer log is cut, in bytes.
pub(crate) const LOG_BYTES_MAX: u32 = 128 * 1024 * 1024;

/// Options for the use of a database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The number of reads that run at the same time.
    pub read_connections: u32,
    /// The longest wait for a connection that others in this process use.
    pub acquire_timeout: Duration,
    /// The longest wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// The length of the log, in pages of 4 KiB, at which it is copied into the database. In a long
    /// log, a page that was changed often is copied only once; but the log should stay small, too.
    pub log_pages: u32,
    /// The page cache of the connection that writes, in KiB.
    pub write_cache_kibibytes: u32,
    /// The page cache of each connection that reads, in KiB.
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
