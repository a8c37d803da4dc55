//! Stores locations.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Description, ExternalRef, Geolocation, Location, OrganizationId, Timestamp,
};

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::json;
use crate::counts::{Growth, Kind};

/// Creates the location, or changes it if it exists.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    location: &Location,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.id.uuid();
    let owner_id = location.owner.to_uuid(organization);
    let name = location.name.as_str();
    let slug = location.slug.as_str();
    let external_ref = location.external_ref.as_ref().map(ExternalRef::as_str);
    let description = location.description.as_ref().map(Description::as_str);
    let address = location
        .address
        .as_ref()
        .map(|address| json(address.lines()));
    let address = address.transpose()?;
    let latitude = location.geolocation.map(Geolocation::latitude);
    let longitude = location.geolocation.map(Geolocation::longitude);
    let created_at = location.created_at.as_milliseconds();
    let updated_at = location.updated_at.as_milliseconds();
    let updated = sqlx::query!(
        r#"
        UPDATE locations SET
            name = ?3,
            slug = ?4,
            external_ref = ?5,
            description = ?6,
            address = ?7,
            latitude = ?8,
            longitude = ?9,
            updated_at = ?10
        WHERE organization_id = ?1 AND location_id = ?2 AND deleted_at IS NULL
        "#,
        organization_id,
        location_id,
        name,
        slug,
        external_ref,
        description,
        address,
        latitude,
        longitude,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO locations (
            organization_id, location_id, owner_id, name, slug, external_ref, description, address,
            latitude, longitude, created_at, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        "#,
        organization_id,
        location_id,
        owner_id,
        name,
        slug,
        external_ref,
        description,
        address,
        latitude,
        longitude,
        created_at,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let growth = Growth::of(organization, location.owner, Kind::Location, 1);
    growth.store(connection, organization).await
}

/// Turns the location into a tombstone, and deletes its empty positions. Fails if it has any other
/// position.
pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    location: &Location,
    at: Timestamp,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.id.uuid();
    let deleted_at = at.as_milliseconds();
    sqlx::query!(
        r#"
        DELETE FROM positions INDEXED BY positions_in_location
        WHERE organization_id = ?1 AND location_id = ?2 AND available = 0 AND allocated = 0
        "#,
        organization_id,
        location_id,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    sqlx::query!(
        r#"
        UPDATE position_spans INDEXED BY position_spans_in_location
        SET removed_at = max(added_at, ?3)
        WHERE organization_id = ?1 AND location_id = ?2 AND removed_at IS NULL
        "#,
        organization_id,
        location_id,
        deleted_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let result = sqlx::query!(
        r#"
        UPDATE locations SET deleted_at = ?3
        WHERE organization_id = ?1
            AND location_id = ?2
            AND deleted_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM positions
                WHERE positions.organization_id = ?1 AND positions.location_id = ?2
            )
        "#,
        organization_id,
        location_id,
        deleted_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    expect_rows("locations", 1, &result)?;
    let growth = Growth::of(organization, location.owner, Kind::Location, -1);
    growth.store(connection, organization).await
}
