//! Stores locations.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Location, OrganizationId, Timestamp};
use stockroom_sql::{Kind, LocationRow};

use crate::connection::statement::{assignments, insert, of_organization, statements};
use crate::counts;

statements! {
    UPDATE = format!(
        "UPDATE locations SET {}
        WHERE organization_id = ?1 AND location_id = ?2 AND deleted_at IS NULL",
        assignments(LocationRow::COLUMNS, LocationRow::CONSTANT)
    );

    INSERT = insert("locations", LocationRow::COLUMNS);

    // Those of deleted stock ended with it, which a clock that is behind mustn't change.
    END_SPANS = "
        UPDATE position_spans INDEXED BY position_spans_in_location
        SET removed_at = max(added_at, ?3)
        WHERE organization_id = ?1
            AND location_id = ?2
            AND removed_at IS NULL
            AND stock_id IN (
                SELECT stock_id FROM positions INDEXED BY positions_in_location
                WHERE organization_id = ?1 AND location_id = ?2
            )
    ";

    DELETE_EMPTY_POSITIONS = "
        DELETE FROM positions INDEXED BY positions_in_location
        WHERE organization_id = ?1 AND location_id = ?2 AND available = 0 AND allocated = 0
    ";

    DELETE = "
        UPDATE locations SET deleted_at = ?3
        WHERE organization_id = ?1
            AND location_id = ?2
            AND deleted_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM positions
                WHERE positions.organization_id = ?1 AND positions.location_id = ?2
            )
    ";
}

/// Creates the location, or changes it if it exists.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    location: &Location,
) -> Result<(), StoreError> {
    let row = LocationRow::of(location, organization)?;
    if UPDATE.execute(connection, of_organization(organization, row.values()))? > 0 {
        return Ok(());
    }
    INSERT.change(
        connection,
        "locations",
        of_organization(organization, row.values()),
    )?;
    counts::add(connection, organization, location.owner, Kind::Location, 1)
}

/// Turns the location into a tombstone, and deletes its empty positions. Fails if it has any other
/// position.
pub(crate) fn delete(
    connection: &Connection,
    organization: OrganizationId,
    location: &Location,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (organization_id, location_id) = (organization.uuid(), location.id.uuid());
    let deleted_at = at.as_milliseconds();
    END_SPANS.execute(
        connection,
        params![organization_id, location_id, deleted_at],
    )?;
    DELETE_EMPTY_POSITIONS.execute(connection, params![organization_id, location_id])?;
    let deleted = params![organization_id, location_id, deleted_at];
    DELETE.change(connection, "locations", deleted)?;
    counts::add(connection, organization, location.owner, Kind::Location, -1)
}
