//! The port for the state that servers on one database share.

use super::error::StoreError;

use async_trait::async_trait;

/// What the servers on one database have in common.
#[async_trait]
pub trait ServerState: Send + Sync {
    /// Keeps `value` under `name` unless something is kept there already, and gives what is kept
    /// then: all servers get the same.
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// What is kept under `name`, if anything is.
    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps `value` under `name` in the place of `former`, and gives whether that was kept: of
    /// several who replace the same at once, one does.
    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// Answers if the database can be read from and written to.
    async fn ping(&self) -> Result<(), StoreError>;
}
