//! Errors of databases.

/// What went wrong in a database. None of it is for clients to read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, or has too much to do. Trying again later may help. Nothing
    /// was done, unless the database was lost in the middle of a commit: then nobody knows.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what no row can hold.
    #[error("{table}.{column} holds an impossible value in row {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// Anything else: a fault in Stockroom, or in the database.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
