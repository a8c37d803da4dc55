//! The state that the servers on one database share.

use async_trait::async_trait;
use stockroom_application::ports::{ServerState, StoreError};

use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;

#[async_trait]
impl ServerState for SqliteDatabase {
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query!(
            r#"
            INSERT INTO server_state (name, value) VALUES (?1, ?2)
            ON CONFLICT (name) DO NOTHING
            "#,
            name,
            value,
        )
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        let kept = sqlx::query_scalar!("SELECT value FROM server_state WHERE name = ?1", name)
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await?;
        Ok(kept)
    }

    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.own_reader().await?;
        sqlx::query_scalar!("SELECT value FROM server_state WHERE name = ?1", name)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)
    }

    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let update = "UPDATE server_state SET value = ?3 WHERE name = ?1 AND value = ?2";
        let replaced = sqlx::query(update)
            .bind(name)
            .bind(former)
            .bind(value)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await?;
        Ok(replaced.rows_affected() == 1)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.own_reader().await?;
        sqlx::query_scalar!("SELECT value FROM server_state WHERE name = ''")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
        // Getting the write lock shows that the database accepts writes.
        let transaction = self.write().await?;
        transaction.rollback().await
    }
}
