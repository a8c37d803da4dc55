//! Reservations.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LocationId, OrderId, OrganizationId, Owner, ProductId, Reservation, ReservationId,
    ReservationState, ReservationStatus, ReservedLine, Slug, StockId, StockKey,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The reservations with these ids that exist, as they are stored, in the order of creation.
pub(crate) async fn reservations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = ReservationId>,
) -> Result<Vec<Reservation>, StoreError> {
    let ids = json(ids.into_iter().map(hex))?;
    let organization_id = organization.uuid();
    // The statement reads the lines, too, as JSON, so that a reservation and its lines are always from
    // the same moment.
    let rows = sqlx::query!(
        r#"
        SELECT
            reservations.reservation_id AS "reservation_id!: Uuid",
            reservations.owner_id AS "owner_id!: Uuid",
            reservations.order_id AS "order_id?",
            reservations.status AS "status!",
            reservations.expires_at AS "expires_at?",
            reservations.created_at AS "created_at!",
            reservations.updated_at AS "updated_at!",
            (
                SELECT json_group_array(
                    json_array(
                        hex(lines.stock_id),
                        hex(lines.product_id),
                        hex(lines.stock_owner_id),
                        iif(lines.location_id IS NULL, NULL, hex(lines.location_id)),
                        locations.slug,
                        lines.quantity,
                        lines.fulfilled,
                        lines.released
                    )
                    ORDER BY lines.line
                )
                FROM reservation_lines AS lines
                LEFT JOIN locations
                    ON locations.organization_id = ?1
                    AND locations.location_id = lines.location_id
                WHERE lines.organization_id = ?1
                    AND lines.reservation_id = reservations.reservation_id
            ) AS "lines!: String"
        FROM json_each(?2) AS wanted
        CROSS JOIN reservations
            ON reservations.organization_id = ?1
            AND reservations.reservation_id = unhex(wanted.value)
        "#,
        organization_id,
        ids,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let mut reservations = Vec::with_capacity(rows.len());
    for found in rows {
        let row = Row::new("reservations", found.reservation_id);
        let order = found.order_id.map(|order| OrderId::new("order_id", order));
        reservations.push(Reservation {
            id: ReservationId::new(found.reservation_id),
            owner: Owner::from_uuid(found.owner_id, organization),
            order: row.valid("order_id", order.transpose())?,
            state: state(row, &found.status, found.expires_at)?,
            lines: lines(found.reservation_id, organization, &found.lines)?,
            created_at: row.timestamp("created_at", found.created_at)?,
            updated_at: row.timestamp("updated_at", found.updated_at)?,
        });
    }
    reservations.sort_by_key(|reservation| reservation.id);
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

type Line = (
    Uuid,
    Uuid,
    Uuid,
    Option<Uuid>,
    Option<String>,
    i64,
    i64,
    i64,
);

fn lines(
    reservation_id: Uuid,
    organization: OrganizationId,
    lines: &str,
) -> Result<Vec<ReservedLine>, StoreError> {
    let row = Row::new("reservation_lines", reservation_id);
    let lines: Vec<Line> = row.valid("stock_id", serde_json::from_str(lines))?;
    let lines = lines.into_iter().map(
        |(stock_id, product_id, owner_id, location_id, slug, quantity, fulfilled, released)| {
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
