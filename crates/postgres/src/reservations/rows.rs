//! Reservations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Reservation, ReservationId};
use stockroom_sql::{ReservationRow, ReservedRow};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;
use crate::revision::Revised;

/// The reservations with these ids that exist, as they are stored, in the order of creation.
#[expect(clippy::too_many_lines, reason = "most of it is a statement")]
pub(crate) async fn reservations(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = ReservationId>,
) -> Result<Vec<Revised<Reservation>>, StoreError> {
    let ids = uuids(ids);
    // The statement reads the lines, too, so that a reservation and its lines are always from the same
    // moment. The lines are sorted once, by their key, and not for each of the arrays.
    let rows = sqlx::query!(
        r#"
        SELECT
            reservations.reservation_id AS "reservation_id!",
            reservations.owner_id AS "owner_id!",
            reservations.order_id AS "order_id?",
            reservations.status AS "status!",
            reservations.expires_at AS "expires_at?",
            reservations.created_at AS "created_at!",
            reservations.updated_at AS "updated_at!",
            reservations.version AS "version!",
            reservations.actor_key_id AS "actor_key_id?",
            reservations.actor_name AS "actor_name?",
            reservations.hold_reason AS "hold_reason?",
            reservations.sent AS "sent?",
            reservations.revision AS "revision!",
            lines.stock_ids AS "stock_ids!",
            lines.product_ids AS "product_ids!",
            lines.stock_owner_ids AS "stock_owner_ids!",
            lines.location_ids AS "location_ids!: Vec<Option<Uuid>>",
            lines.slugs AS "slugs!: Vec<Option<String>>",
            lines.quantities AS "quantities!",
            lines.fulfilled AS "fulfilled!",
            lines.released AS "released!",
            lines.returned AS "returned!"
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
                coalesce(array_agg(released), '{}') AS released,
                coalesce(array_agg(returned), '{}') AS returned
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
    let mut reservations = Vec::with_capacity(rows.len());
    for found in rows {
        let stocks = found.stock_ids.into_iter().zip(found.product_ids);
        let stocks = stocks.zip(found.stock_owner_ids);
        let locations = found.location_ids.into_iter().zip(found.slugs);
        let pieces = found.quantities.into_iter().zip(found.fulfilled);
        let pieces = pieces.zip(found.released.into_iter().zip(found.returned));
        let lines = stocks.zip(locations).zip(pieces).map(
            |(((stock, stock_owner_id), (location_id, slug)), (pieces, back))| ReservedRow {
                stock_id: stock.0,
                product_id: stock.1,
                stock_owner_id,
                location_id,
                slug,
                quantity: pieces.0,
                fulfilled: pieces.1,
                released: back.0,
                returned: back.1,
            },
        );
        let row = ReservationRow {
            reservation_id: found.reservation_id,
            owner_id: found.owner_id,
            order_id: found.order_id,
            status: found.status,
            expires_at: found.expires_at,
            created_at: found.created_at,
            updated_at: found.updated_at,
            version: found.version,
            actor_key_id: found.actor_key_id,
            actor_name: found.actor_name,
            hold_reason: found.hold_reason,
            sent: found.sent,
        };
        reservations.push(Revised {
            item: row.decode(organization, lines)?,
            revision: found.revision,
        });
    }
    reservations.sort_by_key(|reservation| reservation.item.id);
    Ok(reservations)
}
