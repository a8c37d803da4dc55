//! The ledger of one stock.

use rusqlite::{Connection, params};
use stockroom_application::ports::{StoreError, TransactionCondition};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, Recorded, StockPeriod, TransactionId};
use stockroom_sql::integer;

use super::{past_rows, rows};
use crate::connection::query::Query;
use crate::connection::statement::statements;
use crate::filter;

statements! {
    SEQUENCE = "
        SELECT sequence
        FROM entries
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND sequence > ?3
            AND sequence <= ?4
            AND transaction_id = ?5
    ";
}

/// A page of the entries that fulfil every condition.
pub(crate) fn page(
    connection: &Connection,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
    page: PageRequest<TransactionId>,
) -> Result<Page<Recorded, TransactionId>, StoreError> {
    let (sequences, total) = if filter.is_empty() {
        (unfiltered(period, page), period.sequence)
    } else {
        filtered(connection, organization, period, filter, page)?
    };
    let wanted = sequences.into_iter().map(|sequence| period.entry(sequence));
    let mut items = rows::entries(connection, organization, wanted)?;
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

fn filtered(
    connection: &Connection,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
    page: PageRequest<TransactionId>,
) -> Result<(Vec<u64>, u64), StoreError> {
    let mut query = select("SELECT entries.sequence", organization, period, filter);
    query.push(" ORDER BY entries.sequence LIMIT ");
    query.push_bind(page.enough()).push(" OFFSET ");
    query.push_bind(page.offset());
    let sequences = numbers(&query, connection)?;
    let total = select("SELECT count(*)", organization, period, filter).count(connection)?;
    Ok((sequences, total))
}

/// At most `limit` entries after number `after` that fulfil every condition.
pub(crate) fn after(
    connection: &Connection,
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
        query.push_bind(limit);
        numbers(&query, connection)?
    };
    let wanted = sequences.into_iter().map(|sequence| period.entry(sequence));
    rows::entries(connection, organization, wanted)
}

fn numbers(query: &Query, connection: &Connection) -> Result<Vec<u64>, StoreError> {
    let sequences = query.rows::<(i64,)>(connection)?.into_iter();
    Ok(sequences
        .filter_map(|(it,)| u64::try_from(it).ok())
        .collect())
}

/// The query that applies `start` to the entries of a stock that fulfil every condition.
pub(crate) fn select(
    start: &str,
    organization: OrganizationId,
    period: &StockPeriod,
    filter: &[TransactionCondition],
) -> Query {
    let mut query = Query::new(start);
    query.push(
        " FROM entries LEFT JOIN locations \
         ON locations.location_id = entries.location_id AND locations.organization_id = ",
    );
    query.push_organization(organization);
    query.push(" WHERE entries.organization_id = ");
    query.push_organization(organization);
    query.push(" AND entries.stock_id = ");
    query.push_bind(period.id.uuid());
    filter::push_transaction(&mut query, filter);
    query
}

/// The sequence number of the entry with this id, which contains the time of the entry.
pub(crate) fn sequence_of(
    connection: &Connection,
    organization: OrganizationId,
    period: &StockPeriod,
    id: TransactionId,
) -> Result<Option<u64>, StoreError> {
    let Some(created_at) = id.created_at() else {
        return Ok(None);
    };
    let before = created_at.plus_milliseconds(-1);
    let before = past_rows::last_sequence(connection, organization, period, before)?;
    let last = past_rows::last_sequence(connection, organization, period, created_at)?;
    let key = params![
        organization.uuid(),
        period.id.uuid(),
        integer(before),
        integer(last),
        id.uuid(),
    ];
    let sequence: Option<(i64,)> = SEQUENCE.row(connection, key)?;
    Ok(sequence.and_then(|(sequence,)| u64::try_from(sequence).ok()))
}
