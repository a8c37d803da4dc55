//! Reservations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LocationId, OrderId, OrganizationId, Owner, ProductId, Reservation, ReservationId,
    ReservationState, ReservationStatus, ReservedLine, Slug, StockId, StockKey,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;
use crate::revision::Revised;
use crate::row::Row;

/// The reservations with these ids that exist, as they are stored, in the order of creation.
pub(crate) async fn reservations(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = ReservationId>,
) -> Result<Vec<Revised<Reservation>>, StoreError> {
    let ids = uuids(ids);
    // The statement reads the lines, too, so that a reservation and its lines are always from the same
    // moment. The lines are sorted once, by their key, and not for each of the arrays.
    let rows = sqlx::query_as!(
        ReservationRow,
        r#"
        SELECT
            reservations.reservation_id AS "reservation_id!",
            reservations.owner_id AS "owner_id!",
            reservations.order_id AS "order_id?",
            reservations.status AS "status!",
            reservations.expires_at AS "expires_at?",
            reservations.created_at AS "created_at!",
            reservations.updated_at AS "updated_at!",
            reservations.revision AS "revision!",
            lines.stock_ids AS "stock_ids!",
            lines.product_ids AS "product_ids!",
            lines.stock_owner_ids AS "stock_owner_ids!",
            lines.location_ids AS "location_ids!: Vec<Option<Uuid>>",
            lines.slugs AS "slugs!: Vec<Option<String>>",
            lines.quantities AS "quantities!",
            lines.fulfilled AS "fulfilled!",
            lines.released AS "released!"
        FROM unnest($2::uuid[]) AS wanted (reservation_id)
        CROSS JOIN LATERAL (
            SELECT * FROM reservations
            WHERE reservations.organization_id = $1
                AND reservations.reservation_id = wanted.reservation_id
            OFFSET 0
        ) AS reservations
        CROSS JOIN LATERAL (
            SELECT
                coalesce(array_agg(stock_id), '{}') AS stock_ids,
                coalesce(array_agg(product_id), '{}') AS product_ids,
                coalesce(array_agg(stock_owner_id), '{}') AS stock_owner_ids,
                coalesce(array_agg(location_id), '{}') AS location_ids,
                coalesce(array_agg(slug), '{}') AS slugs,
                coalesce(array_agg(quantity), '{}') AS quantities,
                coalesce(array_agg(fulfilled), '{}') AS fulfilled,
                coalesce(array_agg(released), '{}') AS released
            FROM (
                SELECT reserved.*, locations.slug
                FROM reservation_lines AS reserved
                LEFT JOIN LATERAL (
                    SELECT slug FROM locations
                    WHERE locations.organization_id = $1
                        AND locations.location_id = reserved.location_id
                    OFFSET 0
                ) AS locations ON reserved.location_id IS NOT NULL
                WHERE reserved.organization_id = $1
                    AND reserved.reservation_id = reservations.reservation_id
                ORDER BY reserved.line
            ) AS sorted
        ) AS lines
        "#,
        organization.uuid(),
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let reservations = rows.into_iter().map(|row| row.decode(organization));
    let mut reservations = reservations.collect::<Result<Vec<_>, _>>()?;
    reservations.sort_by_key(|reservation| reservation.item.id);
    Ok(reservations)
}

/// Decodes a state from its stored status and time of expiry.
pub(crate) fn state(
    row: Row,
    status: &str,
    expires_at: Option<i64>,
) -> Result<ReservationState, StoreError> {
    let status = ReservationStatus::from_word(status);
    let status = status.ok_or_else(|| row.corrupt("status"))?;
    let expires_at = expires_at.map(|at| row.timestamp("expires_at", at));
    let state = ReservationState::new(status, expires_at.transpose()?);
    state.ok_or_else(|| row.corrupt("status"))
}

struct ReservationRow {
    reservation_id: Uuid,
    owner_id: Uuid,
    order_id: Option<String>,
    status: String,
    expires_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    stock_ids: Vec<Uuid>,
    product_ids: Vec<Uuid>,
    stock_owner_ids: Vec<Uuid>,
    location_ids: Vec<Option<Uuid>>,
    slugs: Vec<Option<String>>,
    quantities: Vec<i64>,
    fulfilled: Vec<i64>,
    released: Vec<i64>,
}

impl ReservationRow {
    fn decode(mut self, organization: OrganizationId) -> Result<Revised<Reservation>, StoreError> {
        let row = Row::new("reservations", self.reservation_id);
        let revision = self.revision;
        let order = self.order_id.take();
        let order = order.map(|order| OrderId::new("order_id", order));
        let item = Reservation {
            id: ReservationId::new(self.reservation_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            order: row.valid("order_id", order.transpose())?,
            state: state(row, &self.status, self.expires_at)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            lines: self.lines(organization)?,
        };
        Ok(Revised { item, revision })
    }

    fn lines(self, organization: OrganizationId) -> Result<Vec<ReservedLine>, StoreError> {
        let row = Row::new("reservation_lines", self.reservation_id);
        let stocks = self.stock_ids.into_iter().zip(self.product_ids);
        let stocks = stocks.zip(self.stock_owner_ids);
        let locations = self.location_ids.into_iter().zip(self.slugs);
        let pieces = self.quantities.into_iter().zip(self.fulfilled);
        let pieces = pieces.zip(self.released);
        let lines = stocks.zip(locations).zip(pieces).map(
            |((((stock_id, product_id), owner_id), (location_id, slug)), (pieces, released))| {
                let (quantity, fulfilled) = pieces;
                let slug = slug.map(Slug::new).transpose();
                let slug = row.valid("location_id", slug)?;
                Ok(ReservedLine {
                    stock: StockId::new(stock_id),
                    key: StockKey {
                        product: ProductId::new(product_id),
                        owner: Owner::from_uuid(owner_id, organization),
                    },
                    location: location_id.map(LocationId::new).zip(slug),
                    quantity: row.quantity("quantity", quantity)?,
                    fulfilled: row.quantity("fulfilled", fulfilled)?,
                    released: row.quantity("released", released)?,
                })
            },
        );
        lines.collect()
    }
}
