//! Locations.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Location, LocationId, OrganizationId, Owner, Slug};
use stockroom_sql::LocationRow;

use crate::connection::statement::{columns, statements};

statements! {
    LOCATION = format!(
        "SELECT {} FROM locations
        WHERE organization_id = ?1 AND location_id = ?2 AND deleted_at IS NULL",
        columns("locations", LocationRow::COLUMNS)
    );

    BY_SLUG = format!(
        "SELECT {} FROM locations
        WHERE organization_id = ?1 AND owner_id = ?2 AND slug = ?3 AND deleted_at IS NULL",
        columns("locations", LocationRow::COLUMNS)
    );
}

/// The location with this id, if it exists and isn't deleted.
pub(crate) fn location(
    connection: &Connection,
    organization: OrganizationId,
    id: LocationId,
) -> Result<Option<Location>, StoreError> {
    let key = params![organization.uuid(), id.uuid()];
    let row: Option<LocationRow> = LOCATION.row(connection, key)?;
    row.map(|row| row.decode(organization)).transpose()
}

/// The location of this owner with this slug, if it exists and isn't deleted.
pub(crate) fn by_slug(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    slug: &Slug,
) -> Result<Option<Location>, StoreError> {
    let key = params![
        organization.uuid(),
        owner.to_uuid(organization),
        slug.as_str()
    ];
    let row: Option<LocationRow> = BY_SLUG.row(connection, key)?;
    row.map(|row| row.decode(organization)).transpose()
}
