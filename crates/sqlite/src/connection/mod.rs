//! Connections to the database.

pub(crate) mod error;
mod log;
pub(crate) mod open;
pub(crate) mod options;
pub(crate) mod parameter;
pub(crate) mod raw_reader;
mod writer;

pub use open::SqliteDatabase;
pub use options::SqliteOptions;
