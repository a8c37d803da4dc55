//! Reservations, and the stock that they hold.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{
    HoldLine, ReservationCondition, ReservationFigures, ReservationReader, Scope, StoreError,
};
use stockroom_application::{HoldPlace, Page, PageRequest};
use stockroom_domain::{
    OrganizationId, Owner, ProductId, Reservation, ReservationId, ReservationRef, StockId,
    StockKey, Timestamp,
};
use stockroom_sql::{HoldRow, Row, finds_set_aside};
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::query::Query;
use crate::connection::statement::statements;
use crate::{counts, filter};

statements! {
    HOLDS = "
        SELECT
            reservations.reservation_id,
            reservations.owner_id,
            reservations.order_id,
            reservations.status,
            reservations.expires_at,
            reservations.hold_reason,
            locations.slug,
            lines.line,
            lines.quantity - lines.fulfilled - lines.released
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
    ";

    COUNT_HOLDS = "
        SELECT count(*)
        FROM reservation_lines AS lines INDEXED BY reservation_lines_open
        WHERE lines.organization_id = ?1
            AND lines.stock_id = ?2
            AND lines.quantity > lines.fulfilled + lines.released
            AND (lines.expires_at IS NULL OR lines.expires_at > ?3)
    ";

    DUE_STOCKS = "
        SELECT product_id, stock_owner_id
        FROM reservation_lines INDEXED BY reservation_lines_in_time
        WHERE organization_id = ?1 AND expires_at IS NOT NULL AND expires_at <= ?2
        LIMIT ?3
    ";

    DUE_RESERVATIONS = "
        SELECT reservation_id
        FROM reservations INDEXED BY reservations_in_time
        WHERE organization_id = ?1 AND expires_at IS NOT NULL AND expires_at <= ?2
        ORDER BY expires_at, reservation_id
        LIMIT ?3
    ";

    OLDEST_PENDING = "
        SELECT created_at
        FROM reservations INDEXED BY reservations_pending
        WHERE organization_id = ?1 AND expires_at IS NOT NULL
        ORDER BY reservation_id
        LIMIT 1
    ";
}

#[async_trait]
impl ReservationReader for SqliteDatabase {
    async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        self.read(move |snapshot| {
            let found = rows::reservation(snapshot, scope.organization, id)?;
            Ok(found.filter(|it| it.owner == scope.acting))
        })
        .await
    }

    async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        now: Timestamp,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let filter = filter.to_vec();
        let organization = scope.organization;
        self.read(move |snapshot| {
            let query = page_query("", scope, &filter, now, page);
            let mut ids: Vec<(Uuid,)> = query.rows(snapshot)?;
            let next = page.cut(&mut ids, |(id,)| ReservationId::new(*id));
            let ids = ids.into_iter().map(|(id,)| ReservationId::new(id));
            let items = rows::reservations(snapshot, organization, ids)?;
            let total = if filter.is_empty() {
                Some(counts::reservations(snapshot, organization, scope.acting)?)
            } else if page.wants_total(true) {
                Some(select("SELECT count(*)", scope, &filter, now).count(snapshot)?)
            } else {
                None
            };
            Ok(Page { items, total, next })
        })
        .await
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
        let (organization_id, stock_id) = (organization.uuid(), stock.uuid());
        let at = now.as_milliseconds();
        self.read(move |snapshot| {
            let (limit, offset) = (page.enough(), page.offset());
            let parameters = params![
                organization_id,
                stock_id,
                at,
                after,
                after_line,
                limit,
                offset
            ];
            let rows: Vec<HoldRow> = HOLDS.rows(snapshot, parameters)?;
            let items = rows.into_iter().map(|row| row.decode(organization));
            let mut items = items.collect::<Result<Vec<_>, _>>()?;
            let total = COUNT_HOLDS.number(snapshot, params![organization_id, stock_id, at])?;
            let next = page.cut(&mut items, HoldLine::place);
            let total = u64::try_from(total).ok();
            Ok(Page { items, total, next })
        })
        .await
    }

    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError> {
        self.read(move |snapshot| {
            let parameters = params![organization.uuid(), now.as_milliseconds(), limit];
            let found: Vec<(Uuid, Uuid)> = DUE_STOCKS.rows(snapshot, parameters)?;
            let keys = found.into_iter().map(|(product_id, owner_id)| StockKey {
                product: ProductId::new(product_id),
                owner: Owner::from_uuid(owner_id, organization),
            });
            Ok(keys.collect())
        })
        .await
    }

    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError> {
        self.read(move |snapshot| {
            let parameters = params![organization.uuid(), now.as_milliseconds(), limit];
            let ids: Vec<(Uuid,)> = DUE_RESERVATIONS.rows(snapshot, parameters)?;
            let ids = ids.into_iter().map(|(id,)| ReservationId::new(id));
            let found = rows::reservations(snapshot, organization, ids)?;
            let due = found.into_iter().map(|it| (it.owner, it.reference()));
            Ok(due.collect())
        })
        .await
    }

    async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError> {
        self.read(move |snapshot| {
            let counts = counts::reservations_by_status(snapshot, organization)?;
            let oldest: Option<(i64,)> =
                OLDEST_PENDING.row(snapshot, params![organization.uuid()])?;
            let row = Row::new("reservations", organization.uuid());
            let oldest = oldest.map(|(at,)| at);
            Ok(ReservationFigures {
                by_status: counts.into_iter().collect(),
                oldest_pending: row.optional_timestamp("created_at", oldest)?,
            })
        })
        .await
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
) -> Query {
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
fn select(start: &str, scope: Scope, filter: &[ReservationCondition], now: Timestamp) -> Query {
    let organization = scope.organization;
    let mut query = Query::new(start);
    query.push(if finds_set_aside(filter) {
        " FROM reservations INDEXED BY reservations_set_aside
        WHERE reservations.hold_reason IS NOT NULL AND reservations.organization_id = "
    } else {
        " FROM reservations INDEXED BY reservations_of_owner WHERE reservations.organization_id = "
    });
    query.push_organization(organization);
    query.push(" AND reservations.owner_id = ");
    query.push_owner(organization, scope.acting);
    filter::push_reservation(&mut query, organization, filter, now);
    query
}
