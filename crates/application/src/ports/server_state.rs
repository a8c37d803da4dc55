//! The port for the state that servers on one database share.

use async_trait::async_trait;

use super::error::StoreError;

/// The state that the servers on one database share.
#[async_trait]
pub trait ServerState: Send + Sync {
    /// Stores `value` under `name` unless a value is stored there already, and returns the stored value:
    /// all servers get the same one.
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// The value stored under `name`, if any.
    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces `former`, stored under `name`, by `value`, and returns whether `former` was the stored
    /// value: of several callers that replace the same value at once, one succeeds.
    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// Checks that the database can be read and written.
    async fn ping(&self) -> Result<(), StoreError>;
}
