//! Reads raw rows, as they are stored, for verification.
//!
//! Whole ledgers are read on a connection of their own, and not on those that serve requests.

pub(crate) mod entries;
pub(crate) mod repair;
pub(crate) mod rows;
mod value;

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::Connection;
use stockroom_application::ports::{
    CheckedTransfers, Chunk, Cursor, LedgerRange, RawReader, Scope, StoreError,
};
use stockroom_domain::{
    OrganizationId, ProductId, RawEntry, RawStock, StockId, StockKey, TransferId, UnreadableRow,
};

use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;
use crate::transfers;

#[async_trait]
impl RawReader for SqliteDatabase {
    async fn raw_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<RawStock>, StoreError> {
        let after = after.stock.clone();
        let read = move |connection: &Connection| {
            rows::stocks(connection, organization, &after, limit).map_err(failed)
        };
        self.raw_read(read).await
    }

    async fn raw_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<RawStock>, StoreError> {
        let ids: BTreeSet<StockId> = ids.iter().copied().collect();
        let read = move |connection: &Connection| {
            rows::stocks_of(connection, organization, ids).map_err(failed)
        };
        self.raw_read(read).await
    }

    async fn raw_stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<RawStock>, StoreError> {
        let Scope {
            organization,
            acting,
        } = scope;
        let read = move |connection: &Connection| {
            for owner in acting.visible() {
                let key = StockKey { product, owner };
                if let Some(stock) = rows::current(connection, organization, key)? {
                    return Ok(Some(stock));
                }
            }
            Ok(None)
        };
        self.raw_read(read).await
    }

    async fn raw_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<RawEntry>, StoreError> {
        let range = range.clone();
        let read = move |connection: &Connection| {
            entries::entries(connection, organization, &range, limit).map_err(failed)
        };
        self.raw_read(read).await
    }

    async fn check_transfers(
        &self,
        organization: OrganizationId,
        after: TransferId,
        limit: u32,
    ) -> Result<CheckedTransfers, StoreError> {
        let check = move |connection: &Connection| {
            let ids = transfers::rows::ids_after(connection, organization, after, limit)?;
            let next = ids.get(limit as usize - 1).copied();
            let read = ids.iter();
            let read = read.map(|id| transfers::rows::transfer(connection, organization, *id));
            let checked = CheckedTransfers::of(read)?;
            Ok(CheckedTransfers { next, ..checked })
        };
        self.raw_read(check).await
    }

    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let count = move |connection: &Connection| entries::count_entries(connection, organization);
        self.raw_read(count).await
    }

    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &RawStock,
        repaired: &RawStock,
    ) -> Result<bool, StoreError> {
        let (found, repaired) = (found.clone(), repaired.clone());
        self.write(move |transaction| repair::repair(transaction, organization, &found, &repaired))
            .await
    }
}

fn corrupt(row: UnreadableRow) -> StoreError {
    let UnreadableRow { table, column, row } = row;
    StoreError::Corrupt { table, column, row }
}
