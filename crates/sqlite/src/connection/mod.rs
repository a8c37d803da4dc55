//! The database file and its connections.

pub(crate) mod error;
mod log;
pub(crate) mod open;
pub(crate) mod options;
pub(crate) mod query;
mod readers;
pub(crate) mod statement;
mod thread;
mod writer;

pub use open::SqliteDatabase;
pub use options::SqliteOptions;
