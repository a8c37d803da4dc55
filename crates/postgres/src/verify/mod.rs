//! Reads raw rows, as they are stored, for verification.

pub(crate) mod repair;
pub(crate) mod rows;
mod stock_row;

use async_trait::async_trait;
use stockroom_application::ports::{
    CheckedTransfers, Chunk, Cursor, LedgerRange, RawReader, Scope, StoreError,
};
use stockroom_domain::{
    OrganizationId, ProductId, RawEntry, RawStock, StockId, StockKey, TransferId,
};

use crate::connection::open::PostgresDatabase;
use crate::transfers;

#[async_trait]
impl RawReader for PostgresDatabase {
    async fn raw_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<RawStock>, StoreError> {
        let mut session = self.read().await?;
        let (ids, next) = rows::ids_after(&mut session, organization, after, limit).await?;
        let rows = rows::stocks(&mut session, organization, &ids).await?;
        session.commit().await?;
        Ok(Chunk {
            rows,
            unreadable: Vec::new(),
            next,
        })
    }

    async fn raw_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<RawStock>, StoreError> {
        let mut session = self.reader().await?;
        let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
        let stocks = rows::stocks(&mut session, organization, &ids).await?;
        session.commit().await?;
        Ok(stocks)
    }

    async fn raw_stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<RawStock>, StoreError> {
        let mut session = self.read().await?;
        let mut found = None;
        for owner in scope.acting.visible() {
            let key = StockKey { product, owner };
            found = rows::current(&mut session, scope.organization, key).await?;
            if found.is_some() {
                break;
            }
        }
        session.commit().await?;
        Ok(found)
    }

    async fn raw_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<RawEntry>, StoreError> {
        let mut session = self.reader().await?;
        let entries = rows::entries(&mut session, organization, range, limit).await?;
        session.commit().await?;
        Ok(entries)
    }

    async fn check_transfers(
        &self,
        organization: OrganizationId,
        after: TransferId,
        limit: u32,
    ) -> Result<CheckedTransfers, StoreError> {
        let mut session = self.read().await?;
        let ids = transfers::rows::ids_after(&mut session, organization, after, limit).await?;
        let read = transfers::rows::each(&mut session, organization, &ids).await?;
        session.commit().await?;
        let checked = CheckedTransfers::of(read)?;
        let next = ids.get(limit as usize - 1).copied().map(TransferId::new);
        Ok(CheckedTransfers { next, ..checked })
    }

    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let mut session = self.reader().await?;
        let count = rows::count_entries(&mut session, organization).await?;
        session.commit().await?;
        Ok(count)
    }

    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &RawStock,
        repaired: &RawStock,
    ) -> Result<bool, StoreError> {
        repair::repair(self, organization, found, repaired).await
    }
}
