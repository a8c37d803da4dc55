//! The past: stock as it stood at a time, and ledgers at any depth.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use stockroom_application::PageRequest;
use stockroom_application::ports::{HistoryReader, Scope, StoreError, TransactionCondition};
use stockroom_domain::{
    Batch, BatchEntry, BatchId, OrganizationId, Owner, PastPosition, ProductId, Recorded, Stock,
    StockId, StockPeriod, Timestamp, TransactionId,
};
use uuid::Uuid;

use super::past_rows::{last_entries, positions};
use super::periods::LifeRow;
use super::{periods, read, rows};
use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;
use crate::row::Row;

#[async_trait]
impl HistoryReader for SqliteDatabase {
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError> {
        let mut connection = self.reader().await?;
        let wanted = products.iter().flat_map(|product| {
            let owners = scope.acting.visible();
            owners.map(|owner| (owner, *product))
        });
        periods::periods(&mut connection, scope.organization, wanted).await
    }

    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError> {
        let mut connection = self.reader().await?;
        let rows: Vec<LifeRow> = lives_query("", scope, at, page)
            .build_query_as()
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        let periods = rows.into_iter().map(|row| row.decode(scope.organization));
        periods.collect()
    }

    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let mut query = QueryBuilder::new("SELECT count(*) FROM (");
        push_lives(&mut query, scope, at, None);
        query.push(")");
        let count: i64 = query
            .build_query_scalar()
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError> {
        let mut snapshot = self.read().await?;
        let stocks = stocks_at(&mut snapshot, organization, periods, at).await?;
        snapshot.commit().await.map_err(failed)?;
        Ok(stocks)
    }

    async fn ledger(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut connection = self.reader().await?;
        let entries = read::after(&mut connection, organization, period, filter, after, limit);
        let entries = entries.await?;
        Ok(entries)
    }

    async fn sequence_of(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError> {
        let Some(created_at) = id.created_at() else {
            return Ok(None);
        };
        let mut connection = self.reader().await?;
        let sequence = read::sequence_of(&mut connection, organization, period, id, created_at);
        let sequence = sequence.await?;
        Ok(sequence)
    }

    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError> {
        let mut connection = self.reader().await?;
        let organization_id = organization.uuid();
        let batch_id = id.uuid();
        let found = sqlx::query!(
            r#"
            SELECT owner_id AS "owner_id!: Uuid", entries
            FROM batches
            WHERE organization_id = ?1 AND batch_id = ?2
            "#,
            organization_id,
            batch_id,
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
        let Some(found) = found else {
            return Ok(None);
        };
        let entries = BatchEntry::from_bytes(&found.entries);
        let row = Row::new("batches", id.uuid());
        Ok(Some(Batch {
            id,
            owner: Owner::from_uuid(found.owner_id, organization),
            entries: row.valid("entries", entries.ok_or(()))?,
        }))
    }

    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut connection = self.reader().await?;
        let wanted = entries.iter().copied();
        let recorded = rows::entries(&mut connection, organization, wanted).await?;
        Ok(recorded)
    }
}

/// One page of the stocks that `scope` saw at a time, merged from indexes.
pub(crate) fn lives_query(
    start: &str,
    scope: Scope,
    at: Timestamp,
    page: PageRequest<StockId>,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    push_lives(&mut query, scope, at, page.place().copied());
    query.push(" ORDER BY stock_id LIMIT ");
    query.push_bind(page.limit).push(" OFFSET ");
    query.push_bind(page.offset());
    query
}

/// Appends a `SELECT` of the stocks that `scope` saw at a time: the owner's own stock, and the
/// organization's stock of products of which the owner had none. The query names the indexes, because
/// SQLite doesn't know how much stock one organization has deleted.
fn push_lives(
    query: &mut QueryBuilder<Sqlite>,
    scope: Scope,
    at: Timestamp,
    after: Option<StockId>,
) {
    let organization_id = scope.organization.uuid();
    let acting_id = scope.acting.to_uuid(scope.organization);
    let at = at.as_milliseconds();
    let after = after.map_or(Uuid::nil(), StockId::uuid);
    let parts = scope.acting.visible().flat_map(|owner| {
        let tables = [("stocks", "NULL"), ("deleted_stocks", "deleted_at")];
        tables.map(|(table, deleted_at)| (owner, table, deleted_at))
    });
    for (index, (owner, table, deleted_at)) in parts.enumerate() {
        if index > 0 {
            query.push(" UNION ALL ");
        }
        query.push(format_args!(
            "SELECT stock_id, product_id, owner_id, product_owner_id, sequence, created_at, \
             {deleted_at} AS deleted_at FROM {table} AS period INDEXED BY {table}_of_owner \
             WHERE organization_id = "
        ));
        query.push_bind(organization_id).push(" AND owner_id = ");
        query.push_bind(owner.to_uuid(scope.organization));
        query.push(" AND stock_id > ").push_bind(after);
        query.push(" AND created_at <= ").push_bind(at);
        if table == "deleted_stocks" {
            query.push(" AND deleted_at > ").push_bind(at);
        }
        if owner == scope.acting {
            continue;
        }
        let deleted = (
            "deleted_stocks AS own INDEXED BY deleted_stocks_of_product",
            " AND own.deleted_at > ",
        );
        for (table, end) in [("stocks AS own", ""), deleted] {
            query.push(format_args!(
                " AND NOT EXISTS (SELECT 1 FROM {table} \
                 WHERE own.product_id = period.product_id AND own.organization_id = "
            ));
            query.push_bind(organization_id);
            query.push(" AND own.owner_id = ").push_bind(acting_id);
            query.push(" AND own.created_at <= ").push_bind(at);
            if !end.is_empty() {
                query.push(end).push_bind(at);
            }
            query.push(")");
        }
    }
}

/// These stocks as they stood at a time, if they existed then.
pub(crate) async fn stocks_at(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    periods: &[StockPeriod],
    at: Timestamp,
) -> Result<Vec<Stock>, StoreError> {
    let mut by_id: HashMap<StockId, &StockPeriod> = HashMap::with_capacity(periods.len());
    by_id.extend(
        periods
            .iter()
            .filter(|period| period.covers(at))
            .map(|period| (period.id, period)),
    );
    if by_id.is_empty() {
        return Ok(Vec::new());
    }
    let last = last_entries(connection, organization, by_id.values().copied(), at).await?;
    let mut located: HashMap<StockId, Vec<PastPosition>> =
        positions(connection, organization, &last, at).await?;
    let wanted = last.iter().filter_map(|(stock, sequence)| {
        let period = by_id.get(stock)?;
        Some(period.entry(*sequence))
    });
    let entries = rows::entries(connection, organization, wanted).await?;
    let mut stocks = Vec::with_capacity(entries.len());
    for Recorded { entry, .. } in entries {
        let Some(period) = by_id.get(&entry.stock) else {
            continue;
        };
        let positions = located.remove(&entry.stock).unwrap_or_default();
        let row = Row::new("position_spans", entry.stock.uuid());
        let stock = Stock::at(period, at, &entry, positions).ok_or(());
        stocks.push(row.valid("location_id", stock)?);
    }
    Ok(stocks)
}
