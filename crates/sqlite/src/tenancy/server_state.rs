//! The state that the servers on one database share.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{ServerState, StoreError};

use crate::connection::open::SqliteDatabase;
use crate::connection::statement::statements;

statements! {
    KEEP = "INSERT INTO server_state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
    VALUE = "SELECT value FROM server_state WHERE name = ?1";
    REPLACE = "UPDATE server_state SET value = ?3 WHERE name = ?1 AND value = ?2";
}

#[async_trait]
impl ServerState for SqliteDatabase {
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |transaction| {
            KEEP.execute(transaction, params![name, value])?;
            let kept: Option<(Vec<u8>,)> = VALUE.row(transaction, params![name])?;
            Ok(kept.map_or(value, |(kept,)| kept))
        })
        .await
    }

    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.own_read(move |snapshot| {
            let kept: Option<(Vec<u8>,)> = VALUE.row(snapshot, params![name])?;
            Ok(kept.map(|(kept,)| kept))
        })
        .await
    }

    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let (name, former, value) = (name.to_owned(), former.to_owned(), value.to_owned());
        self.write(move |transaction| {
            let replaced = REPLACE.execute(transaction, params![name, former, value])?;
            Ok(replaced == 1)
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.kept("").await?;
        // Getting the write lock shows that the database accepts writes.
        self.write(|_| Ok(())).await
    }
}
