//! The ledger of one stock.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use stockroom_application::filter::TransactionCondition;
use stockroom_application::ports::StoreError;
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, Recorded, Stock, Timestamp, TransactionId};

use crate::error::failed;
use crate::{filter, rows};

/// A page of the entries that fulfil every condition.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
    page: PageRequest,
) -> Result<Page<Recorded>, StoreError> {
    let (sequences, total) = if filter.is_empty() {
        (unfiltered(stock, page), stock.sequence)
    } else {
        filtered(connection, organization, stock, filter, page).await?
    };
    let items =
        rows::entry::entries(connection, organization, stock.product, stock.id, sequences).await?;
    Ok(Page { items, total })
}

/// Sequence numbers have no gaps: a page of all entries is known before anything is read.
fn unfiltered(stock: &Stock, page: PageRequest) -> Vec<i64> {
    let last = i64::try_from(stock.sequence).unwrap_or(i64::MAX);
    let offset = i64::from(page.offset);
    let end = last.min(offset + i64::from(page.limit));
    (offset + 1..=end).collect()
}

async fn filtered(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
    page: PageRequest,
) -> Result<(Vec<i64>, u64), StoreError> {
    let mut query = select("SELECT entries.sequence", organization, stock, filter);
    query.push(" ORDER BY entries.sequence LIMIT ");
    query.push_bind(page.limit).push(" OFFSET ");
    query.push_bind(page.offset);
    let sequences = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let mut query = select("SELECT count(*)", organization, stock, filter);
    let total: u32 = query
        .build_query_scalar()
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok((sequences, total.into()))
}

/// What `start` selects of the entries of a stock that fulfil every condition.
pub(super) fn select(
    start: &str,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    query.push(
        " FROM entries LEFT JOIN locations \
         ON locations.location_id = entries.location_id AND locations.organization_id = ",
    );
    query.push_bind(organization.uuid());
    query.push(" WHERE entries.organization_id = ");
    query.push_bind(organization.uuid());
    query.push(" AND entries.stock_id = ");
    query.push_bind(stock.id.uuid());
    filter::push_transaction(&mut query, filter);
    query
}

/// The entry with this id, which holds the time that it was made at.
pub(super) async fn entry(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stock: &Stock,
    id: TransactionId,
    created_at: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    let from = first_since(connection, organization, stock, created_at).await?;
    let later = created_at.plus_milliseconds(1);
    let until = first_since(connection, organization, stock, later).await?;
    let organization_id = organization.uuid();
    let stock_id = stock.id.uuid();
    let transaction_id = id.uuid();
    let sequence = sqlx::query_scalar!(
        r#"
        SELECT sequence AS "sequence!"
        FROM entries
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND sequence >= ?3
            AND sequence < ?4
            AND transaction_id = ?5
        "#,
        organization_id,
        stock_id,
        from,
        until,
        transaction_id,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let mut entries =
        rows::entry::entries(connection, organization, stock.product, stock.id, sequence).await?;
    Ok(entries.pop())
}

/// The number of the first entry that was made at this time or later, or of the one to come if
/// there is none. Time doesn't run backwards in a ledger: half of it is left out at each step.
async fn first_since(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stock: &Stock,
    time: Timestamp,
) -> Result<i64, StoreError> {
    let organization_id = organization.uuid();
    let stock_id = stock.id.uuid();
    let last = i64::try_from(stock.sequence).unwrap_or(i64::MAX);
    let time = time.as_milliseconds();
    let first = sqlx::query_scalar!(
        r#"
        WITH RECURSIVE search (low, high) AS (
            SELECT 1, ?3 + 1
            UNION ALL
            SELECT
                CASE WHEN entries.created_at < ?4 THEN entries.sequence + 1 ELSE low END,
                CASE WHEN entries.created_at < ?4 THEN high ELSE entries.sequence END
            FROM search
            CROSS JOIN entries
                ON entries.organization_id = ?1
                AND entries.stock_id = ?2
                AND entries.sequence = (low + high) / 2
            WHERE low < high
        )
        SELECT low AS "low!: i64" FROM search WHERE low = high
        "#,
        organization_id,
        stock_id,
        last,
        time,
    );
    first.fetch_one(connection).await.map_err(failed)
}
