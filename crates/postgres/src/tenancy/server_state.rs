//! The state that the servers on one database share.

use async_trait::async_trait;
use stockroom_application::ports::{ServerState, StoreError};

use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;

#[async_trait]
impl ServerState for PostgresDatabase {
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut session = self.write().await?;
        sqlx::query!(
            r#"
            INSERT INTO server_state (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO NOTHING
            "#,
            name,
            value,
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        let kept = sqlx::query_scalar!("SELECT value FROM server_state WHERE name = $1", name)
            .fetch_one(&mut session)
            .await
            .map_err(failed)?;
        session.commit().await?;
        Ok(kept)
    }

    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut session = self.own_reader().await?;
        let kept = sqlx::query_scalar!("SELECT value FROM server_state WHERE name = $1", name)
            .fetch_optional(&mut session)
            .await
            .map_err(failed)?;
        session.commit().await?;
        Ok(kept)
    }

    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let mut session = self.write().await?;
        let update = "UPDATE server_state SET value = $3 WHERE name = $1 AND value = $2";
        let replaced = sqlx::query(update)
            .bind(name)
            .bind(former)
            .bind(value)
            .execute(&mut session)
            .await
            .map_err(failed)?;
        session.commit().await?;
        Ok(replaced.rows_affected() == 1)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let mut session = self.own_write().await?;
        // Asks for a lock, which a read-only server refuses.
        sqlx::query!("SELECT name FROM server_state WHERE name = '' FOR UPDATE")
            .fetch_optional(&mut session)
            .await
            .map_err(failed)?;
        session.rollback().await
    }
}
