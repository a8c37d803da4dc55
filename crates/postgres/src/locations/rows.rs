//! Locations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Address, Description, ExternalRef, Geolocation, Location, LocationId, Name, OrganizationId,
    Owner, Slug,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{owned, uuids};
use crate::connection::session::Session;
use crate::row::Row;

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
            locations.created_at AS "created_at!",
            locations.updated_at AS "updated_at!"
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

struct LocationRow {
    location_id: Uuid,
    owner_id: Uuid,
    name: String,
    slug: String,
    external_ref: Option<String>,
    description: Option<String>,
    address: Option<Vec<String>>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    created_at: i64,
    updated_at: i64,
}

impl LocationRow {
    fn decode(self, organization: OrganizationId) -> Result<Location, StoreError> {
        let row = Row::new("locations", self.location_id);
        let external_ref = self
            .external_ref
            .map(|text| ExternalRef::new("external_ref", text));
        let description = self
            .description
            .map(|text| Description::new("description", text));
        let address = self.address.map(Address::new);
        let geolocation = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => Some(Geolocation::new(latitude, longitude)),
            (_, None) => return Err(row.corrupt("longitude")),
            (None, _) => return Err(row.corrupt("latitude")),
        };
        Ok(Location {
            id: LocationId::new(self.location_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", Name::new("name", self.name))?,
            slug: row.valid("slug", Slug::new(self.slug))?,
            external_ref: row.valid("external_ref", external_ref.transpose())?,
            description: row.valid("description", description.transpose())?,
            address: row.valid("address", address.transpose())?,
            geolocation: row.valid("latitude", geolocation.transpose())?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
        })
    }
}
