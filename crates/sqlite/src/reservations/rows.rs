//! Reservations.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Reservation, ReservationId};
use stockroom_sql::{ReservationRow, ReservedRow};

use crate::connection::statement::{columns, statements};

statements! {
    RESERVATION = format!(
        "SELECT {} FROM reservations WHERE organization_id = ?1 AND reservation_id = ?2",
        columns("reservations", ReservationRow::COLUMNS)
    );

    LINES = "
        SELECT
            lines.stock_id, lines.product_id, lines.stock_owner_id, lines.location_id,
            locations.slug, lines.quantity, lines.fulfilled, lines.released, lines.returned
        FROM reservation_lines AS lines
        LEFT JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = lines.location_id
        WHERE lines.organization_id = ?1 AND lines.reservation_id = ?2
        ORDER BY lines.line
    ";
}

/// The reservation with this id, as it is stored, if it exists.
pub(crate) fn reservation(
    connection: &Connection,
    organization: OrganizationId,
    id: ReservationId,
) -> Result<Option<Reservation>, StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    let Some(row) = RESERVATION.row::<ReservationRow>(connection, key)? else {
        return Ok(None);
    };
    let lines: Vec<ReservedRow> = LINES.rows(connection, key)?;
    row.decode(organization, lines).map(Some)
}

/// The reservations with these ids that exist, as they are stored, in the order of the ids.
pub(crate) fn reservations(
    connection: &Connection,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = ReservationId>,
) -> Result<Vec<Reservation>, StoreError> {
    let found = ids
        .into_iter()
        .map(|id| reservation(connection, organization, id));
    found.filter_map(Result::transpose).collect()
}
