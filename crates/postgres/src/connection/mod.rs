//! Connections to the database.

mod availability;
pub(crate) mod error;
pub(crate) mod open;
pub(crate) mod options;
pub(crate) mod parameter;
pub(crate) mod session;

pub use open::PostgresDatabase;
pub use options::PostgresOptions;
