//! The past: stock as it stood at a time, and ledgers at any depth.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use stockroom_application::PageRequest;
use stockroom_application::ports::{HistoryReader, Scope, StoreError, TransactionCondition};
use stockroom_domain::{
    Batch, BatchEntry, BatchId, OrganizationId, ProductId, Recorded, Stock, StockId, StockPeriod,
    Timestamp, TransactionId,
};
use stockroom_sql::{BatchRow, PeriodRow, Row};
use uuid::Uuid;

use super::past_rows::{last_sequence, positions};
use super::{periods, read, rows};
use crate::connection::open::SqliteDatabase;
use crate::connection::query::Query;
use crate::connection::statement::statements;

statements! {
    BATCH = "
        SELECT batch_id, owner_id, entries
        FROM batches
        WHERE organization_id = ?1 AND batch_id = ?2
    ";
}

#[async_trait]
impl HistoryReader for SqliteDatabase {
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError> {
        let products = products.to_vec();
        self.read(move |snapshot| {
            let wanted = products.iter().flat_map(|product| {
                let owners = scope.acting.visible();
                owners.map(|owner| (owner, *product))
            });
            periods::periods(snapshot, scope.organization, wanted)
        })
        .await
    }

    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError> {
        self.read(move |snapshot| {
            let rows: Vec<PeriodRow> = periods_query("", scope, at, page).rows(snapshot)?;
            let periods = rows.into_iter().map(|row| row.decode(scope.organization));
            periods.collect()
        })
        .await
    }

    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError> {
        self.read(move |snapshot| {
            let mut query = Query::new("SELECT count(*) FROM (");
            push_periods(&mut query, scope, at, None);
            query.push(")").count(snapshot)
        })
        .await
    }

    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError> {
        let periods = periods.to_vec();
        self.read(move |snapshot| stocks_at(snapshot, organization, &periods, at))
            .await
    }

    async fn ledger(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        let (period, filter) = (*period, filter.to_vec());
        self.read(move |snapshot| {
            read::after(snapshot, organization, &period, &filter, after, limit)
        })
        .await
    }

    async fn sequence_of(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError> {
        let period = *period;
        self.read(move |snapshot| read::sequence_of(snapshot, organization, &period, id))
            .await
    }

    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError> {
        self.read(move |snapshot| {
            let key = params![organization.uuid(), id.uuid()];
            let row: Option<BatchRow> = BATCH.row(snapshot, key)?;
            row.map(|row| row.decode(organization)).transpose()
        })
        .await
    }

    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError> {
        let wanted = entries.to_vec();
        self.read(move |snapshot| rows::entries(snapshot, organization, wanted))
            .await
    }
}

/// One page of the stocks that `scope` saw at a time, merged from indexes.
pub(crate) fn periods_query(
    start: &str,
    scope: Scope,
    at: Timestamp,
    page: PageRequest<StockId>,
) -> Query {
    let mut query = Query::new(start);
    push_periods(&mut query, scope, at, page.place().copied());
    query.push(" ORDER BY stock_id LIMIT ");
    query.push_bind(page.limit).push(" OFFSET ");
    query.push_bind(page.offset());
    query
}

/// Appends a `SELECT` of the stocks that `scope` saw at a time: the owner's own stock, and the
/// organization's stock of products of which the owner had none. The query names the indexes, because
/// SQLite doesn't know how much stock one organization has deleted.
fn push_periods(query: &mut Query, scope: Scope, at: Timestamp, after: Option<StockId>) {
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
        query.push_owner(scope.organization, owner);
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

/// These stocks as they stood at a time, if they existed then, in the order of creation.
pub(crate) fn stocks_at(
    connection: &Connection,
    organization: OrganizationId,
    periods: &[StockPeriod],
    at: Timestamp,
) -> Result<Vec<Stock>, StoreError> {
    let mut stocks = Vec::new();
    for period in periods.iter().filter(|period| period.covers(at)) {
        let last = last_sequence(connection, organization, period, at)?;
        let entry = rows::entries(connection, organization, [period.entry(last)])?.pop();
        if let Some(Recorded { entry, .. }) = entry {
            let positions = positions(connection, organization, period, last, at)?;
            let row = Row::new("position_spans", entry.stock.uuid());
            let stock = Stock::at(period, at, &entry, positions).ok_or(());
            stocks.push(row.valid("location_id", stock)?);
        }
    }
    stocks.sort_by_key(|stock| stock.id);
    Ok(stocks)
}
