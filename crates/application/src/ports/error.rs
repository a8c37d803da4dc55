//! Errors of databases.

/// An error of a database. Clients don't see it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, or is overloaded. Trying again later may help. Nothing was
    /// changed, unless the connection was lost in the middle of a commit: then the outcome is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds an impossible value.
    #[error("{table}.{column} holds an impossible value in row {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// Any other error: a fault in Stockroom, or in the database.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
