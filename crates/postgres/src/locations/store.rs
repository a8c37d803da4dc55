//! Stores locations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Location, OrganizationId, Timestamp};
use stockroom_sql::{Growth, Kind, LocationRow};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Creates the location, or changes it if it exists.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    location: &Location,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let row = LocationRow::of(location, organization)?;
    let updated = sqlx::query!(
        r#"
        UPDATE locations SET
            name = $3,
            slug = $4,
            external_ref = $5,
            description = $6,
            address = $7,
            latitude = $8,
            longitude = $9,
            enabled = $10,
            priority = $11,
            updated_at = $12,
            version = $13
        WHERE organization_id = $1 AND location_id = $2 AND deleted_at IS NULL
        "#,
        organization_id,
        row.location_id,
        row.name,
        row.slug,
        row.external_ref,
        row.description,
        row.address,
        row.latitude,
        row.longitude,
        row.enabled,
        row.priority,
        row.updated_at,
        row.version,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO locations (
            organization_id, location_id, owner_id, name, slug, external_ref, description, address,
            latitude, longitude, enabled, priority, created_at, updated_at, version
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        organization_id,
        row.location_id,
        row.owner_id,
        row.name,
        row.slug,
        row.external_ref,
        row.description,
        row.address,
        row.latitude,
        row.longitude,
        row.enabled,
        row.priority,
        row.created_at,
        row.updated_at,
        row.version,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    growth.add(row.owner_id, Kind::Location, 1);
    Ok(())
}

/// Turns the location into a tombstone, and deletes its empty positions. Fails if it has any other
/// position.
pub(crate) async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    location: &Location,
    at: Timestamp,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.id.uuid();
    let deleted_at = at.as_milliseconds();
    // Those of deleted stock ended with it, which a clock that is behind mustn't change.
    sqlx::query!(
        r#"
        UPDATE position_spans SET removed_at = greatest(added_at, $3)
        WHERE organization_id = $1
            AND location_id = $2
            AND removed_at IS NULL
            AND stock_id IN (
                SELECT stock_id FROM positions
                WHERE organization_id = $1 AND location_id = $2
            )
        "#,
        organization_id,
        location_id,
        deleted_at,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        r#"
        DELETE FROM positions
        WHERE organization_id = $1 AND location_id = $2 AND available = 0 AND allocated = 0
        "#,
        organization_id,
        location_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    let result = sqlx::query!(
        r#"
        UPDATE locations SET deleted_at = $3
        WHERE organization_id = $1
            AND location_id = $2
            AND deleted_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM positions
                WHERE positions.organization_id = $1 AND positions.location_id = $2
            )
        "#,
        organization_id,
        location_id,
        deleted_at,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    expect_rows("locations", 1, &result)?;
    growth.add(location.owner.to_uuid(organization), Kind::Location, -1);
    Ok(())
}
