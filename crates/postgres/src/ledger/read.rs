//! The ledger of one stock.

use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{StoreError, TransactionCondition};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, Recorded, StockPeriod, Timestamp, TransactionId};
use stockroom_sql::integer;

use super::{past_rows, rows};
use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::filter;

/// A page of the entries that fulfil every condition.
pub(crate) async fn page(
    session: &mut Session,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
    page: PageRequest<TransactionId>,
) -> Result<Page<Recorded, TransactionId>, StoreError> {
    let (sequences, total) = if filter.is_empty() {
        (unfiltered(period, page), period.sequence)
    } else {
        filtered(session, organization, period, filter, page).await?
    };
    let wanted = sequences.into_iter().map(|sequence| period.entry(sequence));
    let mut items = rows::entries(session, organization, wanted).await?;
    let next = page.cut(&mut items, |recorded| recorded.entry.id);
    let total = Some(total);
    Ok(Page { items, total, next })
}

/// The sequence numbers on a page of all entries, which are known before anything is read, because they
/// have no gaps.
fn unfiltered(period: &StockPeriod, page: PageRequest<TransactionId>) -> Vec<u64> {
    let offset = u64::from(page.offset());
    let end = period.sequence.min(offset + u64::from(page.enough()));
    (offset + 1..=end).collect()
}

async fn filtered(
    session: &mut Session,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
    page: PageRequest<TransactionId>,
) -> Result<(Vec<u64>, u64), StoreError> {
    let mut query = select("SELECT entries.sequence", organization, period, filter);
    query.push(" ORDER BY entries.sequence LIMIT ");
    query.push(page.enough());
    query.push(" OFFSET ").push(page.offset());
    let sequences = numbers(&mut query, session).await?;
    let mut query = select("SELECT count(*)", organization, period, filter);
    let total: i64 = query
        .build_query_scalar()
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(failed)?;
    Ok((sequences, u64::try_from(total).unwrap_or(0)))
}

/// At most `limit` entries after number `after` that fulfil every condition.
pub(crate) async fn after(
    session: &mut Session,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
    after: u64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let sequences = if filter.is_empty() {
        let end = period.sequence.min(after.saturating_add(limit.into()));
        (after.saturating_add(1)..=end).collect()
    } else {
        let mut query = select("SELECT entries.sequence", organization, period, filter);
        query.push(" AND entries.sequence > ");
        query.push_bind(integer(after));
        query.push(" ORDER BY entries.sequence LIMIT ");
        query.push_bind(i64::from(limit));
        numbers(&mut query, session).await?
    };
    let wanted = sequences.into_iter().map(|sequence| period.entry(sequence));
    rows::entries(session, organization, wanted).await
}

async fn numbers(
    query: &mut QueryBuilder<Postgres>,
    session: &mut Session,
) -> Result<Vec<u64>, StoreError> {
    let sequences: Vec<i64> = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(session)
        .await
        .map_err(failed)?;
    let sequences = sequences.into_iter();
    Ok(sequences.filter_map(|it| u64::try_from(it).ok()).collect())
}

/// The query that applies `start` to the entries of a stock that fulfil every condition.
pub(crate) fn select(
    start: &str,
    organization: OrganizationId,
    period: &StockPeriod,
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
    query.push_bind(period.id.uuid());
    filter::push_transaction(&mut query, filter);
    query
}

/// The sequence number of the entry with this id, which contains the time of the entry, `created_at`.
pub(crate) async fn sequence_of(
    session: &mut Session,
    organization: OrganizationId,
    period: &StockPeriod,
    id: TransactionId,
    created_at: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let before = created_at.plus_milliseconds(-1);
    let before = last_sequence(session, organization, period, before).await?;
    let last = last_sequence(session, organization, period, created_at).await?;
    let sequence = sqlx::query_scalar!(
        r#"
        SELECT sequence AS "sequence!"
        FROM entries
        WHERE organization_id = $1
            AND stock_id = $2
            AND sequence > $3
            AND sequence <= $4
            AND transaction_id = $5
        "#,
        organization.uuid(),
        period.id.uuid(),
        before,
        last,
        id.uuid(),
    )
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    Ok(sequence.and_then(|sequence| u64::try_from(sequence).ok()))
}

/// The sequence number of the last entry at or before a time; 0 if there is none.
async fn last_sequence(
    session: &mut Session,
    organization: OrganizationId,
    period: &StockPeriod,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let last = past_rows::last_entries(session, organization, [period], at).await?;
    Ok(last.first().map_or(0, |(_, sequence)| integer(*sequence)))
}
