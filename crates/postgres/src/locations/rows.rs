//! Locations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Location, LocationId, OrganizationId, Owner, Slug};
use stockroom_sql::LocationRow;

use crate::connection::error::failed;
use crate::connection::parameter::{owned, uuids};
use crate::connection::session::Session;

/// The locations with these ids that exist and aren't deleted, in any order.
pub(crate) async fn locations(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = LocationId>,
) -> Result<Vec<Location>, StoreError> {
    let ids = uuids(ids);
    let organization_id = organization.uuid();
    sqlx::query_as!(
        LocationRow,
        r#"
        SELECT
            locations.location_id AS "location_id!",
            locations.owner_id AS "owner_id!",
            locations.name AS "name!",
            locations.slug AS "slug!",
            locations.external_ref AS "external_ref?",
            locations.description AS "description?",
            locations.address AS "address?",
            locations.latitude AS "latitude?",
            locations.longitude AS "longitude?",
            locations.enabled AS "enabled!",
            locations.priority AS "priority!",
            locations.created_at AS "created_at!",
            locations.updated_at AS "updated_at!",
            locations.version AS "version!"
        FROM unnest($2::uuid[]) AS wanted (location_id)
        CROSS JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1
                AND locations.location_id = wanted.location_id
            OFFSET 0
        ) AS locations
        -- Out here, where it isn't a reason to read along the index of those that aren't deleted.
        WHERE locations.deleted_at IS NULL
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

/// The ids of the locations with these owners and slugs that exist and aren't deleted.
pub(crate) async fn ids_of_slugs(
    session: &mut Session,
    organization: OrganizationId,
    slugs: impl IntoIterator<Item = &(Owner, Slug)>,
) -> Result<Vec<LocationId>, StoreError> {
    let slugs = slugs
        .into_iter()
        .map(|(owner, slug)| (*owner, slug.as_str().to_owned()));
    let (owner_ids, slugs) = owned(organization, slugs);
    let organization_id = organization.uuid();
    let ids = sqlx::query_scalar!(
        r#"
        SELECT locations.location_id AS "location_id!"
        FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, slug)
        CROSS JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1
                AND locations.owner_id = wanted.owner_id
                AND locations.slug = wanted.slug
                AND locations.deleted_at IS NULL
            OFFSET 0
        ) AS locations
        "#,
        organization_id,
        &owner_ids,
        &slugs,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(LocationId::new).collect())
}
