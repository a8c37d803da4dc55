//! The ledger of one stock.

use sqlx::{Postgres, QueryBuilder};
use stockroom_application::filter::TransactionCondition;
use stockroom_application::ports::StoreError;
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, Recorded, Stock, Timestamp, TransactionId};

use crate::error::failed;
use crate::parameter::integer;
use crate::session::Session;
use crate::{filter, rows};

/// A page of the entries that fulfil every condition.
pub(super) async fn page(
    session: &mut Session,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
    page: PageRequest,
) -> Result<Page<Recorded>, StoreError> {
    let (sequences, total) = if filter.is_empty() {
        (unfiltered(stock, page), stock.sequence)
    } else {
        filtered(session, organization, stock, filter, page).await?
    };
    let items =
        rows::entry::entries(session, organization, stock.product, stock.id, sequences).await?;
    Ok(Page { items, total })
}

/// Sequence numbers have no gaps: a page of all entries is known before anything is read.
fn unfiltered(stock: &Stock, page: PageRequest) -> Vec<i64> {
    let last = integer(stock.sequence);
    let offset = i64::from(page.offset);
    let end = last.min(offset + i64::from(page.limit));
    (offset + 1..=end).collect()
}

async fn filtered(
    session: &mut Session,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
    page: PageRequest,
) -> Result<(Vec<i64>, u64), StoreError> {
    let mut query = select("SELECT entries.sequence", organization, stock, filter);
    query.push(" ORDER BY entries.sequence LIMIT ");
    query.push(page.limit).push(" OFFSET ").push(page.offset);
    let sequences = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(&mut *session)
        .await
        .map_err(failed)?;
    let mut query = select("SELECT count(*)", organization, stock, filter);
    let total: i64 = query
        .build_query_scalar()
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(failed)?;
    Ok((sequences, u64::try_from(total).unwrap_or(0)))
}

/// What `start` selects of the entries of a stock that fulfil every condition.
pub(super) fn select(
    start: &str,
    organization: OrganizationId,
    stock: &Stock,
    filter: &[TransactionCondition],
) -> QueryBuilder<Postgres> {
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
    session: &mut Session,
    organization: OrganizationId,
    stock: &Stock,
    id: TransactionId,
    created_at: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    let from = first_since(session, organization, stock, created_at).await?;
    let later = created_at.plus_milliseconds(1);
    let until = first_since(session, organization, stock, later).await?;
    let sequence = sqlx::query_scalar!(
        r#"
        SELECT sequence AS "sequence!"
        FROM entries
        WHERE organization_id = $1
            AND stock_id = $2
            AND sequence >= $3
            AND sequence < $4
            AND transaction_id = $5
        "#,
        organization.uuid(),
        stock.id.uuid(),
        from,
        until,
        id.uuid(),
    )
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    let mut entries =
        rows::entry::entries(session, organization, stock.product, stock.id, sequence).await?;
    Ok(entries.pop())
}

/// The number of the first entry that was made at this time or later, or of the one to come if
/// there is none. Time doesn't run backwards in a ledger: half of it is left out at each step.
async fn first_since(
    session: &mut Session,
    organization: OrganizationId,
    stock: &Stock,
    time: Timestamp,
) -> Result<i64, StoreError> {
    let first = sqlx::query_scalar!(
        r#"
        WITH RECURSIVE search (low, high) AS (
            SELECT 1::bigint, $3::bigint + 1
            UNION ALL
            SELECT
                CASE WHEN entries.created_at < $4 THEN middle + 1 ELSE low END,
                CASE WHEN entries.created_at < $4 THEN high ELSE middle END
            FROM (
                SELECT low, high, (low + high) / 2 AS middle FROM search WHERE low < high
            ) AS halves
            JOIN entries
                ON entries.organization_id = $1
                AND entries.stock_id = $2
                AND entries.sequence = middle
        )
        SELECT low AS "low!" FROM search WHERE low = high
        "#,
        organization.uuid(),
        stock.id.uuid(),
        integer(stock.sequence),
        time.as_milliseconds(),
    );
    first.fetch_one(session).await.map_err(failed)
}
