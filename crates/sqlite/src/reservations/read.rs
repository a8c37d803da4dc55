//! Reservations, and the stock that they hold.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite};
use stockroom_application::ports::{
    HoldLine, ReservationCondition, ReservationFigures, ReservationReader, Scope, StoreError,
};
use stockroom_application::{HoldPlace, Page, PageRequest};
use stockroom_domain::{
    OrderId, OrganizationId, Owner, ProductId, Reservation, ReservationId, ReservationRef,
    ReservationStatus, Slug, StockId, StockKey, Timestamp,
};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;
use crate::counts::Kind;
use crate::row::Row;
use crate::{counts, filter};

#[expect(clippy::too_many_lines, reason = "most of it is a statement")]
#[async_trait]
impl ReservationReader for SqliteDatabase {
    async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        let mut connection = self.reader().await?;
        let found = rows::reservations(&mut connection, scope.organization, [id]).await?;
        let mut own = found.into_iter().filter(|it| it.owner == scope.acting);
        Ok(own.next())
    }

    async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        now: Timestamp,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let mut snapshot = self.read().await?;
        let mut ids: Vec<Uuid> = page_query("", scope, filter, now, page)
            .build_query_scalar()
            .persistent(false)
            .fetch_all(&mut *snapshot)
            .await
            .map_err(failed)?;
        let next = page.cut(&mut ids, |id| ReservationId::new(*id));
        let ids = ids.into_iter().map(ReservationId::new);
        let items = rows::reservations(&mut snapshot, scope.organization, ids).await?;
        let total = if filter.is_empty() {
            Some(counts::reservations(&mut snapshot, scope.organization, scope.acting).await?)
        } else if page.wants_total(true) {
            let counted: u32 = select("SELECT count(*)", scope, filter, now)
                .build_query_scalar()
                .persistent(false)
                .fetch_one(&mut *snapshot)
                .await
                .map_err(failed)?;
            Some(counted.into())
        } else {
            None
        };
        snapshot.commit().await.map_err(failed)?;
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
        let (after, after_line) = page.place().map_or(first, |place| {
            (place.reservation.uuid(), i64::from(place.line))
        });
        let (limit, offset) = (page.enough(), page.offset());
        let mut snapshot = self.read().await?;
        let organization_id = organization.uuid();
        let stock_id = stock.uuid();
        let at = now.as_milliseconds();
        let found = sqlx::query!(
            r#"
            SELECT
                reservations.reservation_id AS "reservation_id!: Uuid",
                reservations.owner_id AS "owner_id!: Uuid",
                reservations.order_id AS "order_id?",
                reservations.status AS "status!",
                reservations.expires_at AS "expires_at?",
                locations.slug AS "slug?",
                lines.line AS "line!: i64",
                lines.quantity - lines.fulfilled - lines.released AS "open!: i64"
            FROM reservation_lines AS lines INDEXED BY reservation_lines_open
            CROSS JOIN reservations
                ON reservations.organization_id = ?1
                AND reservations.reservation_id = lines.reservation_id
            LEFT JOIN locations
                ON locations.organization_id = ?1
                AND locations.location_id = lines.location_id
            WHERE lines.organization_id = ?1
                AND lines.stock_id = ?2
                AND lines.quantity > lines.fulfilled + lines.released
                AND (lines.expires_at IS NULL OR lines.expires_at > ?3)
                AND (lines.reservation_id, lines.line) > (?4, ?5)
            ORDER BY lines.reservation_id, lines.line
            LIMIT ?6 OFFSET ?7
            "#,
            organization_id,
            stock_id,
            at,
            after,
            after_line,
            limit,
            offset,
        )
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let total = sqlx::query_scalar!(
            r#"
            SELECT count(*) AS "count!: u32"
            FROM reservation_lines AS lines INDEXED BY reservation_lines_open
            WHERE lines.organization_id = ?1
                AND lines.stock_id = ?2
                AND lines.quantity > lines.fulfilled + lines.released
                AND (lines.expires_at IS NULL OR lines.expires_at > ?3)
            "#,
            organization_id,
            stock_id,
            at,
        )
        .fetch_one(&mut *snapshot)
        .await
        .map_err(failed)?;
        snapshot.commit().await.map_err(failed)?;
        let mut items = Vec::with_capacity(found.len());
        for hold in found {
            let row = Row::new("reservations", hold.reservation_id);
            let order = hold.order_id.map(|order| OrderId::new("order_id", order));
            let slug = hold.slug.map(Slug::new).transpose();
            items.push(HoldLine {
                reservation: ReservationId::new(hold.reservation_id),
                line: row.valid("line", u32::try_from(hold.line))?,
                owner: Owner::from_uuid(hold.owner_id, organization),
                order: row.valid("order_id", order.transpose())?,
                state: rows::state(row, &hold.status, hold.expires_at)?,
                slug: row.valid("location_id", slug)?,
                quantity: row.quantity("quantity", hold.open)?,
            });
        }
        let next = page.cut(&mut items, HoldLine::place);
        let total = Some(total.into());
        Ok(Page { items, total, next })
    }

    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError> {
        let mut connection = self.reader().await?;
        let organization_id = organization.uuid();
        let now = now.as_milliseconds();
        let found = sqlx::query!(
            r#"
            SELECT
                product_id AS "product_id!: Uuid",
                stock_owner_id AS "owner_id!: Uuid"
            FROM reservation_lines INDEXED BY reservation_lines_in_time
            WHERE organization_id = ?1 AND expires_at IS NOT NULL AND expires_at <= ?2
            LIMIT ?3
            "#,
            organization_id,
            now,
            limit,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
        let keys = found.into_iter().map(|row| StockKey {
            product: ProductId::new(row.product_id),
            owner: Owner::from_uuid(row.owner_id, organization),
        });
        Ok(keys.collect())
    }

    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError> {
        let mut connection = self.reader().await?;
        let organization_id = organization.uuid();
        let now = now.as_milliseconds();
        let ids = sqlx::query_scalar!(
            r#"
            SELECT reservation_id AS "reservation_id!: Uuid"
            FROM reservations INDEXED BY reservations_in_time
            WHERE organization_id = ?1 AND expires_at IS NOT NULL AND expires_at <= ?2
            ORDER BY expires_at, reservation_id
            LIMIT ?3
            "#,
            organization_id,
            now,
            limit,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
        let ids = ids.into_iter().map(ReservationId::new);
        let mut found = rows::reservations(&mut connection, organization, ids).await?;
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
            SELECT kind, sum(count) AS "count!: i64"
            FROM level_counts
            WHERE organization_id = ?1
            GROUP BY kind
            "#,
            organization_id,
        )
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let oldest = sqlx::query_scalar!(
            r#"
            SELECT created_at
            FROM reservations INDEXED BY reservations_pending
            WHERE organization_id = ?1 AND expires_at IS NOT NULL
            ORDER BY reservation_id
            LIMIT 1
            "#,
            organization_id,
        )
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(failed)?;
        snapshot.commit().await.map_err(failed)?;
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
) -> QueryBuilder<Sqlite> {
    let start = format!("{start}SELECT reservations.reservation_id");
    let mut query = select(&start, scope, filter, now);
    if let Some(after) = page.place() {
        query.push(" AND reservations.reservation_id > ");
        query.push_bind(after.uuid());
    }
    query.push(" ORDER BY reservations.reservation_id LIMIT ");
    query.push_bind(page.enough()).push(" OFFSET ");
    query.push_bind(page.offset());
    query
}

/// The query that applies `start` to the reservations of `scope` that fulfil every condition.
fn select(
    start: &str,
    scope: Scope,
    filter: &[ReservationCondition],
    now: Timestamp,
) -> QueryBuilder<Sqlite> {
    let organization = scope.organization;
    let mut query = QueryBuilder::new(start);
    query.push(" FROM reservations INDEXED BY reservations_of_owner");
    query.push(" WHERE reservations.organization_id = ");
    query.push_bind(organization.uuid());
    query.push(" AND reservations.owner_id = ");
    query.push_bind(scope.acting.to_uuid(organization));
    filter::push_reservation(&mut query, organization, filter, now);
    query
}
