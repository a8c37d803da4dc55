//! Reading what is stored as it is, for those who verify it.
//!
//! Whole ledgers are read here, as fast as it goes: on a connection of their own, as transactions
//! are written (`direct`), and off the threads that others are served by.

mod repair;
mod rows;
mod value;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use stockroom_application::ports::{Chunk, Cursor, LedgerRange, StoreError, StoredReader, View};
use stockroom_domain::{
    OrganizationId, ProductId, StockId, StockKey, StoredEntry, StoredStock, UnreadableRow,
};
use tokio::sync::Mutex;

use crate::SqliteDatabase;
use crate::error::failed_directly as failed;
#[cfg(test)]
pub(crate) use rows::STATEMENTS;

/// Ledgers are read once, and in the order in which they lie.
const CACHE_KIBIBYTES: i64 = 4 * 1024;

/// The connection, which is opened when it is first needed.
pub(crate) struct StoredReading {
    path: PathBuf,
    busy_timeout: Duration,
    connection: Arc<Mutex<State>>,
}

enum State {
    Unopened,
    Open(Connection),
    Closed,
}

impl StoredReading {
    /// For the database in the file at `path`.
    pub(crate) fn new(path: &Path, busy_timeout: Duration) -> Self {
        Self {
            path: path.to_owned(),
            busy_timeout,
            connection: Arc::new(Mutex::new(State::Unopened)),
        }
    }

    /// Waits for what is under way, and closes the connection.
    pub(crate) async fn close(&self) {
        *self.connection.lock().await = State::Closed;
    }

    /// Reads when it is its turn, seeing one state of the database. It is done to its end also if
    /// nobody waits any more.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let mut state = Arc::clone(&self.connection).lock_owned().await;
        let reading = tokio::task::spawn_blocking(move || {
            if matches!(*state, State::Unopened) {
                *state = State::Open(open(&path, busy_timeout).map_err(failed)?);
            }
            let State::Open(connection) = &mut *state else {
                return Err(StoreError::Unavailable("the database is closed".into()));
            };
            let snapshot = connection.transaction().map_err(failed)?;
            let answer = read(&snapshot)?;
            snapshot.commit().map_err(failed)?;
            Ok(answer)
        });
        let broken_off = |_| Err(StoreError::Failed("reading was broken off".into()));
        reading.await.unwrap_or_else(broken_off)
    }
}

fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    // Whoever reads a write-ahead log has to be able to write beside it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
    Ok(connection)
}

#[async_trait]
impl StoredReader for SqliteDatabase {
    async fn stored_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<StoredStock>, StoreError> {
        let after = after.stock.clone();
        let read = move |connection: &Connection| {
            rows::stocks(connection, organization, &after, limit).map_err(failed)
        };
        self.stored.read(read).await
    }

    async fn stored_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<StoredStock>, StoreError> {
        let ids: BTreeSet<StockId> = ids.iter().copied().collect();
        let read = move |connection: &Connection| {
            rows::stocks_of(connection, organization, ids).map_err(failed)
        };
        self.stored.read(read).await
    }

    async fn stored_stock(
        &self,
        view: View,
        product: ProductId,
    ) -> Result<Option<StoredStock>, StoreError> {
        let View {
            organization,
            acting,
        } = view;
        let read = move |connection: &Connection| {
            for owner in acting.visible() {
                let key = StockKey { product, owner };
                if let Some(stock) = rows::current(connection, organization, key)? {
                    return Ok(Some(stock));
                }
            }
            Ok(None)
        };
        self.stored.read(read).await
    }

    async fn stored_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<StoredEntry>, StoreError> {
        let range = range.clone();
        let read = move |connection: &Connection| {
            rows::entries(connection, organization, &range, limit).map_err(failed)
        };
        self.stored.read(read).await
    }

    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let count = move |connection: &Connection| {
            rows::count_entries(connection, organization).map_err(failed)
        };
        self.stored.read(count).await
    }

    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &StoredStock,
        repaired: &StoredStock,
    ) -> Result<bool, StoreError> {
        let (found, repaired) = (found.clone(), repaired.clone());
        let repair = move |connection: &mut Connection| {
            repair::repair(connection, organization, &found, &repaired)
        };
        self.direct.run(self.turn().await?, repair).await
    }
}

fn corrupt(row: UnreadableRow) -> StoreError {
    let UnreadableRow { table, column, row } = row;
    StoreError::Corrupt { table, column, row }
}
