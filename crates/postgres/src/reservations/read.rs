//! Reservations, and the stock that they hold.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{
    HoldLine, ReservationCondition, ReservationFigures, ReservationReader, Scope, StoreError,
};
use stockroom_application::{HoldPlace, Page, PageRequest};
use stockroom_domain::{
    OrganizationId, Owner, ProductId, Reservation, ReservationId, ReservationRef,
    ReservationStatus, StockId, StockKey, Timestamp,
};
use stockroom_sql::{HoldRow, Kind, Row, finds_set_aside};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::{counts, filter};

#[async_trait]
impl ReservationReader for PostgresDatabase {
    async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        let mut session = self.reader().await?;
        let found = rows::reservations(&mut session, scope.organization, [id]).await?;
        session.commit().await?;
        let found = found.into_iter().map(|found| found.item);
        let mut own = found.filter(|it| it.owner == scope.acting);
        Ok(own.next())
    }

    async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        now: Timestamp,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let mut ids: Vec<Uuid> = page_query("", scope, filter, now, page)
            .build_query_scalar()
            .persistent(false)
            .fetch_all(&mut snapshot)
            .await
            .map_err(failed)?;
        let next = page.cut(&mut ids, |id| ReservationId::new(*id));
        let ids = ids.into_iter().map(ReservationId::new);
        let items = rows::reservations(&mut snapshot, scope.organization, ids).await?;
        let items = items.into_iter().map(|found| found.item).collect();
        let total = if filter.is_empty() {
            Some(counts::reservations(&mut snapshot, scope.organization, scope.acting).await?)
        } else if page.wants_total(true) {
            let counted: i64 = select("SELECT count(*)", scope, filter, now)
                .build_query_scalar()
                .persistent(false)
                .fetch_one(&mut snapshot)
                .await
                .map_err(failed)?;
            Some(u64::try_from(counted).unwrap_or(0))
        } else {
            None
        };
        snapshot.commit().await?;
        Ok(Page { items, total, next })
    }

    async fn holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
        now: Timestamp,
        page: PageRequest<HoldPlace>,
    ) -> Result<Page<HoldLine, HoldPlace>, StoreError> {
        // Every line comes after this one.
        let first = (Uuid::nil(), -1);
        let (after, after_line) = page
            .place()
            .map_or(first, |place| (place.document, i64::from(place.line)));
        let mut snapshot = self.read().await?;
        let found = sqlx::query_as!(
            HoldRow,
            r#"
            SELECT
                reservations.reservation_id AS "reservation_id!",
                reservations.owner_id AS "owner_id!",
                reservations.order_id AS "order_id?",
                reservations.status AS "status!",
                reservations.expires_at AS "expires_at?",
                reservations.hold_reason AS "hold_reason?",
                locations.slug AS "slug?",
                held.line AS "line!",
                held.open AS "open!"
            FROM (
                SELECT
                    reservation_id, line, location_id, quantity - fulfilled - released AS open
                FROM reservation_lines
                WHERE organization_id = $1
                    AND stock_id = $2
                    AND quantity > fulfilled + released
                    AND (expires_at IS NULL OR expires_at > $3)
                    AND (reservation_id, line) > ($4, $5)
                ORDER BY reservation_id, line
                LIMIT $6 OFFSET $7
            ) AS held
            CROSS JOIN LATERAL (
                SELECT * FROM reservations
                WHERE reservations.organization_id = $1
                    AND reservations.reservation_id = held.reservation_id
                OFFSET 0
            ) AS reservations
            LEFT JOIN LATERAL (
                SELECT * FROM locations
                WHERE locations.organization_id = $1
                    AND locations.location_id = held.location_id
                OFFSET 0
            ) AS locations ON held.location_id IS NOT NULL
            ORDER BY held.reservation_id, held.line
            "#,
            organization.uuid(),
            stock.uuid(),
            now.as_milliseconds(),
            after,
            after_line,
            i64::from(page.enough()),
            i64::from(page.offset()),
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let total = sqlx::query_scalar!(
            r#"
            SELECT count(*) AS "count!"
            FROM reservation_lines
            WHERE organization_id = $1
                AND stock_id = $2
                AND quantity > fulfilled + released
                AND (expires_at IS NULL OR expires_at > $3)
            "#,
            organization.uuid(),
            stock.uuid(),
            now.as_milliseconds(),
        )
        .fetch_one(&mut snapshot)
        .await
        .map_err(failed)?;
        snapshot.commit().await?;
        let items = found.into_iter().map(|row| row.decode(organization));
        let mut items = items.collect::<Result<Vec<_>, _>>()?;
        let next = page.cut(&mut items, HoldLine::place);
        let total = Some(u64::try_from(total).unwrap_or(0));
        Ok(Page { items, total, next })
    }

    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError> {
        let mut session = self.reader().await?;
        // The condition on `line` is always true: it names the index to read along.
        let found = sqlx::query!(
            r#"
            SELECT product_id, stock_owner_id
            FROM reservation_lines
            WHERE organization_id = $1 AND expires_at <= $2 AND line >= 0
            ORDER BY expires_at
            LIMIT $3
            "#,
            organization.uuid(),
            now.as_milliseconds(),
            i64::from(limit),
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        let keys = found.into_iter().map(|row| StockKey {
            product: ProductId::new(row.product_id),
            owner: Owner::from_uuid(row.stock_owner_id, organization),
        });
        Ok(keys.collect())
    }

    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError> {
        let mut session = self.reader().await?;
        let ids = sqlx::query_scalar!(
            r#"
            SELECT reservation_id
            FROM reservations
            WHERE organization_id = $1 AND expires_at <= $2
            ORDER BY expires_at, reservation_id
            LIMIT $3
            "#,
            organization.uuid(),
            now.as_milliseconds(),
            i64::from(limit),
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        let ids = ids.into_iter().map(ReservationId::new);
        let found = rows::reservations(&mut session, organization, ids).await?;
        session.commit().await?;
        let mut found: Vec<_> = found.into_iter().map(|found| found.item).collect();
        found.sort_by_key(|it| (it.state.expires_at(), it.id));
        let due = found.into_iter().map(|it| (it.owner, it.reference()));
        Ok(due.collect())
    }

    async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError> {
        let mut snapshot = self.read().await?;
        let organization_id = organization.uuid();
        let counts = sqlx::query!(
            r#"
            SELECT kind, sum(count)::bigint AS "count!"
            FROM level_counts
            WHERE organization_id = $1
            GROUP BY kind
            "#,
            organization_id,
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let oldest = sqlx::query_scalar!(
            r#"
            SELECT created_at
            FROM reservations
            WHERE organization_id = $1 AND expires_at IS NOT NULL
            ORDER BY reservation_id
            LIMIT 1
            "#,
            organization_id,
        )
        .fetch_optional(&mut snapshot)
        .await
        .map_err(failed)?;
        snapshot.commit().await?;
        let counted = |status: ReservationStatus| {
            let word = Kind::Reservation(status).word();
            let count = counts.iter().find(|row| row.kind == word);
            (
                status,
                count.map_or(0, |row| u64::try_from(row.count).unwrap_or(0)),
            )
        };
        let row = Row::new("reservations", organization_id);
        let oldest = oldest.map(|at| row.timestamp("created_at", at));
        Ok(ReservationFigures {
            by_status: ReservationStatus::ALL.into_iter().map(counted).collect(),
            oldest_pending: oldest.transpose()?,
        })
    }
}

/// The query for the ids on one page of the reservations of `scope` that fulfil every condition, in
/// order, and the next id if there is one.
pub(crate) fn page_query(
    start: &str,
    scope: Scope,
    filter: &[ReservationCondition],
    now: Timestamp,
    page: PageRequest<ReservationId>,
) -> QueryBuilder<Postgres> {
    let start = format!("{start}SELECT reservations.reservation_id");
    let mut query = select(&start, scope, filter, now);
    if let Some(after) = page.place() {
        query.push(" AND reservations.reservation_id > ");
        query.push_bind(after.uuid());
    }
    let (limit, offset) = (page.enough(), page.offset());
    query.push(format_args!(
        " ORDER BY reservations.reservation_id LIMIT {limit} OFFSET {offset}"
    ));
    query
}

/// The query that applies `start` to the reservations of `scope` that fulfil every condition.
fn select(
    start: &str,
    scope: Scope,
    filter: &[ReservationCondition],
    now: Timestamp,
) -> QueryBuilder<Postgres> {
    let organization = scope.organization;
    let mut query = QueryBuilder::new(start);
    query.push(" FROM reservations WHERE reservations.organization_id = ");
    query.push_bind(organization.uuid());
    // Always true: it names the indexes to read along.
    query.push(" AND reservations.created_at >= 0 AND reservations.owner_id = ");
    query.push_bind(scope.acting.to_uuid(organization));
    if finds_set_aside(filter) {
        query.push(" AND reservations.hold_reason IS NOT NULL");
    }
    filter::push_reservation(&mut query, organization, filter, now);
    query
}
