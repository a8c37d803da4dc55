//! The past: stock as it stood at a time, and ledgers at any depth.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::PageRequest;
use stockroom_application::ports::{HistoryReader, Scope, StoreError, TransactionCondition};
use stockroom_domain::{
    Batch, BatchEntry, BatchId, OrganizationId, PastPosition, ProductId, Recorded, Stock, StockId,
    StockPeriod, Timestamp, TransactionId,
};
use stockroom_sql::{BatchRow, PeriodRow, Row};
use uuid::Uuid;

use super::past_rows::{last_entries, positions};
use super::{periods, read, rows};
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::connection::parameter::owned;
use crate::connection::session::Session;

#[async_trait]
impl HistoryReader for PostgresDatabase {
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError> {
        let mut session = self.reader().await?;
        let pairs = products.iter().flat_map(|product| {
            let owners = scope.acting.visible();
            owners.map(|owner| (owner, product.uuid()))
        });
        let (owner_ids, product_ids) = owned(scope.organization, pairs);
        let periods = periods::periods(&mut session, scope.organization, &owner_ids, &product_ids);
        let periods = periods.await?;
        session.commit().await?;
        Ok(periods)
    }

    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError> {
        let mut session = self.read_list().await?;
        let mut query = QueryBuilder::new("SELECT * FROM (");
        push_periods(&mut query, scope, at, Some(&page));
        query.push(") AS lives ORDER BY stock_id LIMIT ");
        query.push_bind(i64::from(page.limit)).push(" OFFSET ");
        query.push_bind(i64::from(page.offset()));
        let rows: Vec<(Uuid, Uuid, Uuid, Uuid, i64, i64, Option<i64>)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(&mut session)
            .await
            .map_err(failed)?;
        session.commit().await?;
        let periods = rows.into_iter().map(|row| {
            let (
                stock_id,
                product_id,
                owner_id,
                product_owner_id,
                sequence,
                created_at,
                deleted_at,
            ) = row;
            let row = PeriodRow {
                stock_id,
                product_id,
                owner_id,
                product_owner_id,
                sequence,
                created_at,
                deleted_at,
            };
            row.decode(scope.organization)
        });
        periods.collect()
    }

    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError> {
        let mut session = self.read_list().await?;
        let mut query = QueryBuilder::new("SELECT count(*) FROM (");
        push_periods(&mut query, scope, at, None);
        query.push(") AS lives");
        let count: i64 = query
            .build_query_scalar()
            .persistent(false)
            .fetch_one(&mut session)
            .await
            .map_err(failed)?;
        session.commit().await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError> {
        let mut session = self.read().await?;
        let stocks = stocks_at(&mut session, organization, periods, at).await?;
        session.commit().await?;
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
        let mut session = if filter.is_empty() {
            self.reader().await?
        } else {
            self.read_list().await?
        };
        let entries = read::after(&mut session, organization, period, filter, after, limit);
        let entries = entries.await?;
        session.commit().await?;
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
        let mut session = self.reader().await?;
        let sequence = read::sequence_of(&mut session, organization, period, id, created_at);
        let sequence = sequence.await?;
        session.commit().await?;
        Ok(sequence)
    }

    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError> {
        let mut session = self.reader().await?;
        let found = sqlx::query_as!(
            BatchRow,
            r#"
            SELECT batch_id, owner_id, entries FROM batches
            WHERE organization_id = $1 AND batch_id = $2
            "#,
            organization.uuid(),
            id.uuid(),
        )
        .fetch_optional(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        found.map(|row| row.decode(organization)).transpose()
    }

    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut session = self.reader().await?;
        let wanted = entries.iter().copied();
        let recorded = rows::entries(&mut session, organization, wanted).await?;
        session.commit().await?;
        Ok(recorded)
    }
}

/// Appends a `SELECT` of the stocks that `scope` saw at a time: the owner's own stock, and the
/// organization's stock of products of which the owner had none. With a page, each part returns no more
/// rows than the page and the rows before it need, in the order of ids, because PostgreSQL would read a
/// whole part to sort it.
fn push_periods(
    query: &mut QueryBuilder<Postgres>,
    scope: Scope,
    at: Timestamp,
    page: Option<&PageRequest<StockId>>,
) {
    let organization_id = scope.organization.uuid();
    let acting_id = scope.acting.to_uuid(scope.organization);
    let at = at.as_milliseconds();
    let after = page.and_then(|page| page.place());
    let after = after.map_or(Uuid::nil(), |stock| stock.uuid());
    let rows_max = page.map(|page| i64::from(page.offset()) + i64::from(page.limit));
    let parts = scope.acting.visible().flat_map(|owner| {
        let tables = [("stocks", "NULL::bigint"), ("deleted_stocks", "deleted_at")];
        tables.map(|(table, deleted_at)| (owner, table, deleted_at))
    });
    for (index, (owner, table, deleted_at)) in parts.enumerate() {
        if index > 0 {
            query.push(" UNION ALL ");
        }
        query.push(format_args!(
            "(SELECT stock_id, product_id, owner_id, product_owner_id, sequence, created_at, \
             {deleted_at} AS deleted_at FROM {table} AS period \
             WHERE created_at >= 0 AND organization_id = "
        ));
        query.push_bind(organization_id).push(" AND owner_id = ");
        query.push_bind(owner.to_uuid(scope.organization));
        query.push(" AND stock_id > ").push_bind(after);
        query.push(" AND created_at <= ").push_bind(at);
        if table == "deleted_stocks" {
            query.push(" AND deleted_at > ").push_bind(at);
        }
        let hiding = [("stocks", ""), ("deleted_stocks", " AND own.deleted_at > ")];
        for (table, end) in hiding.into_iter().filter(|_| owner != scope.acting) {
            query.push(format_args!(
                " AND NOT EXISTS (SELECT 1 FROM {table} AS own \
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
        if let Some(rows_max) = rows_max {
            query.push(" ORDER BY stock_id LIMIT ").push_bind(rows_max);
        }
        query.push(")");
    }
}

/// These stocks as they stood at a time, if they existed then.
pub(crate) async fn stocks_at(
    session: &mut Session,
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
    let last = last_entries(session, organization, by_id.values().copied(), at).await?;
    let mut located: HashMap<StockId, Vec<PastPosition>> =
        positions(session, organization, &last, at).await?;
    let wanted = last.iter().filter_map(|(stock, sequence)| {
        let period = by_id.get(stock)?;
        Some(period.entry(*sequence))
    });
    let entries = rows::entries(session, organization, wanted).await?;
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
